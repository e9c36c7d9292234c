//! The migration of a user from LTI 1.1 (1EdTech LTI 1.3 migration guide).
//!
//! A platform names the former id of a user in the claim `lti1p1`. Canvas and Blackboard also send
//! `lti11_legacy_user_id`. A false claim never gives a user another identity: the claim counts only
//! if a secret of the tool signed it, or if the file lists the consumer for the platform.

use std::fmt;

use super::claim::LONGEST_ID;
use super::claims::CLAIM_DEPLOYMENT;
use super::policy::TokenPolicy;
use crate::jose::json::{JsonObject, JsonValue};
use crate::oauth1::decode_signature;
use crate::sender::ConsumerKey;
use crate::sent_value::is_sent;
use crate::upstream_user::UpstreamUser;

pub(super) const CLAIM_LTI1P1: &str = "https://purl.imsglobal.org/spec/lti/claim/lti1p1";
pub(super) const CLAIM_LEGACY_USER: &str =
    "https://purl.imsglobal.org/spec/lti/claim/lti11_legacy_user_id";

/// Why the user of a launch is also a user of LTI 1.1. It contains no value of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationProof {
    /// A secret of the tool's consumer signed the claim `lti1p1`.
    Signature,
    /// The file lists the consumer of the claim `lti1p1` in `formerly`.
    Formerly,
    /// The token has `lti11_legacy_user_id`, and the file lists one consumer in `formerly`.
    LegacyId,
    /// The platform kept its ids, and the file lists one consumer in `formerly`.
    SameIds,
}

/// Why the user of a launch is no user of LTI 1.1. It contains no value of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMigration {
    /// The launch has no user.
    Anonymous,
    /// The token names no former id.
    NoClaim,
    /// The old id is known, and `formerly` has no key.
    NoFormerly,
    /// The old id is known, and `formerly` has several keys.
    SeveralKeys,
    /// The claim `lti1p1` has no key, or another type.
    MalformedClaim,
    /// No consumer of the tool has the claim's key, and `formerly` does not have it.
    UnknownKey,
    /// The claim `lti1p1` has no signature.
    NoSignature,
    /// No secret of the consumer made the claim's signature.
    WrongSignature,
}

impl fmt::Display for MigrationProof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Signature => "a secret of the tool signed the claim lti1p1",
            Self::Formerly => "`formerly` has the key of the claim lti1p1",
            Self::LegacyId => "the token has lti11_legacy_user_id, and `formerly` has one key",
            Self::SameIds => "the platform kept its ids, and `formerly` has one key",
        })
    }
}

impl fmt::Display for NoMigration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Anonymous => "the launch has no user",
            Self::NoClaim => "the token has neither the claim lti1p1 nor lti11_legacy_user_id",
            Self::NoFormerly => "the platform has no `formerly`, which names the user's old key",
            Self::SeveralKeys => {
                "`formerly` has several keys, and the token does not name the user's"
            }
            Self::MalformedClaim => "the claim lti1p1 is malformed",
            Self::UnknownKey => {
                "the key of the claim lti1p1 is neither one of the tool nor in `formerly`"
            }
            Self::NoSignature => "the claim lti1p1 is not signed, and `formerly` lacks its key",
            Self::WrongSignature => {
                "no secret of the tool signed the claim lti1p1, and `formerly` lacks its key"
            }
        })
    }
}

/// The user of a verified token, as upstreams know them.
pub(super) struct MigratedUser<'a> {
    /// The user; `None` for an anonymous launch.
    pub(super) user: Option<UpstreamUser<'a>>,
    /// Why the user has their former id or not; `None` if there is nothing to migrate.
    pub(super) migration: Option<Result<MigrationProof, NoMigration>>,
}

/// Finds the user of a token whose signature is verified.
pub(super) fn migrate<'a>(claims: &JsonObject<'_>, policy: &TokenPolicy<'a>) -> MigratedUser<'a> {
    let users = policy.platform.users();
    let claim = claims.get(CLAIM_LTI1P1);
    let legacy = claims.get(CLAIM_LEGACY_USER);
    let expects_none = users.formerly.is_empty() && policy.consumers.keys().is_empty();
    let is_silent = expects_none && claim.is_none() && legacy.is_none();
    let Some(sub) = claims.get("sub").and_then(id) else {
        let migration = (!is_silent).then_some(Err(NoMigration::Anonymous));
        return MigratedUser { user: None, migration };
    };
    let claimed = claim.map(|claim| claimed_user(claims, claim, &sub, policy));
    if let Some(Ok((key, id, proof))) = claimed {
        let user = Some(users.former_user(&key, &id));
        return MigratedUser { user, migration: Some(Ok(proof)) };
    }
    let legacy = legacy.and_then(id);
    let user = users.user(&sub, legacy.as_deref());
    let has_old_id = legacy.is_some() || users.keeps_ids;
    let migration = match (&user.former, claimed) {
        _ if is_silent => None,
        (Some(_), _) if legacy.is_some() => Some(Ok(MigrationProof::LegacyId)),
        (Some(_), _) => Some(Ok(MigrationProof::SameIds)),
        (None, Some(Err(why))) => Some(Err(why)),
        (None, _) if !has_old_id => Some(Err(NoMigration::NoClaim)),
        (None, _) if users.formerly.is_empty() => Some(Err(NoMigration::NoFormerly)),
        (None, _) => Some(Err(NoMigration::SeveralKeys)),
    };
    MigratedUser { user: Some(user), migration }
}

/// The consumer and the id of a claim `lti1p1`, if it counts. Without an id, the `sub` is the old
/// id.
fn claimed_user(
    claims: &JsonObject<'_>,
    claim: JsonValue<'_>,
    sub: &str,
    policy: &TokenPolicy<'_>,
) -> Result<(ConsumerKey, String, MigrationProof), NoMigration> {
    let claim = claim.object().ok_or(NoMigration::MalformedClaim)?;
    let key = claim.get("oauth_consumer_key").and_then(JsonValue::string);
    let key = ConsumerKey::from(key.ok_or(NoMigration::MalformedClaim)?);
    let user = match claim.get("user_id") {
        Some(value) => id(value).ok_or(NoMigration::MalformedClaim)?,
        None => sub.to_owned(),
    };
    let signature = match claim.get("oauth_consumer_key_sign") {
        Some(value) => Some(value.string().ok_or(NoMigration::MalformedClaim)?),
        None => None,
    };
    let signature = signature.filter(|signature| !signature.is_empty());
    let text = base_string(claims, &key, policy);
    let is_signed = signature.as_ref().zip(text).is_some_and(|(signature, text)| {
        policy.consumers.signed_migration(&key, &text, &decode_signature(signature))
    });
    let proof = if is_signed {
        MigrationProof::Signature
    } else if policy.platform.formerly.contains(&key) {
        MigrationProof::Formerly
    } else if !policy.consumers.contains(&key) {
        return Err(NoMigration::UnknownKey);
    } else if signature.is_none() {
        return Err(NoMigration::NoSignature);
    } else {
        return Err(NoMigration::WrongSignature);
    };
    Ok((key, user, proof))
}

/// The text that a platform signs with the secret of a consumer. `None` if the token lacks a value.
fn base_string(
    claims: &JsonObject<'_>,
    key: &ConsumerKey,
    policy: &TokenPolicy<'_>,
) -> Option<String> {
    let string = |claim| claims.get(claim).and_then(JsonValue::string);
    let parts = [
        key.as_str(),
        &string(CLAIM_DEPLOYMENT)?,
        &policy.platform.issuer,
        policy.client.id.as_str(),
        claims.get("exp")?.text(),
        &string("nonce")?,
    ];
    Some(parts.join("&"))
}

/// A value that can be the id of a user.
fn id(value: JsonValue<'_>) -> Option<String> {
    value.string().filter(|id| is_sent(id) && id.chars().count() <= LONGEST_ID)
}
