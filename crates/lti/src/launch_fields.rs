//! The parameters of a launch by name, from pairs that the platform signed.
//!
//! They have the names of LTI 1.1. Each version yields its launches from these fields, so that the
//! same launch has the same content in all versions.

use crate::grade_place::{GradePlace, NoGradePlace};
use crate::launch::{Context, Launch, Platform, ResourceLink, User};
use crate::oauth1::Params;
use crate::return_url::ReturnUrl;
use crate::role::Roles;
use crate::sender::Sender;
use crate::sent_value::is_sent;

/// Declares the parameters once: a field for each and the way from a name to its field.
macro_rules! fields {
    ($($name:ident),* $(,)?) => {
        /// Each parameter's value as it was sent.
        #[derive(Default)]
        pub(crate) struct LaunchFields<'a> {
            $(pub(crate) $name: Option<&'a str>,)*
        }

        impl<'a> LaunchFields<'a> {
            fn slot(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }
    };
}

fields! {
    lti_message_type, lti_version, resource_link_id, resource_link_title, resource_link_description,
    user_id, roles,
    lis_person_name_full, lis_person_name_given, lis_person_name_family,
    lis_person_contact_email_primary,
    context_id, context_label, context_title,
    launch_presentation_locale, launch_presentation_return_url,
    tool_consumer_instance_guid, tool_consumer_instance_name, tool_consumer_instance_url,
    tool_consumer_info_product_family_code, tool_consumer_info_version,
    lis_outcome_service_url, lis_result_sourcedid,
}

impl<'a> LaunchFields<'a> {
    /// Reads the parameters. The second value is the name of the first parameter with two different
    /// values.
    ///
    /// A signature covers names and values. It covers neither their order nor whether they are in
    /// the URL or in the body (RFC 5849 §3.4.1.3). Everyone who has the form could choose between
    /// two values by moving them.
    pub(crate) fn read(params: &'a Params) -> (Self, Option<&'a str>) {
        let mut fields = Self::default();
        let mut conflict = None;
        for param in params.iter() {
            if let Some(slot) = fields.slot(param.name)
                && *slot.get_or_insert(param.value) != param.value
            {
                // Neither value is used, not even as the return link on a rejection page.
                *slot = Some("");
                conflict = conflict.or(Some(param.name));
            }
        }
        (fields, conflict)
    }

    /// The URL to which the platform wants its user to return.
    pub(crate) fn return_url(&self) -> Option<ReturnUrl> {
        let url = self.launch_presentation_return_url.and_then(ReturnUrl::parse)?;
        let family = self.tool_consumer_info_product_family_code.unwrap_or_default();
        Some(return_link(url, family))
    }

    /// The user's roles in the course.
    pub(crate) fn roles(&self) -> Roles {
        Roles::parse(self.roles.unwrap_or_default())
    }

    /// The launch of these parameters. The caller adds the parameters themselves.
    pub(crate) fn into_launch(
        self,
        sender: Sender,
        grade_place: Result<GradePlace, NoGradePlace>,
        fingerprint: [u8; 16],
    ) -> Launch {
        let given_name = sent(self.lis_person_name_given);
        let family_name = sent(self.lis_person_name_family);
        let name = sent(self.lis_person_name_full).or_else(|| match (&given_name, &family_name) {
            (Some(given), Some(family)) => Some(format!("{given} {family}")),
            (given, family) => given.clone().or_else(|| family.clone()),
        });
        Launch {
            sender,
            user: User {
                id: sent(self.user_id),
                name,
                given_name,
                family_name,
                email: sent(self.lis_person_contact_email_primary),
                platform_id: None,
                consumer: None,
            },
            roles: self.roles(),
            context: Context {
                id: sent(self.context_id),
                label: sent(self.context_label),
                title: sent(self.context_title),
            },
            resource_link: ResourceLink {
                id: self.resource_link_id.unwrap_or_default().to_owned(),
                title: sent(self.resource_link_title),
                description: sent(self.resource_link_description),
            },
            platform: Platform {
                guid: sent(self.tool_consumer_instance_guid),
                name: sent(self.tool_consumer_instance_name),
                url: sent(self.tool_consumer_instance_url),
                product_family_code: sent(self.tool_consumer_info_product_family_code),
                version: sent(self.tool_consumer_info_version),
            },
            locale: sent(self.launch_presentation_locale),
            return_url: self.return_url(),
            grade_place,
            memberships: None,
            fingerprint,
            params: Params::default(),
        }
    }
}

/// The return URL of a launch, with what its platform needs to show its page.
/// `product_family_code` is `tool_consumer_info_product_family_code`.
///
/// - **Moodle.** `return.php` with a message shows a page without a way back. With
///   `launch_container` of an embedded tool, it only leaves a frame: in the top window, older
///   releases show an empty page. Without both parameters, it redirects to the course.
/// - **Canvas.** The page `external_content/success` notifies the page around the frame, which then
///   opens the course. In the top window, nothing happens.
fn return_link(url: ReturnUrl, product_family_code: &str) -> ReturnUrl {
    let address = url.as_str();
    let path = address.split(['?', '#']).next().unwrap_or_default();
    if product_family_code.eq_ignore_ascii_case("moodle") || path.ends_with("/mod/lti/return.php") {
        url.without_message().without_parameter("launch_container")
    } else if path.contains("/external_content/success/") {
        url.in_frame()
    } else {
        url
    }
}

/// An owned value, if the platform sent one.
fn sent(value: Option<&str>) -> Option<String> {
    value.filter(|value| is_sent(value)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::Source;

    #[test]
    fn a_parameter_has_one_value_in_query_and_body() {
        let check = |query: &str, body: &str, expected: (Option<&str>, Option<&str>)| {
            let params = Params::default()
                .read_form(Source::Query, query.as_bytes())
                .and_then(|params| params.read_form(Source::Body, body.as_bytes()))
                .expect("well formed");
            let (fields, conflict) = LaunchFields::read(&params);
            assert_eq!((fields.user_id, conflict), expected, "{query} {body}");
        };
        check("", "user_id=u1", (Some("u1"), None));
        check("user_id=u1", "user_id=u1", (Some("u1"), None));
        check("", "user_id=u1&user_id=u1", (Some("u1"), None));
        check("user_id=u1", "", (Some("u1"), None));
        check("user_id=u2", "user_id=u1", (Some(""), Some("user_id")));
        check("", "user_id=u1&user_id=", (Some(""), Some("user_id")));
        check("other=1", "user_id=u1&other=2", (Some("u1"), None));
    }

    #[test]
    fn the_return_link_opens_where_the_platform_shows_its_page() {
        let check = |url: &str, family: &str, link: &str, stays_in_frame: bool| {
            let form = format!(
                "launch_presentation_return_url={}&tool_consumer_info_product_family_code={family}",
                crate::oauth1::encode::encode(url)
            );
            let params = Params::default().read_form(Source::Body, form.as_bytes());
            let params = params.expect("well formed");
            let found = LaunchFields::read(&params).0.return_url().expect("a return URL");
            assert_eq!(found.as_str(), url, "as sent");
            assert_eq!((&*found.with_message("x"), found.stays_in_frame()), (link, stays_in_frame));
        };
        let moodle =
            "https://m.example/mod/lti/return.php?course=2&launch_container=3&instanceid=1";
        let course = "https://m.example/mod/lti/return.php?course=2&instanceid=1";
        check(moodle, "moodle", course, false);
        check(moodle, "", course, false);
        check(moodle, "totara", course, false);
        let canvas = "https://c.example/courses/1/external_content/success/external_tool_redirect";
        check(canvas, "canvas", &format!("{canvas}?lti_errormsg=x"), true);
        check("https://l.example/r", "sakai", "https://l.example/r?lti_errormsg=x", false);
    }

    #[test]
    fn the_return_url_takes_a_message_unless_the_platform_is_moodle() {
        let check = |family: &str, takes_message: bool| {
            let form = format!(
                "launch_presentation_return_url=https%3A%2F%2Flms.example%2Fr\
                 &tool_consumer_info_product_family_code={family}"
            );
            let params = Params::default().read_form(Source::Body, form.as_bytes());
            let params = params.expect("well formed");
            let url = LaunchFields::read(&params).0.return_url().expect("a return URL");
            assert_eq!(url.as_str(), "https://lms.example/r");
            assert_eq!(url.with_message("x") != url.as_str(), takes_message, "{family}");
        };
        check("moodle", false);
        check("Moodle", false);
        check("MOODLE", false);
        check("", true);
        check("canvas", true);
        check("moodle-2", true);
        check("moodle&tool_consumer_info_product_family_code=canvas", true);
    }
}
