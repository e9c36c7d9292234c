//! Where state is kept.

use std::path::Path;

use super::resolver::Resolver;
use crate::config::fault::Fault;
use crate::config::file::StringValue;
use crate::config::state_location::StateLocation;
use crate::config::table::Written;

impl Resolver<'_> {
    /// The source that is written, where a relative path begins in `directory`, or the default.
    pub(super) fn state(
        &mut self,
        written: Option<&Written<StringValue>>,
        directory: &Path,
    ) -> StateLocation {
        // Development needs no variable that is set where others launch.
        let Some(written) =
            written.filter(|written| self.unset_in_development(&written.value).is_none())
        else {
            return StateLocation::default();
        };
        let Some(text) = self.text(written) else { return StateLocation::default() };
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
