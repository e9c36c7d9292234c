//! Runs the program. The test plays both the browser and the gateway.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const PLACE: &str = "/lti/adder/~anna";
const TOKEN: (&str, &str) = ("X-LTI-Grade-Token", "annas-token");
const ANNA: [(&str, &str); 3] =
    [("X-Forwarded-Prefix", PLACE), ("X-Forwarded-User", "adder-key:anna"), TOKEN];
const DELIVERED: &str = r#"{"status":"delivered"}"#;

/// A server that accepts grades: it sends the same response to each call and records the calls.
struct Gateway {
    address: SocketAddr,
    calls: Receiver<String>,
}

impl Gateway {
    fn responding(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, calls) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let call = read(&stream);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
                let _ = sender.send(call);
            }
        });
        Self { address, calls }
    }

    /// The next call: its first line, `Authorization`, and its body without whitespace.
    fn call(&self) -> (String, String, String) {
        let call = self.calls.recv_timeout(Duration::from_secs(30)).expect("a call");
        let (head, body) = call.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let authorization =
            lines.find_map(|line| line.strip_prefix("authorization: ")).unwrap_or_default();
        (first, authorization.to_owned(), body.split_whitespace().collect())
    }

    fn was_not_called(&self) {
        assert!(self.calls.try_recv().is_err(), "there was a call");
    }
}

/// The running program. Dropping the value stops it.
struct Adder {
    process: Child,
    address: String,
}

impl Adder {
    fn before(gateway: SocketAddr) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_adder"))
            .env("ADDRESS", "127.0.0.1:0")
            .env("LTI_GATEWAY", format!("http://{gateway}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("an output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("adder: http://").expect("its address").to_owned();
        Self { process, address }
    }

    /// Status, `Location` and page.
    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Option<String>, String) {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: adder\r\nConnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("it responds");
        let (head, page) = response.split_once("\r\n\r\n").expect("a head");
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let location =
            head.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned);
        (status, location, page.to_owned())
    }

    fn page(&self, headers: &[(&str, &str)]) -> String {
        let (status, _, page) = self.request("GET", "/", headers, "");
        assert_eq!(status, 200, "{page}");
        page
    }

    /// Answers the question, `off` from the right sum. Returns the next page.
    fn answer(&self, headers: &[(&str, &str)], off: i64) -> String {
        let form = form(&self.page(headers), off);
        self.post(headers, &form)
    }

    fn post(&self, headers: &[(&str, &str)], form: &str) -> String {
        let mut headers = headers.to_vec();
        headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        let (status, location, _) = self.request("POST", "/answer", &headers, form);
        assert_eq!((status, location.as_deref()), (303, Some("./")));
        self.page(&headers)
    }
}

impl Drop for Adder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An HTTP message with its body, of the length in `Content-Length`.
fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut message, mut length) = (String::new(), 0);
    while reader.read_line(&mut message).is_ok_and(|read| read > 2) {}
    for line in message.to_lowercase().lines() {
        length = line
            .strip_prefix("content-length: ")
            .map_or(length, |text| text.parse().expect("a number"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    message + &String::from_utf8(body).expect("text")
}

/// The text between two other texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {text}")).0
}

fn question(page: &str) -> &str {
    between(page, r#"<label for="sum">"#, " =</label>")
}

/// The fields of the page's form, `off` from the right sum.
fn form(page: &str, off: i64) -> String {
    let sum: i64 =
        question(page).split(" + ").map(|term| term.parse::<i64>().expect("a number")).sum();
    format!("id={}&sum={}", between(page, r#"name="id" value=""#, "\""), sum + off)
}

#[test]
fn a_right_sum_sends_a_full_grade_and_shows_a_new_question() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    let asked = form(&adder.page(&ANNA), 0);
    let page = adder.post(&ANNA, &asked);
    let (first, authorization, body) = gateway.call();
    assert_eq!(first, "POST /grades HTTP/1.1");
    assert_eq!(authorization, "Bearer annas-token");
    assert_eq!(body, r#"{"score":"1.0"}"#);
    assert!(page.contains("Your course has the grade."), "{page}");
    assert!(page.contains(r#"class="right""#), "{page}");
    assert_ne!(form(&page, 0), asked);
    assert!(!page.contains("annas-token"), "a browser sees the token");
}

#[test]
fn a_wrong_sum_sends_a_zero_and_keeps_the_question() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    let asked = form(&adder.page(&ANNA), 0);
    let page = adder.answer(&ANNA, 1);
    assert_eq!(gateway.call().2, r#"{"score":"0.0"}"#);
    assert!(page.contains(r#"class="wrong""#), "{page}");
    assert_eq!(form(&page, 0), asked);
}

#[test]
fn a_form_that_is_sent_twice_counts_once() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    let form = form(&adder.page(&ANNA), 0);
    adder.post(&ANNA, &form);
    assert_eq!(gateway.call().2, r#"{"score":"1.0"}"#);
    let page = adder.post(&ANNA, &form);
    assert!(page.contains(r#"class="right""#), "{page}");
    gateway.was_not_called();
}

#[test]
fn without_a_grade_token_the_page_says_so_and_no_grade_is_sent() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    let page = adder.answer(&ANNA[..2], 0);
    assert!(page.contains("Your course accepts no grade here."), "{page}");
    gateway.was_not_called();
}

#[test]
fn the_page_shows_the_result_of_a_grade_with_the_platforms_message() {
    for (status, body, shown) in [
        ("202 Accepted", r#"{"status":"kept","id":"x"}"#, "The gateway will retry"),
        (
            "502 Bad Gateway",
            r#"{"error":"platform-refused","message":"no",
                "platform":{"status":200,"description":"Grade is <past> \"due\""}}"#,
            "Your course refused the grade: Grade is &lt;past&gt; &quot;due&quot;",
        ),
        (
            "502 Bad Gateway",
            r#"{"error":"platform-refused","message":"The platform refused",
                "platform":{"status":404,"description":""}}"#,
            "The grade is lost: The platform refused",
        ),
        (
            "401 Unauthorized",
            r#"{"error":"bad-grade-token","message":"Launch again"}"#,
            "lost: Launch again",
        ),
        ("503 Service Unavailable", "<html>", "The grade is lost: 503"),
    ] {
        let gateway = Gateway::responding(status, body);
        let page = Adder::before(gateway.address).answer(&ANNA, 0);
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[test]
fn the_page_reports_an_unreachable_gateway() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let page = Adder::before(closed).answer(&ANNA, 0);
    assert!(page.contains("The grade may be lost"), "{page}");
}

#[test]
fn each_resource_link_has_its_own_question() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    let anna = adder.page(&ANNA);
    let berta = [
        ("X-Forwarded-Prefix", "/lti/adder/~berta"),
        ("X-Forwarded-User", "adder-key:berta"),
        TOKEN,
    ];
    adder.answer(&berta, 0);
    assert_eq!(adder.page(&ANNA), anna);
    assert!(adder.page(&berta).contains(r#"class="right""#));
}

#[test]
fn staff_see_the_users_of_their_consumer_and_learners_see_none() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    adder.answer(&ANNA, 0);
    let other =
        [("X-Forwarded-Prefix", "/lti/adder/~other"), ("X-Forwarded-User", "other-key:otto")];
    let hostile =
        [("X-Forwarded-Prefix", "/lti/adder/~h"), ("X-Forwarded-User", "adder-key:<b>&\"x\"")];
    adder.page(&other);
    adder.page(&hostile);
    for roles in ["instructor", "administrator", "learner,instructor"] {
        let staff = [ANNA[0], ANNA[1], ("X-Forwarded-Groups", roles)];
        let (status, _, page) = adder.request("GET", "/staff", &staff, "");
        assert_eq!(status, 200);
        assert!(page.contains("<th>adder-key:anna<"), "{page}");
        assert!(page.contains(question(&adder.page(&ANNA))), "{page}");
        assert!(page.contains("<th>adder-key:&lt;b&gt;&amp;&quot;x&quot;<"), "{page}");
        assert!(!page.contains("other-key"), "{page}");
        assert!(adder.page(&staff).contains(r#"href="staff""#));
    }
    for roles in ["learner", "teaching_assistant", "", "instructors"] {
        let learner = [ANNA[0], ANNA[1], ("X-Forwarded-Groups", roles)];
        assert_eq!(adder.request("GET", "/staff", &learner, ""), (403, None, String::new()));
        assert!(!adder.page(&learner).contains("staff\""));
    }
}

#[test]
fn an_invalid_request_is_refused_and_the_next_one_is_served() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    assert_eq!(adder.request("GET", "/", &[], "").0, 400, "without the gateway's headers");
    assert_eq!(adder.request("GET", "/", &[("X-Forwarded-Prefix", "\u{e9}")], "").0, 400);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    for (body, status) in [
        ("", 422),
        ("id=1", 422),
        ("id=1&sum=", 422),
        ("id=1&sum=one", 422),
        ("id=1&sum=99999999999999999999", 422),
        ("id=-1&sum=1", 422),
        ("%ff=%zz&id", 422),
        ("id=1&sum=9223372036854775807", 303),
    ] {
        assert_eq!(adder.request("POST", "/answer", &[ANNA[0], form], body).0, status, "{body}");
    }
    assert_eq!(adder.request("POST", "/answer", &[ANNA[0], form], &"x".repeat(2000)).0, 413);
    assert_eq!(adder.request("POST", "/answer", &ANNA, "id=1&sum=1").0, 415);
    assert_eq!(adder.request("DELETE", "/", &ANNA, "").0, 405);
    assert_eq!(adder.request("GET", "/nothing", &ANNA, "").0, 404);
    gateway.was_not_called();
    adder.page(&ANNA);
}

#[test]
fn the_first_page_after_a_launch_decides_how_large_the_numbers_are() {
    let gateway = Gateway::responding("200 OK", DELIVERED);
    let adder = Adder::before(gateway.address);
    let terms = |page: &str| -> Vec<i64> {
        question(page).split(" + ").map(|term| term.parse().expect("a number")).collect()
    };
    for (number, (path, most)) in
        [("/?up_to=1", 1), ("/?up_to=0", 1), ("/?up_to=-9", 1), ("/?up_to=9999", 1000), ("/", 50)]
            .into_iter()
            .enumerate()
    {
        let place = format!("/lti/adder/~{number}");
        let user = [("X-Forwarded-Prefix", place.as_str()), ANNA[1], TOKEN];
        let (status, _, first) = adder.request("GET", path, &user, "");
        assert_eq!(status, 200, "{path}");
        assert!(terms(&first).iter().all(|term| (1..=most).contains(term)), "{path}: {first}");
        // Another path makes it neither easier nor harder, not even with a new question.
        let (_, _, other) = adder.request("GET", "/?up_to=2", &user, "");
        assert_eq!(question(&other), question(&first), "{path}");
        for _ in 0..3 {
            let page = adder.answer(&user, 0);
            assert!(terms(&page).iter().all(|term| (1..=most).contains(term)), "{path}: {page}");
        }
    }
    assert_eq!(adder.request("GET", "/?up_to=many", &ANNA, "").0, 400);
}
