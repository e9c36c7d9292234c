use std::fmt;

use thiserror::Error;

use crate::line_item::{AgsScopes, LineItem, LineItemUrl};
use crate::oauth1::SignatureMethod;
use crate::sent_value::is_sent;

/// The service of a platform that accepts the grade of one learner at one resource link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GradePlace {
    /// The outcome service of LTI 1.1.
    Outcome(OutcomeService),
    /// A line item of LTI 1.3.
    LineItem(LineItem),
}

/// A grade place as strings, for sealed and stored values.
#[derive(Clone, PartialEq, Eq)]
pub struct GradePlaceParts {
    /// The platform's URL for grades.
    pub url: String,
    /// The learner's identifier at the platform.
    pub learner: String,
    /// The signature method of LTI 1.1, or `AGS` and the letters of the scopes.
    pub protocol: String,
    /// The resource link, if the URL is that of the course's line items. Otherwise empty.
    pub link: String,
}

/// The start of the protocol of a line item.
const AGS: &str = "AGS ";

impl GradePlace {
    /// The platform's URL for grades.
    pub fn url(&self) -> &str {
        match self {
            Self::Outcome(outcome) => &outcome.url,
            Self::LineItem(item) => item.url(),
        }
    }

    /// The name of the URL, for messages.
    pub fn url_name(&self) -> &'static str {
        match self {
            Self::Outcome(_) => "lis_outcome_service_url",
            Self::LineItem(_) => "the URL of the line item",
        }
    }

    /// The learner's identifier at the platform. No log shows it.
    pub fn learner_reference(&self) -> &str {
        match self {
            Self::Outcome(outcome) => &outcome.sourcedid,
            Self::LineItem(item) => &item.user,
        }
    }

    /// The parts, from which [`of_parts`](Self::of_parts) makes the same place.
    pub fn parts(&self) -> GradePlaceParts {
        let (protocol, link) = match self {
            Self::Outcome(outcome) => (outcome.method.name().to_owned(), ""),
            Self::LineItem(LineItem { url, scopes, .. }) => {
                let link = match url {
                    LineItemUrl::Item(_) => "",
                    LineItemUrl::Container { resource_link_id, .. } => resource_link_id,
                };
                (format!("{AGS}{}", scopes.letters()), link)
            }
        };
        GradePlaceParts {
            url: self.url().to_owned(),
            learner: self.learner_reference().to_owned(),
            protocol,
            link: link.to_owned(),
        }
    }

    /// The place of these parts. `None` for the protocol of a newer version.
    pub fn of_parts(parts: GradePlaceParts) -> Option<Self> {
        let GradePlaceParts { url, learner, protocol, link } = parts;
        let Some(letters) = protocol.strip_prefix(AGS) else {
            let method = SignatureMethod::named(&protocol)?;
            return Some(Self::Outcome(OutcomeService { url, sourcedid: learner, method }));
        };
        let url = match link.is_empty() {
            true => LineItemUrl::Item(url),
            false => LineItemUrl::Container { lineitems: url, resource_link_id: link },
        };
        let scopes = AgsScopes::of_letters(letters);
        Some(Self::LineItem(LineItem { url, user: learner, scopes }))
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
    /// fragment, and a sourcedid of characters that are valid in XML 1.0. `None` is a parameter
    /// that the platform did not send.
    ///
    /// # Errors
    /// Any [`NoGradePlace`].
    pub(crate) fn new(
        url: Option<&str>,
        sourcedid: Option<&str>,
        method: SignatureMethod,
    ) -> Result<Self, NoGradePlace> {
        let url = url.filter(|url| is_sent(url)).ok_or(NoGradePlace::NoUrl)?;
        check_url(url)?;
        let sourcedid =
            sourcedid.filter(|sourcedid| is_sent(sourcedid)).ok_or(NoGradePlace::NoSourcedid)?;
        if sourcedid.len() > Self::LONGEST {
            return Err(NoGradePlace::SourcedidTooLong);
        }
        if !sourcedid.chars().all(is_xml) {
            return Err(NoGradePlace::SourcedidNotXml);
        }
        Ok(Self { url: url.to_owned(), sourcedid: sourcedid.to_owned(), method })
    }
}

/// Why a launch has no place for a grade. No variant contains a part of the launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoGradePlace {
    /// `lis_outcome_service_url` is missing, empty, or an unresolved variable.
    #[error("the platform sent no lis_outcome_service_url")]
    NoUrl,
    /// `lis_result_sourcedid` is missing, empty, or an unresolved variable.
    #[error("the platform sent no lis_result_sourcedid")]
    NoSourcedid,
    /// The URL is too long.
    #[error("lis_outcome_service_url is longer than {} bytes", OutcomeService::LONGEST)]
    UrlTooLong,
    /// The URL is relative: it has no scheme or no host.
    #[error("lis_outcome_service_url is relative: it has no scheme and host")]
    UrlRelative,
    /// The URL has a scheme other than http and https.
    #[error("lis_outcome_service_url is neither http nor https")]
    UrlScheme,
    /// The URL has a user or a password.
    #[error("lis_outcome_service_url has a user name or a password before its host")]
    UrlUserinfo,
    /// The URL has a fragment.
    #[error("lis_outcome_service_url has a fragment (#)")]
    UrlFragment,
    /// The URL has characters that clients parse differently, or drop.
    #[error("lis_outcome_service_url has whitespace, a control character, or a \\ in its host")]
    UrlCharacters,
    /// The sourcedid is too long.
    #[error("lis_result_sourcedid is longer than {} bytes", OutcomeService::LONGEST)]
    SourcedidTooLong,
    /// The sourcedid has characters that XML cannot contain.
    #[error("lis_result_sourcedid has a character that XML cannot contain")]
    SourcedidNotXml,
    /// An LTI 1.3 launch has no claim of the grade service (AGS).
    #[error("the platform sent no grade service (AGS)")]
    NoGradeService,
    /// The platform has no line item for the resource link, and the tool declares none.
    #[error("the platform has no line item for this link")]
    NoLineItem,
    /// The grade service does not grant the scope for scores.
    #[error("the platform does not grant the scope for scores (lti-ags/scope/score)")]
    NoScoreScope,
    /// The platform has no line item for the resource link, and does not grant the scope to create
    /// the one that the tool declares.
    #[error(
        "the platform has no line item for this link, and does not grant the scope to create one \
         (lti-ags/scope/lineitem)"
    )]
    NoLineItemScope,
    /// The launch names no user.
    #[error("the platform sent no user")]
    NoUser,
    /// The URL of the line item is not an absolute http or https URL without user and fragment, or
    /// it is too long.
    #[error(
        "the URL of the line item is not an http or https URL of at most {} bytes without user \
         name and fragment",
        OutcomeService::LONGEST
    )]
    LineItemUrl,
}

impl NoGradePlace {
    /// Whether platforms do this on purpose: for links without grades, and for teachers.
    pub fn is_usual(self) -> bool {
        matches!(
            self,
            Self::NoUrl
                | Self::NoSourcedid
                | Self::NoGradeService
                | Self::NoLineItem
                | Self::NoUser
        )
    }

    /// The fix, for an admin or a course author.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoUrl => {
                "if this activity is graded, turn grades on for it in the platform: edX's Scored, \
                 Moodle's accept grades, Canvas's assignment of the type External Tool"
            }
            Self::NoSourcedid => {
                "launch as a learner of the course: most platforms send no result id for teachers \
                 and guests"
            }
            Self::UrlRelative | Self::UrlScheme => {
                "set the platform's own URL (site URL, base URL) with https:// and its host"
            }
            Self::UrlUserinfo => {
                "remove the user name and the password from the platform's own URL: the grade is \
                 signed, and the platform does not need them"
            }
            Self::UrlFragment | Self::UrlCharacters | Self::UrlTooLong => {
                "check the platform's own URL, and a proxy or plugin that changes launches"
            }
            Self::SourcedidTooLong | Self::SourcedidNotXml => {
                "report it to the platform: a result id is a short text"
            }
            Self::NoGradeService => {
                "if this activity is graded, turn on the grade service for the tool: Moodle's IMS \
                 LTI Assignment and Grade Services, edX's LTI Assignment and Grades Service, the \
                 scopes of Canvas's developer key"
            }
            Self::NoLineItem => {
                "if this activity is graded, turn grades on for it in the platform, or declare \
                 `line_item` for the tool in tools.toml"
            }
            Self::NoScoreScope => {
                "allow the tool to send scores: Moodle's IMS LTI Assignment and Grade Services, \
                 edX's LTI Assignment and Grades Service, the scopes of Canvas's developer key"
            }
            Self::NoLineItemScope => {
                "allow the tool to manage line items: Moodle's grade sync and column management, \
                 edX's grades mode programmatic, the scopes of Canvas's developer key"
            }
            Self::NoUser => "launch as a user who is signed in to the platform",
            Self::LineItemUrl => {
                "set the platform's own URL (site URL, base URL) with https:// and its host"
            }
        }
    }
}

/// Checks that a URL is http or https with a host, and has no part that clients drop or parse
/// differently.
pub(crate) fn check_url(url: &str) -> Result<(), NoGradePlace> {
    if url.len() > OutcomeService::LONGEST {
        return Err(NoGradePlace::UrlTooLong);
    }
    let (scheme, rest) = url.split_once("://").ok_or(NoGradePlace::UrlRelative)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_clean = |letter: char| !letter.is_whitespace() && !letter.is_control();
    if !url.chars().all(is_clean) || authority.contains('\\') {
        return Err(NoGradePlace::UrlCharacters);
    }
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(NoGradePlace::UrlScheme);
    }
    if authority.is_empty() {
        return Err(NoGradePlace::UrlRelative);
    }
    if authority.contains('@') {
        return Err(NoGradePlace::UrlUserinfo);
    }
    if rest.contains('#') {
        return Err(NoGradePlace::UrlFragment);
    }
    Ok(())
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
        OutcomeService::new(Some(url), Some(sourcedid), SignatureMethod::HmacSha1).ok()
    }

    #[test]
    fn a_missing_place_has_its_reason() {
        let check = |url: Option<&str>, sourcedid: Option<&str>, expected: NoGradePlace| {
            let found = OutcomeService::new(url, sourcedid, SignatureMethod::HmacSha1);
            assert_eq!(found.err(), Some(expected), "{url:?} {sourcedid:?}");
            assert!(!expected.advice().is_empty());
        };
        let (url, long) = (Some("https://lms.example/o"), "x".repeat(1025));
        check(None, None, NoGradePlace::NoUrl);
        check(Some(""), Some("s"), NoGradePlace::NoUrl);
        check(Some("$LineItem.url"), Some("s"), NoGradePlace::NoUrl);
        check(url, None, NoGradePlace::NoSourcedid);
        check(url, Some(""), NoGradePlace::NoSourcedid);
        check(url, Some("$Result.sourcedId"), NoGradePlace::NoSourcedid);
        check(url, Some(&long), NoGradePlace::SourcedidTooLong);
        check(url, Some("a\0"), NoGradePlace::SourcedidNotXml);
        for (url, expected) in [
            ("/mod/lti/service.php", NoGradePlace::UrlRelative),
            ("//lms.example/o", NoGradePlace::UrlRelative),
            ("lms.example/o", NoGradePlace::UrlRelative),
            ("https:///o", NoGradePlace::UrlRelative),
            ("ftp://lms.example/o", NoGradePlace::UrlScheme),
            ("https://u:p@lms.example/o", NoGradePlace::UrlUserinfo),
            ("https://lms.example/o#part", NoGradePlace::UrlFragment),
            ("https://lms.example/a b", NoGradePlace::UrlCharacters),
            ("https://lms.example\\o", NoGradePlace::UrlCharacters),
            (&format!("https://lms.example/{long}"), NoGradePlace::UrlTooLong),
        ] {
            check(Some(url), Some("s"), expected);
            // The URL is checked first: without it, no launch of the link has a place.
            check(Some(url), None, expected);
        }
        assert_eq!(
            NoGradePlace::UrlCharacters.to_string(),
            "lis_outcome_service_url has whitespace, a control character, or a \\ in its host"
        );
    }

    #[test]
    fn an_outcome_service_keeps_every_byte() {
        let longest = format!("https://lms.example/{}", "x".repeat(1004));
        for url in [
            "https://lms.example/o",
            "HTTP://LMS.example:8080/courses/course-v1:edX+D+2/xblock/\
             block-v1:edX+D+2+type@lti_consumer+block@abc/h?a=%zz&b",
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
    fn a_place_survives_its_parts() {
        let item = |url, letters: &str| {
            let scopes = AgsScopes::of_letters(letters);
            GradePlace::LineItem(LineItem { url, user: "u-1".to_owned(), scopes })
        };
        let container = LineItemUrl::Container {
            lineitems: "https://lms.example/li".to_owned(),
            resource_link_id: "link".to_owned(),
        };
        let places = [
            outcome("https://lms.example/o", "u-1").map(GradePlace::Outcome).expect("a place"),
            item(LineItemUrl::Item("https://lms.example/li/7?type_id=1".to_owned()), "sr"),
            item(container, "srl"),
        ];
        for place in places {
            let parts = place.parts();
            assert!(GradePlace::of_parts(parts.clone()) == Some(place), "{}", parts.protocol);
            let newer = GradePlaceParts { protocol: "other".to_owned(), ..parts };
            assert!(GradePlace::of_parts(newer).is_none());
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
