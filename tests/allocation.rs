//! What a request allocates in the whole gateway before it is authenticated, at its peak.
//!
//! One test, in a program of its own, because the profiler counts the allocations of the whole
//! process. The request itself is made before.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use lti_gateway::cli::load;
use lti_gateway::clock::Clock;
use lti_gateway::config::Environment;
use lti_gateway::server::{Listener, Settings};
use lti_gateway::state::State;
use lti_gateway::web::{self, Gateway};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const NOW: u64 = 1_700_000_000;
/// The largest launch form, grade and request head, in bytes.
const LARGEST_FORM: usize = 256 * 1024;
const LARGEST_GRADE: usize = 64 * 1024;
const LARGEST_HEAD: usize = 64 * 1024;
/// The bound: this many times the request. A form exists twice while Rocket passes it to the
/// launch. Its decoded parameters need one, the base string five.
const MULTIPLE: usize = 8;
/// The bound of what does not depend on the size of the request: the buffers of a connection, a
/// page, and the quick search.
const CONSTANT: usize = 192 * 1024;

const TOOLS: &str = r#"
[gateway]
public_url = "https://tool.example"
secret = "the gateway's own, of 32 characters"

[tools.a]
key = "key-1"
secret = "a secret of the tool"
template = "page"

[tools.nb]
key = "key-2"
secret = "a secret of the app"
upstream = "http://127.0.0.1:9"
grades = true
"#;

/// Starts a gateway that serves until the program ends.
fn start() -> SocketAddr {
    let directory = tempfile::tempdir().expect("a directory");
    let templates = directory.path().join("templates");
    std::fs::create_dir(&templates).expect("a directory");
    std::fs::write(templates.join("page.html.tera"), "launched").expect("a file");
    let file = directory.path().join("tools.toml");
    std::fs::write(&file, TOOLS).expect("a file");
    let loaded = load(&file, &Environment::new(), false).expect("a readable file");
    assert!(loaded.is_sound());
    let clock = Clock::new(|| NOW);
    let gateway = Gateway::new(loaded.config, loaded.templates, clock, State::memory());
    let figment = rocket::Config::figment().merge(("log_level", "off"));
    let rocket = web::rocket(figment, gateway.expect("certificates"), &loaded.statics);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(Listener::bind(Settings {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        idle: Some(Duration::from_secs(95)),
        grace: Duration::ZERO,
        mercy: Duration::ZERO,
    }));
    let listener = listener.expect("a port");
    let address = listener.address().expect("an address");
    std::thread::spawn(move || {
        runtime.block_on(listener.serve(rocket, std::future::pending())).expect("Rocket launches");
    });
    address
}

/// Sends a request on a connection of its own, and returns the status of the response.
fn exchange(address: SocketAddr, request: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address).expect("a connection");
    // The gateway can respond before it has read everything.
    let _ = stream.write_all(request);
    let (mut start, mut filled) = ([0; 12], 0);
    while filled < start.len() {
        let count = stream.read(&mut start[filled..]).expect("a response");
        assert!(count > 0, "the gateway closed");
        filled += count;
    }
    let mut rest = [0; 4096];
    while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
    std::str::from_utf8(&start[9..]).ok().and_then(|code| code.parse().ok()).expect("a status")
}

/// A request with these header lines and this body.
fn request(line: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "{line} HTTP/1.1\r\nHost: tool.example\r\nConnection: close\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A text of at most `length` bytes that repeats `part`.
fn filled(part: &str, length: usize) -> String {
    part.repeat(length / part.len())
}

/// Characters that look like a sealed value, and do not open.
fn sealed(length: usize) -> String {
    format!("AQAA{}", filled("A", length.saturating_sub(4) / 4 * 4))
}

fn requests() -> Vec<(String, Vec<u8>, u16)> {
    let mut all = Vec::new();
    let mut add = |name: &str, request: Vec<u8>, status: u16| {
        all.push((name.to_owned(), request, status));
    };
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let oauth = "oauth_consumer_key=key-1&oauth_nonce=n&oauth_timestamp=1700000000\
                 &oauth_signature_method=HMAC-SHA1&oauth_signature=QUI%3D&x=";
    let space = LARGEST_FORM - oauth.len();
    for part in ["&", "%41", "!", "a=&", "%C3%BC", "+"] {
        // A thousand parameters and more are too many.
        let status = if part == "a=&" { 400 } else { 401 };
        let body = format!("{oauth}{}", filled(part, space));
        add(&format!("a form of {part}"), request("POST /lti/a", form, &body), status);
    }
    let thousand = "p=!!!!!!!!!!&".repeat(994);
    let body = format!("{oauth}&{thousand}");
    add("a thousand parameters", request("POST /lti/a", form, &body), 401);
    add("a form of nothing", request("POST /lti/a", form, &filled("&", LARGEST_FORM)), 400);
    let body = filled("a", LARGEST_FORM + 1);
    add("a form that is too large", request("POST /lti/a", form, &body), 413);
    let head = LARGEST_HEAD - 1024;
    let long = filled("a=\"%41\",", head);
    let header = format!("{form}Authorization: OAuth {long}\r\n");
    add("a hostile header", request("POST /lti/a", &header, ""), 400);

    let session = "/lti/nb/~AAAAAAAAAAAAAAAA";
    for (name, cookie) in [
        ("one long cookie", format!("__Secure-lti={}", sealed(head))),
        ("many sealed cookies", filled(&format!("__Secure-lti={}; ", sealed(60)), head)),
        ("many short cookies", filled("a=;", head)),
        ("many receipts", filled("__Secure-lti-a=9.AAAA;", head)),
    ] {
        let header = format!("Cookie: {cookie}\r\n");
        add(name, request(&format!("GET {session}/"), &header, ""), 401);
        let header = format!("{form}{header}");
        add(name, request("POST /lti/a", &header, &format!("{oauth}1")), 401);
    }
    let ticket = sealed(head);
    add("a long ticket", request(&format!("GET {session}?lti_ticket={ticket}"), "", ""), 401);
    let body = format!("lti_ticket={}", sealed(LARGEST_GRADE - 20));
    add("a posted ticket", request(&format!("POST {session}?lti_ticket"), form, &body), 401);

    let json = "Content-Type: application/json\r\n";
    let token = format!("{json}Authorization: Bearer {}\r\n", sealed(500));
    for (name, body) in [
        ("deep JSON", filled("[", LARGEST_GRADE)),
        ("deep objects", filled("{\"score\":", LARGEST_GRADE)),
        ("a huge number", format!("{{\"score\":{}}}", filled("1", LARGEST_GRADE - 16))),
        ("a huge comment", format!("{{\"comment\":\"{}\"}}", filled("\\u0041", 65_000))),
    ] {
        add(name, request("POST /grades", &token, &body), 401);
    }
    let token = format!("{json}Authorization: Bearer {}\r\n", sealed(head));
    add("a long token", request("POST /grades", &token, "{\"score\":1}"), 401);
    let fields = (0..90).map(|at| format!("X-{at}: {}\r\n", filled("a", 600)));
    add("many headers", request("GET /", &fields.collect::<String>(), ""), 200);
    add("a long path", request(&format!("GET /{}", filled("%41", head)), "", ""), 404);
    all
}

#[test]
fn a_request_allocates_a_small_multiple_of_its_size_before_it_is_authenticated() {
    let address = start();
    let requests = requests();
    // The first requests compile pages and fill caches.
    for (name, request, status) in &requests {
        assert_eq!(exchange(address, request), *status, "{name}");
    }
    for (name, request, _) in &requests {
        let profiler = dhat::Profiler::builder().testing().build();
        exchange(address, request);
        let peak = dhat::HeapStats::get().max_bytes;
        drop(profiler);
        let bound = MULTIPLE * request.len() + CONSTANT;
        assert!(peak <= bound, "{name}: {peak} bytes, more than {bound}, for {}", request.len());
    }
}
