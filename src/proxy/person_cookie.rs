//! An app's cookies that belong to a person.
//!
//! With `prefix = "tool"`, all people who use one browser share an app's URLs, and therefore its
//! cookies. The browser therefore stores an app's `HttpOnly` cookies under *bound* names: `sid`
//! becomes `~TAG-sid`, with the tag of the person ([`PersonTags`](crate::session::PersonTags)). The
//! app receives only the cookies of the session's person, under the names that the app chose.
//!
//! Scripts read the other cookies by name, so these cookies stay *unbound*. A cookie of the gateway
//! ([`PERSON_COOKIE`]) names their owner. The app receives no unbound cookie of another person, or
//! of an unknown person.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{COOKIE, HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

use crate::session::{PERSON_COOKIE, TAG_LENGTH, is_own_cookie, is_tag};

/// Prefixes whose rules browsers enforce. A bound name keeps them at its start. A longer prefix
/// comes before a prefix with the same start.
const ENFORCED: [&str; 4] = ["__Host-Http-", "__Host-", "__Http-", "__Secure-"];
/// The start of a tag in a bound name. An app's own names must not have it.
const TAG_START: u8 = b'~';
/// The end of a tag in a bound name.
const TAG_END: u8 = b'-';
/// The start of the names of notes.
const NOTE: &str = "__Secure-lti-note-";

/// The cookies of a browser's request, sorted for one person.
pub struct PersonCookies {
    tag: String,
    /// Whether the unbound cookies are the person's.
    are_own: bool,
    /// The names of the person's bound cookies, as the app chose them.
    bound: Vec<Vec<u8>>,
    /// The names of the unbound cookies; empty for a cookie without a name.
    unbound: Vec<Vec<u8>>,
    notes: Vec<CookieNote>,
}

/// A note about an unbound cookie below the app's root. The entry URL does not receive such a
/// cookie. Without the note, a launch by another person could not delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieNote {
    /// The `Path` of the cookie.
    pub path: Vec<u8>,
    /// The name of the cookie.
    pub name: Vec<u8>,
}

impl PersonCookies {
    /// Reads the `Cookie` headers of a request in a session of the person with this tag.
    pub fn read<'c>(tag: String, headers: impl IntoIterator<Item = &'c [u8]>) -> Self {
        let (mut owners, mut read) = (
            Vec::new(),
            Self { tag, are_own: false, bound: Vec::new(), unbound: Vec::new(), notes: Vec::new() },
        );
        for cookie in headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';')) {
            let (name, value) = pair(cookie.trim_ascii());
            let name = name.trim_ascii();
            match read.kind(name) {
                CookieKind::Gateways if name == PERSON_COOKIE.as_bytes() => owners.push(value),
                CookieKind::Gateways => read.notes.extend(CookieNote::read(name, value)),
                CookieKind::Bound(name) => read.bound.push(name),
                CookieKind::OfOther => {}
                CookieKind::Unbound if name.is_empty() && value.is_empty() => {}
                CookieKind::Unbound => read.unbound.push(name.to_vec()),
            }
        }
        read.are_own =
            !owners.is_empty() && owners.iter().all(|owner| *owner == read.tag.as_bytes());
        read
    }

    /// The tag of the person.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether the browser's unbound cookies of the app are this person's.
    pub fn are_own(&self) -> bool {
        self.are_own
    }

    /// Whether the browser sent the person's bound cookie with this name, as the app chose it.
    pub fn has_bound(&self, name: &[u8]) -> bool {
        self.bound.iter().any(|bound| bound == name)
    }

    /// Whether the browser sent an unbound cookie with this name.
    pub fn has_unbound(&self, name: &[u8]) -> bool {
        self.unbound.iter().any(|unbound| unbound == name)
    }

    /// The names of the unbound cookies that the browser sent.
    pub fn unbound(&self) -> &[Vec<u8>] {
        &self.unbound
    }

    /// The notes that the browser sent.
    pub fn notes(&self) -> &[CookieNote] {
        &self.notes
    }

    /// The name under which the browser stores the person's cookie of this name.
    pub fn bound_name(&self, name: &[u8]) -> Vec<u8> {
        let (enforced, rest) = name.split_at(enforced_length(name));
        [enforced, &[TAG_START], self.tag.as_bytes(), &[TAG_END], rest].concat()
    }

    /// The headers with only the person's cookies, under the names that the app chose, and with the
    /// gateway's cookies.
    pub(super) fn for_app(&self, browser: &HeaderMap) -> HeaderMap {
        let mut headers = browser.clone();
        headers.remove(COOKIE);
        for value in browser.get_all(COOKIE) {
            let cookies = value.as_bytes().split(|byte| *byte == b';');
            let cookies: Vec<Cow<'_, [u8]>> =
                cookies.filter_map(|cookie| self.cookie_for_app(cookie)).collect();
            // Parts of a valid value make a valid value.
            let joined = HeaderValue::from_bytes(cookies.join(&b';').trim_ascii());
            if let Ok(joined) = joined
                && !joined.is_empty()
            {
                // Fails only beyond tens of thousands of headers. The rest is dropped.
                let _ = headers.try_append(COOKIE, joined);
            }
        }
        headers
    }

    fn cookie_for_app<'c>(&self, cookie: &'c [u8]) -> Option<Cow<'c, [u8]>> {
        let bare = cookie.trim_ascii_start();
        let space = &cookie[..cookie.len() - bare.len()];
        let (name, value) = pair(bare);
        match self.kind(name.trim_ascii()) {
            CookieKind::Gateways => Some(Cow::Borrowed(cookie)),
            // A cookie without a name comes back as its bare value.
            CookieKind::Bound(name) if name.is_empty() => Some([space, value].concat().into()),
            CookieKind::Bound(name) => Some([space, &name, b"=", value].concat().into()),
            CookieKind::OfOther => None,
            CookieKind::Unbound => self.are_own.then_some(Cow::Borrowed(cookie)),
        }
    }

    fn kind(&self, name: &[u8]) -> CookieKind {
        if is_own_cookie(&String::from_utf8_lossy(name)) {
            return CookieKind::Gateways;
        }
        let (enforced, rest) = name.split_at(enforced_length(name));
        match rest.split_first() {
            Some((&TAG_START, rest)) => match rest.split_at_checked(TAG_LENGTH) {
                Some((tag, [TAG_END, name @ ..])) if tag == self.tag.as_bytes() => {
                    CookieKind::Bound([enforced, name].concat())
                }
                Some((tag, [TAG_END, ..])) if is_tag(tag) => CookieKind::OfOther,
                _ => CookieKind::Unbound,
            },
            _ => CookieKind::Unbound,
        }
    }
}

/// The owner of a cookie in a request.
enum CookieKind {
    /// The gateway's.
    Gateways,
    /// Bound to the person. Holds the name that the app chose.
    Bound(Vec<u8>),
    /// Bound to another person.
    OfOther,
    /// Not bound to a person.
    Unbound,
}

impl CookieNote {
    fn read(name: &[u8], value: &[u8]) -> Option<Self> {
        name.strip_prefix(NOTE.as_bytes())?;
        let content = URL_SAFE_NO_PAD.decode(value).ok()?;
        let zero = content.iter().position(|byte| *byte == 0)?;
        let (path, name) = (content.get(..zero)?, content.get(zero + 1..)?);
        let is_plain = |byte: &u8| !byte.is_ascii_control() && *byte != b';';
        let note = Self { path: path.to_vec(), name: name.to_vec() };
        (path.iter().all(is_plain) && name.iter().all(is_plain)).then_some(note)
    }

    /// Name and value of the gateway's cookie with this note.
    pub fn cookie(&self) -> (String, String) {
        let content = [&*self.path, b"\0", &self.name].concat();
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&content)[..6]);
        (format!("{NOTE}{hash}"), URL_SAFE_NO_PAD.encode(content))
    }
}

/// Name and value of a cookie. A cookie without `=` has no name (RFC 6265bis §5.6).
pub fn pair(cookie: &[u8]) -> (&[u8], &[u8]) {
    match cookie.iter().position(|byte| *byte == b'=') {
        Some(at) => (&cookie[..at], &cookie[at + 1..]),
        None => (b"", cookie),
    }
}

/// The length of the prefix of a name whose rules browsers enforce, in any case.
fn enforced_length(name: &[u8]) -> usize {
    let begins = |prefix: &&&str| {
        let start = name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    ENFORCED.iter().find(begins).map_or(0, |prefix| prefix.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "AAAAbb-_";

    fn read(cookies: &str) -> PersonCookies {
        PersonCookies::read(TAG.to_owned(), [cookies.as_bytes()])
    }

    /// The cookies that the app receives for these of the browser, if the unbound ones are the
    /// person's.
    #[track_caller]
    fn check(cookies: &str, expected: &str) {
        let cookies = format!("__Secure-lti-person={TAG}; {cookies}");
        let mut browser = HeaderMap::new();
        browser.insert(COOKIE, HeaderValue::from_str(&cookies).expect("a value"));
        let sent = read(&cookies).for_app(&browser);
        let sent = sent.get(COOKIE).map(|value| value.to_str().expect("ASCII"));
        let expected = format!("__Secure-lti-person={TAG}; {expected}");
        assert_eq!(sent, Some(expected.trim_end_matches([';', ' '])), "{cookies}");
    }

    #[test]
    fn a_bound_name_keeps_the_prefix_that_browsers_enforce() {
        for (name, bound) in [
            ("sid", "~AAAAbb-_-sid"),
            ("", "~AAAAbb-_-"),
            ("__Host-sid", "__Host-~AAAAbb-_-sid"),
            ("__secure-sid", "__secure-~AAAAbb-_-sid"),
            ("__Secure-Host-sid", "__Secure-~AAAAbb-_-Host-sid"),
            ("__Http-sid", "__Http-~AAAAbb-_-sid"),
            ("__Host-Http-sid", "__Host-Http-~AAAAbb-_-sid"),
            ("__Host-", "__Host-~AAAAbb-_-"),
        ] {
            let bound_name = read("").bound_name(name.as_bytes());
            assert_eq!(bound_name, bound.as_bytes());
            assert!(bound_name.len() - name.len() <= 12, "{bound}");
            assert!(read(&format!("{bound}=1")).has_bound(name.as_bytes()), "{bound}");
        }
    }

    #[test]
    fn the_app_receives_its_persons_cookies_under_its_own_names() {
        check("~AAAAbb-_-sid=1", "sid=1");
        check("a=1; ~AAAAbb-_-sid=1==; b", "a=1; sid=1==; b");
        check("__Secure-~AAAAbb-_-Host-sid=1", "__Secure-Host-sid=1");
        check("~AAAAbb-_-=a=b", "a=b");
        check("~AAAAbb-_-~AAAAbb-_-a=1", "~AAAAbb-_-a=1");
        // Not bound: an app's own names may begin with the same characters.
        for own in ["~a=1", "~AAAAbb-_=1", "~AAAAbb-_x-a=1", "~AAAAbb-+-a=1", "a~AAAAbb-_-a=1"] {
            check(own, own);
        }
    }

    #[test]
    fn the_app_receives_no_cookie_of_another_person() {
        for other in ["~BBBBbb-_-sid=1", "__Host-~BBBBbb-_-sid=1", "~aaaabb-_-sid=1", "~BBBBbb-_-="]
        {
            check(other, "");
            check(&format!("a=1; {other}; b=2"), "a=1; b=2");
        }
    }

    #[test]
    fn unbound_cookies_pass_only_if_all_owners_are_the_person() {
        let passes = |owners: &str| {
            let cookies = format!("a=1; ~AAAAbb-_-sid=1; {owners}");
            let mut browser = HeaderMap::new();
            browser.insert(COOKIE, HeaderValue::from_str(&cookies).expect("a value"));
            let sent = read(&cookies).for_app(&browser);
            let sent = sent.get(COOKIE).expect("the bound cookie").to_str().expect("ASCII");
            assert!(sent.contains("sid=1"), "{sent}");
            sent.contains("a=1")
        };
        assert!(passes("__Secure-lti-person=AAAAbb-_"));
        assert!(passes("__Secure-lti-person=AAAAbb-_; __Secure-lti-person=AAAAbb-_"));
        for owners in [
            "",
            "__Secure-lti-person=",
            "__Secure-lti-person=BBBBbb-_",
            "__Secure-lti-person=AAAAbb-_; __Secure-lti-person=BBBBbb-_",
            "__Secure-lti-persons=AAAAbb-_",
            "__secure-lti-person=AAAAbb-_",
            "person=AAAAbb-_",
        ] {
            assert!(!passes(owners), "{owners}");
        }
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let note = CookieNote { path: b"/lti/nb/\xfc".to_vec(), name: b"a\xfc".to_vec() };
        let (name, value) = note.cookie();
        assert_eq!(read(&format!("{name}={value}")).notes(), [note]);
        for (path, name) in [("/a;b", "a"), ("/a\nb", "a"), ("/a", "a;b"), ("/a", "a\0b")] {
            let note = CookieNote { path: path.into(), name: name.into() };
            let (name, value) = note.cookie();
            assert_eq!(read(&format!("{name}={value}")).notes(), [], "{note:?}");
        }
        assert_eq!(read("__Secure-lti-note-x=; __Secure-lti-note-x=YQ; x=AGE").notes(), []);
    }
}
