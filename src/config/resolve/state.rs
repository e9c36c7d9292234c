//! The location of durable state.

use std::path::Path;

use super::resolver::{Resolver, StringPurpose};
use crate::config::fault::Fault;
use crate::config::file::StringValue;
use crate::config::state_location::StateLocation;
use crate::config::table::Written;

impl Resolver<'_> {
    /// The written location or the default. A relative path starts in `directory`.
    pub(super) fn state(
        &mut self,
        written: Option<&Written<StringValue>>,
        directory: &Path,
    ) -> StateLocation {
        // Development does not require the variables of production.
        let Some(written) =
            written.filter(|written| self.unset_in_development(&written.value).is_none())
        else {
            return StateLocation::default();
        };
        let Some(text) = self.string(written, StringPurpose::Setting) else {
            return StateLocation::default();
        };
        if text.is_empty() {
            self.report(&written.source, Fault::EmptyText("state"));
            return StateLocation::default();
        }
        match StateLocation::parse(&text, directory) {
            Ok(StateLocation::Directory(path)) => {
                if self.is_on_heroku() {
                    self.report(&written.source, Fault::StateOnHeroku);
                }
                StateLocation::Directory(path)
            }
            Ok(StateLocation::Memory) => StateLocation::Memory,
            Err(why) => {
                self.report(&written.source, Fault::State(why));
                StateLocation::default()
            }
        }
    }
}
