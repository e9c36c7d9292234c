use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The key and secret of a new tool, which platforms take as they are: letters, digits, `-` and `_`.
pub(super) struct Consumer {
    pub(super) key: String,
    pub(super) secret: String,
}

impl Consumer {
    /// Makes them: a key that no other tool has had, and a secret of 256 bits in 43 characters. Platforms cut longer ones:
    /// Brightspace at 100.
    pub(super) fn new(tool: &str) -> Result<Self, getrandom::Error> {
        Ok(Self { key: format!("{tool}-{}", random::<6>()?), secret: random::<32>()? })
    }
}

/// Random bytes as text. Each character stands for six bits, so that none is likelier than another.
pub(super) fn random<const LENGTH: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
