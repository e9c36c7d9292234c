use std::collections::BTreeMap;
use std::fmt;

use crate::oauth1::{Params, SignatureMethod};
use crate::{ReturnUrl, Roles};

/// One verified launch: who, in which course, from which link, with which custom values.
///
/// It exists only because everything about it was checked: no code outside this crate can make one. Nothing
/// in it says which version of LTI brought it. Text that the platform did not send, sent empty or sent as
/// a variable that it could not fill in (`$Person.name.full`) is `None`.
///
/// `Debug` shows the consumer and the link only, for the rest is personal data.
#[non_exhaustive]
pub struct Launch {
    /// The key of the consumer that signed it.
    pub consumer_key: String,
    /// Who launched.
    pub user: User,
    /// What they are in this course.
    pub roles: Roles,
    /// The course.
    pub context: Context,
    /// The placement in the course from which they came.
    pub resource_link: ResourceLink,
    /// The learning platform.
    pub platform: Platform,
    /// `launch_presentation_locale`, such as `en-US` or `en_US`.
    pub locale: Option<String>,
    /// Where the platform wants its user back.
    pub return_url: Option<ReturnUrl>,
    /// Where the platform takes a grade for this user and link; `None` where it takes none.
    pub outcome: Option<OutcomeService>,
    /// Stands for the signed form itself: equal for the same form sent again, and for no other but in the order of its
    /// parameters, which is not signed.
    pub fingerprint: [u8; 16],
    pub(crate) params: Params,
}

/// Who launched. Only `id` identifies, and only within its consumer: course authors can set a name and an
/// e-mail in edX (`custom_parameters` may override them).
#[derive(Default)]
#[non_exhaustive]
pub struct User {
    /// `user_id`, opaque. `None` for an anonymous launch.
    pub id: Option<String>,
    /// `lis_person_name_full`, or the given and family names together.
    pub name: Option<String>,
    /// `lis_person_name_given`.
    pub given_name: Option<String>,
    /// `lis_person_name_family`.
    pub family_name: Option<String>,
    /// `lis_person_contact_email_primary`.
    pub email: Option<String>,
}

/// The course.
#[derive(Default)]
#[non_exhaustive]
pub struct Context {
    /// `context_id`, opaque.
    pub id: Option<String>,
    /// `context_label`, a course number in most platforms.
    pub label: Option<String>,
    /// `context_title`.
    pub title: Option<String>,
}

/// The placement of a tool in a course.
#[derive(Default)]
#[non_exhaustive]
pub struct ResourceLink {
    /// `resource_link_id`, opaque, unique within its consumer.
    pub id: String,
    /// `resource_link_title`.
    pub title: Option<String>,
    /// `resource_link_description`.
    pub description: Option<String>,
}

/// The learning platform, as it describes itself.
#[derive(Default)]
#[non_exhaustive]
pub struct Platform {
    /// `tool_consumer_instance_guid`.
    pub guid: Option<String>,
    /// `tool_consumer_instance_name`.
    pub name: Option<String>,
    /// `tool_consumer_instance_url`.
    pub url: Option<String>,
    /// `tool_consumer_info_product_family_code`: `moodle`, `canvas`; edX sends its site's name.
    pub product_family_code: Option<String>,
    /// `tool_consumer_info_version`.
    pub version: Option<String>,
}

/// Where the platform takes a grade for this user and link (Basic Outcomes 1.0, LTI 1.1 §6), and how its launch was
/// signed, since that is what it verifies.
///
/// `Debug` shows nothing, because a sourcedid stands for a person.
#[derive(Clone, PartialEq, Eq)]
pub struct OutcomeService {
    /// `lis_outcome_service_url`, exactly as sent.
    pub url: String,
    /// `lis_result_sourcedid`, exactly as sent.
    pub sourcedid: String,
    /// How the launch was signed.
    pub method: SignatureMethod,
}

impl OutcomeService {
    /// The longest URL and the longest sourcedid, in bytes. Moodle's sourcedid, which is JSON, takes about 200.
    const LONGEST: usize = 1024;

    /// What a launch sent, if a grade can be asked for with it: an absolute http(s) URL without user and fragment, and a
    /// sourcedid that XML 1.0 can carry.
    pub(crate) fn new(url: &str, sourcedid: &str, method: SignatureMethod) -> Option<Self> {
        let usable = url.len() <= Self::LONGEST
            && sourcedid.len() <= Self::LONGEST
            && is_sent(url)
            && is_sent(sourcedid)
            && is_http_address(url)
            && sourcedid.chars().all(is_xml);
        usable.then(|| Self { url: url.to_owned(), sourcedid: sourcedid.to_owned(), method })
    }
}

/// Whether a URL has a host that can be asked, and nothing that is not sent or that means different things to different
/// readers.
fn is_http_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && !authority.is_empty()
        && !authority.contains(['@', '\\'])
        && !rest
            .contains(|letter: char| letter == '#' || letter.is_whitespace() || letter.is_control())
}

/// Whether XML 1.0 §2.2 has this character, be it as a reference.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

impl Launch {
    /// The custom parameters by name, without `custom_` and otherwise spelt as sent: edX keeps the author's spelling, other
    /// platforms turn it into lower case.
    ///
    /// Of several values the smallest counts, because a signature does not cover their order: whoever holds the form could
    /// choose the first.
    pub fn custom(&self) -> BTreeMap<&str, &str> {
        let named = self
            .params
            .iter()
            .filter_map(|param| Some((param.name.strip_prefix("custom_")?, param.value)));
        let mut custom = BTreeMap::new();
        for (name, value) in named.filter(|(_, value)| is_sent(value)) {
            let smallest = custom.entry(name).or_insert(value);
            *smallest = value.min(smallest);
        }
        custom
    }

    /// The value of a parameter, if it was really sent. Of several values the smallest counts, because a signature does not
    /// cover their order.
    pub fn sent(&self, name: &str) -> Option<&str> {
        let values = self.params.iter().filter(|param| param.name == name).map(|param| param.value);
        values.filter(|value| is_sent(value)).min()
    }

    /// Every parameter as it was sent, in order, with duplicates, without the `oauth_…` ones.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params
            .iter()
            .map(|param| (param.name, param.value))
            .filter(|(name, _)| !name.starts_with("oauth_"))
    }
}

/// Whether a value was really sent: it is not empty, and not the name of a substitution variable that the platform
/// left in place, such as `$Person.name.full` or `$LtiLink.custom.url` (LTI 1.1 appendix C).
pub(crate) fn is_sent(value: &str) -> bool {
    let Some(name) = value.strip_prefix('$') else { return !value.is_empty() };
    let is_word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    !(name.contains('.') && name.split('.').all(is_word))
}

impl fmt::Debug for OutcomeService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OutcomeService(…)")
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Launch")
            .field("consumer_key", &self.consumer_key)
            .field("resource_link", &self.resource_link.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_and_names_of_variables_are_not_sent() {
        for absent in
            ["", "$Person.name.full", "$LtiLink.custom.url", "$ToolProxyBinding.memberships.url"]
        {
            assert!(!is_sent(absent), "{absent}");
        }
        for value in
            [" ", "$5", "$5.00", "$", "$Person", "$Person.", "$a.b c", "Person.name", "$.a"]
        {
            assert!(is_sent(value), "{value}");
        }
    }

    fn outcome(url: &str, sourcedid: &str) -> Option<OutcomeService> {
        OutcomeService::new(url, sourcedid, SignatureMethod::HmacSha1)
    }

    #[test]
    fn an_outcome_service_keeps_every_byte_of_what_was_sent() {
        let longest = format!("https://lms.example/{}", "x".repeat(1004));
        for url in [
            "https://lms.example/o",
            "HTTP://LMS.example:8080/courses/course-v1:edX+D+2/xblock/block-v1:edX+D+2+type@lti_consumer+block@abc/h?a=%zz&b",
            "http://[::1]:5000",
            "https://lms.example?user=a@b",
            &longest,
        ] {
            assert_eq!(outcome(url, "s").map(|outcome| outcome.url).as_deref(), Some(url));
        }
        let longest = "é".repeat(512);
        let moodle =
            r#"{"data":{"instanceid":"2","userid":"3","typeid":null,"launchid":1},"hash":"0f"}"#;
        for sourcedid in [
            moodle,
            " padded ",
            "a\r\n\tb",
            "<&>\"'",
            "\u{85}\u{2028}\u{feff}👩\u{fffd}",
            "$5",
            &longest,
        ] {
            let kept = outcome("https://lms.example/o", sourcedid).map(|outcome| outcome.sourcedid);
            assert_eq!(kept.as_deref(), Some(sourcedid));
        }
    }

    #[test]
    fn what_a_platform_cannot_be_asked_with_is_no_outcome_service() {
        let too_long = format!("https://lms.example/{}", "x".repeat(1005));
        for url in [
            "",
            "$LineItem.url",
            "https:",
            "https://",
            "https:///path",
            "https://?a=1",
            "//lms.example/o",
            "lms.example/o",
            "ftp://lms.example/o",
            "javascript://lms.example/o",
            " https://lms.example/o",
            "https://lms.example/o ",
            "https://lms.example/a b",
            "https://lms.example/\u{a0}",
            "https://lms.example/o\n",
            "https://lms.example/\u{7f}",
            "https://lms.example/o#part",
            "https://user@lms.example/o",
            "https://user:word@lms.example/o",
            "https://lms.example\\@other.example/o",
            "https://lms.example\\o",
            &too_long,
        ] {
            assert!(outcome(url, "s").is_none(), "{url:?}");
        }
        let too_long = "é".repeat(512) + "x";
        for sourcedid in [
            "",
            "$Result.sourcedId",
            "a\0",
            "\u{1}",
            "a\u{b}b",
            "\u{1b}[31m",
            "\u{fffe}",
            "\u{ffff}",
            &too_long,
        ] {
            assert!(outcome("https://lms.example/o", sourcedid).is_none(), "{sourcedid:?}");
        }
    }

    #[test]
    fn an_outcome_service_hides_itself_in_debug() {
        assert_eq!(
            format!("{:?}", outcome("https://lms.example/o", "u-1")),
            "Some(OutcomeService(…))"
        );
    }
}
