//! The checks of a launch, in order: shape of the form, OAuth parameters, consumer, signature,
//! timestamp, LTI parameters and roles. The caller spends the nonce, last.
//!
//! An unknown key needs the same number of base strings and HMACs as a known one. There is no
//! timing side channel.

#![deny(clippy::arithmetic_side_effects)]

use sha2::{Digest as _, Sha256};

use super::claimed_consumer::ClaimedConsumer;
use super::content_item::ContentItemRequest;
use super::diagnosis::diagnose;
use super::launch_request::{LaunchRequest, ReadLaunch};
use super::message::{self, MessageKind};
use super::policy::LaunchPolicy;
use super::signature_findings::{MatchedSecret, SignatureFindings};
use super::signature_trial::{SignatureMatch, SignatureTrial};
use crate::admission::{Candidate, Examination, Verdict};
use crate::grade_place::{GradePlace, OutcomeService};
use crate::launch_fields::LaunchFields;
use crate::message::Message;
use crate::oauth1::decode_signature;
use crate::rejection::Rejection;
use crate::replay::{Nonce, shortened};
use crate::role::Roles;
use crate::selection::{Selection, SelectionFormat};
use crate::sender::Sender;

/// Examines a launch at `now`, in seconds since the epoch.
///
/// After the signature is verified, it calls `admitted_before` with the launch's
/// [fingerprint](crate::Launch::fingerprint). The closure returns `true` if there is proof of an
/// earlier admission of the same form from the same browser. The launch is then a reload: neither
/// its timestamp nor its nonce counts.
///
/// It searches briefly for the cause of each wrong signature.
pub fn examine(
    request: &LaunchRequest<'_>,
    policy: &LaunchPolicy,
    now: u64,
    admitted_before: impl FnOnce(&[u8; 16]) -> bool,
) -> Examination<SignatureFindings> {
    examine_read(request.read(), policy, now, admitted_before, || true)
}

/// Like [`examine`], for a launch whose parameters are already read.
///
/// It calls `may_search` before the search for the cause of a wrong signature, which costs many
/// times as much as the verification. `false` omits the search; the verdict is the same. It calls
/// it for known and unknown keys alike.
pub fn examine_read(
    launch: ReadLaunch<'_>,
    policy: &LaunchPolicy,
    now: u64,
    admitted_before: impl FnOnce(&[u8; 16]) -> bool,
    may_search: impl FnOnce() -> bool,
) -> Examination<SignatureFindings> {
    let mut examination = Examination::new(SignatureFindings::default());
    examination.verdict = examination.run_checks(launch, policy, now, admitted_before, may_search);
    examination
}

impl Examination<SignatureFindings> {
    fn run_checks(
        &mut self,
        launch: ReadLaunch<'_>,
        policy: &LaunchPolicy,
        now: u64,
        admitted_before: impl FnOnce(&[u8; 16]) -> bool,
        may_search: impl FnOnce() -> bool,
    ) -> Result<Verdict, Rejection> {
        let (request, received) = (launch.request, launch.received);
        let mut params = launch.into_v1p1_params()?;
        self.params = Some(params.iter().count());
        let claim = ClaimedConsumer::read(&params, policy)?;
        let ClaimedConsumer { oauth, known, .. } = &claim;
        self.findings.method = Some(oauth.method);
        self.timestamp = Some(oauth.timestamp);
        let trial = SignatureTrial::new(&request, &params, policy, &claim);
        let signature = decode_signature(oauth.signature);
        let matched = trial.find_match(&signature, claim.decoded_key.as_deref());
        // A known and an unknown key take the same time.
        let (cause, is_secret) = match matched {
            Some(_) => (None, false),
            None => (
                diagnose::quick(&trial, &claim, received, &signature, may_search),
                policy.secrets.occur_in(oauth.consumer_key),
            ),
        };
        self.claimed_sender = match known {
            Some(known) => Some(known.consumer.key.as_str().to_owned()),
            None if is_secret => None,
            None => Some(Rejection::quote(oauth.consumer_key)),
        };
        let Some(known) = *known else {
            return Err(Rejection::UnknownConsumer(self.claimed_sender.clone()));
        };
        if !known.consumer.methods.contains(&oauth.method) {
            return Err(Rejection::SignatureMethodNotAllowed(oauth.method.name()));
        }
        let Some(SignatureMatch { variant, dropped, secret }) = matched else {
            self.findings.cause = cause;
            return Err(Rejection::BadSignature);
        };
        self.findings.variant = Some(variant);
        self.findings.secret = MatchedSecret::new(secret, known.consumer.signing_keys.len());

        let acceptable_until = oauth.timestamp.saturating_add(policy.clock_skew);
        let nonce =
            Nonce::new(known.account, known.id, oauth.timestamp, oauth.nonce, acceptable_until);
        let fingerprint = shortened(Sha256::new().chain_update(known.id).chain_update(&signature));
        let (timestamp, method) = (oauth.timestamp, oauth.method);
        params.remove(&dropped);
        let (fields, conflict) = LaunchFields::read(&params);
        self.return_url = fields.return_url();

        let is_reload = admitted_before(&fingerprint);
        if !is_reload && now.abs_diff(timestamp) > policy.clock_skew {
            let distance =
                i64::try_from(timestamp).unwrap_or(i64::MAX).saturating_sub_unsigned(now);
            return Err(Rejection::Stale { distance, accepted: policy.clock_skew });
        }
        if let Some(name) = conflict {
            return Err(Rejection::ConflictingParameter(Rejection::quote(name)));
        }
        let selection = match message::check(&fields)? {
            MessageKind::Launch => None,
            MessageKind::Selection => Some(ContentItemRequest::read(&params)?),
        };
        let roles = fields.roles();
        self.roles = Some(roles);
        if policy.roles.is_some_and(|allowed| !allowed.intersects(roles)) {
            return Err(Rejection::RoleNotAllowed(roles));
        }
        if selection.is_some() && !roles.intersects(Roles::PICKERS) {
            return Err(Rejection::MayNotPick(roles));
        }
        let sender = Sender::Consumer(known.consumer.key.clone());
        // edX sends the sourcedid with every launch, and the URL only if it wants a grade.
        let (url, sourcedid) = match selection {
            None => (fields.lis_outcome_service_url, fields.lis_result_sourcedid),
            Some(_) => (None, None),
        };
        let grade_place = OutcomeService::new(url, sourcedid, method).map(GradePlace::Outcome);
        let mut launch = fields.into_launch(sender, grade_place, fingerprint);
        launch.params = params;
        let message = match selection {
            None => Message::Launch(launch),
            Some(ContentItemRequest { return_url, data, accepts_several }) => {
                Message::Selection(Selection {
                    request: launch,
                    return_url,
                    data,
                    accepts_several,
                    accepts_line_item: true,
                    format: SelectionFormat::ContentItem(method),
                })
            }
        };
        Ok(if is_reload {
            Verdict::Reload(message)
        } else {
            let distance = (-1_i64).saturating_sub_unsigned(policy.clock_skew);
            let expired = Rejection::Stale { distance, accepted: policy.clock_skew };
            Verdict::New(Candidate::new(message, nonce, expired))
        })
    }
}
