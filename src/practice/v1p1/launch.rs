//! A launch like edX's.

use lti::Role;

use crate::practice::course::{CONTEXT_ID, LABEL, TITLE, resource_link_id, sourcedid};
use crate::practice::person::Person;

/// The parameters of a launch like edX's (lti-consumer-xblock,
/// `LtiConsumer1p1.generate_launch_request`), in edX's order and without the OAuth parameters.
///
/// Like edX by default, it sends no name, no email and no outcome URL. `params` replace edX's
/// parameters of the same names; others follow. Lines end with CR LF, as browsers send them.
pub fn edx_launch(
    block: &str,
    user: &str,
    roles: &[Role],
    params: &[(String, String)],
) -> Vec<(String, String)> {
    let resource_link_id = resource_link_id(block);
    let result = sourcedid(block, user);
    let roles = roles.iter().map(|role| spelt(*role)).collect::<Vec<_>>().join(",");
    let edx = [
        ("user_id", user),
        ("roles", &roles),
        ("resource_link_id", &resource_link_id),
        ("lis_result_sourcedid", &result),
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("launch_presentation_return_url", ""),
        ("context_id", CONTEXT_ID),
        ("context_title", TITLE),
        ("context_label", LABEL),
        ("launch_presentation_locale", "en"),
        ("tool_consumer_info_product_family_code", "Practice"),
        ("custom_component_display_name", "LTI Consumer"),
    ];
    let given = |name: &str| params.iter().any(|(given, _)| given == name);
    let kept = edx.into_iter().filter(|(name, _)| !given(name));
    let kept = kept.map(|(name, value)| (name.to_owned(), value.to_owned()));
    kept.chain(params.iter().map(|(name, value)| (name.clone(), as_browsers_send(value)))).collect()
}

/// The personal parameters of a user. edX sends them if the course author turns them on.
pub fn person_params(person: &Person) -> Vec<(String, String)> {
    let Some((name, email)) = person.name_and_email else { return Vec::new() };
    [
        ("lis_person_sourcedid", person.id),
        ("lis_person_name_full", name),
        ("lis_person_contact_email_primary", email),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A role in edX's spelling, or in that of LTI 1.1 if edX has no such role.
fn spelt(role: Role) -> &'static str {
    match role {
        Role::Learner => "Student,Learner",
        Role::Instructor => "Instructor",
        Role::Administrator => "Administrator",
        Role::TeachingAssistant => "urn:lti:role:ims/lis/TeachingAssistant",
        Role::ContentDeveloper => "ContentDeveloper",
        Role::Mentor => "Mentor",
    }
}

/// A value with CR LF as line ends, as browsers send it (HTML, "normalize newlines").
fn as_browsers_send(value: &str) -> String {
    value.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use lti::Roles;

    use super::*;
    use crate::practice::course::BLOCK;

    fn value<'a>(launch: &'a [(String, String)], name: &str) -> Vec<&'a str> {
        launch.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }

    #[test]
    fn given_parameters_replace_edxs_and_others_follow() {
        let given = [
            ("context_title", "Sums"),
            ("custom_a", "x\ny\r\nz\r"),
            ("roles", ""),
            ("custom_a", "2"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let launch = edx_launch(BLOCK, "ada", &[Role::Learner], &given);
        assert_eq!(value(&launch, "context_title"), ["Sums"]);
        assert_eq!(value(&launch, "custom_a"), ["x\r\ny\r\nz\r\n", "2"]);
        assert_eq!(value(&launch, "roles"), [""]);
        assert_eq!(value(&launch, "user_id"), ["ada"]);
        assert_eq!(
            value(&launch, "lis_result_sourcedid"),
            ["course-v1%3APractice%2BLTI%2B2026:\
                 block-v1:Practice+LTI+2026+type@lti_consumer+block@unit-1:ada"]
        );
        assert_eq!(launch.len(), 15);
    }

    #[test]
    fn every_role_is_parsed_as_itself() {
        for role in Role::ALL {
            let launch = edx_launch(BLOCK, "ada", &[role], &[]);
            let roles = Roles::parse(value(&launch, "roles")[0]);
            assert_eq!(roles, Roles::from(role), "{}", role.name());
        }
    }
}
