use crate::secret::Secret;

/// URLs, keys and secrets that a platform may have confused with those of the launched tool. Only
/// the full search uses them.
#[derive(Clone, Debug, Default)]
pub struct DiagnosisContext {
    /// The name of the launched tool.
    pub tool: String,
    /// Other launch URLs.
    pub urls: Vec<KnownUrl>,
    /// The keys and secrets of every tool, including the launched one.
    pub credentials: Vec<ConsumerCredentials>,
    /// Secrets outside the configuration, with the names that the admin gave them.
    pub replaced: Vec<(String, Secret)>,
}

/// A launch URL without its query.
#[derive(Clone, Debug)]
pub struct KnownUrl {
    /// The tool at this URL; `None` for a URL that was only used for the launch.
    pub tool: Option<String>,
    /// The scheme.
    pub scheme: String,
    /// Host and port.
    pub authority: String,
    /// The path.
    pub path: String,
}

impl DiagnosisContext {
    /// A context from the launched tool, the name and launch URL of every tool, and the known
    /// credentials.
    ///
    /// The launched tool's own launch URL is a candidate too, for a launch to a path below it.
    pub fn new<'a>(
        tool: &str,
        launch_urls: impl IntoIterator<Item = (&'a str, String)>,
        credentials: Vec<ConsumerCredentials>,
    ) -> Self {
        let known =
            |(name, url): (&str, String)| KnownUrl::new((name != tool).then_some(name), &url);
        Self {
            tool: tool.to_owned(),
            urls: launch_urls.into_iter().map(known).collect(),
            credentials,
            replaced: Vec::new(),
        }
    }
}

impl KnownUrl {
    /// Splits a launch URL into its parts.
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

/// The key and the secrets of a consumer.
#[derive(Clone, Debug)]
pub struct ConsumerCredentials {
    /// The tool of the consumer.
    pub tool: String,
    /// The consumer's key.
    pub key: String,
    /// The consumer's secrets.
    pub secrets: Vec<Secret>,
}
