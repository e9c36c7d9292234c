//! Cookies of an app whose URLs all people share. The gateway binds them to a person, and deletes
//! the unbound ones when another person launches. `crate::proxy::person_cookie` explains the names.

use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};

use crate::proxy::person_cookie::{CookieNote, PersonCookies, pair};
use crate::session::{PERSON_COOKIE, set_cookie};

/// The lifetime of the gateway's cookies about an app's unbound cookies, in seconds: 400 days, the
/// longest lifetime of any cookie.
const MEMORY: u64 = 400 * 24 * 3600;
/// The most unbound cookies that one response deletes. Browsers store fewer for a site.
const MOST_DELETED: usize = 180;
/// The attributes of a deletion. Some names need `HttpOnly`.
const DELETED: &str = "; Max-Age=0; HttpOnly; Secure; SameSite=None";

/// The cookies of a person at an app.
pub(in crate::web::proxy) struct PersonFrame<'a> {
    /// The cookies of the request.
    pub(in crate::web::proxy) cookies: &'a PersonCookies,
    /// The `Path` of the app's root.
    pub(in crate::web::proxy) root: &'a str,
}

impl PersonFrame<'_> {
    /// The `Set-Cookie` values that delete the unbound cookies and the notes of the request, unless
    /// they belong to the person. `roots` are the possible paths of the cookies.
    ///
    /// Only the app's cookies have these paths. So the cookies of other tools, and those of the
    /// gateway, stay.
    pub(in crate::web::proxy) fn deletions(&self, roots: &[&str]) -> Vec<HeaderValue> {
        if self.cookies.are_own() {
            return Vec::new();
        }
        let mut deletions = Vec::new();
        for name in self.cookies.unbound().iter().take(MOST_DELETED) {
            deletions
                .extend(roots.iter().flat_map(|root| unbound_deletions(name, root.as_bytes())));
        }
        for note in self.cookies.notes() {
            if is_below(&note.path, self.root) {
                deletions.extend(unbound_deletions(&note.name, &note.path));
            }
            deletions.push(deletion(note.cookie().0.as_bytes(), self.root.as_bytes(), true));
        }
        deletions.into_iter().filter_map(|line| HeaderValue::from_bytes(&line).ok()).collect()
    }

    /// Binds the cookies of a response to the person. If the unbound cookies of the request belong
    /// to another person, deletes them first, and sets the cookie that names the new owner.
    pub(in crate::web::proxy) fn bind(&self, response: &mut HeaderMap, request_path: &str) {
        let set: Vec<HeaderValue> = response.get_all(SET_COOKIE).iter().cloned().collect();
        response.remove(SET_COOKIE);
        let with_slash = format!("{}/", self.root.trim_end_matches('/'));
        let roots: &[&str] =
            if self.root == "/" { &[self.root] } else { &[self.root, &with_slash] };
        let mut lines: Vec<HeaderValue> = self.deletions(roots);
        // A request with more cookies than a browser stores keeps none of them.
        if !self.cookies.are_own() && self.cookies.unbound().len() <= MOST_DELETED {
            lines.extend(own(PERSON_COOKIE, self.cookies.tag(), self.root));
        }
        for value in &set {
            lines.extend(self.bound(value, request_path));
        }
        for line in lines {
            // Fails only beyond tens of thousands of headers. The rest is dropped.
            let _ = response.try_append(SET_COOKIE, line);
        }
    }

    /// The `Set-Cookie` values for one of the app.
    ///
    /// In a browser, a cookie replaces another of the same name, `HttpOnly` or not. So each cookie
    /// also deletes its counterpart: the bound or the unbound cookie of the same name.
    fn bound(&self, value: &HeaderValue, request_path: &str) -> Vec<HeaderValue> {
        let cookie = AppCookie::read(value.as_bytes());
        let bound = self.cookies.bound_name(cookie.name);
        let path = cookie.path.map(<[u8]>::to_vec);
        let path = path.unwrap_or_else(|| default_path(request_path).as_bytes().to_vec());
        let (line, counterpart) = if cookie.is_http_only {
            let line = [&bound, &b"="[..], cookie.value, cookie.attributes].concat();
            let has_counterpart = cookie.is_deletion || self.cookies.has_unbound(cookie.name);
            (line, has_counterpart.then(|| deletion(cookie.name, &path, true)))
        } else {
            let has_counterpart = cookie.is_deletion || self.cookies.has_bound(cookie.name);
            (value.as_bytes().to_vec(), has_counterpart.then(|| deletion(&bound, &path, true)))
        };
        let is_deep = is_below(&path, self.root) && path != self.root.as_bytes();
        let note = (!cookie.is_http_only && !cookie.is_deletion && is_deep)
            .then(|| CookieNote { path, name: cookie.name.to_vec() });
        let is_known = |note: &CookieNote| {
            self.cookies.are_own() && self.cookies.notes().iter().any(|known| known == note)
        };
        let note = note.filter(|note| !is_known(note)).and_then(|note| {
            let (name, value) = note.cookie();
            own(&name, &value, self.root)
        });
        let lines = [Some(line), counterpart].into_iter().flatten();
        lines.filter_map(|line| HeaderValue::from_bytes(&line).ok()).chain(note).collect()
    }
}

/// A `Set-Cookie` value of an app, rewritten for the frame.
struct AppCookie<'v> {
    /// Empty for a cookie without a name.
    name: &'v [u8],
    value: &'v [u8],
    /// Everything after the value, with its leading semicolon.
    attributes: &'v [u8],
    path: Option<&'v [u8]>,
    is_http_only: bool,
    is_deletion: bool,
}

impl<'v> AppCookie<'v> {
    fn read(header: &'v [u8]) -> Self {
        let end = header.iter().position(|byte| *byte == b';').unwrap_or(header.len());
        let (cookie, attributes) = header.split_at(end);
        let (name, value) = pair(cookie.trim_ascii());
        let mut read = Self {
            name: name.trim_ascii(),
            value: value.trim_ascii(),
            attributes,
            path: None,
            is_http_only: false,
            // Most frameworks empty the value of a cookie that they delete.
            is_deletion: matches!(value.trim_ascii(), b"" | b"\"\""),
        };
        for attribute in attributes.split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            let (name, content) = match attribute.iter().position(|byte| *byte == b'=') {
                Some(at) => (attribute[..at].trim_ascii(), attribute[at + 1..].trim_ascii()),
                None => (attribute, &b""[..]),
            };
            if name.eq_ignore_ascii_case(b"httponly") {
                read.is_http_only = true;
            } else if name.eq_ignore_ascii_case(b"path") {
                read.path = Some(content);
            } else if name.eq_ignore_ascii_case(b"max-age") {
                read.is_deletion |= content.starts_with(b"-") || content.iter().all(|b| *b == b'0');
            } else if name.eq_ignore_ascii_case(b"expires") {
                read.is_deletion |= is_before_2000(content);
            }
        }
        read
    }
}

/// Whether a date is certainly in the past. Frameworks delete cookies with the start of the Unix
/// epoch.
fn is_before_2000(date: &[u8]) -> bool {
    let words = date.split(|byte| !byte.is_ascii_digit());
    words.filter(|word| word.len() == 4).any(|year| year < b"2000".as_slice())
}

/// A cookie of the gateway with the longest lifetime.
fn own(name: &str, value: &str, root: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(set_cookie(name, value, root, MEMORY)).ok()
}

/// Deletions of an unbound cookie, with and without `Partitioned`: a script may set it without.
fn unbound_deletions(name: &[u8], path: &[u8]) -> [Vec<u8>; 2] {
    [deletion(name, path, true), deletion(name, path, false)]
}

fn deletion(name: &[u8], path: &[u8], is_partitioned: bool) -> Vec<u8> {
    // Browsers ignore a cookie with neither name nor value.
    let value: &[u8] = if name.is_empty() { b"-" } else { b"" };
    let partitioned: &[u8] = if is_partitioned { b"; Partitioned" } else { b"" };
    [name, b"=", value, b"; Path=", path, DELETED.as_bytes(), partitioned].concat()
}

/// The `Path` of a cookie without one (RFC 6265 §5.1.4).
fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &request_path[..end],
    }
}

/// Whether a path is the root or below it.
fn is_below(path: &[u8], root: &str) -> bool {
    let rest = path.strip_prefix(root.trim_end_matches('/').as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "AAAAbb-_";
    const ROOT: &str = "/lti/nb";
    const FRAMED: &str = "Secure; SameSite=None; Partitioned";
    const OWN: &str = "__Secure-lti-person=AAAAbb-_";
    const DELETED: &str = "Max-Age=0; HttpOnly; Secure; SameSite=None";

    /// The `Set-Cookie` values for a response with this one, to a request with these cookies.
    fn bound_at(root: &str, cookies: &str, set: &[&str]) -> Vec<String> {
        let cookies = PersonCookies::read(TAG.to_owned(), [cookies.as_bytes()]);
        let mut response = HeaderMap::new();
        for value in set {
            response.append(SET_COOKIE, HeaderValue::from_str(value).expect("a value"));
        }
        PersonFrame { cookies: &cookies, root }.bind(&mut response, "/lti/nb/a/b");
        let lines = response.get_all(SET_COOKIE).iter();
        lines.map(|line| line.to_str().expect("ASCII").to_owned()).collect()
    }

    #[track_caller]
    fn check(cookies: &str, set: &str, expected: &[&str]) {
        let bound = bound_at(ROOT, &format!("{OWN}; {cookies}"), &[set]);
        assert_eq!(bound, expected, "{cookies} / {set}");
    }

    #[test]
    fn a_cookie_that_scripts_cannot_read_gets_the_name_of_its_person() {
        check("", "a=1; Path=/lti/nb; Secure", &["a=1; Path=/lti/nb; Secure"]);
        check("", "a=1; HttpOnly; Path=/x", &["~AAAAbb-_-a=1; HttpOnly; Path=/x"]);
        check("", "a=1;httponly=", &["~AAAAbb-_-a=1;httponly="]);
        check("", "__Host-a=1; HttpOnly", &["__Host-~AAAAbb-_-a=1; HttpOnly"]);
        check("", "value; HttpOnly", &["~AAAAbb-_-=value; HttpOnly"]);
        check("", "a=HttpOnly; Path=/lti/nb", &["a=HttpOnly; Path=/lti/nb"]);
    }

    #[test]
    fn a_cookie_replaces_its_counterpart() {
        let deleted = |name: &str| format!("{name}=; Path=/lti/nb; {DELETED}; Partitioned");
        let set = format!("a=1; HttpOnly; Path=/lti/nb; {FRAMED}");
        let bound = format!("~AAAAbb-_-a=1; HttpOnly; Path=/lti/nb; {FRAMED}");
        check("a=0", &set, &[&bound, &deleted("a")]);
        check("b=0; ~AAAAbb-_-a=0; ~BBBBbb-_-a=0", &set, &[&bound]);
        let set = format!("a=1; Path=/lti/nb; {FRAMED}");
        check("~AAAAbb-_-a=0", &set, &[&set, &deleted("~AAAAbb-_-a")]);
        check("a=0; ~AAAAbb-_-b=0; ~BBBBbb-_-a=0", &set, &[&set]);
    }

    #[test]
    fn a_deletion_deletes_the_bound_and_the_unbound_cookie() {
        for end in [
            "a=; Path=/lti/nb",
            "a=\"\"; Path=/lti/nb; expires=Sat, 29 Nov 2025 10:00:00 GMT",
            "a=deleted; Path=/lti/nb; expires=Thu, 01-Jan-1970 00:00:01 GMT",
            "a=1; Path=/lti/nb; Max-Age=0",
            "a=1; Path=/lti/nb; Max-Age=-1",
        ] {
            let bound = format!("~AAAAbb-_-a=; Path=/lti/nb; {DELETED}; Partitioned");
            check("", end, &[end, &bound]);
            let unbound = format!("a=; Path=/lti/nb; {DELETED}; Partitioned");
            check(
                "",
                &format!("{end}; HttpOnly"),
                &[&format!("~AAAAbb-_-{end}; HttpOnly"), &unbound],
            );
        }
        for set in [
            "a=1; Path=/lti/nb; Max-Age=10",
            "a=1; Path=/lti/nb; Expires=Sat, 01 Jan 2050 00:00:00 GMT",
        ] {
            check("", set, &[set]);
        }
    }

    #[test]
    fn cookies_of_another_person_are_deleted_at_the_apps_paths_only() {
        for owner in ["", "__Secure-lti-person=BBBBbb-_; "] {
            let cookies =
                format!("{owner}PHPSESSID=1; ~BBBBbb-_-a=1; ~AAAAbb-_-b=1; __Secure-lti=x; bare");
            let lines = bound_at(ROOT, &cookies, &["a=1; Path=/lti/nb"]);
            let mut expected = Vec::new();
            for name in ["PHPSESSID=", "=-"] {
                for path in ["/lti/nb", "/lti/nb/"] {
                    expected.push(format!("{name}; Path={path}; {DELETED}; Partitioned"));
                    expected.push(format!("{name}; Path={path}; {DELETED}"));
                }
            }
            expected.push(format!("{OWN}; Path=/lti/nb; Max-Age=34560000; HttpOnly; {FRAMED}"));
            expected.push("a=1; Path=/lti/nb".to_owned());
            assert_eq!(lines, expected, "{owner}");
        }
        let lines = bound_at("/", "a=1", &[]);
        let expected = [
            format!("a=; Path=/; {DELETED}; Partitioned"),
            format!("a=; Path=/; {DELETED}"),
            format!("{OWN}; Path=/; Max-Age=34560000; HttpOnly; {FRAMED}"),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_cookie_below_the_root_is_noted_and_deleted_with_its_note() {
        let noted = |path: &str| CookieNote { path: path.into(), name: b"a".to_vec() }.cookie();
        let note_line = |path: &str| {
            let (name, value) = noted(path);
            format!("{name}={value}; Path=/lti/nb; Max-Age=34560000; HttpOnly; {FRAMED}")
        };
        for (set, path) in [
            ("a=1; Path=/lti/nb/x", "/lti/nb/x"),
            ("a=1; Path=/lti/nb/", "/lti/nb/"),
            // Without a path, the directory of the request counts.
            ("a=1", "/lti/nb/a"),
        ] {
            check("", set, &[set, &note_line(path)]);
            let (name, value) = noted(path);
            check(&format!("{name}={value}"), set, &[set]);
        }
        check("", "a=1; Path=/lti/nb/x; HttpOnly", &["~AAAAbb-_-a=1; Path=/lti/nb/x; HttpOnly"]);

        let (name, value) = noted("/lti/nb/x");
        let (foreign, foreign_value) = noted("/lti/nbx");
        let lines = bound_at(
            ROOT,
            &format!("{name}={value}; {foreign}={foreign_value}"),
            &["a=1; Path=/lti/nb/x"],
        );
        let expected = [
            format!("a=; Path=/lti/nb/x; {DELETED}; Partitioned"),
            format!("a=; Path=/lti/nb/x; {DELETED}"),
            format!("{name}=; Path=/lti/nb; {DELETED}; Partitioned"),
            format!("{foreign}=; Path=/lti/nb; {DELETED}; Partitioned"),
            format!("{OWN}; Path=/lti/nb; Max-Age=34560000; HttpOnly; {FRAMED}"),
            "a=1; Path=/lti/nb/x".to_owned(),
            note_line("/lti/nb/x"),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_request_with_more_cookies_than_browsers_store_stays_without_an_owner() {
        let cookies: Vec<String> =
            (0..=MOST_DELETED).map(|number| format!("a{number}=1")).collect();
        let lines = bound_at(ROOT, &cookies.join("; "), &[]);
        assert!(lines.iter().all(|line| !line.starts_with(OWN)), "{lines:?}");
        assert_eq!(lines.len(), 4 * MOST_DELETED);
    }
}
