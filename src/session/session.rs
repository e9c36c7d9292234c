#![deny(clippy::arithmetic_side_effects)]

use std::time::Duration;

use lti::oauth1::SignatureMethod;
use lti::{GradePlace, GradePlaceParts, OutcomeService, Roles, Sender, upstream_user_id};

use super::field::Field;

/// The session of one user at one resource link of one tool. It has no `Debug`, because it contains
/// personal data.
#[derive(Clone)]
pub struct Session {
    /// The id, which may be a part of the URL. It is not a credential.
    pub id: String,
    /// A part of the fingerprint of the launch that created it.
    pub launch: u32,
    /// When it was created, in seconds since the epoch.
    pub minted: u64,
    /// The last second at which it is valid, in seconds since the epoch.
    pub expires: u64,
    /// The sender of the launch.
    pub sender: Sender,
    /// The user's roles in the course.
    pub roles: Roles,
    /// The custom parameters, by name.
    pub custom: Vec<(String, String)>,
    /// The number of values of the launch that the gateway omitted for lack of space.
    pub left_out: u32,
    /// The values, by the positions of their fields. May contain positions of a newer version.
    pub(super) values: Vec<(u8, String)>,
}

impl Session {
    /// The value of a field. `None` if the platform did not send it, the tool must not receive it,
    /// or the gateway omitted it.
    pub fn get(&self, field: Field) -> Option<&str> {
        let found = self.values.iter().find(|(position, _)| *position == field.position());
        found.map(|(_, value)| value.as_str())
    }

    /// The place of the grade. `None` if the launch accepts no grade, or the tool must not send it.
    pub fn grade_place(&self) -> Option<GradePlace> {
        if let Some(scopes) = self.get(Field::GradeScopes) {
            return self.line_item(scopes);
        }
        let method = match self.get(Field::GradeSignatureMethod) {
            Some(name) => SignatureMethod::named(name)?,
            None => SignatureMethod::HmacSha1,
        };
        Some(GradePlace::Outcome(OutcomeService {
            url: self.get(Field::GradeUrl)?.to_owned(),
            sourcedid: self.get(Field::GradeResultId)?.to_owned(),
            method,
        }))
    }

    /// The line item of LTI 1.3.
    fn line_item(&self, scopes: &str) -> Option<GradePlace> {
        let (url, link) = match self.get(Field::LineItemUrl) {
            Some(url) => (url, ""),
            None => (self.get(Field::LineItemsUrl)?, self.get(Field::ResourceLinkId)?),
        };
        GradePlace::of_parts(GradePlaceParts {
            url: url.to_owned(),
            learner: self.platform_user_id()?.to_owned(),
            protocol: format!("AGS {scopes}"),
            link: link.to_owned(),
        })
    }

    /// The platform's own id of the user. Services of the platform know no other.
    pub fn platform_user_id(&self) -> Option<&str> {
        self.get(Field::PlatformUserId).or_else(|| self.get(Field::UserId))
    }

    /// The part that makes the user's id unique: that of the sender, or the consumer of a migrated
    /// user.
    pub fn user_namespace(&self) -> &str {
        self.get(Field::UserConsumer).unwrap_or(self.sender.user_namespace())
    }

    /// The user as upstreams know them: `sender:user_id`, or `consumer:user_id` after a migration.
    /// `None` for an anonymous launch.
    pub fn upstream_user(&self) -> Option<String> {
        self.get(Field::UserId).map(|user| upstream_user_id(self.user_namespace(), user))
    }

    /// How long the session is still valid at `now`: at most its whole lifetime, even if the clock
    /// was set back after the launch.
    pub fn time_left(&self, now: u64) -> Duration {
        let lifetime = self.expires.saturating_sub(self.minted);
        Duration::from_secs(self.expires.saturating_sub(now).min(lifetime))
    }

    /// The fields that have a value.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        self.values
            .iter()
            .filter_map(|(position, value)| Some((Field::at(*position)?, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_never_longer_than_the_lifetime() {
        let left = |minted, expires, now| {
            let session = Session {
                id: String::new(),
                launch: 0,
                minted,
                expires,
                sender: Sender::Consumer("key-1".to_owned().into()),
                roles: Roles::from_bits(0),
                custom: Vec::new(),
                left_out: 0,
                values: Vec::new(),
            };
            session.time_left(now).as_secs()
        };
        for (minted, expires, now, expected) in [
            (1000, 1600, 1000, 600),
            (1000, 1600, 1599, 1),
            (1000, 1600, 1600, 0),
            (1000, 1600, 1601, 0),
            (1000, 1600, u64::MAX, 0),
            // The clock was set back.
            (1000, 1600, 999, 600),
            (1000, 1600, 0, 600),
            (u64::MAX - 1, u64::MAX, 0, 1),
            (u64::MAX, u64::MAX, u64::MAX, 0),
        ] {
            assert_eq!(left(minted, expires, now), expected, "{minted} {expires} {now}");
        }
    }
}
