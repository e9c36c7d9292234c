use super::claim::ClaimNote;
use super::migration::{MigrationProof, NoMigration};
use crate::admission::Examination;
use crate::jose::Algorithm;

/// The findings about a token.
#[derive(Debug)]
pub struct TokenFindings {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    pub(super) destination: Option<String>,
    pub(super) notes: Vec<ClaimNote>,
    pub(super) migration: Option<Result<MigrationProof, NoMigration>>,
}

impl Examination<TokenFindings> {
    /// The algorithm of the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.findings.algorithm
    }

    /// The key of the signature, shortened.
    pub fn key_id(&self) -> &str {
        &self.findings.key_id
    }

    /// The path and query below the launch URL to which the launch leads. The path begins with a
    /// slash. `None` if a check before it failed.
    pub fn destination(&self) -> Option<&str> {
        self.findings.destination.as_deref()
    }

    /// Why the user has their id of LTI 1.1, or not. `None` if there is nothing to migrate, or a
    /// check failed.
    pub fn migration(&self) -> Option<Result<MigrationProof, NoMigration>> {
        self.findings.migration
    }

    /// The values of the token that the launch does not contain; none unless the signature is
    /// valid.
    pub fn notes(&self) -> &[ClaimNote] {
        &self.findings.notes
    }
}
