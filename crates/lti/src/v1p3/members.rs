//! Course members (Names and Role Provisioning Services 2.0): the platform's pages.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::json_items::{each_item, string};
use crate::role::Roles;
use crate::sent_value::is_sent;

/// The most members of a page that count. It is more than the gateway accepts of a whole course.
const MOST_ON_PAGE: usize = 50_000;

/// The scope of the service.
pub const MEMBERS_SCOPE: &str =
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly";
/// The media type of a page.
pub const MEMBERS_MEDIA_TYPE: &str = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json";

/// A page of the members of a course. It has no `Debug`, because it contains personal data.
pub struct MembersPage {
    /// The title of the course, if the platform sends it.
    pub context_title: Option<String>,
    /// The members, in the order of the platform. A member without a user id is not in it.
    pub members: Vec<Member>,
}

/// A member of a course, with the values that the platform sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// The platform's own id of the user: `sub` of a launch.
    pub user_id: String,
    /// The user's id of LTI 1.1, which platforms send after a migration.
    pub legacy_user_id: Option<String>,
    /// The roles in the course.
    pub roles: Roles,
    /// Whether the member takes part in the course.
    pub status: MemberStatus,
    /// The full name, or the given and family names together.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

/// Whether a member takes part in the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberStatus {
    /// The member takes part. Also a member without a status.
    Active,
    /// The member does not take part now. Also a member with an unknown status.
    Inactive,
    /// The member has left the course.
    Deleted,
}

/// A response that is not a page of members. It quotes nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the response is not a list of members")]
pub struct NotMembers;

#[derive(Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    members: &'a RawValue,
}

#[derive(Deserialize)]
struct ContextJson<'a> {
    #[serde(borrow, default)]
    title: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MemberJson<'a> {
    #[serde(borrow, default)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    lti11_legacy_user_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    roles: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    given_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    family_name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    email: Option<&'a RawValue>,
}

impl MembersPage {
    /// Reads a page. A value of an unexpected type counts as absent.
    ///
    /// # Errors
    /// [`NotMembers`] for a response that is no JSON object with a list `members`.
    pub fn parse(body: &[u8]) -> Result<Self, NotMembers> {
        // Serde also accepts an array in place of the object.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(NotMembers);
        }
        let container: Container<'_> = serde_json::from_slice(body).map_err(|_| NotMembers)?;
        let mut members = Vec::new();
        let read = |value: &RawValue| {
            if members.len() < MOST_ON_PAGE {
                members.extend(Member::read(value));
            }
        };
        each_item(container.members.get().as_bytes(), read).map_err(|_| NotMembers)?;
        let context: Option<ContextJson<'_>> = container.context.and_then(object);
        Ok(Self { context_title: context.and_then(|context| text(context.title)), members })
    }
}

impl Member {
    fn read(value: &RawValue) -> Option<Self> {
        let member: MemberJson<'_> = object(value)?;
        let names = || {
            let names = [member.given_name, member.family_name].map(text);
            let names: Vec<_> = names.into_iter().flatten().collect();
            (!names.is_empty()).then(|| names.join(" "))
        };
        let mut roles = String::new();
        let add = |role: &RawValue| {
            if let Some(role) = string(Some(role)) {
                roles.push_str(&role);
                roles.push(',');
            }
        };
        // Another type is no list of roles.
        let _ = member.roles.map(|list| each_item(list.get().as_bytes(), add));
        Some(Self {
            user_id: id(member.user_id)?,
            legacy_user_id: id(member.lti11_legacy_user_id),
            roles: Roles::parse(&roles),
            status: MemberStatus::read(member.status),
            name: text(member.name).or_else(names),
            email: text(member.email),
        })
    }
}

impl MemberStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Deleted];

    /// The name in responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
        }
    }

    fn read(value: Option<&RawValue>) -> Self {
        let Some(value) = value else { return Self::Active };
        let text = string(Some(value)).unwrap_or_default();
        let named = |status: &Self| text.eq_ignore_ascii_case(status.name());
        Self::ALL.into_iter().find(named).unwrap_or(Self::Inactive)
    }
}

/// An object. Serde also accepts an array in its place.
fn object<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    let text = value.get();
    text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

/// A string, if the platform sent one.
fn text(value: Option<&RawValue>) -> Option<String> {
    string(value).filter(|text| is_sent(text) && !text.trim().is_empty())
}

/// An id. Some platforms write a number.
fn id(value: Option<&RawValue>) -> Option<String> {
    let number = value.and_then(|value| value.get().parse::<u64>().ok());
    number.map(|number| number.to_string()).or_else(|| text(value))
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Member(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    #[test]
    fn a_page_has_the_members_with_an_id() {
        let page = MembersPage::parse(
            r#"{"id": "https://lms.example/m", "context": {"id": "7", "title": "Chemistry"},
            "members": [
                {"user_id": "42", "roles": ["Learner"], "status": "Active", "name": "Ada Lovelace",
                 "email": "ada@example.edu", "lti11_legacy_user_id": "old-42"},
                {"user_id": 43, "roles": [
                 "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
                 "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"],
                 "given_name": "Bob", "family_name": "Ross", "email": null, "status": "deleted"},
                {"user_id": "44", "roles": "Learner", "name": "$Person.name.full", "status": "odd"},
                {"user_id": "45", "status": null,
                 "roles": [5, "urn:lti:instrole:ims/lis/Instructor"]},
                {"roles": ["Learner"], "name": "nobody"}, {"user_id": ""}, 5, null
            ]}"#
            .as_bytes(),
        )
        .expect("a page");
        assert_eq!(page.context_title.as_deref(), Some("Chemistry"));
        let member = |user_id: &str, roles: Roles, status| Member {
            user_id: user_id.to_owned(),
            legacy_user_id: None,
            roles,
            status,
            name: None,
            email: None,
        };
        let expected = [
            Member {
                legacy_user_id: Some("old-42".to_owned()),
                name: Some("Ada Lovelace".to_owned()),
                email: Some("ada@example.edu".to_owned()),
                ..member("42", Role::Learner.into(), MemberStatus::Active)
            },
            Member {
                name: Some("Bob Ross".to_owned()),
                ..member("43", Role::TeachingAssistant.into(), MemberStatus::Deleted)
            },
            member("44", Roles::default(), MemberStatus::Inactive),
            member("45", Roles::default(), MemberStatus::Active),
        ];
        assert_eq!(page.members, expected);
        assert_eq!(format!("{:?}", page.members.first()), "Some(Member(…))");
    }

    #[test]
    fn only_an_object_with_a_list_of_members_is_a_page() {
        for other in ["", "{}", "[]", "[null, []]", r#"{"members": {}}"#, "<html>", "null"] {
            assert!(MembersPage::parse(other.as_bytes()).is_err(), "{other}");
        }
        let empty = MembersPage::parse(br#"{"members": []}"#).expect("a page");
        assert!(empty.members.is_empty() && empty.context_title.is_none());
    }

    #[test]
    fn a_page_has_at_most_50_000_members() {
        let one = r#"{"user_id": 7, "roles": {"": []}, "status": {"": 0}, "more": [{"": 0}]},"#;
        let page = format!("{{\"members\": [{}0]}}", one.repeat(60_000));
        let members = MembersPage::parse(page.as_bytes()).expect("members").members;
        assert_eq!(members.len(), MOST_ON_PAGE);
        let is_read = |one: &Member| {
            one.user_id == "7"
                && one.roles == Roles::default()
                && one.status == MemberStatus::Inactive
        };
        assert!(members.iter().all(is_read));
    }
}
