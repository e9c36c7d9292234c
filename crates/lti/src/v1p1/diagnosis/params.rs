//! Parameters that the platform may have signed instead of the sent ones.

use super::draft::Draft;
use super::latin1;
use super::search::Search;
use crate::oauth1::encode::{encode, hex_byte};
use crate::oauth1::{Param, Source};
use crate::rejection::Rejection;
use crate::v1p1::cause::{Cause, LineBreak};

/// Parameters that platforms sign, and that are often dropped in transit because they have no
/// useful value.
const NOT_SENT: [(&str, &str); 10] = [
    ("oauth_version", "1.0"),
    ("oauth_callback", "about:blank"),
    ("oauth_token", ""),
    ("launch_presentation_return_url", ""),
    ("lis_result_sourcedid", ""),
    ("lis_person_name_full", ""),
    ("lis_person_contact_email_primary", ""),
    ("resource_link_title", ""),
    ("resource_link_description", ""),
    ("context_label", ""),
];

/// Replaces each line break with a line feed.
fn in_lines(value: &str) -> String {
    value.replace("\r\n", "\n").replace('\r', "\n")
}

/// Base strings with other values, fewer parameters or more, each with its mistake.
pub(super) fn others<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    rewritten(draft).chain(fewer(draft)).chain(more(draft))
}

/// Base strings with other line breaks; none if no value has one.
fn rewritten<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    [LineBreak::Lf, LineBreak::CrLf].into_iter().filter_map(|signed| {
        let rewrite = |value: &str| match signed {
            LineBreak::Lf => in_lines(value),
            LineBreak::CrLf => in_lines(value).replace('\n', "\r\n"),
        };
        let base = draft
            .rewritten(|param| param.value.contains(['\r', '\n']).then(|| rewrite(param.value)))?;
        Some((Cause::LineBreaks(signed), base))
    })
}

impl Search<'_> {
    /// Base strings with another query; none if the launch URL has no query.
    pub(super) fn query(&self, draft: &Draft<'_>) -> Vec<(Cause, String)> {
        let Some(query) = self.trial.request.query.filter(|query| !query.is_empty()) else {
            return Vec::new();
        };
        let uri = format!("{}?{query}", self.trial.base_uri());
        let others: Vec<Param<'_>> =
            draft.params().filter(|param| param.source != Source::Query).collect();
        let escaped = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Param { source: Source::Query, name, value }
        });
        vec![
            (Cause::QueryLeftOut, draft.without(|_, param| param.source == Source::Query)),
            (Cause::QueryInAddress, Draft::new(&uri, others.iter().copied()).base_string()),
            (Cause::QueryInAddress, draft.at(&uri)),
            (Cause::QueryEscaped, self.draft(escaped.chain(others.iter().copied())).base_string()),
        ]
    }
}

/// Base strings without some parameters: duplicates, and those that may have been added in transit.
fn fewer<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    let names: Vec<&str> = draft.params().map(|param| param.name).collect();
    let indexes = 0..names.len();
    // Parameters with one name are adjacent.
    let further: Vec<usize> =
        indexes.clone().filter(|at| *at > 0 && names[at - 1] == names[*at]).collect();
    let earlier: Vec<usize> =
        indexes.clone().filter(|at| names.get(at + 1) == Some(&names[*at])).collect();
    let of_kind = |kind: &dyn Fn(&str) -> bool| -> Vec<usize> {
        indexes.clone().filter(|index| kind(names[*index])).collect()
    };
    let custom = |name: &str| name.starts_with("custom_");
    let extension = |name: &str| name.starts_with("ext_");
    let mut added: Vec<Vec<usize>> = indexes.clone().map(|index| vec![index]).collect();
    added.extend([
        of_kind(&custom),
        of_kind(&extension),
        of_kind(&|name| !is_of_lti(name) && !custom(name) && !extension(name)),
        of_kind(&|name| !is_of_lti(name) && !custom(name)),
        of_kind(&|name| !is_of_lti(name)),
    ]);
    let unsigned = |dropped: &[usize]| {
        let names: Vec<String> =
            dropped.iter().map(|index| Rejection::quote(names[*index])).collect();
        Cause::UnsignedParameter(names.join(", "))
    };
    let added: Vec<(Cause, Vec<usize>)> =
        added.into_iter().map(|indexes| (unsigned(&indexes), indexes)).collect();
    let groups =
        [(Cause::OneOfEach, further), (Cause::OneOfEach, earlier)].into_iter().chain(added);
    let groups = groups.filter(|(_, indexes)| !indexes.is_empty());
    groups.map(|(cause, indexes)| (cause, draft.without(|index, _| indexes.contains(&index))))
}

/// Base strings with a parameter that was not sent.
fn more<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    let missing =
        NOT_SENT.into_iter().filter(|(name, _)| draft.params().all(|param| param.name != *name));
    missing.map(|(name, value)| {
        let param = Param { source: Source::Body, name, value };
        (Cause::ParameterNotSent(name.to_owned()), draft.with(&[param]))
    })
}

/// Whether OAuth or LTI defines a parameter.
fn is_of_lti(name: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "oauth_",
        "lti_",
        "lis_",
        "context_",
        "resource_link_",
        "user_",
        "launch_presentation_",
        "tool_consumer_",
    ];
    name == "roles" || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Converts a form from ISO-8859-1 to UTF-8. For a page in ISO-8859-1, browsers send Windows-1252
/// (Encoding Standard §4.2). `None` if an escape is invalid.
pub(super) fn from_latin1(form: &[u8]) -> Option<Vec<u8>> {
    let mut converted = Vec::with_capacity(form.len());
    let mut at = 0;
    while let Some(&byte) = form.get(at) {
        let length = if byte == b'%' { 3 } else { 1 };
        let meant = if byte == b'%' { hex_byte(form, at + 1)? } else { byte };
        if meant.is_ascii() {
            converted.extend(form.get(at..at + length)?);
        } else {
            converted.extend(encode(&latin1::decode(&[meant])).bytes());
        }
        at += length;
    }
    Some(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_in_latin1_becomes_one_in_utf8() {
        let check = |form: &[u8], expected: Option<&str>| {
            let converted = from_latin1(form).map(|form| String::from_utf8(form).expect("ASCII"));
            assert_eq!(converted.as_deref(), expected);
        };
        check(b"a=%20b+c%26", Some("a=%20b+c%26"));
        check(b"a=%FCb%e9", Some("a=%C3%BCb%C3%A9"));
        check(b"a=\xfc%", None);
        check(b"a=\xfc", Some("a=%C3%BC"));
        check(b"a=%92%80", Some("a=%E2%80%99%E2%82%AC"));
        check(b"a=%f", None);
    }
}
