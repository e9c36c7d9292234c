//! Placeholders that platforms send if they have no value.

/// Whether the platform sent a value: it is not empty, and not an unresolved substitution variable
/// such as `$Person.name.full` or `$LtiLink.custom.url` (LTI 1.1 appendix C).
pub(crate) fn is_sent(value: &str) -> bool {
    let Some(name) = value.strip_prefix('$') else { return !value.is_empty() };
    let is_word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    !(name.contains('.') && name.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_or_a_variable_counts_as_not_sent() {
        for absent in
            ["", "$Person.name.full", "$LtiLink.custom.url", "$ToolProxyBinding.memberships.url"]
        {
            assert!(!is_sent(absent), "{absent}");
        }
        for value in
            [" ", "$5", "$5.00", "$", "$Person", "$Person.", "$a.b c", "Person.name", "$.a"]
        {
            assert!(is_sent(value), "{value}");
        }
    }
}
