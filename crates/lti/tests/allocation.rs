//! What a launch allocates before its signature is verified, at its peak. Anyone can send it.
//!
//! One test, because the profiler counts the allocations of the whole process.

use std::sync::Arc;

use lti::oauth1::{Credentials, SignatureMethod, SigningKey};
use lti::v1p1::{Consumer, Consumers, LaunchPolicy, LaunchRequest, examine, sign};
use lti::{KnownSecrets, Score, Secret};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const NOW: u64 = 1_700_000_000;
/// The largest form that the gateway reads, in bytes.
const LARGEST_FORM: usize = 256 * 1024;
/// The largest head of a request that the gateway reads, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;
/// The bound: this many times the input. The decoded parameters need one, the base string five,
/// because it encodes a byte twice (`%25XX`).
const MULTIPLE: usize = 6;
/// The bound of what does not depend on the bytes of the input: the positions of 1,000 parameters,
/// and the quick search.
const CONSTANT: usize = 192 * 1024;

/// Runs `work` and asserts that it never holds more than the bound for `input` bytes.
#[track_caller]
fn check(name: &str, input: usize, work: impl FnOnce()) {
    let profiler = dhat::Profiler::builder().testing().build();
    work();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    let bound = MULTIPLE * input + CONSTANT;
    assert!(peak <= bound, "{name}: {peak} bytes, more than {bound}, for {input} bytes");
}

fn policy() -> LaunchPolicy {
    let secrets: Vec<Secret> = (10..60).map(|length| Secret::new("s".repeat(length))).collect();
    let consumer = Consumer::new("key-1", secrets[..2].to_vec(), SignatureMethod::ALL);
    LaunchPolicy {
        consumers: Consumers::new("a", [consumer]),
        roles: None,
        clock_skew: 300,
        secrets: Arc::new(KnownSecrets::new(&secrets)),
    }
}

/// A signed form, and the OAuth parameters of another one with this key.
fn signed(key: &str) -> String {
    let signing_key = SigningKey::new(&Secret::new("another secret"));
    let credentials = Credentials {
        key,
        signing_key: &signing_key,
        method: SignatureMethod::HmacSha1,
        timestamp: NOW,
        nonce: "n",
    };
    let params = [("lti_message_type", "basic-lti-launch-request"), ("user_id", "u1")];
    sign("https://tools.example/lti/a", &params, &credentials).expect("a URL")
}

/// A text of `length` bytes that repeats `part`.
fn filled(part: &str, length: usize) -> String {
    part.repeat(length / part.len())
}

#[test]
fn a_launch_allocates_a_small_multiple_of_its_size_before_it_is_verified() {
    let policy = policy();
    let check_launch = |name: &str, query: &str, authorization: Option<&str>, body: &[u8]| {
        let request = LaunchRequest {
            scheme: "https",
            authority: "tools.example",
            path: "/lti/a",
            query: Some(query),
            authorization,
            body,
        };
        let input = query.len() + authorization.map_or(0, str::len) + body.len();
        check(name, input, || {
            assert!(examine(&request, &policy, NOW, |_| false).verdict().is_err())
        });
    };
    let check_form = |name: &str, body: &str| {
        assert!(body.len() <= LARGEST_FORM + 1024, "{name}");
        check_launch(name, "", None, body.as_bytes());
    };
    check_form("nothing", "");
    let bytes = vec![0xff; LARGEST_FORM];
    check_launch("no text", "", None, &bytes);
    // Alone, and beside OAuth parameters, so that a base string is made.
    for oauth in ["", "key-1", "key-2"] {
        let oauth = if oauth.is_empty() { String::new() } else { format!("{}&", signed(oauth)) };
        for part in
            ["&", "=", "%", "+", "%41", "%00", "!", "a", "%C3%BC", "ü", "a&", "a=&", "%26=&"]
        {
            check_form(
                &format!("all {part} after {oauth}"),
                &format!("{oauth}{}", filled(part, LARGEST_FORM)),
            );
            check_form(
                &format!("one value of {part} after {oauth}"),
                &format!("{oauth}x={}", filled(part, LARGEST_FORM)),
            );
        }
        for params in [900, 993, 1000, 1001, 5000] {
            for name in ["x", "oauth_x", "ext_submit", "ü"] {
                let pair =
                    format!("{name}={}&", "!".repeat(LARGEST_FORM / params - name.len() - 2));
                check_form(
                    &format!("{params} of {name} after {oauth}"),
                    &format!("{oauth}{}", pair.repeat(params)),
                );
            }
        }
    }
    // OAuth parameters of the largest size.
    for part in ["k", "%41", "%2541", "ü"] {
        let long = filled(part, LARGEST_FORM);
        check_form("a long key", &signed("key-1").replace("key-1", &long));
        check_form(
            "a long signature",
            &signed("key-1").replace("oauth_signature=", &format!("oauth_signature={long}")),
        );
        check_form(
            "a long timestamp",
            &signed("key-1").replace("oauth_timestamp=", &format!("oauth_timestamp={long}")),
        );
        check_form("a long method", &signed("key-1").replace("HMAC-SHA1", &long));
        check_form(
            "a long nonce",
            &signed("key-1").replace("oauth_nonce=n", &format!("oauth_nonce={long}")),
        );
    }
    // Every variant: a query that the form repeats, and a button that it repeats.
    let query = filled("a=!&", LARGEST_HEAD).replace("a=", "a1=")[..300 * 5].to_owned();
    let doubled = "ext_submit=Go&ext_submit=Go&";
    for key in ["key-1", "key-2", "%256Bey-1"] {
        let form = format!(
            "{}&{doubled}{query}x={}",
            signed("key-1").replace("key-1", key),
            filled("!", LARGEST_FORM - 4096)
        );
        check_launch("every variant", &query, None, form.as_bytes());
    }
    // The header. Several headers are rejected unread.
    for credentials in [
        filled(",", LARGEST_HEAD),
        filled("a=\"\",", LARGEST_HEAD),
        filled("realm=\"\",", LARGEST_HEAD),
        filled("oauth_nonce=\"%41\",", LARGEST_HEAD),
        format!("oauth_nonce=\"{}\"", filled("%41", LARGEST_HEAD)),
        format!("{}=\"\"", filled("%41", LARGEST_HEAD)),
        filled("=", LARGEST_HEAD),
        filled("\"", LARGEST_HEAD),
    ] {
        check_launch("a hostile header", "", Some(&credentials), b"");
    }
    check_launch("a long query", &filled("%26=&", LARGEST_HEAD), None, b"");
    // The score of a grade.
    for part in ["1", "-", ".", "0", "e", "9.", "1e9", " "] {
        let score = filled(part, LARGEST_HEAD);
        check("a long score", score.len(), || drop(Score::parse(&score)));
        let exponent = format!("1e{score}");
        check("a long exponent", score.len(), || drop(Score::parse(&exponent)));
    }
}
