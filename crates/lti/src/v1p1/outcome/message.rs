//! The request for a grade, and the platform's response.

use std::fmt;

use encoding_rs::UTF_8;
use quick_xml::escape::partial_escape;
use thiserror::Error;

use super::xml::{self, XmlError};
use crate::score::Score;

/// The request's content type. It has no charset, because Canvas and Sakai compare the whole
/// header.
pub const CONTENT_TYPE: &str = "application/xml";

/// The maximum size of a response, in bytes.
pub const LARGEST_RESPONSE: usize = 64 * 1024;

/// The root of a response.
const ROOT: &str = "imsx_POXEnvelopeResponse";

/// An operation on the grade of one user at one link.
#[derive(Clone, Copy)]
pub enum Operation<'a> {
    /// Replaces the score.
    Replace(&'a Score),
    /// Reads the score.
    Read,
    /// Deletes the score.
    Delete,
}

impl Operation<'_> {
    /// The operation's name in requests and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replace(_) => "replaceResult",
            Self::Read => "readResult",
            Self::Delete => "deleteResult",
        }
    }
}

/// The response of a platform.
///
/// `Debug` shows only the code, because platforms write names and scores into descriptions.
#[derive(Clone, PartialEq, Eq)]
pub struct OutcomeResponse {
    /// The result of the request.
    pub code: CodeMajor,
    /// `imsx_description`, unchanged; may be empty.
    pub description: String,
    /// The score as the platform wrote it; `None` if it is empty or missing: there is no grade yet.
    pub score: Option<String>,
}

/// `imsx_codeMajor`: the result of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMajor {
    /// The platform did it.
    Success,
    /// The platform accepted it and will do it.
    Processing,
    /// The platform did not do it.
    Failure,
    /// The platform does not support the operation.
    Unsupported,
}

impl CodeMajor {
    /// Every code.
    pub(super) const ALL: [Self; 4] =
        [Self::Success, Self::Processing, Self::Failure, Self::Unsupported];

    /// The code's name in Basic Outcomes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Processing => "processing",
            Self::Failure => "failure",
            Self::Unsupported => "unsupported",
        }
    }

    /// The code with this name, in any case.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name().eq_ignore_ascii_case(name))
    }
}

/// Why a response is unreadable. No variant contains a part of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutcomeError {
    /// It is larger than [`LARGEST_RESPONSE`].
    #[error("the platform's response is larger than {} KiB", LARGEST_RESPONSE / 1024)]
    TooLarge,
    /// It is not well-formed XML, or incomplete.
    #[error("the platform's response is not XML, or incomplete")]
    NotXml,
    /// It has a document type, which can define entities and refer to files.
    #[error("the platform's response has a document type: it is a page, not an outcome")]
    DocumentType,
    /// Its elements are nested too deeply.
    #[error("the platform's response is nested too deeply")]
    TooDeep,
    /// It has no `imsx_codeMajor`.
    #[error("the platform's response has no imsx_codeMajor")]
    NoStatus,
    /// Its `imsx_codeMajor` is unknown to Basic Outcomes.
    #[error("the platform's response has an unknown imsx_codeMajor")]
    UnknownStatus,
}

/// The body of a request for the result with this sourcedid. `message_identifier` must be unique
/// for each message.
///
/// The sourcedid is escaped and otherwise unchanged, byte for byte. A carriage return becomes a
/// character reference, because an XML parser would convert it to a line feed.
pub fn request(operation: &Operation<'_>, sourcedid: &str, message_identifier: &str) -> String {
    let name = operation.name();
    let sourcedid = partial_escape(sourcedid);
    let message_identifier = partial_escape(message_identifier);
    let result = match operation {
        Operation::Replace(score) => format!(
            "<result><resultScore><language>en</language>\
             <textString>{}</textString></resultScore></result>",
            score.as_str()
        ),
        Operation::Read | Operation::Delete => String::new(),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <imsx_POXEnvelopeRequest xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\">\
         <imsx_POXHeader><imsx_POXRequestHeaderInfo><imsx_version>V1.0</imsx_version>\
         <imsx_messageIdentifier>{message_identifier}</imsx_messageIdentifier>\
         </imsx_POXRequestHeaderInfo></imsx_POXHeader>\
         <imsx_POXBody><{name}Request><resultRecord>\
         <sourcedGUID><sourcedId>{sourcedid}</sourcedId></sourcedGUID>{result}\
         </resultRecord></{name}Request></imsx_POXBody></imsx_POXEnvelopeRequest>"
    )
}

/// Reads the body of a response. Only the local names of elements count, because platforms use
/// several namespaces and prefixes. If several elements have one name, the first counts.
///
/// The body is read as UTF-8, whatever charset it declares: all known platforms send UTF-8. In
/// another charset, characters outside ASCII are lost. They occur only in the description. A byte
/// order mark of UTF-16 counts.
///
/// A response that is not XML, because PHP wrote a notice before it or after it, or with entities
/// of HTML, is read from the start tag of its root to the end tag. Otherwise the gateway would send
/// again what the platform has stored or refused.
///
/// # Errors
/// An [`OutcomeError`].
pub fn read_response(body: &[u8]) -> Result<OutcomeResponse, OutcomeError> {
    if body.len() > LARGEST_RESPONSE {
        return Err(OutcomeError::TooLarge);
    }
    let fields = ResponseFields::read(&UTF_8.decode(body).0)?;
    let code = fields.code.ok_or(OutcomeError::NoStatus)?;
    let score = fields.score.map(|score| score.trim().to_owned()).filter(|score| !score.is_empty());
    Ok(OutcomeResponse {
        code: CodeMajor::named(code.trim()).ok_or(OutcomeError::UnknownStatus)?,
        description: fields.description.unwrap_or_default(),
        score,
    })
}

/// The values of a response, unchanged.
#[derive(Default)]
struct ResponseFields {
    code: Option<String>,
    description: Option<String>,
    score: Option<String>,
}

impl ResponseFields {
    fn read(text: &str) -> Result<Self, OutcomeError> {
        let mut fields = Self::default();
        match xml::read(text, |parent, name, text| fields.set(parent, name, text)) {
            Err(XmlError::NotXml) => {}
            read => return Ok(read.map(|()| fields)?),
        }
        let mut fields = Self::default();
        xml::read_within(text, ROOT, |parent, name, text| fields.set(parent, name, text))?;
        Ok(fields)
    }

    fn set(&mut self, parent: &str, name: &str, text: String) {
        let slot = match (parent, name) {
            ("imsx_statusInfo", "imsx_codeMajor") => &mut self.code,
            ("imsx_statusInfo", "imsx_description") => &mut self.description,
            ("resultScore", "textString") => &mut self.score,
            _ => return,
        };
        slot.get_or_insert(text);
    }
}

impl From<XmlError> for OutcomeError {
    fn from(error: XmlError) -> Self {
        match error {
            XmlError::NotXml => Self::NotXml,
            XmlError::DocumentType => Self::DocumentType,
            XmlError::TooDeep => Self::TooDeep,
        }
    }
}

impl fmt::Debug for OutcomeResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OutcomeResponse").field("code", &self.code).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::xml::DEEPEST;
    use super::*;

    /// A valid response with this status and body.
    fn envelope(status: &str, body: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imsx_POXEnvelopeResponse \
             xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\"><imsx_POXHeader>\
             <imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version>\
             <imsx_statusInfo>{status}</imsx_statusInfo>\
             </imsx_POXResponseHeaderInfo></imsx_POXHeader>\
             <imsx_POXBody>{body}</imsx_POXBody></imsx_POXEnvelopeResponse>"
        )
    }

    fn success(description: &str) -> String {
        let description = format!("<imsx_description>{description}</imsx_description>");
        envelope(
            &format!("<imsx_codeMajor>success</imsx_codeMajor>{description}"),
            "<replaceResultResponse/>",
        )
    }

    #[test]
    fn each_operation_has_its_request() {
        let score = Score::parse("0.10").expect("a score");
        let check = |operation: Operation<'_>, name: &str, result: &str| {
            let expected = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
                 <imsx_POXEnvelopeRequest xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\">\
                 <imsx_POXHeader><imsx_POXRequestHeaderInfo><imsx_version>V1.0</imsx_version>\
                 <imsx_messageIdentifier>m&amp;1</imsx_messageIdentifier>\
                 </imsx_POXRequestHeaderInfo></imsx_POXHeader>\
                 <imsx_POXBody><{name}Request><resultRecord><sourcedGUID>\
                 <sourcedId> a&lt;b&gt;\"&amp;%3A'&#13;\n</sourcedId>\
                 </sourcedGUID>{result}</resultRecord></{name}Request></imsx_POXBody>\
                 </imsx_POXEnvelopeRequest>"
            );
            assert_eq!(operation.name(), name);
            assert_eq!(request(&operation, " a<b>\"&%3A'\r\n", "m&1"), expected);
        };
        let result = "<result><resultScore><language>en</language>\
                      <textString>0.10</textString></resultScore></result>";
        check(Operation::Replace(&score), "replaceResult", result);
        check(Operation::Read, "readResult", "");
        check(Operation::Delete, "deleteResult", "");
    }

    #[test]
    fn case_and_whitespace_of_a_code_do_not_matter() {
        let check = |code: &str, expected: Result<CodeMajor, OutcomeError>| {
            let response = read_response(
                envelope(&format!("<imsx_codeMajor>{code}</imsx_codeMajor>"), "").as_bytes(),
            );
            assert_eq!(response.map(|response| response.code), expected, "{code:?}");
        };
        for code in CodeMajor::ALL {
            check(code.name(), Ok(code));
            check(&code.name().to_uppercase(), Ok(code));
            check(&format!("\r\n\t {} \n", code.name()), Ok(code));
            check(&format!("<![CDATA[{}]]>", code.name()), Ok(code));
        }
        check(
            "suc<!-- a comment --><?and an instruction?><![CDATA[ces]]>&#115;",
            Ok(CodeMajor::Success),
        );
        check("s&#x75;ccess", Ok(CodeMajor::Success));
        for unknown in [
            "",
            " ",
            "succes",
            "success.",
            "successfailure",
            "0",
            "успех",
            "suc cess",
            "<x>success</x>",
        ] {
            check(unknown, Err(OutcomeError::UnknownStatus));
        }
    }

    #[test]
    fn a_description_is_read_unchanged() {
        let check = |description: &str, expected: &str| {
            let response = read_response(success(description).as_bytes()).expect(description);
            assert_eq!(response.description, expected);
        };
        check("", "");
        check(" Score for u:1 is now 0.5 ", " Score for u:1 is now 0.5 ");
        check("a &lt;b&gt; &amp;amp; &quot;c&quot; &apos;d&apos;", "a <b> &amp; \"c\" 'd'");
        check("&#xdc;n&#239; ☃ &#x1F469;", "Ünï ☃ 👩");
        check("<![CDATA[<b>&amp;</b>]]> and ]] &gt;", "<b>&amp;</b> and ]] >");
        check("one<!-- not this -->two<?nor this?>", "onetwo");
        check("lines\r\nend\rin\none&#13;way", "lines\nend\nin\none\rway");
    }

    #[test]
    fn only_a_status_has_a_code_and_only_a_result_has_a_score() {
        let code = "<imsx_codeMajor>success</imsx_codeMajor>";
        let check = |status: &str, body: &str, expected: Result<Option<&str>, OutcomeError>| {
            let response = read_response(envelope(status, body).as_bytes());
            assert_eq!(
                response.map(|response| response.score),
                expected.map(|score| score.map(str::to_owned))
            );
        };
        let score = |text: &str| {
            format!(
                "<resultScore><language>en</language><textString>{text}</textString></resultScore>"
            )
        };
        check(code, &score("0.91"), Ok(Some("0.91")));
        check(code, &score(" 9.1E-1\n"), Ok(Some("9.1E-1")));
        check(code, &format!("{}{}", score("0.1"), score("0.2")), Ok(Some("0.1")));
        check(code, &score(""), Ok(None));
        check(code, "<resultScore><textString/></resultScore>", Ok(None));
        check(code, "<resultScore/>", Ok(None));
        check(code, "<resultTotalScore><textString>9</textString></resultTotalScore>", Ok(None));
        check("", &score("0.91"), Err(OutcomeError::NoStatus));
        check("<imsx_severity>status</imsx_severity>", code, Err(OutcomeError::NoStatus));
        check(&format!("<x>{code}</x>"), "", Err(OutcomeError::NoStatus));
        check(&format!("{code}<imsx_codeMajor>failure</imsx_codeMajor>"), "", Ok(None));
    }

    #[test]
    fn only_one_complete_document_is_a_response() {
        let good = success("x");
        for bad in [
            String::new(),
            "   \n".to_owned(),
            "OK".to_owned(),
            "{\"code\":\"success\"}".to_owned(),
            format!("{good}{good}"),
            format!("Notice: {good} {}", envelope("<imsx_codeMajor>failure</imsx_codeMajor>", "")),
            good.replace("imsx_POXEnvelopeResponse", "imsx_POXEnvelopeRequest") + "x",
            good.replace("</imsx_statusInfo>", ""),
            good.replace("</imsx_statusInfo>", "</imsx_status>"),
            success("<b>"),
            success("&unknown;"),
            success("&#0;"),
            success("&#xD800;"),
            success("&#x110000;"),
            success("&#;"),
            success("<![CDATA[x"),
            success("<!-- x"),
        ] {
            assert_eq!(read_response(bad.as_bytes()), Err(OutcomeError::NotXml), "{bad}");
        }
        for (page, error) in [
            ("<!DOCTYPE html><html><body>Log in</body></html>", OutcomeError::DocumentType),
            ("<!doctype html><html></html>", OutcomeError::DocumentType),
            ("<html><body><p>Log in</p></body></html>", OutcomeError::NoStatus),
            ("<html><body><br><p>Log in</body></html>", OutcomeError::NotXml),
        ] {
            assert_eq!(read_response(page.as_bytes()), Err(error), "{page}");
        }
    }

    #[test]
    fn a_response_may_start_with_whitespace_or_a_byte_order_mark() {
        for good in [format!("\u{feff}{}", success("x")), format!("\r\n\n {}\n\n", success("x"))] {
            assert_eq!(
                read_response(good.as_bytes()).map(|response| response.code),
                Ok(CodeMajor::Success),
                "{good}"
            );
        }
        let marked = format!("\u{feff}{}", success("Grün"));
        for wide in [
            marked.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>(),
            marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ] {
            let response = read_response(&wide).expect("a response");
            assert_eq!(response.description, "Grün");
        }
    }

    #[test]
    fn a_response_is_read_behind_and_before_the_notices_of_php() {
        let notice = "<br />\n<b>Deprecated</b>:  Creation of dynamic property a::$b in \
                      <b>/var/www/x.php</b> on line <b>7</b><br />\n";
        let failure = envelope(
            "<imsx_codeMajor>failure</imsx_codeMajor><imsx_description>No</imsx_description>",
            "",
        );
        for (document, code, description) in
            [(success("Good"), CodeMajor::Success, "Good"), (failure, CodeMajor::Failure, "No")]
        {
            let prefixed =
                document.replace("<", "<o:").replace("<o:/", "</o:").replace("<o:?", "<?");
            for text in [
                format!("{notice}{document}"),
                format!("{document}{notice}"),
                format!("Notice: Undefined index: a < b & c in x.php on line 7\n{document}"),
                format!("{notice}\u{feff}{document}"),
                format!("\u{feff}{notice}{prefixed}"),
                format!("<p>{document}"),
                format!("{document}x"),
                format!("{document}&amp;"),
                format!("{document}</x>"),
            ] {
                let response = read_response(text.as_bytes()).expect(&text);
                assert_eq!((response.code, &*response.description), (code, description), "{text}");
            }
        }
        // A page of a proxy is no notice.
        for page in ["<!DOCTYPE html><p>", "x <!doctype html>"] {
            let text = format!("{page}{}", success("x"));
            assert_eq!(read_response(text.as_bytes()), Err(OutcomeError::DocumentType), "{text}");
        }
    }

    #[test]
    fn entities_of_html_and_a_bare_ampersand_do_not_spoil_a_response() {
        let check = |description: &str, expected: &str| {
            let response = read_response(success(description).as_bytes()).expect(description);
            assert_eq!(
                (response.code, &*response.description),
                (CodeMajor::Success, expected),
                "{description}"
            );
        };
        check("&nbsp;", "\u{a0}");
        check("f&uuml;r &lt;A&gt;", "für <A>");
        check("AT&T", "AT&T");
        check("a & b &", "a & b &");
        check("&lt", "&lt");
        let code = envelope("<imsx_codeMajor>&nbsp;success&nbsp;</imsx_codeMajor>", "");
        assert_eq!(
            read_response(code.as_bytes()).map(|response| response.code),
            Ok(CodeMajor::Success)
        );
    }

    #[test]
    fn another_charset_damages_only_the_description() {
        let latin = success("Ungültig").replace("UTF-8", "ISO-8859-1");
        let latin: Vec<u8> =
            latin.chars().map(|letter| u8::try_from(letter).expect("Latin")).collect();
        let response = read_response(&latin).expect("a response");
        assert_eq!(
            (response.code, response.description.as_str()),
            (CodeMajor::Success, "Ung\u{fffd}ltig")
        );
        let wide: Vec<u8> = success("x").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read_response(&wide), Err(OutcomeError::NotXml));
    }

    #[test]
    fn elements_may_be_nested_up_to_a_limit() {
        // Four elements of the response enclose the description.
        let nested =
            |depth: usize| success(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
        assert!(read_response(nested(DEEPEST - 5).as_bytes()).is_ok());
        assert_eq!(read_response(nested(DEEPEST - 4).as_bytes()), Err(OutcomeError::TooDeep));
        assert_eq!(read_response("<a>".repeat(20_000).as_bytes()), Err(OutcomeError::TooDeep));
    }

    #[test]
    fn a_response_is_read_up_to_its_maximum_size() {
        let space = LARGEST_RESPONSE - success("").len();
        assert!(read_response(success(&"x".repeat(space)).as_bytes()).is_ok());
        assert_eq!(
            read_response(success(&"x".repeat(space + 1)).as_bytes()),
            Err(OutcomeError::TooLarge)
        );
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_part_of_the_response() {
        let response = read_response(success("Score for u-1 is now 0.5").as_bytes());
        assert_eq!(format!("{response:?}"), "Ok(OutcomeResponse { code: Success, .. })");
        let unknown = envelope("<imsx_codeMajor>u-1</imsx_codeMajor>", "");
        let error = read_response(unknown.as_bytes()).expect_err("an unknown code");
        assert_eq!(error.to_string(), "the platform's response has an unknown imsx_codeMajor");
    }
}
