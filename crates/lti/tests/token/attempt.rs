//! A launch with everything that the checks depend on.

use lti::admission::{Examination, Verdict};
use lti::jose::{Algorithms, Keyset, RsaKey, keyset_document, sign};
use lti::v1p1::Consumers;
use lti::v1p3::{
    AnsweredLogin, Client, FetchedKeys, LaunchUrl, TokenFindings, TokenPolicy, TrustedPlatform,
    examine_token, read_token,
};
use lti::{Launch, MemoryReplay, Rejection, Roles, Secret};
use ring::rand::SystemRandom;
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const PEM: &str = include_str!("../keys/rsa_2048.pem");
pub(crate) const NONCE: &str = "0a1b2c3d";

/// The name of an LTI claim.
pub(crate) fn lti(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti/claim/{name}")
}

pub(crate) fn key() -> RsaKey {
    RsaKey::from_pem(&Secret::new(PEM)).expect("a key")
}

pub(crate) fn keyset() -> Keyset {
    Keyset::read(keyset_document([&key()]).as_bytes()).expect("a keyset")
}

pub(crate) fn platform() -> TrustedPlatform {
    TrustedPlatform {
        name: "moodle".into(),
        issuer: "https://lms.example".to_owned(),
        auth_url: "https://lms.example/auth".to_owned(),
        algorithms: Algorithms::default(),
        anonymous: false,
        clients: vec![Client {
            id: "client-1".into(),
            jwks_url: "https://lms.example/jwks".to_owned(),
            deployments: Some(vec!["1".into(), "2".into()]),
        }],
        formerly: Vec::new(),
        keeps_ids: false,
    }
}

/// The claims of a Moodle launch (Moodle 4.3, `mod/lti/locallib.php`).
pub(crate) fn claims() -> Value {
    json!({
        "nonce": NONCE,
        "iat": NOW,
        "exp": NOW + 60,
        "iss": "https://lms.example",
        "aud": "client-1",
        lti("deployment_id"): "1",
        lti("target_link_uri"): "https://tools.example/lti/nb/week/1?x=2",
        "sub": "42",
        lti("lis"): {"person_sourcedid": "", "course_section_sourcedid": ""},
        lti("roles"): [
            "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
            "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
        ],
        lti("context"): {
            "id": "7",
            "label": "chem",
            "title": "Chemistry",
            "type": ["CourseSection"],
        },
        lti("message_type"): "LtiResourceLinkRequest",
        lti("resource_link"): {"title": "Lab 1", "description": "", "id": "9"},
        "given_name": "Ada",
        "family_name": "Lovelace",
        "name": "Ada Lovelace",
        "email": "ada@school.example",
        lti("ext"): {"user_username": "ada", "lms": "moodle-2"},
        lti("launch_presentation"): {
            "locale": "en",
            "document_target": "iframe",
            "return_url": "https://lms.example/mod/lti/return.php?course=7&launch_container=4",
        },
        lti("tool_platform"): {
            "product_family_code": "moodle",
            "version": "2023100900",
            "guid": "lms.example",
            "name": "LMS",
            "description": "The LMS",
        },
        lti("version"): "1.3.0",
        lti("custom"): {"unit": "w1", "Title": "Week 1"},
    })
}

/// A launch with everything that the checks depend on.
pub(crate) struct Attempt {
    pub(crate) token: String,
    pub(crate) platform: TrustedPlatform,
    pub(crate) keyset: Keyset,
    pub(crate) consumers: Consumers,
    pub(crate) roles: Option<Roles>,
    pub(crate) now: u64,
    pub(crate) nonce: &'static str,
    pub(crate) expires: u64,
    pub(crate) same_browser: bool,
    pub(crate) admitted_before: bool,
}

impl Attempt {
    /// The launch of a token.
    pub(crate) fn of(token: String) -> Self {
        Self {
            token,
            platform: platform(),
            keyset: keyset(),
            consumers: Consumers::new("nb", []),
            roles: None,
            now: NOW,
            nonce: NONCE,
            expires: NOW + 600,
            same_browser: true,
            admitted_before: false,
        }
    }

    /// The launch of a token with these claims.
    pub(crate) fn with(claims: &Value) -> Self {
        Self::of(sign(claims, &key(), &SystemRandom::new()).expect("a token"))
    }

    /// The launch of a token with one claim changed, or removed by `null`.
    pub(crate) fn changed(claim: &str, value: Value) -> Self {
        let mut claims = claims();
        let members = claims.as_object_mut().expect("an object");
        if value.is_null() {
            members.remove(claim);
        } else {
            members.insert(claim.to_owned(), value);
        }
        Self::with(&claims)
    }

    pub(crate) fn examine(&self) -> Result<Examination<TokenFindings>, Rejection> {
        let launch_url = LaunchUrl::new("https", "tools.example", "/lti/nb");
        let policy = TokenPolicy {
            tool: "nb",
            launch_url: &launch_url,
            platform: &self.platform,
            client: &self.platform.clients[0],
            consumers: &self.consumers,
            roles: self.roles,
            declares_line_item: false,
            clock_skew: 300,
        };
        let (nonce, expires, same_browser) = (self.nonce, self.expires, self.same_browser);
        let login = AnsweredLogin { nonce, expires, same_browser };
        let admitted_before = |_: &[u8; 16]| self.admitted_before;
        let token = read_token(&self.token, &login, &policy, self.now, admitted_before)?;
        let keys = FetchedKeys { keyset: &self.keyset, age: 5 };
        Ok(examine_token(&token, keys, &login, &policy, self.now))
    }

    pub(crate) fn verdict(&self) -> Result<Verdict, Rejection> {
        self.examine()?.verdict()
    }

    pub(crate) fn launch(&self) -> Launch {
        let replay = MemoryReplay::new(1);
        match self.verdict().unwrap_or_else(|rejection| panic!("{rejection}")) {
            Verdict::New(candidate) => {
                let spent = replay.spend(candidate.nonce(), self.now);
                candidate.admit(spent).expect("a new nonce").into_launch().expect("a launch")
            }
            Verdict::Reload(message) => message.into_launch().expect("a launch"),
        }
    }

    #[track_caller]
    pub(crate) fn assert_rejected(&self, code: &str) {
        let rejection = self.verdict().err().map(|rejection| rejection.code());
        assert_eq!(rejection, Some(code));
    }
}
