//! `explain` reads what browsers' developer tools write.
//!
//! `tests/fixtures/captures/` has twelve launches, each as Chromium 156 copies and saves it.
//! `tests/browser/captures.mjs` wrote them: it calls the functions behind the menu *Copy* of the
//! network panel (`NetworkLogView.ts` and `har/Log.ts` in devtools-frontend).
//!
//! The formats of Firefox are written below, after its sources: `devtools/client/shared/curl.js`,
//! and `utils/powershell.js`, `har/har-builder.js` and `widgets/RequestListContextMenu.js` in
//! `devtools/client/netmonitor/src/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::NamedTempFile;

/// The formats of Chromium: the names of the folders.
const CHROMIUM: [&str; 7] =
    ["curl-bash", "curl-cmd", "fetch", "fetch-node", "har", "powershell", "view-source"];

/// A launch: its name, its URL below the tool's, and the cause if it is rejected.
type Captured = (&'static str, &'static str, Option<&'static str>);

/// The launches of every folder.
const LAUNCHES: [Captured; 12] = [
    ("plain", "", None),
    ("quotes", "", None),
    ("percent", "", None),
    ("umlauts", "", None),
    ("line-breaks", "", None),
    ("shell", "", None),
    ("empty", "", None),
    ("query", "?week=2&note=it%27s%20(50%25)!", None),
    ("signs", "", None),
    ("other-secret", "", Some("most likely the secret")),
    ("slash", "/", Some("slash")),
    ("added", "", Some("unsigned-parameter")),
];

const SECRET: &str = "the-secret-of-the-captures";

/// The parts of the person in the launches, as they stand in text, forms and base strings.
const PERSONAL: [&str; 9] =
    ["Zo", "O'Hara", "O%27Hara", "O%2527Hara", "Hara", "ller", "zoe", "ohara", "practice-user"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures")
}

fn captured(kind: &str, name: &str) -> String {
    fs::read_to_string(folder().join(kind).join(name)).expect("a capture")
}

/// The form of a launch, as sent.
fn body(name: &str) -> String {
    captured("view-source", name)
}

/// The decoded parameters of a launch.
fn params(name: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let (text, mut bytes) = (text.replace('+', " "), Vec::new());
        let mut rest = text.as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte == b'%' {
                let digits = std::str::from_utf8(&rest[..2]).expect("digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("digits"));
                rest = &rest[2..];
            } else {
                bytes.push(*byte);
            }
        }
        String::from_utf8(bytes).expect("text")
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("a pair");
        (decoded(name), decoded(value))
    };
    body(name).split('&').map(pair).collect()
}

/// When a launch was signed.
fn signed_at(name: &str) -> u64 {
    let params = params(name);
    let timestamp = params.iter().find(|(name, _)| name == "oauth_timestamp").expect("a time");
    timestamp.1.parse().expect("a number")
}

/// Runs `explain` on a capture, and returns its output and its exit code.
#[track_caller]
fn explained(what: &str, capture: &[u8], arguments: &[&str]) -> (String, Option<i32>) {
    let file = NamedTempFile::new().expect("a file");
    fs::write(file.path(), capture).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
        .args(["explain", "--tool", "page", "--verbose"])
        .args(arguments)
        .arg(file.path())
        .current_dir(folder())
        .env_clear()
        .env("CAPTURE_SECRET", SECRET)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let error = String::from_utf8(output.stderr).expect("text");
    let report = String::from_utf8(output.stdout).expect("text");
    for hidden in PERSONAL.iter().chain(&[SECRET, "an-older-secret"]) {
        for text in [&error, &report] {
            assert!(!text.contains(hidden), "{what} shows {hidden}: {text}");
        }
    }
    assert_eq!(error, "", "{what}");
    (report, output.status.code())
}

/// Explains a capture of one launch, and compares the result.
#[track_caller]
fn check(kind: &str, (name, below, cause): Captured, capture: &[u8]) {
    let what = format!("{kind}/{name}");
    let url = format!("http://tools.example/lti/page{below}");
    let mut arguments = Vec::new();
    let has_url = !matches!(kind, "view-source" | "firefox-post-data");
    if !has_url {
        arguments.extend(["--url", &url]);
    }
    // A HAR file has the time itself.
    let at = rfc3339(signed_at(name));
    if !kind.contains("har") {
        arguments.extend(["--at", &at]);
    }
    let (report, code) = explained(&what, capture, &arguments);
    let found = report.split("\ncause: ").nth(1).and_then(|rest| rest.split(':').next());
    if kind == "firefox-post-data" && cause == Some("most likely the secret") {
        assert_eq!(found, Some("most likely the capture"), "{what}: {report}");
    } else {
        assert_eq!(found, cause, "{what}: {report}");
    }
    assert_eq!(code, Some(i32::from(cause.is_some())), "{what}: {report}");
    if cause.is_none() {
        let time = report.lines().find(|line| line.starts_with("time ")).expect("the check");
        assert!(time.starts_with("time        ok  "), "{what}: {time}");
        let ends = if kind.contains("har") { "300 s are accepted" } else { at.as_str() };
        assert!(time.ends_with(ends), "{what}: {time}");
    }
}

/// A timestamp in the format of `--at`.
fn rfc3339(seconds: u64) -> String {
    lti_gateway::clock::rfc3339(seconds)
}

#[test]
fn launches_are_read_as_chromium_copies_and_saves_them() {
    for kind in CHROMIUM {
        for launch in LAUNCHES {
            check(kind, launch, captured(kind, launch.0).as_bytes());
        }
    }
}

/// A file as Windows PowerShell writes it, or with the bytes of each character in the other order.
fn utf_16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    format!("\u{feff}{text}").encode_utf16().flat_map(order).collect()
}

#[test]
fn a_capture_may_be_in_utf_16() {
    for launch in LAUNCHES {
        let url = format!("http://tools.example/lti/page{}", launch.1);
        let of_chromium = CHROMIUM.map(|kind| (kind, captured(kind, launch.0)));
        for (kind, text) in of_chromium.into_iter().chain(firefox_captures(launch.0, &url)) {
            check(kind, launch, &utf_16(&text, u16::to_le_bytes));
        }
        let text = captured("har", launch.0);
        check("har", launch, &utf_16(&text, u16::to_be_bytes));
    }
}

#[test]
fn the_launches_among_many_requests_are_found() {
    for kind in CHROMIUM.into_iter().filter(|kind| *kind != "view-source") {
        let capture = captured(kind, "all");
        assert!(capture.matches("platform.example/").count() > 12, "it has other requests");
        let (report, code) = explained(kind, capture.as_bytes(), &[]);
        assert_eq!(code, Some(1), "{kind}");
        let reports: Vec<&str> = report.split("Launch ").skip(1).collect();
        assert_eq!(reports.len(), LAUNCHES.len(), "{kind}");
        for (index, (report, (name, _, cause))) in reports.iter().zip(LAUNCHES).enumerate() {
            assert!(
                report.starts_with(&format!("{} of 12\npage, sent to ", index + 1)),
                "{report}"
            );
            let found = report.split("\ncause: ").nth(1).and_then(|rest| rest.split(':').next());
            assert_eq!(found, cause, "{kind}/{name}: {report}");
        }
    }
}

/// `escapeStringPosix` of Firefox.
fn firefox_posix(text: &str) -> String {
    if text.chars().all(|letter| matches!(letter, ' '..='~') && !"!'".contains(letter)) {
        return format!("'{text}'");
    }
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\'' => escaped.push_str("\\'"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '!' => escaped.push_str("\\041"),
            ' '..='~' => escaped.push(letter),
            letter if u32::from(letter) < 256 => {
                escaped.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter => letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    format!("$'{escaped}'")
}

/// `escapeStringWin` of Firefox.
fn firefox_windows(text: &str) -> String {
    let mut escaped = String::new();
    let mut letters = text.replace('\\', "\\\\").replace('"', "\\\"").chars().collect::<Vec<_>>();
    letters.push(' ');
    for pair in letters.windows(2) {
        if !pair[0].is_ascii_alphanumeric() && !" _-:=+~/.',?;()*`\\\"{}".contains(pair[0]) {
            escaped.push('^');
        }
        escaped.push(pair[0]);
        if pair[0] == '%' && (pair[1].is_ascii_alphanumeric() || pair[1] == '_') {
            escaped.push('^');
        }
    }
    format!("^\"{escaped}^\"")
}

/// `escapeStr` of Firefox's PowerShell.
fn firefox_powershell(text: &str) -> String {
    let text = text.replace('`', "``").replace('$', "`$").replace('"', "`\"");
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            ' '..='~' => escaped.push(letter),
            letter => letter
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| escaped.push_str(&format!("$([char]{unit})"))),
        }
    }
    format!("\"{escaped}\"")
}

const HEADERS: [(&str, &str); 4] = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Origin", "http://platform.example"),
    ("Cookie", "note=it's \"100%\" ^ $HOME !; umlaut=ü"),
];

fn firefox_curl(url: &str, body: &str, quote: fn(&str) -> String, line_end: &str) -> String {
    let mut parts =
        vec![format!("curl {}", quote(url)), "--compressed".to_owned(), "-X POST".into()];
    parts.extend(
        HEADERS.iter().map(|(name, value)| format!("-H {}", quote(&format!("{name}: {value}")))),
    );
    parts.push(format!("--data-raw {}", quote(body)));
    parts.join(line_end)
}

fn firefox_captures(name: &str, url: &str) -> Vec<(&'static str, String)> {
    let body = body(name);
    let headers: serde_json::Map<String, serde_json::Value> =
        HEADERS[..3].iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let options = json!({
        "credentials": "include", "headers": headers, "body": body, "method": "POST",
        "mode": "cors",
    });
    let options = serde_json::to_string_pretty(&options).expect("JSON");
    let quote = firefox_powershell;
    let lines = |line_end: &str| {
        let line = |(name, value): (String, String)| {
            if value.is_empty() { name } else { format!("{name}={value}") }
        };
        params(name).into_iter().map(line).collect::<Vec<_>>().join(line_end)
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<serde_json::Value> {
        pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    };
    let started = rfc3339(signed_at(name)).replace('Z', ".250+00:00");
    let entry = json!({
        "startedDateTime": started,
        "request": {
            "bodySize": body.len(), "method": "POST", "url": url, "httpVersion": "HTTP/2",
            "headers": pairs(&HEADERS), "cookies": [], "queryString": [], "headersSize": 700,
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "params": [], "text": body,
            },
        },
        "response": { "status": 200, "headers": [], "content": { "size": 5, "text": "<p>" } },
        "cache": {}, "timings": {}, "time": 12, "_securityState": "secure", "pageref": "page_1",
    });
    let log = json!({ "log": {
        "version": "1.2", "creator": { "name": "Firefox", "version": "145.0" },
        "pages": [], "entries": [entry],
    }});
    vec![
        ("firefox-curl-posix", firefox_curl(url, &body, firefox_posix, " \\\n  ")),
        ("firefox-curl-windows", firefox_curl(url, &body, firefox_windows, " ^\n  ")),
        ("firefox-fetch", format!("await fetch(\"{url}\", {options});")),
        (
            "firefox-powershell",
            format!(
                "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n\
                 $session.Cookies.Add((New-Object System.Net.Cookie({}, {}, \"/\", {})))\n\
                 Invoke-WebRequest -UseBasicParsing -Uri {} `\n-Method \"POST\" `\n\
                 -WebSession $session `\n-UserAgent {} `\n-Headers @{{\n{} = {}\n  {} = {}\n}} `\n\
                 -ContentType {} `\n-Body {}",
                quote("note"),
                quote(HEADERS[3].1),
                quote("tools.example"),
                quote(url),
                quote(HEADERS[0].1),
                quote("Accept"),
                quote("text/html,*/*;q=0.8"),
                quote(HEADERS[2].0),
                quote(HEADERS[2].1),
                quote(HEADERS[1].1),
                quote(&body)
            ),
        ),
        ("firefox-post-data", lines("\n")),
        ("firefox-post-data", lines("\r\n")),
        ("firefox-har", log.to_string()),
    ]
}

#[test]
fn launches_are_read_as_firefox_copies_and_saves_them() {
    for launch in LAUNCHES {
        let url = format!("http://tools.example/lti/page{}", launch.1);
        let captures = firefox_captures(launch.0, &url);
        assert_eq!(captures.len(), 7);
        for (kind, capture) in captures {
            check(kind, launch, capture.as_bytes());
        }
    }
}

/// Every folder has every launch, and nothing else.
#[test]
fn the_captures_are_complete() {
    for kind in CHROMIUM {
        let files = fs::read_dir(folder().join(kind)).expect("a folder").count();
        let all = usize::from(kind != "view-source");
        assert_eq!(files, LAUNCHES.len() + all, "{kind}");
    }
}
