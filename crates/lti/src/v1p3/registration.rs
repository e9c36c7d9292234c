//! Dynamic registration (1EdTech LTI Dynamic Registration 1.0, OpenID Connect Dynamic Client
//! Registration 1.0): the documents of both sides as values.

use std::fmt;

use serde_json::json;

use super::tool_description::ToolDescription;
use crate::jose::JsonKind;
use crate::jose::json::{JsonObject, JsonValue};
use crate::jose::{Algorithm, Algorithms};
use crate::sender::{ClientId, DeploymentId};

const TOOL_CONFIGURATION: &str = "https://purl.imsglobal.org/spec/lti-tool-configuration";
const PLATFORM_CONFIGURATION: &str = "https://purl.imsglobal.org/spec/lti-platform-configuration";
/// Canvas's extension of the tool configuration.
const CANVAS_PRIVACY: &str = "https://canvas.instructure.com/lti/privacy_level";
/// The longest value that the gateway reads, in characters.
const LONGEST_VALUE: usize = 1000;
/// The longest message of a platform, in characters.
const LONGEST_MESSAGE: usize = 500;
/// The longest code of a platform, in bytes.
const LONGEST_CODE: usize = 40;
/// The words with which Moodle refuses a registration (`registration_helper` in its source).
const MOODLE_CODES: [&str; 9] = [
    "domain_targetlinkuri_mismatch",
    "invalid_application_type",
    "invalid_redirect_uris",
    "invalid_response_types",
    "invalid_token",
    "invalid_token_endpoint_auth_method",
    "missing_domain",
    "missing_registration_token",
    "token_already_used",
];

/// The OpenID configuration of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenidConfiguration {
    /// `issuer`.
    pub issuer: String,
    /// `authorization_endpoint`.
    pub auth_url: String,
    /// `token_endpoint`.
    pub token_url: String,
    /// `jwks_uri`.
    pub jwks_url: String,
    /// `registration_endpoint`.
    pub registration_url: String,
    /// `authorization_server`: the audience of token requests, if it is not the token URL.
    pub token_audience: Option<String>,
    /// The algorithms of its tokens, if RS256 is not one of them.
    pub algorithms: Option<Algorithms>,
    /// Whether the product is Canvas, which needs placements.
    pub is_canvas: bool,
}

/// Why a document of a platform is unusable. It contains no value of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFault {
    /// It is not a JSON object, or has a duplicate key.
    NotObject,
    /// It has no value for this key.
    Missing(&'static str),
    /// The value of this key has this type.
    Kind(&'static str, JsonKind),
    /// The value of this key is too long, or has characters that it cannot have.
    Characters(&'static str),
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotObject => formatter.write_str("it is not a JSON object"),
            Self::Missing(key) => write!(formatter, "it has no `{key}`"),
            Self::Kind(key, kind) => write!(formatter, "its `{key}` is {kind}"),
            Self::Characters(key) => {
                write!(formatter, "its `{key}` is too long, or has characters that it cannot have")
            }
        }
    }
}

impl OpenidConfiguration {
    /// Reads a configuration. The caller checks the hosts of its URLs.
    ///
    /// # Errors
    /// A [`DocumentFault`].
    pub fn read(document: &[u8]) -> Result<Self, DocumentFault> {
        let document = JsonObject::read(document).ok_or(DocumentFault::NotObject)?;
        let token_url = required(&document, "token_endpoint")?;
        let audience = optional(&document, "authorization_server")?;
        let listed = document.get("id_token_signing_alg_values_supported");
        let listed = listed.and_then(JsonValue::list).unwrap_or_default();
        let listed = listed.into_iter().filter_map(JsonValue::string);
        let listed: Vec<_> = listed.filter_map(|name| Algorithm::named(&name)).collect();
        let is_usual = listed.is_empty() || listed.contains(&Algorithm::Rs256);
        let platform = document.get(PLATFORM_CONFIGURATION).and_then(JsonValue::object);
        let product = platform.and_then(|platform| platform.get("product_family_code"));
        let product = product.and_then(JsonValue::string);
        Ok(Self {
            issuer: required(&document, "issuer")?,
            auth_url: required(&document, "authorization_endpoint")?,
            jwks_url: required(&document, "jwks_uri")?,
            registration_url: required(&document, "registration_endpoint")?,
            // Canvas writes its host, and accepts the token URL.
            token_audience: audience
                .filter(|audience| *audience != token_url && audience.contains("://")),
            token_url,
            algorithms: (!is_usual).then(|| Algorithms::new(listed)),
            is_canvas: product.is_some_and(|product| product.eq_ignore_ascii_case("canvas")),
        })
    }
}

/// A registration, as the platform answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The client.
    pub client_id: ClientId,
    /// The deployment, if the platform has one already.
    pub deployment_id: Option<DeploymentId>,
}

impl Registered {
    /// Reads the response of a registration endpoint.
    ///
    /// # Errors
    /// A [`DocumentFault`].
    pub fn read(document: &[u8]) -> Result<Self, DocumentFault> {
        let document = JsonObject::read(document).ok_or(DocumentFault::NotObject)?;
        let configuration = document.get(TOOL_CONFIGURATION).and_then(JsonValue::object);
        let configuration = configuration.unwrap_or_default();
        let deployment = match optional_id(&configuration, "deployment_id")? {
            Some(id) => Some(id),
            None => optional_id(&document, "deployment_id")?,
        };
        let client_id = optional_id(&document, "client_id")?;
        Ok(Self {
            client_id: client_id.ok_or(DocumentFault::Missing("client_id"))?.into(),
            deployment_id: deployment.map(DeploymentId::from),
        })
    }
}

/// The message of a platform that refused a registration, on one line. `None` if it has none.
///
/// Platforms write `error_description` or `error` (OpenID Connect), `errors` (Canvas), or a word
/// without JSON (Moodle).
pub fn refusal_message(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let message = match JsonObject::read(text.as_bytes()) {
        Some(document) => {
            let value = |key: &str| Some(readable(document.get(key)?)).filter(|it| !it.is_empty());
            let found = ["error_description", "errors", "message", "error"].into_iter();
            found.filter_map(value).next()?
        }
        // A page says nothing on one line.
        None if text.starts_with('<') => return None,
        None => text.to_owned(),
    };
    let line = message.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let line: String = line.take(LONGEST_MESSAGE).collect();
    (!line.is_empty()).then_some(line)
}

/// The code of a platform that refused a registration, for a log. It has no free text, which may
/// name people.
///
/// It is the `error` of OAuth, or one of the words that Moodle sends without JSON.
pub fn refusal_code(body: &[u8]) -> Option<String> {
    let code = match JsonObject::read(body) {
        Some(document) => document.get("error")?.string()?,
        None => {
            let text = std::str::from_utf8(body).ok()?.trim();
            MOODLE_CODES.contains(&text).then(|| text.to_owned())?
        }
    };
    let is_code = (1..=LONGEST_CODE).contains(&code.len())
        && code.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    is_code.then_some(code)
}

/// A string, or the JSON text of another value.
fn readable(value: JsonValue<'_>) -> String {
    match value.list() {
        Some(list) => list.into_iter().map(readable).collect::<Vec<_>>().join(", "),
        None => value.string().unwrap_or_else(|| value.text().to_owned()),
    }
}

impl ToolDescription {
    /// The registration that the gateway sends. `is_canvas` adds Canvas's placements.
    pub fn registration(&self, is_canvas: bool) -> String {
        let launch = json!({
            "type": "LtiResourceLinkRequest",
            "target_link_uri": self.launch_url,
            "label": self.title,
        });
        let mut selection = launch.clone();
        selection["type"] = "LtiDeepLinkingRequest".into();
        let mut messages = vec![launch, selection];
        if is_canvas {
            for (message, placements) in messages.iter_mut().zip(Self::CANVAS_PLACEMENTS) {
                message["placements"] = json!(placements);
            }
        }
        let mut configuration = json!({
            "domain": self.domain,
            "description": self.description_or_title(),
            "target_link_uri": self.launch_url,
            "claims": self.claims(),
            "messages": messages,
        });
        if is_canvas {
            configuration[CANVAS_PRIVACY] = self.privacy_level().into();
        }
        let mut registration = json!({
            "application_type": "web",
            "response_types": ["id_token"],
            "grant_types": ["implicit", "client_credentials"],
            "initiate_login_uri": self.login_url,
            "redirect_uris": self.redirect_urls,
            "client_name": self.title,
            "jwks_uri": self.keyset_url,
            "token_endpoint_auth_method": "private_key_jwt",
            "scope": self.scopes.join(" "),
        });
        if let Some(icon) = &self.icon_url {
            registration["logo_uri"] = icon.as_str().into();
        }
        registration[TOOL_CONFIGURATION] = configuration;
        registration.to_string()
    }

    /// The claims about the user that the tool needs.
    fn claims(&self) -> Vec<&'static str> {
        let mut claims = vec!["iss", "sub"];
        if self.wants_name {
            claims.extend(["name", "given_name", "family_name"]);
        }
        if self.wants_email {
            claims.push("email");
        }
        claims
    }
}

fn required(document: &JsonObject<'_>, key: &'static str) -> Result<String, DocumentFault> {
    optional(document, key)?.ok_or(DocumentFault::Missing(key))
}

/// A value that a line of text can contain.
fn optional(document: &JsonObject<'_>, key: &'static str) -> Result<Option<String>, DocumentFault> {
    let Some(value) = document.get(key) else { return Ok(None) };
    let text = value.string().ok_or(DocumentFault::Kind(key, value.kind()))?;
    line(key, text)
}

/// An id. Some platforms write it as a number.
fn optional_id(
    document: &JsonObject<'_>,
    key: &'static str,
) -> Result<Option<String>, DocumentFault> {
    let Some(value) = document.get(key) else { return Ok(None) };
    match value.kind() {
        JsonKind::Number => line(key, value.text().to_owned()),
        _ => optional(document, key),
    }
}

fn line(key: &'static str, text: String) -> Result<Option<String>, DocumentFault> {
    let is_line = text.chars().count() <= LONGEST_VALUE && !text.chars().any(char::is_control);
    if !is_line {
        return Err(DocumentFault::Characters(key));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The configuration of Moodle 4.3 (`mod/lti/openid-configuration.php`).
    fn moodle() -> Value {
        json!({
            "issuer": "https://lms.example",
            "token_endpoint": "https://lms.example/mod/lti/token.php",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "jwks_uri": "https://lms.example/mod/lti/certs.php",
            "authorization_endpoint": "https://lms.example/mod/lti/auth.php",
            "registration_endpoint": "https://lms.example/mod/lti/openid-registration.php",
            "id_token_signing_alg_values_supported": ["RS256"],
            PLATFORM_CONFIGURATION: {"product_family_code": "moodle", "version": "4.3"},
        })
    }

    #[test]
    fn a_configuration_has_every_url() {
        let read = |document: &Value| OpenidConfiguration::read(document.to_string().as_bytes());
        let configuration = read(&moodle()).expect("a configuration");
        assert_eq!(configuration.issuer, "https://lms.example");
        assert_eq!(configuration.auth_url, "https://lms.example/mod/lti/auth.php");
        assert_eq!((configuration.token_audience, configuration.algorithms), (None, None));
        assert!(!configuration.is_canvas);
        for key in [
            "issuer",
            "token_endpoint",
            "jwks_uri",
            "authorization_endpoint",
            "registration_endpoint",
        ] {
            let changed = |value: Value| {
                let mut document = moodle();
                document[key] = value;
                read(&document)
            };
            assert_eq!(changed(Value::Null), Err(DocumentFault::Missing(key)));
            assert_eq!(changed(json!("")), Err(DocumentFault::Missing(key)));
            assert_eq!(changed(json!(1)), Err(DocumentFault::Kind(key, JsonKind::Number)));
            let characters = Err(DocumentFault::Characters(key));
            assert_eq!(changed(json!("https://a\n[tools.evil]")), characters);
            assert_eq!(changed(json!("x".repeat(1001))), characters);
        }
        for other in ["", "[]", "<html>", r#"{"issuer":"a","issuer":"b"}"#] {
            let found = OpenidConfiguration::read(other.as_bytes());
            assert_eq!(found, Err(DocumentFault::NotObject), "{other}");
        }
    }

    #[test]
    fn an_audience_and_algorithms_count_if_they_are_unusual() {
        let read = |audience: &str, algorithms: &[&str]| {
            let mut document = moodle();
            document["authorization_server"] = audience.into();
            document["id_token_signing_alg_values_supported"] = json!(algorithms);
            let read = OpenidConfiguration::read(document.to_string().as_bytes());
            let read = read.expect("a configuration");
            (read.token_audience, read.algorithms.map(|algorithms| algorithms.to_string()))
        };
        assert_eq!(read("canvas.instructure.com", &["RS256", "ES256"]), (None, None));
        assert_eq!(read("https://lms.example/mod/lti/token.php", &["HS256"]), (None, None));
        let audience = "https://api.brightspace.com/auth/token".to_owned();
        let found = read(&audience, &["none", "ES256", "RS512"]);
        assert_eq!(found, (Some(audience), Some("ES256, RS512".to_owned())));
    }

    #[test]
    fn a_registration_has_a_client_and_perhaps_a_deployment() {
        let check = |document: Value, expected: Result<(&str, Option<&str>), DocumentFault>| {
            let found = Registered::read(document.to_string().as_bytes());
            let expected = expected.map(|(client, deployment)| Registered {
                client_id: client.into(),
                deployment_id: deployment.map(DeploymentId::from),
            });
            assert_eq!(found, expected, "{document}");
        };
        check(json!({"client_id": "c 1"}), Ok(("c 1", None)));
        let configuration = json!({"deployment_id": "7"});
        check(json!({"client_id": 10, TOOL_CONFIGURATION: configuration}), Ok(("10", Some("7"))));
        check(json!({"client_id": "c", "deployment_id": 7}), Ok(("c", Some("7"))));
        check(json!({TOOL_CONFIGURATION: {}}), Err(DocumentFault::Missing("client_id")));
        check(json!({"client_id": ""}), Err(DocumentFault::Missing("client_id")));
        check(json!({"client_id": []}), Err(DocumentFault::Kind("client_id", JsonKind::List)));
        check(json!({"client_id": "a\n"}), Err(DocumentFault::Characters("client_id")));
        check(json!([]), Err(DocumentFault::NotObject));
    }

    #[test]
    fn a_platform_may_say_why_it_refuses() {
        for (body, expected) in [
            (r#"{"error":"invalid_client_metadata","error_description":"no"}"#, Some("no")),
            (r#"{"error":"invalid_redirect_uri"}"#, Some("invalid_redirect_uri")),
            (r#"{"errors":["a","b"]}"#, Some("a, b")),
            (r#"{"errors":[{"field":"scope"}]}"#, Some(r#"{"field":"scope"}"#)),
            ("missing_registration_token", Some("missing_registration_token")),
            ("a\r\nb", Some("a  b")),
            ("", None),
            ("<html>", None),
            ("{}", None),
        ] {
            assert_eq!(refusal_message(body.as_bytes()).as_deref(), expected, "{body}");
        }
        assert_eq!(refusal_message("x".repeat(9000).as_bytes()).map(|line| line.len()), Some(500));
    }

    #[test]
    fn a_code_has_no_free_text() {
        for (body, expected) in [
            (r#"{"error":"invalid_client_metadata","error_description":"Ada"}"#, true),
            (r#" {"error":"access_denied"} "#, true),
            (r#"{"error":"Ada Lovelace"}"#, false),
            (r#"{"error":"ada@school.example"}"#, false),
            (r#"{"error":""}"#, false),
            (r#"{"error":["invalid_token"]}"#, false),
            (r#"{"error_description":"invalid_token"}"#, false),
            (r#"{"errors":["invalid_token"]}"#, false),
            ("token_already_used\n", true),
            ("ada", false),
            ("", false),
            ("<html>", false),
        ] {
            assert_eq!(refusal_code(body.as_bytes()).is_some(), expected, "{body}");
        }
        let code = |length| format!(r#"{{"error":"{}"}}"#, "a".repeat(length));
        assert!(refusal_code(code(40).as_bytes()).is_some());
        assert_eq!(refusal_code(code(41).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[{}\\[\\]\",:a-z_0-9 ]{0,80}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let _ = OpenidConfiguration::read(bytes);
                let _ = Registered::read(bytes);
                let message = refusal_message(bytes).unwrap_or_default();
                prop_assert!(!message.chars().any(char::is_control));
            }
        }
    }
}
