use std::fmt;

use crate::oauth1::SignatureMethod;
use crate::sent_value::is_sent;

/// The service of a platform that accepts the grade of one learner at one resource link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GradePlace {
    /// The outcome service of LTI 1.1.
    Outcome(OutcomeService),
}

impl GradePlace {
    /// The platform's URL for grades.
    pub fn url(&self) -> &str {
        let Self::Outcome(outcome) = self;
        &outcome.url
    }

    /// The learner's identifier at the platform. No log shows it.
    pub fn learner_reference(&self) -> &str {
        let Self::Outcome(outcome) = self;
        &outcome.sourcedid
    }
}

/// The outcome service for one user and link (Basic Outcomes 1.0, LTI 1.1 §6), with the signature
/// method of the launch. The platform verifies grades by the same method.
///
/// `Debug` shows nothing, because a sourcedid identifies a person.
#[derive(Clone, PartialEq, Eq)]
pub struct OutcomeService {
    /// `lis_outcome_service_url`, exactly as sent.
    pub url: String,
    /// `lis_result_sourcedid`, exactly as sent.
    pub sourcedid: String,
    /// The signature method of the launch.
    pub method: SignatureMethod,
}

impl OutcomeService {
    /// The maximum length of URL and sourcedid, in bytes each. Moodle's sourcedid is JSON of about
    /// 200 bytes.
    const LONGEST: usize = 1024;

    /// The service, if both values are usable: an absolute http or https URL without user and
    /// fragment, and a sourcedid of characters that are valid in XML 1.0.
    pub(crate) fn new(url: &str, sourcedid: &str, method: SignatureMethod) -> Option<Self> {
        let usable = url.len() <= Self::LONGEST
            && sourcedid.len() <= Self::LONGEST
            && is_sent(url)
            && is_sent(sourcedid)
            && is_http_url(url)
            && sourcedid.chars().all(is_xml);
        usable.then(|| Self { url: url.to_owned(), sourcedid: sourcedid.to_owned(), method })
    }
}

/// Whether a URL is http or https with a host, and has no part that clients drop or parse
/// differently.
fn is_http_url(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && !authority.is_empty()
        && !authority.contains(['@', '\\'])
        && !rest
            .contains(|letter: char| letter == '#' || letter.is_whitespace() || letter.is_control())
}

/// Whether a character is valid in XML 1.0 (§2.2), as itself or as a reference.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

impl fmt::Debug for OutcomeService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OutcomeService(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(url: &str, sourcedid: &str) -> Option<OutcomeService> {
        OutcomeService::new(url, sourcedid, SignatureMethod::HmacSha1)
    }

    #[test]
    fn an_outcome_service_keeps_every_byte() {
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
    fn an_unusable_url_or_sourcedid_is_no_outcome_service() {
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
    fn debug_hides_an_outcome_service() {
        assert_eq!(
            format!("{:?}", outcome("https://lms.example/o", "u-1")),
            "Some(OutcomeService(…))"
        );
    }
}
