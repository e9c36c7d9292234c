//! A launch as a platform signs it, and changes of the signed form.

use lti::Secret;
use lti::oauth1::base_string::{base_string, base_uri};
use lti::oauth1::encode::encode;
use lti::oauth1::{Credentials, Params, SignatureMethod, SigningKey, Source};
use lti::v1p1::sign;

use super::NOW;

/// An unsigned launch. The default key and secret are those of the test vectors: `key-1`, `s3cret`.
#[derive(Clone)]
pub struct Form<'a> {
    pub url: &'a str,
    pub params: Vec<(&'a str, &'a str)>,
    pub key: &'a str,
    pub secret: &'a str,
    pub method: SignatureMethod,
    pub timestamp: u64,
    pub nonce: &'a str,
}

impl Default for Form<'_> {
    fn default() -> Self {
        Self {
            url: "https://tool.example/lti/a",
            params: vec![
                ("lti_message_type", "basic-lti-launch-request"),
                ("lti_version", "LTI-1p0"),
                ("resource_link_id", "rl-1"),
            ],
            key: "key-1",
            secret: "s3cret",
            method: SignatureMethod::HmacSha1,
            timestamp: NOW,
            nonce: "nonce-0001",
        }
    }
}

impl<'a> Form<'a> {
    /// Adds parameters.
    pub fn with(mut self, params: &[(&'a str, &'a str)]) -> Self {
        self.params.extend_from_slice(params);
        self
    }

    /// Changes the values of parameters.
    pub fn but(mut self, changes: &[(&'a str, &'a str)]) -> Self {
        for (name, value) in changes {
            for param in self.params.iter_mut().filter(|param| param.0 == *name) {
                param.1 = value;
            }
        }
        self
    }

    /// Removes a parameter.
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|param| param.0 != name);
        self
    }

    /// The signed body.
    pub fn sign(&self) -> String {
        let signing_key = SigningKey::new(&Secret::new(self.secret));
        let credentials = Credentials {
            key: self.key,
            signing_key: &signing_key,
            method: self.method,
            timestamp: self.timestamp,
            nonce: self.nonce,
        };
        sign(self.url, &self.params, &credentials).expect("a well-formed URL")
    }

    /// The body, changed (also its OAuth parameters) and then signed. No platform sends this.
    pub fn altered(&self, alter: impl FnOnce(&mut Pairs)) -> String {
        let mut pairs = Pairs::read(&self.sign());
        pairs.remove("oauth_signature");
        alter(&mut pairs);
        let signature = self.signature("POST", &pairs);
        pairs.add("oauth_signature", &signature);
        pairs.body()
    }

    /// The signed body, changed in transit.
    pub fn tampered(&self, alter: impl FnOnce(&mut Pairs)) -> String {
        let mut pairs = Pairs::read(&self.sign());
        alter(&mut pairs);
        pairs.body()
    }

    /// The signature over exactly these pairs and the URL's query.
    pub fn signature(&self, http_method: &str, pairs: &Pairs) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("an absolute URL");
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = address.split_at(address.find('/').expect("a path"));
        let signed = [(Source::Query, query), (Source::Body, &pairs.body())]
            .into_iter()
            .try_fold(Params::default(), |params, (source, form)| {
                params.read_form(source, form.as_bytes())
            })
            .expect("well-formed pairs");
        let base = base_string(http_method, &base_uri(scheme, authority, path), signed.iter());
        SigningKey::new(&Secret::new(self.secret)).sign(self.method, &base)
    }
}

/// Names and values of a form, decoded and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    pub fn read(form: &str) -> Self {
        let params =
            Params::default().read_form(Source::Body, form.as_bytes()).expect("a well-formed form");
        Self(params.iter().map(|param| (param.name.to_owned(), param.value.to_owned())).collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .expect("the parameter")
    }

    pub fn set(&mut self, name: &str, value: &str) {
        let mut known = self.0.iter_mut().filter(|(known, _)| known == name);
        known.next().expect("the parameter").1 = value.to_owned();
    }

    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The pairs as a form body.
    pub fn body(&self) -> String {
        let pairs =
            self.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}
