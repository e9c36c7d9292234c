//! An app's Content Security Policy without `frame-ancestors`, which the tool decides.

use std::borrow::Cow;

/// A header of one or more policies without their `frame-ancestors` directives. `None` if nothing
/// else is left. A browser applies all policies, so one remaining directive would block the
/// platform.
pub(super) fn without_frame_ancestors(line: &str) -> Option<Cow<'_, str>> {
    if !line.split([',', ';']).any(is_frame_ancestors) {
        return Some(Cow::Borrowed(line));
    }
    let kept: Vec<String> = line.split(',').filter_map(policy_without_frame_ancestors).collect();
    let kept = kept.join(",");
    let kept = kept.trim_ascii();
    if kept.is_empty() { None } else { Some(Cow::Owned(kept.to_owned())) }
}

fn policy_without_frame_ancestors(policy: &str) -> Option<String> {
    if !policy.split(';').any(is_frame_ancestors) {
        return Some(policy.to_owned());
    }
    let kept: Vec<&str> =
        policy.split(';').filter(|directive| !is_frame_ancestors(directive)).collect();
    let is_empty = kept.iter().all(|directive| directive.trim().is_empty());
    if is_empty { None } else { Some(kept.join(";")) }
}

fn is_frame_ancestors(directive: &str) -> bool {
    directive
        .split_ascii_whitespace()
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("frame-ancestors"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(without_frame_ancestors(line).as_deref(), Some(expected), "{line}");
    }

    #[test]
    fn frame_ancestors_are_removed_and_the_rest_stays() {
        check("default-src 'self'; frame-ancestors 'none'", "default-src 'self'");
        check("frame-ancestors 'none'; default-src 'self'", "default-src 'self'");
        check(
            "default-src 'self';frame-ancestors 'none';img-src *;",
            "default-src 'self';img-src *;",
        );
        check(
            "default-src 'self'; Frame-Ancestors https://a.test https://b.test; img-src *",
            "default-src 'self'; img-src *",
        );
        check("default-src 'self';\tFRAME-ANCESTORS\t*", "default-src 'self'");
        check("frame-ancestors; sandbox", "sandbox");
        check("frame-ancestors 'self'; frame-ancestors *; sandbox", "sandbox");
    }

    #[test]
    fn frame_ancestors_are_removed_from_each_policy() {
        check(
            "img-src *; frame-ancestors a.test, script-src x; frame-ancestors b.test",
            "img-src *, script-src x",
        );
        check("frame-ancestors a.test, img-src  *;;", "img-src  *;;");
        check("img-src *,frame-ancestors a.test;,script-src x", "img-src *,script-src x");
        check("img-src *,,frame-ancestors a.test,", "img-src *,,");
    }

    #[test]
    fn a_header_with_nothing_else_is_dropped() {
        for line in [
            "frame-ancestors 'none'",
            "frame-ancestors",
            " frame-ancestors 'none' ; ",
            ";frame-ancestors 'none';;",
            "frame-ancestors a.test, frame-ancestors b.test",
        ] {
            assert_eq!(without_frame_ancestors(line), None, "{line}");
        }
    }

    #[test]
    fn another_header_keeps_its_bytes() {
        for line in [
            "default-src 'self'; script-src 'nonce-frame-ancestors'",
            "report-uri /frame-ancestors",
            "frame-src *; frame-ancestorsx *; x-frame-ancestors *",
            " img-src  * ;; , ",
            "",
            ",",
        ] {
            check(line, line);
        }
    }

    proptest! {
        #[test]
        fn frame_ancestors_never_stay_and_every_other_directive_does_in_order(
            line in "((Frame-ANCESTORS|frame-ancestors|img-src|sandbox|x)?[ ,;\t'a]{0,2}){0,8}",
        ) {
            let directives = |line: &str| -> Vec<String> {
                line.split([',', ';'])
                    .map(|directive| directive.trim().to_owned())
                    .filter(|directive| !directive.is_empty() && !is_frame_ancestors(directive))
                    .collect()
            };
            let kept = without_frame_ancestors(&line).unwrap_or_default();
            prop_assert!(!kept.split([',', ';']).any(is_frame_ancestors));
            prop_assert_eq!(directives(&kept), directives(&line));
        }
    }
}
