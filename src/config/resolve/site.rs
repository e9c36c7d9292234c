//! A folder of static files.

use super::resolver::Resolver;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::UpstreamTable;
use crate::config::gateway::{Prefix, Site};
use crate::config::reading::SiteUse;
use crate::config::table::Written;

impl Resolver<'_> {
    pub(super) fn site(&mut self, written: Written<String>, table: UpstreamTable) -> Option<Site> {
        let prefix = self.prefix(table.prefix);
        let open = self.opening(table.open);
        let downloads =
            table.downloads.map_or(prefix == Prefix::Session, |downloads| downloads.value);
        if written.value.is_empty() {
            self.report(&written.source, Fault::EmptyText("site"));
            return None;
        }
        if written.value.contains('\0') {
            self.report(&written.source, Fault::Nul("`site`".to_owned()));
            return None;
        }
        let folder = self.directory.join(&written.value);
        let location = written.source.location(self.document, Part::Value);
        self.site_uses.push(SiteUse { folder: folder.clone(), location });
        Some(Site { folder, prefix, open, downloads })
    }
}
