#![deny(clippy::arithmetic_side_effects)]

use std::time::Duration;

use lti::oauth1::SignatureMethod;
use lti::{GradePlace, Launch, LineItem, LineItemUrl, OutcomeService, Selection};

use super::budget::{BUDGET, MAX_COOKIE, drop_order, fits, without};
use super::field::Field;
use super::link_request::LinkTerms;
use super::session::Session;
use crate::config::Identity;

/// Why a launch creates no session: the required values do not fit into a cookie.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

/// The services of the platform that the session of a launch may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionServices {
    /// Whether the tool may send a grade to the launch's grade place.
    pub grade: bool,
    /// Whether the tool may read the course's members with this session.
    pub members: bool,
}

impl Session {
    /// Creates the session of a launch. Also returns the names of the omitted parameters.
    ///
    /// # Errors
    /// [`TooLong`] if the session does not fit even without all optional values.
    pub fn mint(
        launch: &Launch,
        id: String,
        identity: Identity,
        services: SessionServices,
        lifetime: Duration,
        now: u64,
    ) -> Result<(Self, Vec<String>), TooLong> {
        Self::mint_with(launch, None, id, identity, services, lifetime, now)
    }

    /// Creates the session of an upstream's picker. Also returns the names of the omitted
    /// parameters.
    ///
    /// # Errors
    /// [`TooLong`] if the session does not fit even without all optional values.
    pub fn mint_picker(
        selection: &Selection,
        id: String,
        identity: Identity,
        services: SessionServices,
        lifetime: Duration,
        now: u64,
    ) -> Result<(Self, Vec<String>), TooLong> {
        let services = SessionServices { grade: false, ..services };
        let request = &selection.request;
        Self::mint_with(request, Some(selection), id, identity, services, lifetime, now)
    }

    fn mint_with(
        launch: &Launch,
        selection: Option<&Selection>,
        id: String,
        identity: Identity,
        services: SessionServices,
        lifetime: Duration,
        now: u64,
    ) -> Result<(Self, Vec<String>), TooLong> {
        let [a, b, c, d, ..] = launch.fingerprint;
        let whole = Self {
            id,
            launch: u32::from_be_bytes([a, b, c, d]),
            minted: now,
            expires: now.saturating_add(lifetime.as_secs()),
            sender: launch.sender.clone(),
            roles: launch.roles,
            custom: launch
                .custom()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            values: values(launch, selection, identity, services),
            left_out: 0,
        };
        if fits(&whole, BUDGET) {
            return Ok((whole, Vec::new()));
        }
        let order = drop_order(&whole);
        let without = |count: usize| without(&whole, order.get(..count).unwrap_or_default());
        let counts: Vec<usize> = (0..order.len()).collect();
        let count = counts.partition_point(|count| !fits(&without(*count), BUDGET));
        let session = without(count);
        if count == order.len() && !fits(&session, MAX_COOKIE) {
            // A launch without a grade is better than no launch.
            if !services.grade {
                return Err(TooLong);
            }
            let services = SessionServices { grade: false, ..services };
            let (session, mut left_out) =
                Self::mint(launch, session.id, identity, services, lifetime, now)?;
            // First, because the log truncates the list.
            let has = |field: &&Field| whole.get(**field).is_some();
            let grade = GRADE_FIELDS.iter().filter(has).map(|field| field.parameter().to_owned());
            left_out.splice(0..0, grade);
            return Ok((session, left_out));
        }
        Ok((session, order.iter().take(count).map(|one| one.parameter()).collect()))
    }
}

/// The fields without which a session has no grade place.
const GRADE_FIELDS: [Field; 4] =
    [Field::GradeUrl, Field::GradeResultId, Field::LineItemUrl, Field::LineItemsUrl];

/// The values of a launch for the session, without personal data that the tool must not receive.
fn values(
    launch: &Launch,
    selection: Option<&Selection>,
    identity: Identity,
    services: SessionServices,
) -> Vec<(u8, String)> {
    let terms = selection.map(|selection| LinkTerms::of(selection).encode());
    let place = launch.grade_place.as_ref().ok().filter(|_| services.grade);
    let (outcome, line_item): (Option<&OutcomeService>, Option<&LineItem>) = match place {
        Some(GradePlace::Outcome(outcome)) => (Some(outcome), None),
        Some(GradePlace::LineItem(item)) => (None, Some(item)),
        None => (None, None),
    };
    let scopes = line_item.map(|item| item.scopes.letters());
    let mut values = Vec::new();
    for &field in Field::ALL {
        let is_for_tool = match field {
            Field::Email => identity.email,
            field => identity.name || !field.is_personal(),
        };
        if !is_for_tool {
            continue;
        }
        let value = match field {
            Field::UserId => launch.user.id.as_deref(),
            // The full name, also if the platform sent only its parts.
            Field::Name => launch.user.name.as_deref(),
            Field::ReturnUrl => launch.return_url.as_ref().map(lti::ReturnUrl::as_str),
            Field::GradeUrl => outcome.map(|outcome| outcome.url.as_str()),
            Field::GradeResultId => outcome.map(|outcome| outcome.sourcedid.as_str()),
            Field::GradeSignatureMethod => outcome
                .map(|outcome| outcome.method)
                .filter(|method| *method != SignatureMethod::HmacSha1)
                .map(SignatureMethod::name),
            Field::LineItemUrl => match line_item.map(|item| &item.url) {
                Some(LineItemUrl::Item(url)) => Some(url.as_str()),
                _ => None,
            },
            Field::LineItemsUrl => match line_item.map(|item| &item.url) {
                Some(LineItemUrl::Container { lineitems, .. }) => Some(lineitems.as_str()),
                _ => None,
            },
            Field::GradeScopes => scopes.as_deref(),
            Field::MembershipsUrl => launch.memberships.as_deref().filter(|_| services.members),
            Field::PlatformUserId => launch.user.platform_id.as_deref(),
            Field::UserConsumer => launch.user.consumer.as_ref().map(lti::ConsumerKey::as_str),
            Field::LinksReturnUrl => selection.map(|selection| selection.return_url.as_str()),
            Field::LinksData => selection.and_then(|selection| selection.data.as_deref()),
            Field::LinksTerms => terms.as_deref(),
            field => launch.sent(field.parameter()),
        };
        values.extend(value.map(|value| (field.position(), value.to_owned())));
    }
    values
}
