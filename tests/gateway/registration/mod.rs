//! Dynamic registration from outside, over real HTTP: the link, the page, the platform's two
//! endpoints, and the table to paste.

mod attack;
mod canvas;
mod flow;
mod table;

use std::sync::{Arc, Mutex, PoisonError};

use lti::Secret;
use lti_gateway::cli::load;
use lti_gateway::config::{Environment, Severity, print};
use lti_gateway::session::{RegistrationLink, RegistrationLinks};
use serde_json::{Value, json};

use crate::support::{NOW, Recorded, Recorder, Reply, Server, Setup, log_lines, unescaped, write};

const SECRET: &str = "the gateway's own, of 32 characters";
const TOOL_CONFIGURATION: &str = "https://purl.imsglobal.org/spec/lti-tool-configuration";
/// A registration token, as Moodle sends it.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6InJlZyJ9.c2ln";

/// A platform of the tests: the responses of its two endpoints.
struct Lms {
    recorder: Recorder,
    responses: Arc<Mutex<[(String, String); 2]>>,
}

impl Lms {
    /// A platform that registers every tool as client `client-1`, deployment `7`.
    fn start() -> Self {
        let responses = Arc::new(Mutex::new([
            ("200 OK".to_owned(), String::new()),
            (
                "200 OK".to_owned(),
                json!({"client_id": "client-1", TOOL_CONFIGURATION: {"deployment_id": "7"}})
                    .to_string(),
            ),
        ]));
        let served = Arc::clone(&responses);
        let recorder = Recorder::with(move |request| {
            let at = usize::from(request.line().starts_with("POST"));
            let served = served.lock().unwrap_or_else(PoisonError::into_inner);
            let (status, body) = &served[at];
            let length = body.len();
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
        });
        let lms = Self { recorder, responses };
        lms.answer(0, "200 OK", &lms.configuration().to_string());
        lms
    }

    fn origin(&self) -> String {
        self.recorder.origin()
    }

    fn configuration_url(&self) -> String {
        format!("{}/openid-configuration?a=b", self.origin())
    }

    /// Its OpenID configuration, with the paths of Moodle.
    fn configuration(&self) -> Value {
        let origin = self.origin();
        json!({
            "issuer": origin,
            "authorization_endpoint": format!("{origin}/mod/lti/auth.php"),
            "token_endpoint": format!("{origin}/mod/lti/token.php"),
            "jwks_uri": format!("{origin}/mod/lti/certs.php"),
            "registration_endpoint": format!("{origin}/mod/lti/openid-registration.php"),
        })
    }

    /// Sets the response of the configuration (0) or of the registration (1). The status may have
    /// header lines behind it.
    fn answer(&self, endpoint: usize, status: &str, body: &str) {
        let mut responses = self.responses.lock().unwrap_or_else(PoisonError::into_inner);
        responses[endpoint] = (status.to_owned(), body.to_owned());
    }

    /// The next requests: of the configuration, and the registration.
    #[track_caller]
    fn requests(&self) -> (Recorded, Value, Recorded) {
        let configuration = self.recorder.next();
        let registration = self.recorder.request();
        let body = serde_json::from_slice(&registration.body).expect("JSON");
        (configuration, body, registration)
    }
}

/// A platform and a gateway. The table of the platform has these lines.
struct Stage {
    lms: Lms,
    server: Server,
    tools: String,
}

impl Stage {
    fn new(of_platform: impl Fn(&Lms) -> String) -> Self {
        Self::with("nb", of_platform, "")
    }

    /// Moodle, in its first setup step.
    fn moodle() -> Self {
        Self::new(|lms| format!("type = \"moodle\"\nurl = \"{}\"", lms.origin()))
    }

    fn with(tool: &str, of_platform: impl Fn(&Lms) -> String, of_tool: &str) -> Self {
        let lms = Lms::start();
        let tools = format!(
            "[gateway]\npublic_url = \"https://tool.example\"\nsecret = \"{SECRET}\"\n\
             outcome_hosts = [\"127.0.0.1\"]\n\n[platforms.lms]\n{}\n\n[tools.{tool}]\n\
             title = \"Notebook\"\nplatforms = \"lms\"\nupstream = \"http://127.0.0.1:9\"\n\
             {of_tool}\n",
            of_platform(&lms)
        );
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        Self { lms, server, tools }
    }

    /// Opens a new link as the platform does, with its token.
    #[track_caller]
    fn open(&self, link: &str) -> Reply {
        let url = encoded(&self.lms.configuration_url());
        self.server.get(&format!("{link}?openid_configuration={url}&registration_token={TOKEN}"))
    }

    /// Registers by a link, as the admin's browser does.
    #[track_caller]
    fn register(&self, link: &str) -> Reply {
        let page = self.open(link);
        assert_eq!(page.status, 200, "{page:?}");
        self.post(link, &field(&page))
    }

    fn post(&self, link: &str, form: &str) -> Reply {
        let origin = [("Origin", "https://tool.example"), ("Sec-Fetch-Site", "same-origin")];
        self.server.post_with(link, form, &origin)
    }

    /// The tools file with this table in place of the platform's.
    fn pasted(&self, table: &str) -> String {
        let (before, rest) = self.tools.split_once("[platforms.lms]\n").expect("a table");
        let (_, after) = rest.split_once("[tools.").expect("a tool");
        format!("{before}{table}\n[tools.{after}")
    }
}

/// A new link for the tool at the platform `lms`, as path.
fn link(tool: &str) -> String {
    link_at(tool, NOW)
}

fn link_at(tool: &str, now: u64) -> String {
    let link = RegistrationLink::new(&"lms".into(), tool, now).expect("randomness");
    let links = RegistrationLinks::new(&[Secret::new(SECRET)]);
    format!("/~register/{}", links.seal(&link).expect("a link"))
}

fn encoded(text: &str) -> String {
    lti::oauth1::encode::encode(text)
}

/// The body of the form on a page.
#[track_caller]
fn field(page: &Reply) -> String {
    let (_, rest) = page.body.split_once("name=\"lti_registration\" value=\"").expect("a field");
    let (value, _) = rest.split_once('"').expect("a value");
    format!("lti_registration={value}")
}

/// The table on a page.
#[track_caller]
fn table(page: &Reply) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    let (_, rest) = page.body.split_once("<pre><code>").expect("a table");
    let (table, _) = rest.split_once("</code>").expect("an end");
    unescaped(table)
}

/// Asserts status and code of a refused registration, on the page and in the log. Returns the log
/// line.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> String {
    assert_eq!(reply.status, status, "{reply:?}");
    assert!(reply.body.contains(&format!("<code>{code}</code>")), "{}", reply.body);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    let (_, rest) = reply.body.split_once("reference <code>").expect("a reference");
    let reference = rest.split('<').next().expect("a reference");
    let mut lines = log_lines(reference);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = lines.remove(0);
    assert!(line.contains(&format!("outcome=\"refused\" code=\"{code}\"")), "{line}");
    assert!(!line.contains("eyJ"), "a token in {line}");
    line
}

/// The problems of a tools file, as `check` prints them.
fn problems(tools: &str) -> (String, usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let written = format!("secret = \"{SECRET}\"");
    let tools = tools.replace(&written, "secret = { env = \"GATEWAY_SECRET\" }");
    write(directory.path(), "tools.toml", &tools);
    let file = directory.path().join("tools.toml");
    let secret = [("GATEWAY_SECRET".to_owned(), SECRET.to_owned())];
    let loaded = load(&file, &Environment::from_iter(secret), false).expect("a readable file");
    let errors = loaded.problems.iter().filter(|it| it.severity() == Severity::Error).count();
    (print("tools.toml", &loaded.problems), errors)
}
