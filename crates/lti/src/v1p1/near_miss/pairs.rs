//! Other parameters than those that were sent, which may have been signed.

use super::draft::Pair;
use super::{Cause, Search};
use crate::oauth1::Source;
use crate::oauth1::encode::encode;
use crate::v1p1::cause::LineBreak;

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

/// How HTML escapes quotes, by the library.
const QUOTES: [(&str, &str); 4] =
    [("\"", "'"), ("&quot;", "&#039;"), ("&quot;", "&#39;"), ("&quot;", "&#x27;")];

/// The same parameters with other values, fewer or more of them. What would change nothing is left out.
pub(super) fn rewritten(pairs: &[Pair]) -> Vec<(Cause, Vec<Pair>)> {
    let values = |rewrite: &dyn Fn(&str) -> String| {
        pairs.iter().map(|pair| Pair { value: rewrite(&pair.value), ..pair.clone() }).collect::<Vec<_>>()
    };
    let lines = |value: &str| value.replace("\r\n", "\n").replace('\r', "\n");
    let mut found = vec![
        (Cause::LineBreaks(LineBreak::Lf), values(&lines)),
        (Cause::LineBreaks(LineBreak::CrLf), values(&|value| lines(value).replace('\n', "\r\n"))),
        (Cause::LineBreaks(LineBreak::Cr), values(&|value| lines(value).replace('\n', "\r"))),
        (Cause::Trimmed, values(&|value| value.trim().to_owned())),
        (Cause::EmptyValues, pairs.iter().filter(|pair| !pair.value.is_empty()).cloned().collect()),
        (Cause::OneOfEach, one_of_each(pairs.iter())),
        (Cause::OneOfEach, one_of_each(pairs.iter().rev())),
        (Cause::HtmlEntities(false), values(&without_entities)),
    ];
    for (double, single) in QUOTES {
        let escape = |value: &str| {
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            value.replace('"', double).replace('\'', single)
        };
        found.push((Cause::HtmlEntities(true), values(&escape)));
    }
    let key = |pair: &Pair| pair.name == "oauth_consumer_key";
    let escaped = |pair: &Pair| if key(pair) { encode(&pair.value) } else { pair.value.clone() };
    let escaped = pairs.iter().map(|pair| Pair { value: escaped(pair), ..pair.clone() }).collect();
    found.push((Cause::KeyEscaped, escaped));
    for (name, value) in NOT_SENT {
        if pairs.iter().all(|pair| pair.name != name) {
            let lost = Pair { source: Source::Body, name: name.to_owned(), value: value.to_owned() };
            found.push((Cause::ParameterNotSent(name.to_owned()), [pairs, &[lost]].concat()));
        }
    }
    found.retain(|(_, changed)| changed != pairs);
    found
}

/// Of parameters with one name the first, as maps keep it that nobody asked for a list.
fn one_of_each<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Vec<Pair> {
    let mut kept: Vec<Pair> = Vec::new();
    for pair in pairs {
        if kept.iter().all(|known| known.name != pair.name) {
            kept.push(pair.clone());
        }
    }
    kept
}

fn without_entities(value: &str) -> String {
    let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    value.replace("&#039;", "'").replace("&#39;", "'").replace("&#x27;", "'").replace("&amp;", "&")
}

impl Search<'_> {
    /// What platforms do to the query of a launch URL, as parameters. Nothing where there is none.
    pub(super) fn query(&self, pairs: &[Pair]) -> Vec<(Cause, Vec<Pair>)> {
        let Some(query) = self.attempt.request.query.filter(|query| !query.is_empty()) else {
            return Vec::new();
        };
        let of_query = |pair: &&Pair| pair.source == Source::Query;
        let others: Vec<Pair> = pairs.iter().filter(|pair| !of_query(pair)).cloned().collect();
        let twice: Vec<Pair> = pairs.iter().chain(pairs.iter().filter(of_query)).cloned().collect();
        let escaped = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Pair { source: Source::Query, name: name.to_owned(), value: value.to_owned() }
        });
        let escaped: Vec<Pair> = escaped.chain(others.iter().cloned()).collect();
        let mut found = vec![(Cause::QueryLeftOut, others), (Cause::QueryTwice, twice)];
        if escaped != pairs {
            found.push((Cause::QueryEscaped, escaped));
        }
        found
    }

    /// Base string URIs that hold the query.
    pub(super) fn query_in_address(&self, pairs: &[Pair]) -> Vec<String> {
        let Some(query) = self.attempt.request.query.filter(|query| !query.is_empty()) else {
            return Vec::new();
        };
        let uri = format!("{}?{query}", self.attempt.base_uri());
        let others: Vec<Pair> = pairs.iter().filter(|pair| pair.source != Source::Query).cloned().collect();
        let signed = |pairs: &[Pair]| super::Draft::new(uri.clone(), pairs).base_string();
        vec![signed(&others), signed(pairs)]
    }
}

/// A form in ISO-8859-1 as one in UTF-8. `None` where a `%` is no escape.
pub(super) fn from_latin1(form: &[u8]) -> Option<Vec<u8>> {
    let mut converted = Vec::with_capacity(form.len());
    let mut at = 0;
    while let Some(&byte) = form.get(at) {
        let escaped = if byte == b'%' {
            at += 2;
            Some(crate::oauth1::encode::hex_byte(form, at - 1)?)
        } else {
            None
        };
        let own = escaped.unwrap_or(byte);
        if own.is_ascii() {
            converted.extend(form.get(at - if escaped.is_some() { 2 } else { 0 }..=at)?);
        } else {
            converted.extend(encode(char::from(own).encode_utf8(&mut [0; 4])).bytes());
        }
        at += 1;
    }
    Some(converted)
}
