//! An app's Content Security Policy without its say in who may frame it.

use std::borrow::Cow;

/// A header line of one or more policies without their `frame-ancestors`: nothing if that was all it said. Several policies
/// hold together, so that one directive that is left would keep the platform out.
pub(super) fn without_frame_ancestors(line: &str) -> Option<Cow<'_, str>> {
    if !line.split([',', ';']).any(is_frame_ancestors) {
        return Some(Cow::Borrowed(line));
    }
    let kept: Vec<String> = line.split(',').filter_map(without).collect();
    let kept = kept.join(",");
    let kept = kept.trim();
    if kept.is_empty() { None } else { Some(Cow::Owned(kept.to_owned())) }
}

fn without(policy: &str) -> Option<String> {
    if !policy.split(';').any(is_frame_ancestors) {
        return Some(policy.to_owned());
    }
    let kept: Vec<&str> =
        policy.split(';').filter(|directive| !is_frame_ancestors(directive)).collect();
    let says_nothing = kept.iter().all(|directive| directive.trim().is_empty());
    if says_nothing { None } else { Some(kept.join(";")) }
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
    fn frame_ancestors_are_taken_out_and_the_rest_stays() {
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
    fn each_of_several_policies_loses_its_own() {
        check(
            "img-src *; frame-ancestors a.test, script-src x; frame-ancestors b.test",
            "img-src *, script-src x",
        );
        check("frame-ancestors a.test, img-src  *;;", "img-src  *;;");
        check("img-src *,frame-ancestors a.test;,script-src x", "img-src *,script-src x");
        check("img-src *,,frame-ancestors a.test,", "img-src *,,");
    }

    #[test]
    fn a_line_of_nothing_else_is_dropped() {
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
    fn another_line_keeps_its_bytes() {
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
        fn no_policy_keeps_the_directive_and_every_other_stays_in_order(
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
