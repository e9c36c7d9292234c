//! The assertion: a JWT that names the user, signed by the gateway with Ed25519 (RFC 7519, RFC
//! 8037).
//!
//! Its claims have LTI 1.3 names, whatever LTI version the platform uses.

#![deny(clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use lti::{Secret, role_uris};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::session::{Field, Session, derive_key};

/// The lifetime of an assertion, in seconds.
const LIFETIME: u64 = 300;
/// The prefix of LTI's own claim names.
const CLAIM: &str = "https://purl.imsglobal.org/spec/lti/claim/";

/// OpenID Connect claims, and the session fields with their values.
const CLAIMS: [(&str, Field); 6] = [
    ("name", Field::Name),
    ("given_name", Field::GivenName),
    ("family_name", Field::FamilyName),
    ("middle_name", Field::MiddleName),
    ("picture", Field::Picture),
    ("email", Field::Email),
];

/// LTI claims that are objects: the claim, and its members with their session fields.
const OBJECTS: [(&str, &[(&str, Field)]); 5] = [
    (
        "context",
        &[("id", Field::ContextId), ("label", Field::ContextLabel), ("title", Field::ContextTitle)],
    ),
    (
        "resource_link",
        &[
            ("id", Field::ResourceLinkId),
            ("title", Field::ResourceLinkTitle),
            ("description", Field::ResourceLinkDescription),
        ],
    ),
    (
        "launch_presentation",
        &[
            ("document_target", Field::DocumentTarget),
            ("return_url", Field::ReturnUrl),
            ("locale", Field::Locale),
            ("css_url", Field::StyleUrl),
        ],
    ),
    (
        "tool_platform",
        &[
            ("guid", Field::PlatformGuid),
            ("name", Field::PlatformName),
            ("description", Field::PlatformDescription),
            ("url", Field::PlatformUrl),
            ("contact_email", Field::PlatformEmail),
            ("product_family_code", Field::PlatformProduct),
            ("version", Field::PlatformVersion),
        ],
    ),
    (
        "lis",
        &[
            ("person_sourcedid", Field::PersonSourcedId),
            ("course_offering_sourcedid", Field::CourseOfferingSourcedId),
            ("course_section_sourcedid", Field::CourseSectionSourcedId),
        ],
    ),
];

/// The signing keys, derived from `gateway.secret`. The first key signs; the gateway publishes all
/// of them.
pub struct Assertions {
    keys: Vec<AssertionKey>,
}

struct AssertionKey {
    /// The JWT header of each assertion, base64url-encoded.
    header: String,
    /// The key's id: its thumbprint (RFC 7638).
    kid: String,
    /// The public key, base64url-encoded.
    x: String,
    signing_key: SigningKey,
}

/// The facts of an assertion that are not in its session.
pub struct Subject<'a> {
    /// The gateway's public origin.
    pub issuer: &'a str,
    /// The tool's name.
    pub tool: &'a str,
    /// The tool's launch URL.
    pub launch_url: &'a str,
    /// The tool's `params`, if any.
    pub params: Option<&'a Value>,
    /// Whether the request carries a grade token; `None` for a tool that may not send grades.
    pub accepts_grade: Option<bool>,
}

impl Assertions {
    /// Derives one key per secret.
    pub fn new(secrets: &[Secret]) -> Self {
        Self { keys: secrets.iter().map(AssertionKey::new).collect() }
    }

    /// The assertion of a session at `now`, in seconds since the Unix epoch. `None` only without a
    /// key.
    pub fn sign(&self, session: &Session, subject: &Subject<'_>, now: u64) -> Option<String> {
        let key = self.keys.first()?;
        let claims = URL_SAFE_NO_PAD.encode(claims(session, subject, now).to_string());
        let signed = format!("{}.{claims}", key.header);
        let signature = key.signing_key.sign(signed.as_bytes());
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }

    /// The public keys, as a JWK set (RFC 7517).
    pub fn jwks(&self) -> String {
        let keys = self.keys.iter().map(|AssertionKey { kid, x, .. }| {
            json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": kid,
                "x": x,
            })
        });
        json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
    }
}

impl AssertionKey {
    fn new(secret: &Secret) -> Self {
        let signing_key = SigningKey::from_bytes(&derive_key(secret, "lti-gateway assertion 1"));
        let x = URL_SAFE_NO_PAD.encode(signing_key.verifying_key().as_bytes());
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        let kid = URL_SAFE_NO_PAD.encode(thumbprint);
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid }).to_string();
        Self { header: URL_SAFE_NO_PAD.encode(header), kid, x, signing_key }
    }
}

fn claims(session: &Session, facts: &Subject<'_>, now: u64) -> Value {
    let mut claims = Map::new();
    let mut claim = |name: String, value: Value| claims.insert(name, value);
    claim("iss".into(), facts.issuer.into());
    claim("aud".into(), facts.tool.into());
    claim("iat".into(), now.into());
    claim("exp".into(), now.saturating_add(LIFETIME).into());
    if let Some(subject) = session.upstream_user() {
        claim("sub".into(), subject.into());
    }
    for (name, field) in CLAIMS {
        if let Some(value) = session.get(field) {
            claim(name.into(), value.into());
        }
    }
    if let Some(locale) = session.get(Field::Locale) {
        // OpenID Connect requires a BCP 47 tag (`pt-BR`). edX sends an underscore (`pt_BR`).
        claim("locale".into(), locale.replace('_', "-").into());
    }
    if session.left_out > 0 {
        claim("left_out".into(), session.left_out.into());
    }
    if let Some(accepted) = facts.accepts_grade {
        claim("grade".into(), json!({ "accepted": accepted }));
    }
    if let Some(params) = facts.params {
        claim("params".into(), params.clone());
    }

    let mut lti = |name: &str, value: Value| claims.insert(format!("{CLAIM}{name}"), value);
    lti("message_type", "LtiResourceLinkRequest".into());
    lti("version", "1.3.0".into());
    lti("deployment_id", session.sender.deployment().into());
    lti("target_link_uri", facts.launch_url.into());
    lti("roles", roles(session));
    if let Some(mentored) = session.get(Field::MentoredUsers) {
        lti("role_scope_mentor", list(mentored));
    }
    for (name, members) in OBJECTS {
        let mut object: Map<String, Value> = members
            .iter()
            .filter_map(|(member, field)| Some(((*member).to_owned(), session.get(*field)?.into())))
            .collect();
        if name == "context"
            && let Some(types) = session.get(Field::ContextType)
        {
            object.insert("type".into(), list(types));
        }
        if name == "launch_presentation" {
            for (member, field) in [("width", Field::Width), ("height", Field::Height)] {
                // A number in LTI 1.3, any string in LTI 1.1.
                if let Some(pixels) = session.get(field).and_then(|text| text.parse::<u32>().ok()) {
                    object.insert(member.into(), pixels.into());
                }
            }
        }
        if !object.is_empty() {
            lti(name, object.into());
        }
    }
    if !session.custom.is_empty() {
        let custom: Map<String, Value> = session
            .custom
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        lti("custom", custom.into());
    }
    claims.into()
}

/// The platform's roles. If the session had no space for them, the roles that grant something here.
fn roles(session: &Session) -> Value {
    match session.get(Field::Roles) {
        Some(roles) => role_uris(roles).into(),
        None => session
            .roles
            .iter()
            .flat_map(|role| role_uris(role_name(role)))
            .collect::<Vec<_>>()
            .into(),
    }
}

/// The role's short name in LTI 1.1.
fn role_name(role: lti::Role) -> &'static str {
    match role {
        lti::Role::Learner => "Learner",
        lti::Role::Instructor => "Instructor",
        lti::Role::Administrator => "Administrator",
        lti::Role::TeachingAssistant => "TeachingAssistant",
        lti::Role::ContentDeveloper => "ContentDeveloper",
        lti::Role::Mentor => "Mentor",
    }
}

fn list(text: &str) -> Value {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>().into()
}
