//! The CPU time of a proxied request, compared with nginx as a plain proxy (if it is installed) and
//! with the same upstream without a proxy: GET requests for 1 KB over 32 persistent connections.
//!
//! Each server is a process of its own. The bench alternates between them within one run and counts
//! the CPU time of the proxy alone, which varies less than wall-clock time. The gateway opens the
//! session and adds identity and assertion; nginx adds nothing.

#![allow(clippy::print_stderr, clippy::print_stdout)]

mod edx;
mod process;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lti_gateway::cli::load;
use lti_gateway::clock::Clock;
use lti_gateway::config::Environment;
use lti_gateway::web::{self, Gateway};
use process::{Process, connections, response, serve_gateway, started};
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::{State, get};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 6;
const REQUESTS_PER_ROUND: usize = 16_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--serve"), Some(directory)) => serve(&directory),
        _ => compare(),
    }
}

fn compare() {
    let directory = tempfile::tempdir().expect("a directory");
    let upstream = started("upstream");
    let port = upstream.1;
    let mut servers = vec![Server::new("direct", upstream, "/page", "")];
    match nginx(directory.path(), port) {
        Some(nginx) => servers.push(Server::new("nginx", nginx, "/page", "")),
        None => println!("nginx is not installed"),
    }
    servers.push(gateway(directory.path(), port));
    // Warm-up: the first requests pay for lazy initialization.
    for server in &mut servers {
        server.round(2000);
    }
    let mut totals = vec![(0.0, 0.0); servers.len()];
    for _ in 0..ROUNDS {
        for (server, total) in servers.iter_mut().zip(&mut totals) {
            let (before, started) = (server.process.cpu_seconds(), Instant::now());
            server.round(REQUESTS_PER_ROUND);
            total.0 += server.process.cpu_seconds() - before;
            total.1 += started.elapsed().as_secs_f64();
        }
    }
    let requests = (ROUNDS * REQUESTS_PER_ROUND) as f64;
    for (server, (cpu, wall)) in servers.iter().zip(&totals) {
        println!(
            "{:8} {:6.1} µs of CPU time per request, {:6.0} requests/s over {CONNECTIONS} \
             connections, {} MiB",
            server.kind,
            cpu / requests * 1e6,
            requests / wall,
            server.process.resident_mebibytes(),
        );
    }
    if let [_, (nginx, _), (gateway, _)] = totals.as_slice() {
        println!("gateway/nginx {:.2}", gateway / nginx);
    }
}

struct Server {
    kind: &'static str,
    process: Process,
    connections: Vec<TcpStream>,
    request: String,
}

impl Server {
    fn new(kind: &'static str, (process, port): (Process, u16), path: &str, cookies: &str) -> Self {
        let connections = connections(port, CONNECTIONS);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: our-tools.example\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n\
             Accept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n\
             {cookies}\r\n"
        );
        Self { kind, process, connections, request }
    }

    /// Sends this many requests over all connections at once.
    fn round(&mut self, requests: usize) {
        let request = self.request.as_bytes();
        std::thread::scope(|scope| {
            for stream in &mut self.connections {
                scope.spawn(move || {
                    for _ in 0..requests / CONNECTIONS {
                        stream.write_all(request).expect("the server reads");
                        assert_eq!(response(stream).1.len(), 1024);
                    }
                });
            }
        });
    }
}

/// nginx as a plain proxy, in one process.
fn nginx(directory: &Path, upstream: u16) -> Option<(Process, u16)> {
    let port =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let configuration = format!(
        "daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log {0}/errors;\n\
         events {{ worker_connections 256; }}\n\
         http {{ access_log off; client_body_temp_path {0}; proxy_temp_path {0};\n\
         fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};\n\
         keepalive_requests 10000000;\n\
         upstream app {{ server 127.0.0.1:{upstream}; keepalive 64;\n\
         keepalive_requests 10000000; }}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://app;\n\
         proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }} }}\n",
        directory.display()
    );
    let file = directory.join("nginx.conf");
    std::fs::write(&file, configuration).expect("a file");
    let program = ["/usr/sbin/nginx", "nginx"].into_iter().find(|name| {
        Command::new(name)
            .arg("-v")
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })?;
    let child =
        Command::new(program).arg("-c").arg(&file).stderr(Stdio::null()).spawn().expect("nginx");
    let process = Process(child);
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(10), "nginx does not listen");
        std::thread::yield_now();
    }
    Some((process, port))
}

/// The gateway with one session, opened by a launch.
fn gateway(directory: &Path, upstream: u16) -> Server {
    let tools = format!(
        "[tools.hello]\nkey = \"{}\"\nsecret = {{ env = \"SECRET\" }}\n\
         upstream = \"http://127.0.0.1:{upstream}\"\n",
        edx::KEY
    );
    std::fs::write(directory.join("tools.toml"), tools).expect("a file");
    let (process, port) = started(&directory.join("tools.toml").display().to_string());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let form = edx::launch(now, "nonce-0");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let launch = format!(
        "POST /lti/hello HTTP/1.1\r\nHost: our-tools.example\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(launch.as_bytes()).expect("the server reads");
    let (head, _) = response(&mut stream);
    assert!(head.starts_with("HTTP/1.1 303"), "{head}");
    let values =
        |name: &str| head.lines().filter_map(|line| line.strip_prefix(name)).collect::<Vec<_>>();
    let cookies: Vec<&str> =
        values("set-cookie: ").into_iter().filter_map(|cookie| cookie.split(';').next()).collect();
    let door = values("location: ")[0].split('?').next().expect("a path").to_owned();
    Server::new(
        "gateway",
        (process, port),
        &format!("{door}/page"),
        &format!("Cookie: {}\r\n", cookies.join("; ")),
    )
}

fn serve(what: &str) {
    let figment = Figment::from(rocket::Config::release_default())
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("ident", false));
    let announce = AdHoc::on_liftoff("announce", |rocket| {
        Box::pin(async move { eprintln!("{}", rocket.config().port) })
    });
    if what == "upstream" {
        let rocket = rocket::custom(figment)
            .mount("/", rocket::routes![page])
            .manage(Page("x".repeat(1024)));
        if let Err(error) = rocket::execute(rocket.attach(announce).launch()) {
            eprintln!("{}", error.kind());
        }
    } else {
        let environment = Environment::from(
            [
                ("LTI_GATEWAY_PUBLIC_URL", "https://our-tools.example"),
                ("LTI_GATEWAY_SECRET", "a secret of more than 32 characters"),
                ("SECRET", edx::SECRET),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let loaded = load(Path::new(what), &environment, false).expect("a readable file");
        assert!(loaded.is_sound());
        let clock = Clock::new(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
        });
        let gateway = Gateway::new(
            loaded.config,
            loaded.templates,
            clock,
            lti_gateway::state::State::memory(),
        )
        .expect("no certificates needed");
        serve_gateway(web::rocket(figment, gateway, &loaded.statics));
    }
}

struct Page(String);

#[get("/page")]
fn page(page: &State<Page>) -> String {
    page.0.clone()
}
