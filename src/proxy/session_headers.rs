//! The headers of every request in a session: the app's public URL, the user's identity, the
//! assertion, and the tokens for grades, members and links.

use hyper::header::{HeaderName, HeaderValue};
use lti::Roles;
use serde_json::Value;

use super::assertion::{Assertions, Subject};
use super::identity;
use crate::config::GradeAccess;
use crate::session::{
    CourseGradeToken, CourseGradeTokens, GradeToken, GradeTokens, LinkRequests, LinkToken,
    MembersToken, MembersTokens, Session,
};

/// The facts of the headers that are not in the session.
pub struct SessionFacts<'a> {
    /// The tool's name.
    pub tool: &'a str,
    /// The tool's launch URL.
    pub launch_url: &'a str,
    /// The tool's `params`, if any.
    pub params: Option<&'a Value>,
    /// Whose grades the tool may send.
    pub grades: GradeAccess,
    /// The lifetime of a learner's grade token, in seconds.
    pub grade_lifetime: u64,
    /// The course roles whose sessions may list the members of the course.
    pub members: Roles,
    /// Whether the tool has its own picker for links.
    pub picker: bool,
    /// The gateway's public origin.
    pub issuer: &'a str,
    /// The scheme of the tool's URL, as browsers see it.
    pub scheme: &'a str,
    /// Host and port of the tool's URL, as browsers see it.
    pub host: &'a str,
    /// The path before the app's own paths; empty for an app at the root of its host.
    pub prefix: &'a str,
}

/// The keys that sign and seal the values of headers.
#[derive(Clone, Copy)]
pub struct HeaderSeals<'a> {
    /// Those of assertions.
    pub assertions: &'a Assertions,
    /// Those of grade tokens.
    pub grade_tokens: &'a GradeTokens,
    /// Those of course grade tokens.
    pub course_grade_tokens: &'a CourseGradeTokens,
    /// Those of members tokens.
    pub members_tokens: &'a MembersTokens,
    /// Those of link tokens.
    pub link_requests: &'a LinkRequests,
}

/// The headers of a session at `now`, in seconds since the Unix epoch. `None` only if no assertion
/// can be signed.
pub fn session_headers(
    session: &Session,
    facts: &SessionFacts<'_>,
    seals: HeaderSeals<'_>,
    now: u64,
) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let may_grade = facts.grades.is_on();
    let grade_token = may_grade
        .then(|| GradeToken::new(session, facts.tool, facts.grade_lifetime, now))
        .flatten();
    let subject = Subject {
        issuer: facts.issuer,
        tool: facts.tool,
        launch_url: facts.launch_url,
        params: facts.params,
        accepts_grade: may_grade.then_some(grade_token.is_some()),
    };
    let assertion = seals.assertions.sign(session, &subject, now)?;
    let mut headers = identity::headers(session);
    for (name, value) in [
        ("x-forwarded-host", facts.host),
        ("x-forwarded-proto", facts.scheme),
        ("x-forwarded-prefix", facts.prefix),
        ("x-script-name", facts.prefix),
        ("x-lti-assertion", &assertion),
    ] {
        if !value.is_empty() {
            headers.push((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?));
        }
    }
    let origin = format!("{}://{}", facts.scheme, facts.host);
    let link_token =
        facts.picker.then(|| LinkToken::new(session, facts.tool, &origin, now)).flatten();
    let may_grade_course = facts.grades.is_course();
    let course_grade_token =
        may_grade_course.then(|| CourseGradeToken::new(session, facts.tool, now)).flatten();
    let may_list = facts.members.intersects(session.roles);
    let members_token = may_list.then(|| MembersToken::new(session, facts.tool, now)).flatten();
    for (name, sealed) in [
        (
            "x-lti-course-grade-token",
            course_grade_token.and_then(|token| seals.course_grade_tokens.seal(&token)),
        ),
        ("x-lti-members-token", members_token.and_then(|token| seals.members_tokens.seal(&token))),
        ("x-lti-grade-token", grade_token.and_then(|token| seals.grade_tokens.seal(&token))),
        (
            "x-lti-link-token",
            link_token.and_then(|(token, expires)| seals.link_requests.seal_token(&token, expires)),
        ),
    ] {
        if let Some(sealed) = sealed {
            let mut token = HeaderValue::from_str(&sealed).ok()?;
            token.set_sensitive(true);
            headers.push((HeaderName::from_static(name), token));
        }
    }
    Some(headers)
}
