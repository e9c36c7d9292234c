//! Other parameters than those that were sent, which may have been signed.

use std::iter::once_with;

use super::draft::Draft;
use super::latin1;
use super::search::Search;
use crate::oauth1::encode::{encode, hex_byte};
use crate::oauth1::{Param, Source};
use crate::rejection::Rejection;
use crate::v1p1::cause::{Cause, LineBreak};

/// Parameters that platforms sign and that get lost on the way, for having no value or none that anybody reads.
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

/// What may be done to each value before it is signed, and to which values it makes a difference.
type Rewrite = (Cause, fn(&str) -> bool, fn(&str) -> String);

const REWRITES: [Rewrite; 9] = [
    (Cause::LineBreaks(LineBreak::Lf), has_line_breaks, in_lines),
    (Cause::LineBreaks(LineBreak::CrLf), has_line_breaks, |value| {
        in_lines(value).replace('\n', "\r\n")
    }),
    (Cause::LineBreaks(LineBreak::Cr), has_line_breaks, |value| {
        in_lines(value).replace('\n', "\r")
    }),
    (Cause::Trimmed, |value| value.trim() != value, |value| value.trim().to_owned()),
    (Cause::HtmlEntities(false), |value| value.contains('&'), without_entities),
    (Cause::HtmlEntities(true), has_entities, entities),
    (Cause::HtmlEntities(true), has_entities, |value| quoted(value, "&#39;")),
    (Cause::HtmlEntities(true), has_entities, |value| quoted(value, "&#039;")),
    (Cause::HtmlEntities(true), has_entities, |value| quoted(value, "&#x27;")),
];

fn has_line_breaks(value: &str) -> bool {
    value.contains(['\r', '\n'])
}

/// With a line feed for each line break.
fn in_lines(value: &str) -> String {
    value.replace("\r\n", "\n").replace('\r', "\n")
}

fn has_entities(value: &str) -> bool {
    value.contains(['&', '<', '>', '"', '\''])
}

fn entities(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The same with quotes; what stands for a single one depends on the library.
fn quoted(value: &str, single: &str) -> String {
    entities(value).replace('"', "&quot;").replace('\'', single)
}

fn without_entities(value: &str) -> String {
    let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    value.replace("&#039;", "'").replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&")
}

/// Base strings over other values, fewer parameters or more, each with the mistake that leads there.
pub(super) fn others<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    rewritten(draft).chain(fewer(draft)).chain(more(draft))
}

/// With other values. What would change none is left out.
fn rewritten<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    let rewrites = REWRITES.into_iter().filter_map(|(cause, changes, rewrite)| {
        let base = draft.rewritten(|param| changes(param.value).then(|| rewrite(param.value)))?;
        Some((cause, base))
    });
    // Also where it stays the same, so that a key with escapes in it takes as long whether its consumer is known or not.
    let key = once_with(|| {
        let escaped =
            |param: Param<'_>| (param.name == "oauth_consumer_key").then(|| encode(param.value));
        Some((Cause::KeyEscaped, draft.rewritten(escaped)?))
    });
    rewrites.chain(key.flatten())
}

impl Search<'_> {
    /// What platforms do to the query of a launch URL. Nothing where there is none.
    pub(super) fn query(&self, draft: &Draft<'_>) -> Vec<(Cause, String)> {
        let Some(query) = self.trial.request.query.filter(|query| !query.is_empty()) else {
            return Vec::new();
        };
        let uri = format!("{}?{query}", self.trial.base_uri());
        let (of_query, others): (Vec<Param<'_>>, Vec<Param<'_>>) =
            draft.params().partition(|param| param.source == Source::Query);
        let escaped = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Param { source: Source::Query, name, value }
        });
        vec![
            (Cause::QueryLeftOut, draft.without(|_, param| param.source == Source::Query)),
            (Cause::QueryInAddress, Draft::new(&uri, others.iter().copied()).base_string()),
            (Cause::QueryInAddress, draft.at(&uri)),
            (Cause::QueryTwice, draft.with(&of_query)),
            (Cause::QueryEscaped, self.draft(escaped.chain(others.iter().copied())).base_string()),
        ]
    }
}

/// Without some of the parameters: those that have no value, the further ones of one name, and such as were added on the way.
fn fewer<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    let names: Vec<&str> = draft.params().map(|param| param.name).collect();
    let places = 0..names.len();
    // Parameters of one name stand together.
    let further: Vec<usize> =
        places.clone().filter(|at| *at > 0 && names[at - 1] == names[*at]).collect();
    let earlier: Vec<usize> =
        places.clone().filter(|at| names.get(at + 1) == Some(&names[*at])).collect();
    let of_kind = |kind: &dyn Fn(&str) -> bool| -> Vec<usize> {
        places.clone().filter(|place| kind(names[*place])).collect()
    };
    let custom = |name: &str| name.starts_with("custom_");
    let extension = |name: &str| name.starts_with("ext_");
    let mut added: Vec<Vec<usize>> = places.clone().map(|place| vec![place]).collect();
    added.extend([
        of_kind(&custom),
        of_kind(&extension),
        of_kind(&|name| !is_of_lti(name) && !custom(name) && !extension(name)),
        of_kind(&|name| !is_of_lti(name) && !custom(name)),
        of_kind(&|name| !is_of_lti(name)),
    ]);
    let told = |dropped: &[usize]| {
        let names: Vec<String> =
            dropped.iter().map(|place| Rejection::quote(names[*place])).collect();
        Cause::UnsignedParameter(names.join(", "))
    };
    let added: Vec<(Cause, Vec<usize>)> =
        added.into_iter().map(|places| (told(&places), places)).collect();
    let empty =
        once_with(|| (Cause::EmptyValues, draft.without(|_, param| param.value.is_empty())));
    let groups =
        [(Cause::OneOfEach, further), (Cause::OneOfEach, earlier)].into_iter().chain(added);
    let groups = groups.filter(|(_, places)| !places.is_empty());
    empty.chain(
        groups.map(|(cause, places)| (cause, draft.without(|place, _| places.contains(&place)))),
    )
}

/// With a parameter that got lost.
fn more<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (Cause, String)> + 'd {
    let lost =
        NOT_SENT.into_iter().filter(|(name, _)| draft.params().all(|param| param.name != *name));
    lost.map(|(name, value)| {
        let param = Param { source: Source::Body, name, value };
        (Cause::ParameterNotSent(name.to_owned()), draft.with(&[param]))
    })
}

/// Whether a parameter is one of OAuth's or LTI's own.
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

/// A form in ISO-8859-1 as one in UTF-8: what browsers send for a page in it is Windows-1252 (Encoding Standard §4.2). `None` where a `%` is no escape.
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
