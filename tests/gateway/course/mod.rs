//! The members of a course, and grades by the course staff, over real HTTP: a platform with its
//! services, an upstream, and the gateway between them.

mod discard;
mod documented;
mod grades;
mod members;
mod members_token;
mod paging;
mod platform_failure;
mod services;

use serde_json::{Value, json};

use self::services::Services;
use crate::support::{
    Browser, NOW, Platform, Recorded, Recorder, Redirected, Reply, Server, Setup, answer_form,
    claims, log_lines, login, lti_claim, token,
};

/// Strings that no log line may contain: secrets, tokens and personal data.
const PRIVATE: [&str; 8] = [
    "own, of 32",
    "access-token-1",
    "user-4711",
    "user-4712",
    "Ada Lovelace",
    "Grace Hopper",
    "uni.example",
    "a person in a message",
];

/// The role of an instructor of the course.
const INSTRUCTOR: &str = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor";
/// The role of a learner of the course.
const LEARNER: &str = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner";

/// A platform, its services, an upstream and the gateway. The tool is `nb`.
struct Stage {
    /// Serves the platform's keys.
    _platform: Platform,
    services: Services,
    upstream: Recorder,
    server: Server,
    tools: String,
}

impl Stage {
    /// With these lines in the tool's table.
    fn new(of_tool: &str) -> Self {
        Self::with(of_tool, "")
    }

    /// The same with further lines in the platform's table.
    fn with(of_tool: &str, of_platform: &str) -> Self {
        let (platform, services, upstream) =
            (Platform::start(), Services::start(), Recorder::start());
        let tools = format!(
            "[gateway]\npublic_url = \"https://tool.example\"\n\
             secret = \"the gateway's own, of 32 characters\"\noutcome_hosts = [\"127.0.0.1\"]\n\
             [platforms.moodle]\nissuer = \"https://lms.example\"\n\
             auth_url = \"https://lms.example/auth\"\ntoken_url = \"{}/token\"\n\
             jwks_url = \"{}\"\nclient_id = \"client-1\"\n{of_platform}\n\
             [tools.nb]\nplatforms = \"moodle\"\nupstream = \"{}\"\n{of_tool}\n",
            services.origin(),
            platform.jwks_url(),
            upstream.url()
        );
        let server = start(&tools);
        Self { _platform: platform, services, upstream, server, tools }
    }

    /// Starts another gateway with one difference in its file.
    fn start_with(&self, from: &str, to: &str) -> Server {
        assert!(self.tools.contains(from), "{from}");
        start(&self.tools.replace(from, to))
    }

    /// The claims of a launch by a user with this role. The platform offers its members.
    fn claims(&self, nonce: &str, user: &str, role: &str) -> Value {
        let mut claims = claims(nonce);
        claims["sub"] = json!(user);
        claims[lti_claim("roles")] = json!([role]);
        claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"] = json!({
            "context_memberships_url": format!("{}/members", self.services.origin()),
            "service_versions": ["2.0"],
        });
        claims
    }

    /// Launches with changed claims, opens the first page, and returns the upstream's request.
    #[track_caller]
    fn launched(&self, user: &str, role: &str, change: impl FnOnce(&mut Value)) -> Recorded {
        self.launched_at(&self.server, user, role, change)
    }

    /// The same at another gateway.
    #[track_caller]
    fn launched_at(
        &self,
        server: &Server,
        user: &str,
        role: &str,
        change: impl FnOnce(&mut Value),
    ) -> Recorded {
        let mut browser = Browser::new(server);
        let redirected = Redirected::log_in(&mut browser, &login());
        let mut claims = self.claims(redirected.nonce(), user, role);
        change(&mut claims);
        let form = answer_form(&token(&claims), redirected.state());
        let launched = browser.post_form("/lti/nb", &form);
        assert_eq!(launched.status, 303, "{:?}", launched.reference().map(log_lines));
        let entered = browser.get(launched.header("location").expect("an entry URL"));
        assert_eq!(entered.status, 303, "{entered:?}");
        let page = entered.header("location").expect("a URL").to_owned();
        assert_eq!(browser.get(&page).status, 200);
        self.upstream.request()
    }

    /// The members token of an instructor's launch.
    #[track_caller]
    fn members_token(&self) -> String {
        let request = self.launched("user-4711", INSTRUCTOR, |_| ());
        request.header("x-lti-members-token").expect("a members token")
    }
}

/// Starts a gateway with this file.
fn start(tools: &str) -> Server {
    Server::start(&Setup { tools, ..Setup::default() })
}

/// Calls the gateway with a token, as an upstream does.
fn call(server: &Server, method: &str, target: &str, token: &str, body: &str) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "tool.example"), ("Authorization", &authorization)];
    server.send(method, target, &headers, body.as_bytes())
}

/// The JSON of a response that no cache stores.
#[track_caller]
fn response_json(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    nothing_private_in_the_log();
    reply.json()
}

/// Checks a refusal: its code, and the one log line with its reference. Returns the other members
/// of its JSON.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> Value {
    let mut response = response_json(reply, status);
    let members = response.as_object_mut().expect("an object");
    assert_eq!(members.remove("error"), Some(json!(code)), "{reply:?}");
    let reference = members.remove("reference").expect("a reference");
    let lines = log_lines(reference.as_str().expect("text"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(&format!(" outcome=\"refused\" code=\"{code}\" ")), "{lines:?}");
    response
}

/// Asserts that no log line about members or grades contains a secret or personal data.
#[track_caller]
fn nothing_private_in_the_log() {
    for line in [log_lines(" members: "), log_lines(" grade: ")].concat() {
        for private in PRIVATE {
            assert!(!line.contains(private), "{private} in {line}");
        }
    }
}
