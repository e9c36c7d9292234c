//! The platform's side of Basic Outcomes, for the practice platform: reads a request and writes the
//! response.

use quick_xml::escape::partial_escape;
use thiserror::Error;

use super::message::CodeMajor;
use super::xml::{self, XmlError};

/// A request of a tool.
///
/// It has no `Debug`, because it contains personal data.
#[derive(Default)]
pub struct OutcomeRequest {
    /// `imsx_messageIdentifier`; empty if it is missing.
    pub message_identifier: String,
    /// The name of the operation, such as `replaceResult`.
    pub operation: String,
    /// The identifier of the result.
    pub sourcedid: String,
    /// The score as sent, if there is one.
    pub score: Option<String>,
}

/// Why a request is unreadable. No variant contains a part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutcomeRequestError {
    /// It is not well-formed XML in UTF-8, or incomplete.
    #[error("the request is not XML in UTF-8, or incomplete")]
    NotXml,
    /// It has a document type, which can define entities and refer to files.
    #[error("the request has a document type")]
    DocumentType,
    /// Its elements are nested too deeply.
    #[error("the request is nested too deeply")]
    TooDeep,
    /// Its `imsx_POXBody` has no operation.
    #[error("the request's imsx_POXBody has no operation")]
    NoOperation,
    /// It has no `sourcedId`.
    #[error("the request has no sourcedId")]
    NoSourcedid,
}

/// Reads the body of a request. Only the local names of elements count. If several elements have
/// one name, the first counts.
///
/// # Errors
/// An [`OutcomeRequestError`].
pub fn read_request(body: &[u8]) -> Result<OutcomeRequest, OutcomeRequestError> {
    let xml = std::str::from_utf8(body).map_err(|_| OutcomeRequestError::NotXml)?;
    let (mut identifier, mut operation, mut sourcedid, mut score) = (None, None, None, None);
    xml::read(xml, |parent, name, text| match (parent, name) {
        ("imsx_POXRequestHeaderInfo", "imsx_messageIdentifier") => {
            identifier.get_or_insert(text);
        }
        ("sourcedGUID", "sourcedId") => {
            sourcedid.get_or_insert(text);
        }
        ("resultScore", "textString") => {
            score.get_or_insert(text);
        }
        ("imsx_POXBody", element) => {
            operation.get_or_insert(element.strip_suffix("Request").unwrap_or(element).to_owned());
        }
        _ => {}
    })?;
    Ok(OutcomeRequest {
        message_identifier: identifier.unwrap_or_default(),
        operation: operation.ok_or(OutcomeRequestError::NoOperation)?,
        sourcedid: sourcedid.ok_or(OutcomeRequestError::NoSourcedid)?,
        score,
    })
}

/// The response to a request, as in edX: with the request's identifier, and after a success with an
/// empty element for the operation.
pub fn response(request: &OutcomeRequest, code: CodeMajor, description: &str) -> String {
    let identifier = partial_escape(request.message_identifier.as_str());
    let description = partial_escape(description);
    let result = match code {
        // An unknown operation is not repeated.
        CodeMajor::Success if request.operation == "replaceResult" => "<replaceResultResponse/>",
        _ => "",
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <imsx_POXEnvelopeResponse xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\">\
         <imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version>\
         <imsx_messageIdentifier>{identifier}</imsx_messageIdentifier>\
         <imsx_statusInfo><imsx_codeMajor>{}</imsx_codeMajor><imsx_severity>status</imsx_severity>\
         <imsx_description>{description}</imsx_description>\
         <imsx_messageRefIdentifier/></imsx_statusInfo>\
         </imsx_POXResponseHeaderInfo></imsx_POXHeader>\
         <imsx_POXBody>{result}</imsx_POXBody></imsx_POXEnvelopeResponse>",
        code.name()
    )
}

impl From<XmlError> for OutcomeRequestError {
    fn from(error: XmlError) -> Self {
        match error {
            XmlError::NotXml => Self::NotXml,
            XmlError::DocumentType => Self::DocumentType,
            XmlError::TooDeep => Self::TooDeep,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::{Operation, OutcomeResponse, read_response, request};
    use super::*;
    use crate::score::Score;

    #[test]
    fn every_request_of_a_tool_is_read() {
        let score = Score::parse("0.10").expect("a score");
        for (operation, name, expected) in [
            (Operation::Replace(&score), "replaceResult", Some("0.10")),
            (Operation::Read, "readResult", None),
            (Operation::Delete, "deleteResult", None),
        ] {
            let read = read_request(request(&operation, " a<b>&%3A:u-1", "m&1").as_bytes())
                .expect("a request");
            assert_eq!((read.operation.as_str(), read.score.as_deref()), (name, expected));
            assert_eq!(
                (read.sourcedid.as_str(), read.message_identifier.as_str()),
                (" a<b>&%3A:u-1", "m&1")
            );
        }
    }

    #[test]
    fn namespaces_and_prefixes_do_not_matter() {
        let prefixed = "<o:imsx_POXEnvelopeRequest xmlns:o=\"urn:x\"><o:imsx_POXBody>\
                        <o:replaceResultRequest><o:resultRecord>\
                        <o:sourcedGUID><o:sourcedId>s</o:sourcedId></o:sourcedGUID>\
                        </o:resultRecord></o:replaceResultRequest>\
                        </o:imsx_POXBody></o:imsx_POXEnvelopeRequest>";
        let read = read_request(prefixed.as_bytes()).expect("a request");
        assert_eq!((read.operation.as_str(), read.sourcedid.as_str()), ("replaceResult", "s"));
        assert_eq!((read.message_identifier.as_str(), read.score), ("", None));
    }

    #[test]
    fn an_invalid_request_is_unreadable() {
        let good = request(&Operation::Read, "s", "m");
        for (bad, error) in [
            (String::new(), OutcomeRequestError::NotXml),
            ("{}".to_owned(), OutcomeRequestError::NotXml),
            (good.replace("</imsx_POXBody>", ""), OutcomeRequestError::NotXml),
            (format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{good}"), OutcomeRequestError::DocumentType),
            (
                good.replace("<imsx_POXEnvelopeRequest", "<!DOCTYPE a><imsx_POXEnvelopeRequest"),
                OutcomeRequestError::DocumentType,
            ),
            ("<a>".repeat(1000), OutcomeRequestError::TooDeep),
            ("<imsx_POXBody/>".to_owned(), OutcomeRequestError::NoOperation),
            (
                "<imsx_POXBody><readResultRequest/></imsx_POXBody>".to_owned(),
                OutcomeRequestError::NoSourcedid,
            ),
        ] {
            assert_eq!(read_request(bad.as_bytes()).err(), Some(error), "{bad}");
        }
        assert_eq!(read_request(b"<a>\xff</a>").err(), Some(OutcomeRequestError::NotXml));
    }

    #[test]
    fn a_tool_can_read_the_response() {
        let request_read =
            read_request(request(&Operation::Read, "s", "m<1>").as_bytes()).expect("a request");
        for code in CodeMajor::ALL {
            let text = response(&request_read, code, "Score for <a> & b");
            assert!(
                text.contains("<imsx_messageIdentifier>m&lt;1&gt;</imsx_messageIdentifier>"),
                "{text}"
            );
            let read = read_response(text.as_bytes()).expect("a response");
            assert!(
                read == OutcomeResponse {
                    code,
                    description: "Score for <a> & b".to_owned(),
                    score: None
                }
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), text in "[<>/a-zA-Z_&; ]{0,80}") {
            let _ = read_request(&bytes);
            let _ = read_request(text.as_bytes());
        }
    }
}
