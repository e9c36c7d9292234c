//! An LTI 1.3 platform of the tests: its keyset, and the tokens that it signs.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lti::Secret;
use lti::jose::{RsaKey, keyset_document};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::form::Pairs;
use super::upstream::Recorder;
use super::{Browser, NOW, Reply};

const PEM: &str = include_str!("../../../crates/lti/tests/keys/rsa_2048.pem");

/// A platform. Its keyset is at a loopback URL.
pub struct Platform {
    /// Serves the keyset, and records each fetch.
    pub recorder: Recorder,
    response: Arc<Mutex<Vec<u8>>>,
}

/// A login that the gateway redirected to the platform.
#[derive(Clone, Debug)]
pub struct Redirected {
    /// The URL without its query.
    pub url: String,
    /// The query.
    pub query: Pairs,
}

impl Platform {
    /// A platform that serves the keyset of its key.
    pub fn start() -> Self {
        let response = Arc::new(Mutex::new(Vec::new()));
        let served = Arc::clone(&response);
        let recorder =
            Recorder::with(move |_| served.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let platform = Self { recorder, response };
        platform.serve_keys(&Self::keys(), "");
        platform
    }

    /// The tables of a `tools.toml` with this platform, named `moodle`. `more` are further lines.
    pub fn table(&self, more: &str) -> String {
        format!(
            "\n[platforms.moodle]\nissuer = \"https://lms.example\"\n\
             auth_url = \"https://lms.example/auth?a=b\"\n\
             token_url = \"https://lms.example/token\"\njwks_url = \"{}\"\n\
             client_id = \"client-1\"\n{more}\n",
            self.jwks_url()
        )
    }

    /// The URL of the keyset.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.recorder.origin())
    }

    /// The keyset of the platform's key.
    pub fn keys() -> Value {
        let key = RsaKey::from_pem(&Secret::new(PEM)).expect("a key");
        serde_json::from_str(&keyset_document([&key])).expect("JSON")
    }

    /// The id of the platform's key.
    pub fn key_id() -> String {
        Self::keys()["keys"][0]["kid"].as_str().expect("a string").to_owned()
    }

    /// Serves another keyset from now on, with these header lines.
    pub fn serve_keys(&self, keys: &Value, headers: &str) {
        self.serve("200 OK", headers, &keys.to_string());
    }

    /// Serves another response in place of the keyset.
    pub fn serve(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        *self.response.lock().unwrap_or_else(PoisonError::into_inner) = (head + body).into_bytes();
    }
}

/// The name of an LTI claim.
pub fn lti_claim(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti/claim/{name}")
}

/// The claims of a launch by a learner.
pub fn claims(nonce: &str) -> Value {
    json!({
        "nonce": nonce,
        "iat": NOW,
        "exp": NOW + 60,
        "iss": "https://lms.example",
        "aud": "client-1",
        lti_claim("deployment_id"): "1",
        lti_claim("target_link_uri"): "https://tool.example/lti/nb",
        "sub": "user-4711",
        lti_claim("roles"): ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
        lti_claim("context"): {"id": "course-1", "title": "Chemistry"},
        lti_claim("message_type"): "LtiResourceLinkRequest",
        lti_claim("resource_link"): {"id": "rl-1", "title": "Lab 1"},
        "name": "Ada Lovelace",
        "email": "ada@uni.example",
        lti_claim("launch_presentation"): {"return_url": "https://lms.example/return"},
        lti_claim("version"): "1.3.0",
    })
}

/// The same claims with one changed, or removed by `null`.
pub fn changed(nonce: &str, claim: &str, value: Value) -> Value {
    let mut claims = claims(nonce);
    let members = claims.as_object_mut().expect("an object");
    match value {
        Value::Null => members.remove(claim),
        value => members.insert(claim.to_owned(), value),
    };
    claims
}

/// The header of a token of the platform.
pub fn token_header() -> Value {
    json!({"alg": "RS256", "kid": Platform::key_id(), "typ": "JWT"})
}

/// A token with these claims.
pub fn token(claims: &Value) -> String {
    token_with(&token_header(), claims)
}

/// A token with this header and these claims, signed by RS256 whatever the header says.
pub fn token_with(header: &Value, claims: &Value) -> String {
    let lines: String = PEM.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(lines).expect("base64")).expect("a key");
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of a token, unverified.
#[track_caller]
pub fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("a token");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON")
}

/// The form with which a platform answers a login.
pub fn answer_form(id_token: &str, state: &str) -> String {
    let mut pairs = Pairs(Vec::new());
    pairs.add("id_token", id_token);
    pairs.add("state", state);
    pairs.body()
}

/// A login to `https://tool.example/lti/nb`.
pub fn login() -> Pairs {
    let mut pairs = Pairs(Vec::new());
    for (name, value) in [
        ("iss", "https://lms.example"),
        ("login_hint", "hint-4711"),
        ("target_link_uri", "https://tool.example/lti/nb"),
        ("lti_message_hint", r#"{"cmid":5,"x":"a&b=c+%é"}"#),
        ("client_id", "client-1"),
        ("lti_deployment_id", "1"),
    ] {
        pairs.add(name, value);
    }
    pairs
}

impl Redirected {
    /// Reads the redirect to a platform.
    #[track_caller]
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 302, "{reply:?}");
        let location = reply.header("location").expect("a URL");
        let (url, query) = location.split_once('?').expect("a query");
        Self { url: url.to_owned(), query: Pairs::read(query) }
    }

    /// Logs a browser in, with the cookie check if it has no binding yet.
    #[track_caller]
    pub fn log_in(browser: &mut Browser<'_>, login: &Pairs) -> Self {
        let reply = browser.get(&format!("/~login?{}", login.body()));
        if reply.status == 302 {
            return Self::of(&reply);
        }
        assert_eq!(reply.status, 303, "{reply:?}");
        let next = reply.header("location").expect("a URL").to_owned();
        assert!(next.starts_with("/~login?lti_login="), "{next}");
        Self::of(&browser.get(&next))
    }

    /// The sealed state.
    pub fn state(&self) -> &str {
        self.query.get("state")
    }

    /// The nonce.
    pub fn nonce(&self) -> &str {
        self.query.get("nonce")
    }

    /// The form of a launch that answers this login.
    pub fn form(&self) -> String {
        answer_form(&token(&claims(self.nonce())), self.state())
    }
}
