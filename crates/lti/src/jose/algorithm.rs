use std::fmt;

/// A signature algorithm of JWS (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: the algorithm of LTI 1.3.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384];

    /// The name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    /// The algorithm with this name; `None` for every other name, such as `HS256` and `none`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The algorithms that a platform may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithms(Vec<Algorithm>);

impl Algorithms {
    /// These algorithms.
    pub fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Self(algorithms.into_iter().collect())
    }

    /// The accepted algorithm with this name.
    pub(crate) fn accepted(&self, name: &str) -> Option<Algorithm> {
        Algorithm::named(name).filter(|algorithm| self.0.contains(algorithm))
    }
}

impl Default for Algorithms {
    /// RS256, as LTI 1.3 requires.
    fn default() -> Self {
        Self::new([Algorithm::Rs256])
    }
}

impl fmt::Display for Algorithms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|algorithm| algorithm.name()).collect();
        formatter.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_algorithms_with_key_pairs_are_accepted() {
        let listed = Algorithms::new([Algorithm::Rs256, Algorithm::Es256]);
        assert_eq!(listed.accepted("ES256"), Some(Algorithm::Es256));
        for name in ["RS512", "HS256", "none", "None", "rs256", "", "RS256 ", "PS256"] {
            assert_eq!(listed.accepted(name), None, "{name}");
        }
        assert_eq!(listed.to_string(), "RS256, ES256");
        assert_eq!(Algorithms::default().to_string(), "RS256");
    }
}
