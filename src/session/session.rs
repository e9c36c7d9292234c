use lti::oauth1::SignatureMethod;
use lti::{GradePlace, OutcomeService, Roles, Sender};

use super::field::Field;

/// One person at one resource link of one tool.
///
/// `Debug` is left out: nearly all of it is personal data.
#[derive(Clone)]
pub struct Session {
    /// Tells it from other sessions: part of a URL, never a credential.
    pub id: String,
    /// Stands for the launch that created it.
    pub launch: u32,
    /// When it was created, in seconds since the epoch.
    pub minted: u64,
    /// The last second at which it opens.
    pub expires: u64,
    /// Who sent the launch.
    pub sender: Sender,
    /// The user's roles in the course.
    pub roles: Roles,
    /// The custom parameters, by name.
    pub custom: Vec<(String, String)>,
    /// The number of values of the launch that had no space.
    pub left_out: u32,
    /// Values by the positions of their fields. Positions of a newer version stay.
    pub(super) values: Vec<(u8, String)>,
}

impl Session {
    /// The value of a field, if the platform sent it, the tool may have it, and it had space.
    pub fn get(&self, field: Field) -> Option<&str> {
        let found = self.values.iter().find(|(position, _)| *position == field.position());
        found.map(|(_, value)| value.as_str())
    }

    /// Where a grade goes, if the launch takes one that the tool may send.
    pub fn grade_place(&self) -> Option<GradePlace> {
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

    /// The fields that have a value.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        self.values
            .iter()
            .filter_map(|(position, value)| Some((Field::at(*position)?, value.as_str())))
    }
}
