//! The gateway's CPU time of one grade by AGS, without that of the platform, and the number of
//! access tokens that the gateway requests.
//!
//! The gateway is a process of its own. The platform is a part of this program, so that its CPU
//! time does not count. Every grade is another learner's: a second one of the same learner would
//! wait for its timestamp.
//!
//! `cargo bench --bench grade -- GRADES` sends another number of grades.

#![allow(clippy::print_stderr, clippy::print_stdout)]

mod process;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lti::{AgsScopes, GradePlace, LineItem, LineItemUrl, Secret, Sender};
use lti_gateway::cli::load;
use lti_gateway::clock::{Clock, Millis};
use lti_gateway::config::Environment;
use lti_gateway::session::{GradeToken, GradeTokens};
use lti_gateway::state::State;
use lti_gateway::web::{self, Gateway};
use process::{connections, response, serve_gateway, started};
use rocket::figment::Figment;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SECRET: &str = "a gateway secret with 32 characters";
const CONNECTIONS: usize = 8;
const GRADES: usize = 16_000;
/// The grades before the measurement. The first ones pay for the key and the token.
const WARM_UP: usize = 200;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--serve"), Some(origin)) => serve(&origin),
        (grades, _) => measure(grades.and_then(|grades| grades.parse().ok()).unwrap_or(GRADES)),
    }
}

/// What the platform received.
#[derive(Default)]
struct Received {
    tokens: AtomicUsize,
    scores: AtomicUsize,
}

fn measure(grades: usize) {
    let received = Arc::new(Received::default());
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let shared = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let received = Arc::clone(&shared);
            std::thread::spawn(move || platform(stream, &received));
        }
    });
    let (gateway, port) = started(&origin);
    let mut streams = connections(port, CONNECTIONS);
    let requests: Vec<Vec<u8>> =
        (0..WARM_UP + grades).map(|number| request(&origin, number)).collect();
    let (warm_up, measured) = requests.split_at(WARM_UP);
    send(&mut streams, warm_up);
    let (before, start) = (gateway.cpu_seconds(), Instant::now());
    send(&mut streams, measured);
    let (cpu, wall) = (gateway.cpu_seconds() - before, start.elapsed().as_secs_f64());
    let scores = received.scores.load(Ordering::SeqCst);
    assert_eq!(scores, WARM_UP + grades, "each grade arrives once");
    println!(
        "grade    {:6.1} µs of CPU time per grade, {:6.0} grades/s over {CONNECTIONS} connections, \
         {} access token(s) for {scores} grades, {} MiB",
        cpu / grades as f64 * 1e6,
        grades as f64 / wall,
        received.tokens.load(Ordering::SeqCst),
        gateway.resident_mebibytes(),
    );
}

/// Sends these requests over all connections at once.
fn send(streams: &mut [TcpStream], requests: &[Vec<u8>]) {
    std::thread::scope(|scope| {
        for (index, stream) in streams.iter_mut().enumerate() {
            scope.spawn(move || {
                for request in requests.iter().skip(index).step_by(CONNECTIONS) {
                    stream.write_all(request).expect("the gateway reads");
                    let (head, body) = response(stream);
                    let body = String::from_utf8_lossy(&body).into_owned();
                    assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
                }
            });
        }
    });
}

/// A grade of the learner with this number.
fn request(origin: &str, number: usize) -> Vec<u8> {
    let tokens = GradeTokens::new(&[Secret::new(SECRET)]);
    let mut slot = [0; 16];
    slot[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let token = GradeToken {
        expires: u64::MAX,
        tool: "notebook".to_owned(),
        sender: Sender::Platform {
            name: "moodle".into(),
            client_id: "client-1".into(),
            deployment_id: "1".into(),
        },
        slot,
        person: None,
        place: GradePlace::LineItem(LineItem {
            url: LineItemUrl::Item(format!("{origin}/li/7?type_id=1")),
            user: format!("user-{number}"),
            scopes: AgsScopes::of_letters("sr"),
        }),
    };
    let token = tokens.seal(&token).expect("randomness");
    let body = r#"{"score":0.92,"comment":"well done"}"#;
    format!(
        "POST /grades HTTP/1.1\r\nHost: our-tools.example\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A platform that accepts everything.
fn platform(mut stream: TcpStream, received: &Received) {
    let _ = stream.set_nodelay(true);
    let (mut bytes, mut piece) = (Vec::new(), [0; 8192]);
    loop {
        let Some(end) = bytes.windows(4).position(|four: &[u8]| four == b"\r\n\r\n") else {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
                _ => return,
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        if bytes.len() < end + 4 + length {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
                _ => return,
            }
            continue;
        }
        bytes.drain(..end + 4 + length);
        let body = if head.starts_with("post /token") {
            received.tokens.fetch_add(1, Ordering::SeqCst);
            r#"{"access_token":"token","token_type":"Bearer","expires_in":3600}"#
        } else {
            received.scores.fetch_add(1, Ordering::SeqCst);
            ""
        };
        let response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

/// Serves a tool whose platform is at this origin.
fn serve(origin: &str) {
    tracing_subscriber::fmt().with_ansi(false).init();
    let directory = tempfile::tempdir().expect("a directory");
    let tools = format!(
        r#"
[gateway]
public_url = "https://our-tools.example"
secret = {{ env = "GATEWAY_SECRET" }}
outcome_hosts = ["127.0.0.1"]

[platforms.moodle]
issuer = "https://lms.example"
auth_url = "https://lms.example/auth"
token_url = "{origin}/token"
jwks_url = "{origin}/jwks"
client_id = "client-1"

[tools.notebook]
platforms = "moodle"
upstream = "http://127.0.0.1:9000"
grades = true
"#
    );
    let file = directory.path().join("tools.toml");
    std::fs::write(&file, tools).expect("written");
    let environment = Environment::from([("GATEWAY_SECRET".to_owned(), SECRET.to_owned())]);
    let loaded = load(&file, &environment, false).expect("a readable file");
    assert!(loaded.is_sound(), "{:?}", loaded.problems);
    let clock = Clock::precise(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    });
    let figment = Figment::from(rocket::Config::release_default())
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("ident", false));
    let gateway = Gateway::new(loaded.config, loaded.templates, clock, State::memory());
    serve_gateway(web::rocket(figment, gateway.expect("no certificates"), &loaded.statics));
}
