use std::fmt;

/// Where the Assignment and Grade Services of LTI 1.3 accept the score of one learner.
///
/// `Debug` shows nothing, because the user identifies a person.
#[derive(Clone, PartialEq, Eq)]
pub struct LineItem {
    /// The line item, or where to find it.
    pub url: LineItemUrl,
    /// The platform's own id of the learner: `sub` of the launch, also for a migrated user.
    pub user: String,
    /// The scopes that the launch granted.
    pub scopes: AgsScopes,
}

/// The URL of a line item, exactly as sent.
#[derive(Clone, PartialEq, Eq)]
pub enum LineItemUrl {
    /// The line item of the resource link.
    Item(String),
    /// The platform has none for the resource link. The gateway finds or creates the line item that
    /// its tool declares.
    Container {
        /// The URL of the course's line items.
        lineitems: String,
        /// The resource link of the line item.
        resource_link_id: String,
    },
}

/// The scopes of the Assignment and Grade Services that a launch granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgsScopes(u8);

/// A scope of the Assignment and Grade Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgsScope {
    /// Send scores.
    Score,
    /// Read results.
    Results,
    /// Create line items, and find them.
    LineItems,
}

impl AgsScope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Score, Self::Results, Self::LineItems];

    /// The name of the scope in claims and token requests.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Score => "https://purl.imsglobal.org/spec/lti-ags/scope/score",
            Self::Results => "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
            Self::LineItems => "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
        }
    }

    /// The letter of the scope in sealed values.
    fn letter(self) -> char {
        match self {
            Self::Score => 's',
            Self::Results => 'r',
            Self::LineItems => 'l',
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl AgsScopes {
    /// Whether the launch granted a scope.
    pub fn has(self, scope: AgsScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes as letters, one for each.
    pub fn letters(self) -> String {
        AgsScope::ALL.into_iter().filter(|scope| self.has(*scope)).map(AgsScope::letter).collect()
    }

    /// Reads [`letters`](Self::letters). Ignores the letters of a newer version.
    pub fn of_letters(letters: &str) -> Self {
        AgsScope::ALL.into_iter().filter(|scope| letters.contains(scope.letter())).collect()
    }
}

impl FromIterator<AgsScope> for AgsScopes {
    fn from_iter<T: IntoIterator<Item = AgsScope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl LineItem {
    /// The URL of the line item or of the course's line items, as sent.
    pub fn url(&self) -> &str {
        match &self.url {
            LineItemUrl::Item(url) | LineItemUrl::Container { lineitems: url, .. } => url,
        }
    }
}

impl fmt::Debug for LineItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LineItem(…)")
    }
}

impl fmt::Debug for LineItemUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LineItemUrl(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_their_letters() {
        let check = |scopes: &[AgsScope], letters: &str| {
            let scopes: AgsScopes = scopes.iter().copied().collect();
            assert_eq!(scopes.letters(), letters);
            assert_eq!(AgsScopes::of_letters(letters), scopes);
        };
        check(&[], "");
        check(&[AgsScope::Results, AgsScope::Score], "sr");
        check(&AgsScope::ALL, "srl");
        let newer = AgsScopes::of_letters("xs");
        assert_eq!(newer.letters(), "s");
        assert!(newer.has(AgsScope::Score) && !newer.has(AgsScope::Results));
    }

    #[test]
    fn debug_hides_the_learner_and_the_url() {
        let url = LineItemUrl::Item("https://lms.example/li/7".to_owned());
        let item = LineItem { url, user: "u-1".to_owned(), scopes: AgsScopes::default() };
        assert_eq!(format!("{item:?} {:?}", item.url), "LineItem(…) LineItemUrl(…)");
    }
}
