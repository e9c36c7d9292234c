//! The binding of a login to its browser: a cookie with a random value. The sealed state of the
//! login has a hash of it.
//!
//! A page of another site, or another host of the same domain, can neither read nor set the cookie
//! (`HttpOnly`, `__Host-`). So nobody can make a browser finish a login that another one began
//! (login CSRF, session fixation).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::cookie::{BINDING_PREFIX, cookies, set_cookie};

/// The lifetime of the cookie, in seconds. Each login renews it.
const LIFETIME: u64 = 3600;
/// The letters after the prefix of the cookie's name. The first logins of one page run side by
/// side, and each sets a cookie of its own.
const LETTERS: usize = 3;
/// The bytes of the value.
const VALUE: usize = 16;

/// The cookie of a browser that logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    letters: String,
    value: String,
}

/// The part of a binding in the sealed state of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingHash {
    /// The letters of the cookie's name.
    pub(super) letters: String,
    /// SHA-256 of the value, shortened.
    pub(super) hash: [u8; 16],
}

impl Binding {
    /// A new binding. `None` only without randomness.
    pub fn random() -> Option<Self> {
        const ALPHABET: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut random = [0; LETTERS + VALUE];
        getrandom::fill(&mut random).ok()?;
        let (letters, value) = random.split_at(LETTERS);
        let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
        Some(Self {
            letters: letters.iter().map(letter).collect(),
            value: URL_SAFE_NO_PAD.encode(value),
        })
    }

    /// The first binding in these `Cookie` headers. A cookie with another form does not count.
    pub fn find<'c>(headers: impl IntoIterator<Item = &'c [u8]>) -> Option<Self> {
        cookies(headers).find_map(|(name, value)| {
            let letters = name.strip_prefix(BINDING_PREFIX)?;
            let is_name =
                letters.len() == LETTERS && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
            let is_value = URL_SAFE_NO_PAD.decode(value).is_ok_and(|value| value.len() == VALUE);
            (is_name && is_value)
                .then(|| Self { letters: letters.to_owned(), value: value.to_owned() })
        })
    }

    /// The `Set-Cookie` value.
    pub fn set_cookie(&self) -> String {
        set_cookie(&format!("{BINDING_PREFIX}{}", self.letters), &self.value, "/", LIFETIME)
    }

    /// The value, for the storage of the platform.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The part for the state.
    pub fn hash(&self) -> BindingHash {
        BindingHash { letters: self.letters.clone(), hash: hash(&self.value) }
    }
}

impl BindingHash {
    /// Whether a cookie in these `Cookie` headers is the binding.
    pub fn is_in<'c>(&self, headers: impl IntoIterator<Item = &'c [u8]>) -> bool {
        cookies(headers).any(|(name, value)| {
            name.strip_prefix(BINDING_PREFIX) == Some(&*self.letters) && self.is_of(value)
        })
    }

    /// Whether this is the value of the binding.
    pub fn is_of(&self, value: &str) -> bool {
        hash(value) == self.hash
    }
}

fn hash(value: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(value)[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_found_in_its_own_cookie() {
        let binding = Binding::random().expect("randomness");
        let cookie = binding.set_cookie();
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        assert_eq!(
            attributes,
            "Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=None; Partitioned"
        );
        // Ten of them fit beside ten sessions and ten receipts.
        assert_eq!(pair.len() - "=".len(), 36);
        let header = format!("a=b; {pair}; c=d");
        assert_eq!(Binding::find([header.as_bytes()]), Some(binding.clone()));
        assert!(binding.hash().is_in([header.as_bytes()]));
        assert!(binding.hash().is_of(binding.value()));
    }

    #[test]
    fn another_cookie_is_no_binding() {
        let value = "AAAAAAAAAAAAAAAAAAAAAA";
        let found = |cookie: &str| Binding::find([cookie.as_bytes()]);
        assert!(found(&format!("__Host-lti-abc={value}")).is_some());
        for cookie in [
            format!("__Host-lti-ab={value}"),
            format!("__Host-lti-abcd={value}"),
            format!("__Host-lti-ab1={value}"),
            format!("__Secure-lti-abc={value}"),
            format!("__host-lti-abc={value}"),
            format!("lti-abc={value}"),
            "__Host-lti-abc=".to_owned(),
            format!("__Host-lti-abc={value}A"),
            format!("__Host-lti-abc={value}=="),
            "__Host-lti-abc=<script>alert(1)</script>".to_owned(),
        ] {
            assert_eq!(found(&cookie), None, "{cookie}");
        }
    }

    #[test]
    fn a_hash_is_only_of_the_binding_of_its_name() {
        let binding = Binding { letters: "abc".to_owned(), value: "AAAA".to_owned() };
        let hash = binding.hash();
        let is_in = |cookie: &str| hash.is_in([cookie.as_bytes()]);
        assert!(is_in("__Host-lti-abc=BBBB; __Host-lti-abc=AAAA"));
        for cookie in ["", "__Host-lti-abd=AAAA", "__Host-lti-abc=AAAB", "__Host-lti-abc="] {
            assert!(!is_in(cookie), "{cookie}");
        }
        assert!(!hash.is_of(""));
    }
}
