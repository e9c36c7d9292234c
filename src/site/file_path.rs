//! The file that a URL's path names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The file of a directory's own URL.
const INDEX: &str = "index.html";

/// The path of a file, relative to its folder. It has only ordinary names: no dot segment, no root.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilePath {
    path: PathBuf,
    /// Whether the URL ends with a slash, and so names a directory.
    names_directory: bool,
}

impl FilePath {
    /// The file of a path that begins with a slash. Each segment is percent-decoded once. `None` if
    /// no file has this path:
    /// - a segment is empty, or begins with a dot: `..`, `.git`, `.well-known`
    /// - a decoded segment contains a slash, a backslash or NUL
    pub(crate) fn of(rest: &str) -> Option<Self> {
        let (parents, last) = rest.strip_prefix('/')?.rsplit_once('/').unzip();
        let last = last.unwrap_or_else(|| rest.trim_start_matches('/'));
        let names = parents.into_iter().flat_map(|parents| parents.split('/'));
        let mut path = PathBuf::new();
        for name in names.chain((!last.is_empty()).then_some(last)) {
            let decoded: Vec<u8> = percent_decode_str(name).collect();
            let is_plain = !decoded.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0));
            if decoded.is_empty() || decoded.starts_with(b".") || !is_plain {
                return None;
            }
            path.push(OsStr::from_bytes(&decoded));
        }
        Some(Self { path, names_directory: last.is_empty() })
    }

    /// The file that the URL names. For a directory's URL, it is the index of the directory.
    pub(super) fn file(&self) -> PathBuf {
        if self.names_directory { self.index() } else { self.path.clone() }
    }

    /// The index of the directory with this path.
    pub(super) fn index(&self) -> PathBuf {
        self.path.join(INDEX)
    }

    /// Whether the URL ends with a slash.
    pub(super) fn names_directory(&self) -> bool {
        self.names_directory
    }
}

/// The path of a file with one more suffix, such as `.gz`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(rest: &str, expected: Option<&[u8]>) {
        let file = FilePath::of(rest).map(|path| path.file().into_os_string());
        assert_eq!(file.as_deref().map(OsStr::as_bytes), expected, "{rest:?}");
    }

    #[test]
    fn a_path_is_decoded_once() {
        check("/", Some(b"index.html"));
        check("/a", Some(b"a"));
        check("/a/", Some(b"a/index.html"));
        check("/a/b/c.html", Some(b"a/b/c.html"));
        check("/a%20b/%C3%BC.txt", Some("a b/ü.txt".as_bytes()));
        check("/ü", Some("ü".as_bytes()));
        check("/%ff%FE", Some(b"\xff\xfe"));
        check("/%252e%252e/a", Some(b"%2e%2e/a"));
        check("/%2561", Some(b"%61"));
        check("/100%", Some(b"100%"));
        check("/%zz", Some(b"%zz"));
        check("/a..b/...c", None);
        check("/a..b/a.", Some(b"a..b/a."));
        check("/~ada/a;b=c", Some(b"~ada/a;b=c"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn every_path_of_a_file_has_only_ordinary_names(
            rest in prop_oneof![
                any::<String>(),
                "/?([/.%2eEfF5cC0a\\\\~]|%2e|%2f|%5c|%00|\\.\\./){0,12}",
            ],
        ) {
            if let Some(path) = FilePath::of(&rest) {
                for component in path.file().components() {
                    let Component::Normal(name) = component else {
                        panic!("{rest:?} has the component {component:?}");
                    };
                    let name = name.as_bytes();
                    let is_plain = !name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0));
                    prop_assert!(is_plain && !name.starts_with(b"."), "{rest:?}");
                }
            }
        }
    }

    #[test]
    fn a_path_that_could_leave_its_folder_names_no_file() {
        for rest in [
            "",
            "a",
            "//",
            "//a",
            "//etc/passwd",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/../a",
            "/a/../b",
            "/a/./b",
            "/a/..",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e",
            "/%2e%2e%2fa",
            "/..%2fa",
            "/..%5ca",
            "/..\\a",
            "/a%2fb",
            "/%2Fetc%2Fpasswd",
            "/a%5cb",
            "/a\\b",
            "/%00",
            "/a%00.html",
            "/.git/config",
            "/a/.htaccess",
            "/%2egit/config",
            "/.well-known/x",
            "/...",
            "/.a/",
        ] {
            check(rest, None);
        }
    }
}
