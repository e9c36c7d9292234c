use crate::proxy::path::{contains_tilde, is_reserved};
use crate::session::looks_sealed;

/// The path of a request for a log line, or a URL with such a path.
///
/// It ends before the first segment that can open something or belongs to a session: a sealed link,
/// or a segment with a `~`. What follows there can contain personal data.
pub(super) fn logged_path(path: &str) -> String {
    let last = path.matches('/').count();
    let mut logged = String::new();
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            logged.push('/');
        }
        if is_reserved(segment) {
            logged.push_str(segment);
            logged.push_str(if at == last { "" } else { "/…" });
            return logged;
        }
        if contains_tilde(segment) || looks_sealed(segment) {
            logged.push('…');
            return logged;
        }
        logged.push_str(segment);
    }
    logged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_path_has_no_sealed_link_and_no_path_of_a_session() {
        let sealed = "AVG_M1YI".repeat(12);
        for (path, expected) in [
            ("/", "/"),
            ("/lti/missed", "/lti/missed"),
            ("/~login", "/~login"),
            ("/~links", "/~links"),
            ("/~register", "/~register"),
            ("/~register/x", "/~register/…"),
            ("/~register/~register", "/~register/…"),
            ("/%7eregister/x", "/%7eregister/…"),
            ("//~register//x", "//~register/…"),
            ("/~REGISTER/x", "/…"),
            ("/%257Eregister/x", "/…"),
            ("/a%2F~register/x", "/…"),
            ("/a\\~register/x", "/…"),
            ("/lti/nb/~0123456789abcdef/grades/ada", "/lti/nb/…"),
            ("https://tool.example/~register/x", "https://tool.example/~register/…"),
        ] {
            assert_eq!(logged_path(path), expected, "{path}");
        }
        assert_eq!(logged_path(&format!("/register/{sealed}/x")), "/register/…");
    }
}
