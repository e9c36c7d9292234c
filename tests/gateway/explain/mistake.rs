//! Launches with mistakes in their signatures. This signer is independent of the program's, so that
//! the test does not repeat the program's errors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The launch URL of the tool.
const URL: &str = "https://tools.example/lti/page";
/// The launch URL with a query.
const URL_WITH_QUERY: &str = "https://tools.example/lti/page?unit=1&text=a%2Fb+c";
/// The query's parameters.
const QUERY: [(&str, &str); 2] = [("unit", "1"), ("text", "a/b c")];
/// The secret of the consumer `course-a`.
const SECRET: &str = "Salt & pepper/7";

/// A replaced secret. The test passes it in the variable `OLD_SECRET`.
pub const OLD_SECRET: &str = "the-secret-of-yesterday";

/// A launch and the name of its fixture.
pub struct Mistaken {
    pub name: &'static str,
    /// The captured form or command.
    pub launch: Vec<u8>,
}

type Pairs = Vec<(String, String)>;

/// Percent-encoding of all characters except letters, digits, `-._` and these.
fn escape_but(text: &str, left: &str) -> String {
    let keep = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || left.as_bytes().contains(&byte)
    };
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn escape(text: &str) -> String {
    escape_but(text, "~")
}

fn lower_case_escapes(text: &str) -> String {
    escape(text)
        .split('%')
        .enumerate()
        .map(|(index, part)| match index {
            0 => part.to_owned(),
            _ => format!("%{}{}", part[..2].to_ascii_lowercase(), &part[2..]),
        })
        .collect()
}

/// The parameters of a launch of `course-a` without the signature, in the order of the form.
fn pairs() -> Pairs {
    [
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("resource_link_id", "unit-1"),
        ("resource_link_title", " 1/2 & \"more\" ~ (it's *all*!) "),
        ("user_id", "u1"),
        ("roles", "Learner"),
        ("context_title", "Übung"),
        ("context_label", ""),
        ("custom_text", "one\r\ntwo"),
        ("custom_many", "b"),
        ("custom_many", "a"),
        ("oauth_callback", "about:blank"),
        ("oauth_consumer_key", "course-a"),
        ("oauth_nonce", "nonce-0001"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "1700000000"),
        ("oauth_version", "1.0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn with(name: &str, value: &str) -> Pairs {
    let mut pairs = pairs();
    match pairs.iter_mut().find(|pair| pair.0 == name) {
        Some(pair) => value.clone_into(&mut pair.1),
        None => pairs.push((name.to_owned(), value.to_owned())),
    }
    pairs
}

fn each(change: impl Fn(&str) -> String) -> Pairs {
    pairs().into_iter().map(|(name, value)| (name, change(&value))).collect()
}

fn and_query(query: &[(&str, &str)]) -> Pairs {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    query.chain(pairs()).collect()
}

fn normalized(mut pairs: Pairs, spell: impl Fn(&str) -> String) -> String {
    for (name, value) in &mut pairs {
        (*name, *value) = (spell(name), spell(value));
    }
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn base_of(method: &str, uri: &str, pairs: Pairs) -> String {
    format!("{method}&{}&{}", escape(uri), escape(&normalized(pairs, escape)))
}

fn base(uri: &str, pairs: Pairs) -> String {
    base_of("POST", uri, pairs)
}

/// The base string over parameters with another encoding.
fn spelt(spell: impl Fn(&str) -> String) -> String {
    format!("POST&{}&{}", escape(URL), escape(&normalized(pairs(), spell)))
}

/// A form with this title, signed over parameters with another encoding.
fn titled(title: &str, spell: impl Fn(&str) -> String) -> String {
    let pairs = with("resource_link_title", title);
    form(
        &pairs,
        &signed(&format!("POST&{}&{}", escape(URL), escape(&normalized(pairs.clone(), spell)))),
    )
}

fn hmac_sha1(key: &str, base: &str) -> Vec<u8> {
    let hmac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("any length");
    hmac.chain_update(base).finalize().into_bytes().to_vec()
}

fn signed(base: &str) -> String {
    signed_with(SECRET, base)
}

fn signed_with(secret: &str, base: &str) -> String {
    STANDARD.encode(hmac_sha1(&format!("{}&", escape(secret)), base))
}

fn form(pairs: &Pairs, signature: &str) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    format!("{}&oauth_signature={}", pairs.collect::<Vec<_>>().join("&"), escape(signature))
}

fn command(url: &str, form: &str) -> String {
    format!(
        "curl '{url}' \\\n  -H 'content-type: application/x-www-form-urlencoded' \\\n  \
         -H 'origin: https://lms.example' \\\n  --data-raw '{form}'\n"
    )
}

/// A correct form with a signature over another base string.
fn over(base: &str) -> String {
    form(&pairs(), &signed(base))
}

/// A form with a signature by another secret.
fn by(secret: &str) -> String {
    form(&pairs(), &signed_with(secret, &base(URL, pairs())))
}

/// A form with a signature by this HMAC key.
fn keyed(key: &str) -> String {
    form(&pairs(), &STANDARD.encode(hmac_sha1(key, &base(URL, pairs()))))
}

/// The launches of all fixtures.
pub fn mistaken() -> Vec<Mistaken> {
    let right = base(URL, pairs());
    let signature = hmac_sha1(&format!("{}&", escape(SECRET)), &right);
    let with_query = |base: &str| command(URL_WITH_QUERY, &over(base));
    let added = |name: &str, value: &str| form(&with(name, value), &signed(&right));
    let as_key = |key: &str, secret: &str| {
        let pairs = with("oauth_consumer_key", key);
        form(&pairs, &signed_with(secret, &base(URL, pairs.clone())))
    };
    let without = |name: &str| pairs().into_iter().filter(|pair| pair.0 != name).collect::<Pairs>();
    let unsorted: Vec<String> =
        pairs().iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    let javascript = |text: &str| escape_but(text, "~!*'()");
    let header = {
        let (oauth, rest): (Pairs, Pairs) =
            pairs().into_iter().partition(|(name, _)| name.starts_with("oauth_"));
        let credentials: Vec<String> =
            oauth.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let rest: Vec<String> = rest
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect();
        format!(
            "curl '{URL}' -H 'Authorization: OAuth {}, oauth_signature=\"{}\"' --data '{}'\n",
            credentials.join(", "),
            escape(&signed(&right)),
            rest.join("&")
        )
    };
    let canvas = form(&and_query(&QUERY), &signed(&base(URL, and_query(&QUERY))));
    // The browser sends the letter like this from a page in ISO-8859-1.
    let in_latin1 = over(&right).replace(&escape("Ü"), "%DC");
    // Only some signatures contain a `+`.
    let with_plus = (0..100).map(|number| with("oauth_nonce", &format!("nonce-{number}")));
    let with_plus = with_plus
        .map(|pairs| (signed(&base(URL, pairs.clone())), pairs))
        .find(|(signature, _)| signature.contains('+'));
    let (plus, plus_pairs) = with_plus.expect("one of a hundred has it");

    let launches: Vec<(&str, String)> = vec![
        ("accepted", over(&right)),
        ("accepted-authorization-header", header),
        ("accepted-canvas-query", command(URL_WITH_QUERY, &canvas)),
        ("not-found", form(&with("roles", "Instructor"), &signed(&right))),
        (
            "public-url",
            command(
                "https://lti.school.example/lti/page",
                &over(&base("https://lti.school.example/lti/page", pairs())),
            ),
        ),
        ("scheme", command(URL, &over(&base("http://tools.example/lti/page", pairs())))),
        ("host", over(&base("https://www.tools.example/lti/page", pairs()))),
        (
            "host-case",
            command(
                "https://Tools.Example/lti/page",
                &over(&base("https://Tools.Example/lti/page", pairs())),
            ),
        ),
        ("port", over(&base("https://tools.example:443/lti/page", pairs()))),
        ("slash", over(&base("https://tools.example/lti/page/", pairs()))),
        ("slash-sent", command("https://tools.example/lti/page/", &over(&right))),
        (
            "path",
            command(
                "https://tools.example/apps/lti/page",
                &over(&base("https://tools.example/apps/lti/page", pairs())),
            ),
        ),
        (
            "address",
            command(
                "http://localhost:5000/lti/page",
                &over(&base("http://localhost:5000/lti/page", pairs())),
            ),
        ),
        ("path-below", command("https://tools.example/lti/page/week/1", &over(&right))),
        ("query-left-out", with_query(&right)),
        ("query-in-address", with_query(&base(URL_WITH_QUERY, pairs()))),
        ("query-escaped", with_query(&base(URL, and_query(&[("unit", "1"), ("text", "a%2Fb+c")])))),
        ("unsigned-parameter", added("ext_submit", "Press to launch")),
        (
            "unsigned-parameters",
            form(&and_query(&[("utm_source", "mail"), ("utm_medium", "link")]), &signed(&right)),
        ),
        ("parameter-not-sent", form(&without("oauth_callback"), &signed(&right))),
        ("line-breaks", over(&base(URL, each(|value| value.replace("\r\n", "\n"))))),
        ("form-charset", in_latin1),
        (
            "one-of-each",
            over(&base(
                URL,
                pairs()
                    .into_iter()
                    .filter(|pair| *pair != ("custom_many".into(), "b".into()))
                    .collect(),
            )),
        ),
        ("order", over(&format!("POST&{}&{}", escape(URL), escape(&unsorted.join("&"))))),
        ("plus-for-space", over(&spelt(|text| escape_but(text, "* ").replace(' ', "+")))),
        (
            "unescaped",
            over(&format!(
                "POST&{}&{}",
                javascript(URL),
                javascript(&normalized(pairs(), javascript))
            )),
        ),
        ("plus-for-space-by-php", titled("a~b c", |text| escape_but(text, " ").replace(' ', "+"))),
        ("unescaped-star", titled("a*b", |text| escape_but(text, "~!*'()"))),
        ("tilde-and-blank", titled("a~b c", |text| escape_but(text, ""))),
        ("tilde", over(&spelt(|text| escape_but(text, "")))),
        ("lower-case-escapes", over(&spelt(lower_case_escapes))),
        ("key-of-tool", as_key("quiz-key", "the-secret-of-quiz")),
        ("key-spelling", as_key("Course-A ", SECRET)),
        ("secret-as-key", as_key("my-id:course-a:Salt & pepper/7", "course-a")),
        ("secret-as-key-split", as_key("course-c:first-half", "other-half")),
        ("secret-white-space", by("Salt & pepper/7\n")),
        ("secret-quotes", by("\"Salt & pepper/7\"")),
        ("secret-case", by("salt & pepper/7")),
        ("secret-case-mixed", by("sALT & pEPPER/7")),
        ("secret-cut", as_key("course-d", &"0123456789".repeat(10))),
        ("secret-not-escaped", keyed("Salt & pepper/7&")),
        ("secret-ampersand", keyed(&escape(SECRET))),
        ("secret-of-tool", by("the-secret-of-quiz")),
        ("secret-replaced", by(OLD_SECRET)),
        ("signature-text-blank", form(&plus_pairs, &plus.replace('+', " "))),
        ("signature-text-escaped", form(&pairs(), &escape(&STANDARD.encode(&signature)))),
    ];
    launches
        .into_iter()
        .map(|(name, launch)| Mistaken { name, launch: launch.into_bytes() })
        .collect()
}
