use crate::secret::Secret;

/// What platforms may have mixed up with a tool's own: whatever else is known where there is time to search.
#[derive(Clone, Debug, Default)]
pub struct DiagnosisContext {
    /// The tool that was launched.
    pub tool: String,
    /// Other launch URLs.
    pub urls: Vec<KnownUrl>,
    /// The keys and secrets of every tool, this one's among them.
    pub credentials: Vec<ConsumerCredentials>,
    /// Secrets that are no tool's, and what people call them.
    pub replaced: Vec<(String, Secret)>,
}

/// A launch URL without its query.
#[derive(Clone, Debug)]
pub struct KnownUrl {
    /// The tool that is launched there; `None` for an address that is only known to have been used.
    pub tool: Option<String>,
    /// Its scheme.
    pub scheme: String,
    /// Its host and port.
    pub authority: String,
    /// Its path.
    pub path: String,
}

impl DiagnosisContext {
    /// The tool, every tool's name and launch URL, and what is known of keys and secrets.
    ///
    /// The tool's own launch URL is another address for a launch that came to a path below it.
    pub fn new<'a>(
        tool: &str,
        launch_urls: impl IntoIterator<Item = (&'a str, String)>,
        credentials: Vec<ConsumerCredentials>,
    ) -> Self {
        let address =
            |(name, url): (&str, String)| KnownUrl::new((name != tool).then_some(name), &url);
        Self {
            tool: tool.to_owned(),
            urls: launch_urls.into_iter().map(address).collect(),
            credentials,
            replaced: Vec::new(),
        }
    }
}

impl KnownUrl {
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
pub struct ConsumerCredentials {
    /// The tool that they are for.
    pub tool: String,
    /// The consumer's key.
    pub key: String,
    /// The consumer's secrets.
    pub secrets: Vec<Secret>,
}
