use crate::secret::Secret;

/// What platforms may have mixed up with a tool's own: whatever else is known where there is time to search.
#[derive(Clone, Debug, Default)]
pub struct Suspects {
    /// The tool that was launched.
    pub tool: String,
    /// Other launch URLs.
    pub addresses: Vec<OtherAddress>,
    /// The keys and secrets of every tool, this one's among them.
    pub passports: Vec<Passport>,
    /// Secrets that are no tool's, and what people call them.
    pub replaced: Vec<(String, Secret)>,
}

/// A launch URL without its query.
#[derive(Clone, Debug)]
pub struct OtherAddress {
    /// The tool that is launched there; `None` for an address that is only known to have been used.
    pub tool: Option<String>,
    /// Its scheme.
    pub scheme: String,
    /// Its host and port.
    pub authority: String,
    /// Its path.
    pub path: String,
}

impl Suspects {
    /// The tool, every tool's name and launch URL, and what is known of keys and secrets.
    ///
    /// The tool's own launch URL is another address for a launch that came to a path below it.
    pub fn new<'a>(
        tool: &str,
        launch_urls: impl IntoIterator<Item = (&'a str, String)>,
        passports: Vec<Passport>,
    ) -> Self {
        let address =
            |(name, url): (&str, String)| OtherAddress::new((name != tool).then_some(name), &url);
        Self {
            tool: tool.to_owned(),
            addresses: launch_urls.into_iter().map(address).collect(),
            passports,
            replaced: Vec::new(),
        }
    }
}

impl OtherAddress {
    /// A launch URL in its parts.
    pub fn new(tool: Option<&str>, url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self {
            tool: tool.map(str::to_owned),
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            path: path.to_owned(),
        }
    }
}

/// A key and its secrets.
#[derive(Clone, Debug)]
pub struct Passport {
    /// The tool that they are for.
    pub tool: String,
    /// The consumer's key.
    pub key: String,
    /// The consumer's secrets.
    pub secrets: Vec<Secret>,
}
