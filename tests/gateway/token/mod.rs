//! LTI 1.3 from the outside, over real HTTP: logins and launches with an id_token.
//!
//! Each rejection is checked whole: status, page, the log line with its reference, and the absence
//! of side effects: no session, no request to the upstream, no spent nonce, and no fetch of keys
//! that the check does not need.

mod check;
mod cookie;
mod keyset;
mod launch;
mod login;
mod migration;
mod reload;
mod removed;
mod shared;
mod storage;

use std::collections::BTreeSet;

use crate::checklist::cases;
use crate::support::{
    Browser, Platform, Recorder, Redirected, Reply, Server, Setup, log_lines, login,
};

/// Strings that no rejection page and no log line may contain: secrets, hints and personal data.
const PRIVATE: [&str; 6] =
    ["own, of 32", "hint-4711", "user-4711", "Ada Lovelace", "uni.example", "cmid"];

/// The whole of `[gateway]`. Keysets of the tests are on loopback.
const GATEWAY: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"
outcome_hosts = ["127.0.0.1"]
"#;

/// A platform, an upstream, and the gateway between them. The tool is `nb`.
struct Stage {
    platform: Platform,
    upstream: Recorder,
    server: Server,
}

impl Stage {
    fn start() -> Self {
        Self::with("", "")
    }

    /// The same with further lines in the platform's and in the tool's table.
    fn with(of_platform: &str, of_tool: &str) -> Self {
        let (platform, upstream) = (Platform::start(), Recorder::start());
        let tools = format!(
            "{GATEWAY}{}\n[tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n{of_tool}\n",
            platform.table(of_platform),
            upstream.url()
        );
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        Self { platform, upstream, server }
    }

    fn browser(&self) -> Browser<'_> {
        Browser::new(&self.server)
    }

    /// A browser that has logged in, and its login.
    #[track_caller]
    fn logged_in(&self) -> (Browser<'_>, Redirected) {
        let mut browser = self.browser();
        let redirected = Redirected::log_in(&mut browser, &login());
        (browser, redirected)
    }

    /// Asserts that nothing was fetched from the platform and that nothing reached the upstream.
    #[track_caller]
    fn saw_nothing(&self) {
        self.platform.recorder.saw_nothing();
        self.upstream.saw_nothing();
    }
}

/// Asserts that a launch opened a session: the redirect to its entry URL, with its cookie.
#[track_caller]
fn opened(reply: &Reply) {
    assert_eq!(reply.status, 303, "{:?} {:?}", reply.reference().map(log_lines), reply.headers);
    let location = reply.header("location").expect("an entry URL");
    assert!(location.contains("?lti_ticket="), "{location}");
    assert!(reply.all("set-cookie").iter().any(|cookie| cookie.starts_with("__Secure-lti=")));
}

/// Asserts status, code and page of a rejected login or launch, and that it opened nothing. Returns
/// its log line.
#[track_caller]
fn rejected(reply: &Reply, status: u16, code: &str) -> String {
    let line = line_of(reply);
    assert!(line.contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "not {code}: {line}");
    assert_eq!(reply.status, status, "{line}");
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    assert_eq!(reply.header("location"), None);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("www-authenticate"), None);
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    for text in [&reply.body, &line] {
        for private in PRIVATE {
            assert!(!text.contains(private), "{private} in {text}");
        }
        assert!(!text.contains("eyJ"), "a token in {text}");
    }
    line
}

/// The only log line with the reference of a page.
#[track_caller]
fn line_of(reply: &Reply) -> String {
    let reference = reply.reference().unwrap_or_else(|| panic!("no reference: {reply:?}"));
    let mut lines = log_lines(reference);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[test]
fn every_case_of_the_checklist_has_a_test() {
    let sources = [
        include_str!("check.rs"),
        include_str!("keyset.rs"),
        include_str!("launch.rs"),
        include_str!("login.rs"),
        include_str!("migration.rs"),
        include_str!("storage.rs"),
    ];
    let tested: Vec<String> = sources.iter().flat_map(|source| cases(source)).collect();
    let all: BTreeSet<String> =
        (149..=169).chain([176]).chain(178..=180).map(|case: u32| case.to_string()).collect();
    assert_eq!(tested.iter().cloned().collect::<BTreeSet<_>>(), all);
    assert_eq!(tested.len(), all.len(), "a case is named twice");
}
