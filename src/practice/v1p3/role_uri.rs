//! Roles of the course in LTI 1.3.

use lti::Role;

/// A role of the course as LTI 1.3 spells it (LTI Core 1.3, A.2.2).
pub(super) fn role_uri(role: Role) -> &'static str {
    match role {
        Role::Learner => "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
        Role::Instructor => "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
        Role::Administrator => "http://purl.imsglobal.org/vocab/lis/v2/membership#Administrator",
        Role::TeachingAssistant => {
            "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"
        }
        Role::ContentDeveloper => {
            "http://purl.imsglobal.org/vocab/lis/v2/membership#ContentDeveloper"
        }
        Role::Mentor => "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor",
    }
}
