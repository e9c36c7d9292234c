//! The JSON of the members of a course.

use lti::v1p3::Member;
use lti::{PlatformUsers, Role, Roles};
use serde::Serialize;

use crate::config::Identity;
use crate::platform::CourseMembers;

/// The members for an upstream.
pub(super) struct ListedMembers {
    pub(super) json: String,
    /// The number of members in it.
    pub(super) members: usize,
}

#[derive(Serialize)]
struct CourseJson<'a> {
    context: ContextJson<'a>,
    members: Vec<MemberJson<'a>>,
}

#[derive(Serialize)]
struct ContextJson<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
struct MemberJson<'a> {
    id: String,
    roles: Vec<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// The members with one of these roles, or all members, with the personal data that the upstream
/// may receive.
pub(super) fn list(
    context: &str,
    course: &CourseMembers,
    users: &PlatformUsers<'_>,
    identity: Identity,
    roles: Option<Roles>,
) -> ListedMembers {
    let is_listed = |member: &&Member| roles.is_none_or(|roles| roles.intersects(member.roles));
    let members = course.members.iter().filter(is_listed).map(|member| MemberJson {
        id: users.user(&member.user_id, member.legacy_user_id.as_deref()).to_string(),
        roles: member.roles.iter().map(Role::name).collect(),
        status: member.status.name(),
        name: member.name.as_deref().filter(|_| identity.name),
        email: member.email.as_deref().filter(|_| identity.email),
    });
    let context = ContextJson { id: context, title: course.title.as_deref() };
    let json = CourseJson { context, members: members.collect() };
    // Strings and lists are always valid JSON.
    let text = serde_json::to_string(&json).unwrap_or_default();
    ListedMembers { json: text, members: json.members.len() }
}
