//! The answer to an authentication request: a form with a token, or with an error.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lti::Role;
use lti::jose::{RsaKey, sign};
use ring::rand::SystemRandom;
use serde_json::{Map, Value, json};

use super::deep_link::settings;
use super::grade_service::grade_claim;
use super::member_service::member_claim;
use super::mistake::TokenMistake;
use super::pending::{PracticeLaunch, PracticeMessage};
use super::platform::{DEPLOYMENT, ISSUER};
use super::role_uri::role_uri;
use crate::practice::course::{CONTEXT_ID, LABEL, TITLE, resource_link_id};

/// The lifetime of a token, in seconds, as Moodle's.
const LIFETIME: u64 = 60;
/// The error of the clock with a mistake, in seconds.
const WRONG_CLOCK: u64 = 600;

/// The parameters of an authentication request.
#[derive(Clone, Copy)]
pub struct AuthRequest<'a> {
    /// `scope`.
    pub scope: &'a str,
    /// `response_type`.
    pub response_type: &'a str,
    /// `response_mode`.
    pub response_mode: &'a str,
    /// `prompt`.
    pub prompt: &'a str,
    /// `client_id`.
    pub client_id: &'a str,
    /// `redirect_uri`.
    pub redirect_uri: &'a str,
    /// `login_hint`: the user.
    pub login_hint: &'a str,
    /// `lti_message_hint`: the launch.
    pub message_hint: &'a str,
    /// `state`.
    pub state: &'a str,
    /// `nonce`.
    pub nonce: &'a str,
}

/// Why the practice platform sends no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFault {
    /// The hint is unknown, used or expired.
    Hint,
    /// A parameter has another value than LTI 1.3 requires, or than the login. Contains its name.
    Parameter(&'static str),
    /// Nobody is signed in.
    SignedOut,
}

impl AuthFault {
    /// The error code of OpenID Connect, or Canvas's.
    pub fn error(self) -> &'static str {
        match self {
            Self::Hint => "launch_no_longer_valid",
            Self::Parameter(_) => "invalid_request",
            Self::SignedOut => "login_required",
        }
    }

    /// The description.
    pub fn description(self) -> String {
        match self {
            Self::Hint => "This launch was used or has expired. Launch again.".to_owned(),
            Self::Parameter(name) => format!("The parameter {name} is wrong."),
            Self::SignedOut => "Nobody is signed in at the practice platform.".to_owned(),
        }
    }
}

/// The form that answers an authentication request.
pub struct TokenAnswerForm {
    /// The URL to which the browser posts it.
    pub url: String,
    /// Its fields.
    pub fields: Vec<(&'static str, String)>,
}

impl AuthRequest<'_> {
    /// Checks the request against the launch of its hint.
    ///
    /// # Errors
    /// An [`AuthFault`].
    pub fn check(&self, launch: &PracticeLaunch) -> Result<(), AuthFault> {
        for (name, found, expected) in [
            ("scope", self.scope, "openid"),
            ("response_type", self.response_type, "id_token"),
            ("response_mode", self.response_mode, "form_post"),
            ("prompt", self.prompt, "none"),
            ("client_id", self.client_id, launch.client.as_str()),
            ("redirect_uri", self.redirect_uri, &launch.launch_url),
            ("login_hint", self.login_hint, &launch.user),
        ] {
            if found != expected {
                return Err(AuthFault::Parameter(name));
            }
        }
        if self.nonce.is_empty() {
            return Err(AuthFault::Parameter("nonce"));
        }
        if launch.mistake == Some(TokenMistake::Login) {
            return Err(AuthFault::SignedOut);
        }
        Ok(())
    }

    /// The form with a token, issued at `now`. `None` only without randomness.
    pub fn accept(
        &self,
        launch: &PracticeLaunch,
        key: &RsaKey,
        now: u64,
    ) -> Option<TokenAnswerForm> {
        let claims = Value::Object(claims(self, launch, now));
        let token = sign(&claims, key, &SystemRandom::new()).ok()?;
        let token = spoiled(token, launch.mistake)?;
        let mut fields = vec![("id_token", token)];
        if launch.mistake != Some(TokenMistake::State) {
            fields.push(("state", self.state.to_owned()));
        }
        Some(TokenAnswerForm { url: launch.launch_url.clone(), fields })
    }

    /// The form with an error for a tool with this launch URL.
    pub fn refuse(&self, launch_url: &str, fault: AuthFault) -> TokenAnswerForm {
        TokenAnswerForm {
            url: launch_url.to_owned(),
            fields: vec![
                ("error", fault.error().to_owned()),
                ("error_description", fault.description()),
                ("state", self.state.to_owned()),
            ],
        }
    }
}

fn lti(name: &str) -> String {
    format!("https://purl.imsglobal.org/spec/lti/claim/{name}")
}

/// The claims of a token: the same person, course and link as in a launch by LTI 1.1.
fn claims(request: &AuthRequest<'_>, launch: &PracticeLaunch, now: u64) -> Map<String, Value> {
    let mistake = launch.mistake;
    let issued = match mistake {
        Some(TokenMistake::Expired) => now.saturating_sub(WRONG_CLOCK),
        Some(TokenMistake::Early) => now.saturating_add(WRONG_CLOCK),
        _ => now,
    };
    let when = |wrong: TokenMistake, is: &str, otherwise: &str| {
        json!(if mistake == Some(wrong) { is } else { otherwise })
    };
    let issuer_with_slash = format!("{ISSUER}/");
    let roles: Vec<&str> = launch.roles.iter().map(|role| role_uri(*role)).collect();
    let mut custom = Map::new();
    custom.insert("component_display_name".to_owned(), json!("LTI Consumer"));
    custom.extend(launch.custom.iter().map(|(name, value)| (name.clone(), json!(value))));
    let mut claims = Map::new();
    let mut add = |name: String, value| {
        claims.insert(name, value);
    };
    add("iss".into(), when(TokenMistake::Issuer, &issuer_with_slash, ISSUER));
    add("aud".into(), when(TokenMistake::Audience, "another-client", launch.client.as_str()));
    if mistake == Some(TokenMistake::AuthorizedParty) {
        add("azp".into(), json!("another-party"));
    }
    add("iat".into(), json!(issued));
    add("exp".into(), json!(issued.saturating_add(LIFETIME)));
    add("nonce".into(), when(TokenMistake::Nonce, "of-another-login", request.nonce));
    if mistake != Some(TokenMistake::User) {
        add("sub".into(), json!(launch.user));
    }
    if let Some((name, email)) = &launch.name_and_email {
        add("name".into(), json!(name));
        add("email".into(), json!(email));
        add(lti("lis"), json!({"person_sourcedid": launch.user}));
    }
    add(lti("version"), json!("1.3.0"));
    add(lti("deployment_id"), when(TokenMistake::Deployment, "2", DEPLOYMENT));
    add(
        lti("target_link_uri"),
        when(TokenMistake::Target, "https://tool.example/lti/elsewhere", &launch.target()),
    );
    add(lti("roles"), json!(roles));
    match &launch.message {
        PracticeMessage::Link { title, line_item, .. } => {
            add(lti("message_type"), json!("LtiResourceLinkRequest"));
            let mut link = json!({"id": resource_link_id(&launch.block)});
            if !title.is_empty() {
                link["title"] = json!(title);
            }
            add(lti("resource_link"), link);
            let (name, grades) = grade_claim(&launch.tool, line_item.as_deref());
            add(name, grades);
        }
        PracticeMessage::Selection { return_url, data } => {
            add(lti("message_type"), json!("LtiDeepLinkingRequest"));
            let (name, settings) = settings(return_url, data);
            add(name, settings);
        }
    }
    let (name, members) = member_claim(&launch.tool);
    add(name, members);
    add(lti("context"), json!({"id": CONTEXT_ID, "label": LABEL, "title": TITLE}));
    add(lti("tool_platform"), json!({"guid": ISSUER, "product_family_code": "Practice"}));
    add(lti("launch_presentation"), json!({"document_target": "iframe", "locale": "en"}));
    add(lti("custom"), Value::Object(custom));
    claims
}

/// The token with the mistakes that a platform makes after signing.
fn spoiled(token: String, mistake: Option<TokenMistake>) -> Option<String> {
    let with_part = |at: usize, part: &Value| {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        *parts.get_mut(at)? = BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        Some(parts.join("."))
    };
    let payload = || -> Option<Value> {
        let part = token.split('.').nth(1)?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    match mistake {
        Some(TokenMistake::KeyId) => {
            with_part(0, &json!({"alg": "RS256", "kid": "of-another-platform", "typ": "JWT"}))
        }
        Some(TokenMistake::Algorithm) => {
            with_part(0, &json!({"alg": "HS256", "kid": "any", "typ": "JWT"}))
        }
        Some(TokenMistake::Claim) => {
            let mut claims = payload()?;
            claims[lti("roles")] =
                json!([role_uri(Role::Administrator), role_uri(Role::Instructor)]);
            with_part(1, &claims)
        }
        _ => Some(token),
    }
}
