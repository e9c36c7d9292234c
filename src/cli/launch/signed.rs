use reqwest::Url;

/// A signed launch.
pub(super) struct SignedLaunch {
    pub(super) url: Url,
    /// The encoded form.
    pub(super) body: String,
    /// The cookies of its login, by LTI 1.3: names and values.
    pub(super) cookies: Vec<(String, String)>,
}
