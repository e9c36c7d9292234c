//! The CPU time of a whole launch, compared with a fixed page of the same length: of the same
//! server, and of Rocket's own server. All read the same body.
//!
//! Each server is a process of its own. The bench alternates between them within one run and counts
//! their CPU time, without the client's. CPU time varies less than wall-clock time.
//!
//! Before that, it measures start and idle memory of the program itself: with the shipped tools,
//! and with 10,000 tools.

#![allow(clippy::print_stderr, clippy::print_stdout)]

mod edx;
mod process;
mod start;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lti_gateway::cli::load;
use lti_gateway::clock::Clock;
use lti_gateway::config::Environment;
use lti_gateway::web::{self, Gateway};
use process::{Process, connections, response, serve_gateway, started};
use rocket::data::ToByteUnit as _;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::response::content::RawHtml;
use rocket::shield::{Frame, Referrer, Shield};
use rocket::{Build, Data, Rocket, State, post};

/// The program's allocator, for both servers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 8;
const ROUNDS: usize = 6;
const LAUNCHES_PER_ROUND: usize = 4000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--serve"), Some(kind)) => serve(&kind),
        _ => {
            start::measure();
            compare();
        }
    }
}

fn compare() {
    let mut servers = [Server::start("rocket"), Server::start("fixed"), Server::start("launch")];
    // Warm-up: the first launches pay for lazy initialization.
    for server in &mut servers {
        server.round(500);
    }
    let mut totals = [(0.0, 0.0); 3];
    for _ in 0..ROUNDS {
        for (server, total) in servers.iter_mut().zip(&mut totals) {
            let (before, started) = (server.process.cpu_seconds(), Instant::now());
            server.round(LAUNCHES_PER_ROUND);
            total.0 += server.process.cpu_seconds() - before;
            total.1 += started.elapsed().as_secs_f64();
        }
    }
    let launches = (ROUNDS * LAUNCHES_PER_ROUND) as f64;
    for (server, (cpu, wall)) in servers.iter().zip(totals) {
        println!(
            "{:8} {:6.1} µs of CPU time per launch, {:6.0} launches/s over {CONNECTIONS} \
             connections, {} MiB",
            server.kind,
            cpu / launches * 1e6,
            launches / wall,
            server.process.resident_mebibytes(),
        );
    }
    println!("ratio    {:.2}", totals[2].0 / totals[1].0);
}

struct Server {
    kind: &'static str,
    process: Process,
    connections: Vec<TcpStream>,
    launches: usize,
}

impl Server {
    fn start(kind: &'static str) -> Self {
        let (process, port) = started(kind);
        let connections = connections(port, CONNECTIONS);
        Self { kind, process, connections, launches: 0 }
    }

    /// Sends this many launches over all connections at once, each with its own signature.
    fn round(&mut self, launches: usize) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let path = if self.kind == "launch" { "/lti/hello" } else { "/fixed" };
        let first = self.launches;
        self.launches += launches;
        std::thread::scope(|scope| {
            for (index, stream) in self.connections.iter_mut().enumerate() {
                scope.spawn(move || {
                    for launch in (first..first + launches).skip(index).step_by(CONNECTIONS) {
                        send(stream, path, &edx::launch(now, &format!("nonce-{launch}")));
                    }
                });
            }
        });
    }
}

fn send(stream: &mut TcpStream, path: &str, body: &str) {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: our-tools.example\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let (head, _) = response(stream);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

fn serve(kind: &str) {
    let figment = Figment::from(rocket::Config::release_default())
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("ident", false));
    let announce = AdHoc::on_liftoff("announce", |rocket| {
        Box::pin(async move { eprintln!("{}", rocket.config().port) })
    });
    match kind {
        "launch" | "fixed" => {
            tracing_subscriber::fmt().with_ansi(false).init();
            let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
            let environment = Environment::from(
                [
                    ("LTI_GATEWAY_PUBLIC_URL", "https://our-tools.example"),
                    ("GATEWAY_SECRET", edx::SECRET),
                    ("HELLO_SECRET", edx::SECRET),
                    ("STAFF_SECRET", edx::SECRET),
                    ("ADDER_SECRET", edx::SECRET),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
            let loaded =
                load(&directory.join("tools.toml"), &environment, false).expect("a readable file");
            assert!(loaded.is_sound());
            let clock = Clock::new(|| {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
            });
            let rocket = web::rocket(
                figment,
                Gateway::new(
                    loaded.config,
                    loaded.templates,
                    clock,
                    lti_gateway::state::State::memory(),
                )
                .expect("certificates"),
                &loaded.statics,
            );
            serve_gateway(with_fixed_page(rocket));
        }
        _ => {
            let rocket = rocket::custom(figment)
                .attach(Shield::default().disable::<Frame>().enable(Referrer::SameOrigin))
                .attach(announce);
            if let Err(error) = rocket::execute(with_fixed_page(rocket).launch()) {
                eprintln!("{}", error.kind());
            }
        }
    }
}

fn with_fixed_page(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket.mount("/", rocket::routes![fixed]).manage(FixedPage("x".repeat(800)))
}

struct FixedPage(String);

#[post("/fixed", data = "<data>")]
async fn fixed(data: Data<'_>, page: &State<FixedPage>) -> Option<RawHtml<String>> {
    let body = data.open(256.kibibytes()).into_bytes().await.ok()?;
    body.is_complete().then(|| RawHtml(page.0.clone()))
}
