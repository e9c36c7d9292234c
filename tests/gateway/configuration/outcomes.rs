//! The hosts that may receive grades, and the location of the gateway's state.

use std::borrow::Cow;
use std::path::Path;

use lti_gateway::config::{Environment, OutcomeRules, Severity, StateLocation, print, read};
use proptest::prelude::*;

/// The configuration of a file with this name, these keys in `[gateway]` and these variables.
/// Panics if the file has errors.
fn config(
    file: &str,
    keys: &str,
    variables: &[(&str, &str)],
    development: bool,
) -> lti_gateway::config::Config {
    let text = format!(
        "[gateway]\npublic_url = \"https://tools.example\"\nsecret = \"a gateway secret of 32 characters\"\n{keys}\n\
         [tools.notebook]\nkey = \"notebook-key\"\nsecret = \"hunter2 hunter2 hunter2\"\nupstream = \"http://127.0.0.1:9000\"\n"
    );
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut reading = read(file, &text, &variables.collect::<Environment>(), development);
    reading.problems.retain(|problem| problem.severity() == Severity::Error);
    assert!(reading.problems.is_empty(), "{keys}\n{}", print(file, &reading.problems));
    reading.config
}

fn rules(keys: &str) -> OutcomeRules {
    config("tools.toml", keys, &[], false).outcomes
}

fn state(file: &str, keys: &str, variables: &[(&str, &str)]) -> StateLocation {
    config(file, keys, variables, false).state
}

fn directory(path: impl AsRef<Path>) -> StateLocation {
    StateLocation::Directory(path.as_ref().to_owned())
}

#[test]
fn state_is_in_memory_unless_the_file_names_a_directory() {
    assert_eq!(state("tools.toml", "", &[]), StateLocation::Memory);
    assert_eq!(state("tools.toml", "state = \"memory\"", &[]), StateLocation::Memory);
    assert_eq!(
        state("tools.toml", "state = \"/var/lib/gateway\"", &[]),
        directory("/var/lib/gateway")
    );
}

#[test]
fn a_relative_directory_starts_at_the_tools_file() {
    for (file, expected) in [
        ("tools.toml", "./state"),
        ("config/tools.toml", "config/./state"),
        ("/etc/gateway/tools.toml", "/etc/gateway/./state"),
    ] {
        assert_eq!(state(file, "state = \"./state\"", &[]), directory(expected), "{file}");
    }
}

#[cfg(unix)]
#[test]
fn a_relative_directory_may_start_at_a_path_that_is_not_unicode() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let directory_of_file = Path::new(OsStr::from_bytes(b"/etc/\xff"));
    let state = read(
        directory_of_file.join("tools.toml"),
        "[gateway]\nstate = \"./state\"\n",
        &Environment::new(),
        true,
    );
    assert_eq!(state.config.state, directory(directory_of_file.join("./state")));
}

#[test]
fn the_directory_of_state_may_come_from_the_environment() {
    let by_name = "state = { env = \"STATE\" }";
    assert_eq!(state("a/tools.toml", by_name, &[("STATE", "./state")]), directory("a/./state"));
    assert_eq!(state("a/tools.toml", by_name, &[("STATE", "memory")]), StateLocation::Memory);
    let override_it = [("LTI_GATEWAY_STATE", "/state")];
    for keys in ["", "state = \"memory\"", "state = 5"] {
        assert_eq!(state("a/tools.toml", keys, &override_it), directory("/state"), "{keys}");
    }
    assert_eq!(
        config("tools.toml", by_name, &[], true).state,
        StateLocation::Memory,
        "development does not require the variables of production"
    );
}

#[test]
fn without_outcome_hosts_every_host_is_allowed_and_none_is_named() {
    let rules = rules("");
    assert_eq!(rules, OutcomeRules::default());
    for host in ["lms.example", "localhost", "127.0.0.1", "[::1]"] {
        assert!(rules.allows(host) && !rules.names(host), "{host}");
    }
}

#[test]
fn only_outcome_hosts_are_allowed() {
    let rules =
        rules("outcome_hosts = [\"LMS.example.\", \"*.edu.example\", \"10.0.0.5\", \"[::1]\"]");
    for (host, allowed, named) in [
        ("lms.example", true, true),
        ("LMS.EXAMPLE.", true, true),
        ("a.lms.example", false, false),
        ("a.edu.example", true, false),
        ("a.b.edu.example.", true, false),
        ("edu.example", false, false),
        ("10.0.0.5", true, true),
        ("10.0.0.6", false, false),
        ("::1", true, true),
        ("[::1]", true, true),
        ("[::ffff:10.0.0.5]", false, false),
        ("localhost", false, false),
    ] {
        assert_eq!((rules.allows(host), rules.names(host)), (allowed, named), "{host}");
    }
}

#[test]
fn the_longest_prefix_of_an_outcome_url_is_replaced() {
    let rules = rules(
        r#"
        outcome_hosts = ["*", "edx.internal"]
        outcome_url_rewrite = { "http://lms.example" = "https://lms.example", "http://lms.example/edx/" = "http://edx.internal:8000/" }
        "#,
    );
    for (url, expected) in [
        (
            "http://lms.example/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@lti/handler_noauth/outcome_service_handler",
            "https://lms.example/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@lti/handler_noauth/outcome_service_handler",
        ),
        ("http://LMS.example/edx/a?b", "http://edx.internal:8000/a?b"),
        ("http://lms.example/edxx", "https://lms.example/edxx"),
        ("https://lms.example/edx/a", "https://lms.example/edx/a"),
    ] {
        assert_eq!(rules.rewrite(url), expected);
    }
}

#[test]
fn a_tool_that_may_send_grades_needs_certificates() {
    for (grades, needed) in [("", false), ("grades = false", false), ("grades = true", true)] {
        let text = format!(
            "[tools.a]\nkey = \"a\"\nsecret = \"a secret that is long\"\nupstream = \"http://127.0.0.1:1\"\n{grades}\n"
        );
        let config = read("tools.toml", text, &Environment::new(), true).config;
        assert_eq!((config.tools.len(), config.needs_certificates()), (1, needed), "{grades}");
    }
}

/// Host names of a few labels, so that some rules match some hosts.
fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![Just("lms"), Just("a"), Just("LMS"), Just("example")],
        1..4,
    )
    .prop_map(|labels| labels.join("."))
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => name(),
        1 => name().prop_map(|name| format!("{name}.")),
        1 => Just("127.0.0.1".to_owned()),
        1 => Just("[::1]".to_owned()),
        1 => Just("[::ffff:127.0.0.1]".to_owned()),
    ]
}

/// A host in the spelling of a rule for this one host.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').trim_matches(['[', ']']).to_lowercase()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_and_allows_match_only_the_listed_hosts(
        entries in proptest::collection::vec((any::<bool>(), name()), 1..4),
        address in any::<bool>(),
        any_host in any::<bool>(),
        host in host(),
    ) {
        let mut hosts: Vec<String> = entries
            .iter()
            .map(|(below, name)| if *below { format!("*.{name}") } else { name.clone() })
            .collect();
        if address {
            hosts.push("127.0.0.1".to_owned());
        }
        if any_host {
            hosts.push("*".to_owned());
        }
        let rules = rules(&format!("outcome_hosts = {hosts:?}"));
        let plain_host = plain(&host);
        let named = hosts.iter().any(|rule| plain(rule) == plain_host);
        let below = entries.iter().any(|(below, name)| {
            *below && plain_host.ends_with(&format!(".{}", plain(name)))
        });
        prop_assert_eq!(rules.names(&host), named, "{:?} {}", hosts, host);
        prop_assert_eq!(rules.allows(&host), named || below || any_host, "{:?} {}", hosts, host);
    }

    #[test]
    fn arbitrary_text_is_neither_allowed_nor_rewritten(text in any::<String>()) {
        let rules = rules("outcome_hosts = [\"lms.example\"]\noutcome_url_rewrite = { \"http://a\" = \"https://lms.example\" }");
        prop_assert!(!rules.names(&text) && !rules.allows(&text));
        prop_assert!(matches!(rules.rewrite(&text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn only_urls_at_the_host_of_a_prefix_are_rewritten(
        scheme in "[hH][tT]{2}[pP]",
        case in any::<bool>(),
        path in "(/[a-c%?/.@:]{0,12})?",
        rest in concat!(
            "([a-z/?#:@.\\\\%;,ü ]{0,12}",
            "|\\.evil/|@evil/|:80@evil/|:80/|\\\\@evil/|%2f@evil/|/x)",
        ),
    ) {
        let rules = rules("outcome_url_rewrite = { \"http://lms.example\" = \"https://platform.example/edx\" }");
        let host = if case { "LMS.Example" } else { "lms.example" };
        let url = format!("{scheme}://{host}{rest}{path}");
        let behind = format!("{rest}{path}");
        let expected = match behind.chars().next() {
            None | Some('/' | '?') => format!("https://platform.example/edx{behind}"),
            Some(_) => url.clone(),
        };
        prop_assert_eq!(rules.rewrite(&url), expected);
    }
}
