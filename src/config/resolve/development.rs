//! `dev_host`, and the placeholders for secrets in development.

use lti::Secret;

use super::resolver::Resolver;
use crate::config::fault::Fault;
use crate::config::file::GatewayTable;
use crate::config::heroku::is_heroku;
use crate::config::placeholder::PlaceholderUse;
use crate::config::public_url;
use crate::config::table::ValueSource;
use crate::url::Origin;

impl Resolver<'_> {
    /// The origin of `dev_host`, in development.
    pub(super) fn dev_host(&mut self, table: &GatewayTable) -> Option<Origin> {
        let written = table.dev_host.as_ref()?;
        let origin = match public_url::parse(&written.value) {
            Ok(origin) => origin,
            Err(why) => {
                self.report(&written.source, Fault::DevHost(why));
                return None;
            }
        };
        if is_heroku(self.environment) {
            self.report(&written.source, Fault::DevHostOnHeroku);
            return None;
        }
        if !self.development {
            self.report(&written.source, Fault::DevHostIgnored);
            return None;
        }
        Some(origin)
    }

    /// The placeholder for a secret.
    ///
    /// With `dev_host` and without random placeholders, it is the fixed one: only a command that
    /// serves nothing has none.
    pub(super) fn placeholder(&self, of: PlaceholderUse) -> Secret {
        match self.environment.placeholders().filter(|_| self.dev_host.is_some()) {
            Some(placeholders) => of.random(placeholders),
            None => Secret::new(of.fixed()),
        }
    }

    /// The fault of a secret that is not set. `what` is its variable or key.
    pub(super) fn placeholder_fault(&self, what: String, of: PlaceholderUse) -> Fault {
        if self.dev_host.is_some() {
            Fault::RandomPlaceholder(what)
        } else {
            Fault::Placeholder(what, of.fixed())
        }
    }

    /// Reports a secret that is not set, and returns its placeholder.
    pub(super) fn report_placeholder(
        &mut self,
        what: String,
        of: PlaceholderUse,
        source: &ValueSource,
    ) -> Secret {
        let fault = self.placeholder_fault(what, of);
        self.report(source, fault);
        self.placeholder(of)
    }
}
