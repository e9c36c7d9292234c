//! Checks 8 to 17 of a launch: key, signature, issuer, audience, timestamps, nonce, LTI claims and
//! roles. The caller spends the nonce, last.

#![deny(clippy::arithmetic_side_effects)]

use sha2::{Digest as _, Sha256};

use super::claim::{ClaimFault, LONGEST_ID};
use super::claims::{
    CLAIM_DEPLOYMENT, CLAIM_MESSAGE_TYPE, CLAIM_TARGET, CLAIM_VERSION, ClaimParams, VERSION_1P3,
    check, check_resource_link,
};
use super::deep_linking::DeepLinkingSettings;
use super::launch_token::ReadToken;
use super::migration::{MigratedUser, migrate};
use super::policy::{AnsweredLogin, TokenPolicy};
use super::service_claims::{grade_place, memberships};
use super::token_findings::TokenFindings;
use super::unverified::UnverifiedToken;
use crate::admission::{Candidate, Examination, Verdict};
use crate::jose::Keyset;
use crate::jose::json::{JsonObject, JsonValue};
use crate::launch_fields::LaunchFields;
use crate::message::Message;
use crate::rejection::Rejection;
use crate::replay::{Account, Nonce, shortened};
use crate::role::Roles;
use crate::sender::{DeploymentId, Sender};
use crate::upstream_user::UpstreamUser;

/// The message type of a launch.
const MESSAGE_TYPE_1P3: &str = "LtiResourceLinkRequest";
/// The message type of a request for links.
const SELECTION_REQUEST: &str = "LtiDeepLinkingRequest";

/// The keys of a platform, and their age.
#[derive(Clone, Copy, Debug)]
pub struct FetchedKeys<'a> {
    /// The keys.
    pub keyset: &'a Keyset,
    /// The seconds since the gateway fetched them.
    pub age: u64,
}

/// Examines a launch at `now`, in seconds since the epoch, with the keys of the policy's client.
pub fn examine_token(
    token: &ReadToken,
    keys: FetchedKeys<'_>,
    login: &AnsweredLogin<'_>,
    policy: &TokenPolicy<'_>,
    now: u64,
) -> Examination<TokenFindings> {
    let mut examination = Examination::of_token(token, policy);
    examination.verdict = examination.run_token_checks(token, keys, login, policy, now);
    examination
}

/// Examines a token without the keys of its platform: every check except key and signature.
///
/// Anyone can have written such a token. So the result contains no launch, and none can be made of
/// it.
pub fn examine_without_keys(
    token: &ReadToken,
    login: &AnsweredLogin<'_>,
    policy: &TokenPolicy<'_>,
    now: u64,
) -> UnverifiedToken {
    let mut examination = Examination::of_token(token, policy);
    let claims = token.parts.claims();
    let ClaimParams { params, notes, .. } = ClaimParams::read(&claims, None);
    examination.params = Some(params.iter().count());
    examination.findings.notes = notes;
    let (fields, _) = LaunchFields::read(&params);
    let checked = examination.check_claims(token, &claims, &fields, login, policy, now);
    let asks_for_links = match &checked {
        Ok((_, settings)) => settings.is_some(),
        Err(rejection) => matches!(rejection, Rejection::MayNotPick(_)),
    };
    UnverifiedToken::new(&examination, checked.err(), asks_for_links)
}

impl Examination<TokenFindings> {
    /// An examination before its first check.
    fn of_token(token: &ReadToken, policy: &TokenPolicy<'_>) -> Self {
        let mut examination = Self::new(TokenFindings {
            algorithm: token.algorithm,
            key_id: Rejection::quote(&token.key_id),
            destination: None,
            notes: Vec::new(),
            migration: None,
        });
        examination.claimed_sender = Some(policy.platform.name.as_str().to_owned());
        examination
    }

    fn run_token_checks(
        &mut self,
        token: &ReadToken,
        keys: FetchedKeys<'_>,
        login: &AnsweredLogin<'_>,
        policy: &TokenPolicy<'_>,
        now: u64,
    ) -> Result<Verdict, Rejection> {
        check_signature(token, keys, policy)?;
        let claims = token.parts.claims();
        let MigratedUser { user, migration } = migrate(&claims, policy);
        let user_id = user.as_ref().map(|user| user.id.as_str());
        let ClaimParams { params, notes, .. } = ClaimParams::read(&claims, user_id);
        self.params = Some(params.iter().count());
        self.findings.notes = notes;
        let (fields, _) = LaunchFields::read(&params);
        let (deployment_id, settings) =
            self.check_claims(token, &claims, &fields, login, policy, now)?;
        self.findings.migration = migration;
        let sender = Sender::Platform {
            name: policy.platform.name.clone(),
            client_id: policy.client.id.clone(),
            deployment_id,
        };
        let nonce = login_nonce(login, policy, &sender);
        let link = fields.resource_link_id.unwrap_or_default();
        let grade_place = grade_place(&claims, link, policy.declares_line_item);
        let mut launch = fields.into_launch(sender, grade_place, token.fingerprint);
        launch.memberships = memberships(&claims);
        if let Some(UpstreamUser { former: Some(key), id, .. }) = user {
            let sub = string(&claims, "sub");
            launch.user.platform_id = sub.filter(|sub| *sub != id);
            launch.user.consumer = Some(key);
        }
        launch.params = params;
        let message = match settings {
            None => Message::Launch(launch),
            Some(settings) => Message::Selection(settings.into_selection(launch)),
        };
        Ok(if token.is_reload {
            Verdict::Reload(message)
        } else {
            Verdict::New(Candidate::new(message, nonce, Rejection::StateExpired))
        })
    }

    /// Checks 10 to 17. Returns the deployment and, for a request for links, its settings.
    fn check_claims(
        &mut self,
        token: &ReadToken,
        claims: &JsonObject<'_>,
        fields: &LaunchFields<'_>,
        login: &AnsweredLogin<'_>,
        policy: &TokenPolicy<'_>,
        now: u64,
    ) -> Result<(DeploymentId, Option<DeepLinkingSettings>), Rejection> {
        self.return_url = fields.return_url();
        self.timestamp = claims.get("iat").and_then(JsonValue::number).map(|iat| iat as u64);

        check_issuer(claims, policy)?;
        check_audience(claims, policy.client.id.as_str())?;
        check_times(claims, now, policy.clock_skew, token.is_reload)?;
        if !token.is_reload && string(claims, "nonce").as_deref() != Some(login.nonce) {
            return Err(Rejection::WrongNonce);
        }
        let (deployment_id, is_selection) = check_message(claims, policy)?;
        let target = string(claims, CLAIM_TARGET).ok_or(Rejection::TargetElsewhere(None))?;
        let Some(destination) = policy.launch_url.destination(&target) else {
            return Err(Rejection::target_elsewhere(&target));
        };
        self.findings.destination = Some(destination);
        check(claims, policy.platform.anonymous)?;
        let settings = match is_selection {
            true => Some(DeepLinkingSettings::read(claims)?),
            false => {
                check_resource_link(claims)?;
                None
            }
        };
        let roles = fields.roles();
        self.roles = Some(roles);
        if policy.roles.is_some_and(|allowed| !allowed.intersects(roles)) {
            return Err(Rejection::RoleNotAllowed(roles));
        }
        if settings.is_some() && !roles.intersects(Roles::PICKERS) {
            return Err(Rejection::MayNotPick(roles));
        }
        Ok((deployment_id, settings))
    }
}

/// Checks 8 and 9: a key of the platform made the signature.
fn check_signature(
    token: &ReadToken,
    keys: FetchedKeys<'_>,
    policy: &TokenPolicy<'_>,
) -> Result<(), Rejection> {
    let FetchedKeys { keyset, age } = keys;
    if !keyset.has(&token.key_id) {
        return Err(Rejection::UnknownKeyId {
            key_id: Rejection::quote(&token.key_id),
            url: policy.client.jwks_url.clone(),
            keys: keyset.size(),
            age,
        });
    }
    let (signed, signature) = (token.parts.signed.as_bytes(), &token.parts.signature);
    if keyset.verify(&token.key_id, token.algorithm, signed, signature) {
        Ok(())
    } else {
        Err(Rejection::BadTokenSignature)
    }
}

/// Check 10: the issuer is that of the table, character for character.
fn check_issuer(claims: &JsonObject<'_>, policy: &TokenPolicy<'_>) -> Result<(), Rejection> {
    let (issuer, accepted) = (string(claims, "iss"), &policy.platform.issuer);
    if issuer.as_ref() == Some(accepted) {
        return Ok(());
    }
    let found = issuer.as_deref().map(Rejection::quote);
    Err(Rejection::WrongIssuer { found, accepted: accepted.clone() })
}

/// Check 11: the audience is the client, or a list that contains it. Several values need an `azp`.
/// With one value, `azp` does not count: Blackboard's differs.
fn check_audience(claims: &JsonObject<'_>, client_id: &str) -> Result<(), Rejection> {
    let audience = claims.get("aud");
    let values: Vec<String> = match audience.and_then(JsonValue::list) {
        Some(list) => list.into_iter().map(|one| one.string().unwrap_or_default()).collect(),
        None => audience.and_then(JsonValue::string).into_iter().collect(),
    };
    let authorized = if values.len() > 1 { string(claims, "azp") } else { None };
    let is_ours = values.iter().any(|value| value == client_id)
        && (values.len() == 1 || authorized.as_deref() == Some(client_id));
    if is_ours {
        return Ok(());
    }
    let found = audience.map(|_| Rejection::quote(&values.join(", ")));
    let authorized = authorized.as_deref().map(Rejection::quote);
    Err(Rejection::WrongAudience { found, authorized })
}

/// Check 12: `exp`, `nbf` and `iat` are numbers, and now is between them. There is no maximum age:
/// Canvas reuses tokens for minutes, and nonce and state bound it.
fn check_times(
    claims: &JsonObject<'_>,
    now: u64,
    accepted: u64,
    is_reload: bool,
) -> Result<(), Rejection> {
    let number = |claim| match claims.get(claim) {
        Some(value) => value
            .number()
            .map(Some)
            .ok_or(Rejection::MalformedClaim { claim, found: ClaimFault::Kind(value.kind()) }),
        None => Ok(None),
    };
    let required = |claim| number(claim)?.ok_or(Rejection::MissingClaim(claim));
    let (expiry, issued, start) = (required("exp")?, required("iat")?, number("nbf")?);
    if is_reload {
        return Ok(());
    }
    let (now, skew) = (now as f64, accepted as f64);
    if now - expiry > skew {
        return Err(Rejection::TokenExpired { ago: (now - expiry) as u64, accepted });
    }
    let start = start.map_or(issued, |start| start.max(issued));
    if start - now > skew {
        return Err(Rejection::TokenTooEarly { ahead: (start - now) as u64, accepted });
    }
    Ok(())
}

/// Check 14: version, message type and deployment. Returns the deployment, and whether the message
/// is a request for links.
fn check_message(
    claims: &JsonObject<'_>,
    policy: &TokenPolicy<'_>,
) -> Result<(DeploymentId, bool), Rejection> {
    let quote = |value: Option<String>| value.as_deref().map(Rejection::quote);
    let version = string(claims, CLAIM_VERSION);
    if version.as_deref() != Some(VERSION_1P3) {
        return Err(Rejection::LtiVersion { found: quote(version), accepted: VERSION_1P3 });
    }
    let message_type = string(claims, CLAIM_MESSAGE_TYPE);
    let is_selection = match message_type.as_deref() {
        Some(MESSAGE_TYPE_1P3) => false,
        Some(SELECTION_REQUEST) => true,
        _ => {
            let found = quote(message_type);
            return Err(Rejection::MessageType { found, accepted: MESSAGE_TYPE_1P3 });
        }
    };
    let deployment = string(claims, CLAIM_DEPLOYMENT);
    match deployment {
        Some(id) if id.chars().count() <= LONGEST_ID && policy.client.allows(&id) => {
            Ok((id.into(), is_selection))
        }
        other => Err(Rejection::UnknownDeployment(quote(other))),
    }
}

/// The nonce of the login in the replay store, which keeps it as long as the state is valid.
fn login_nonce(login: &AnsweredLogin<'_>, policy: &TokenPolicy<'_>, sender: &Sender) -> Nonce {
    let guard = shortened(Sha256::new().chain_update("login ").chain_update(policy.tool));
    let account = Account::new(policy.tool, sender);
    Nonce::new(account, guard, login.expires, login.nonce, login.expires)
}

/// The string in a claim; `None` if it is absent or has another type.
fn string(claims: &JsonObject<'_>, claim: &str) -> Option<String> {
    claims.get(claim).and_then(JsonValue::string)
}
