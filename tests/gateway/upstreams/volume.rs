//! A gigabyte in each direction, through the built program, whose memory stays small
//! (backpressure).

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Upstream, Wire, status_of, write};

use super::*;

/// The bytes in each direction.
const SIZE: u64 = 1 << 30;
/// The bytes of each write.
const BLOCK: usize = 1 << 18;
/// The maximum growth of the peak memory, in bytes.
const GROWTH: u64 = 32 << 20;

/// The built program. It is killed when the value is dropped.
struct Program {
    child: Child,
    address: SocketAddr,
    _directory: tempfile::TempDir,
}

impl Program {
    fn start(file: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), "tools.toml", file);
        let mut child = Command::new(env!("CARGO_BIN_EXE_lti-gateway"))
            .current_dir(directory.path())
            .env_clear()
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        let listening = line.split_once("on http://").and_then(|(_, rest)| rest.split(' ').next());
        let address = listening
            .and_then(|address| address.parse().ok())
            .expect("the address on which it listens");
        // Further output must not fill the pipe.
        std::thread::spawn(move || log.lines().for_each(drop));
        Self { child, address, _directory: directory }
    }

    /// Its peak memory, in bytes.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        line.trim()
            .strip_suffix(" kB")
            .and_then(|number| number.parse::<u64>().ok())
            .expect("a number")
            * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_all(bytes: &[u8], byte: u8) -> bool {
    bytes.iter().all(|one| *one == byte)
}

#[test]
#[cfg(target_os = "linux")]
fn backpressure_keeps_memory_small_for_a_gigabyte_each_way() {
    let upstream = Upstream::start();
    let program = Program::start(
        &tools(&upstream.url(), "").replace("https://tool.example", "http://localhost:5000"),
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let form = Form { url: "http://localhost:5000/lti/nb", timestamp: now, ..launch() }.sign();
    let mut wire = Wire::connect(program.address);
    wire.send(format!(
        "POST /lti/nb HTTP/1.1\r\nHost: localhost:5000\r\n\
            Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    let launched = Reply::read(&mut wire, "POST");
    let session =
        launched.all("set-cookie").into_iter().find(|cookie| cookie.starts_with("__Secure-lti="));
    let (cookie, attributes) =
        session.and_then(|cookie| cookie.split_once("; Path=")).expect("a session");
    let prefix = attributes.split(';').next().expect("its path");
    let request = |line: &str, more: &str| {
        format!("{line} HTTP/1.1\r\nHost: localhost:5000\r\nCookie: {cookie}\r\n{more}\r\n")
    };

    // A small exchange first, for memory that is allocated once.
    let mut exchange = |size: u64| {
        wire.send(request(&format!("PUT {prefix}/large"), &format!("Content-Length: {size}\r\n")));
        let mut writer = wire.second();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let block = vec![b'u'; BLOCK];
                (0..size / BLOCK as u64).for_each(|_| writer.send(&block));
            });
            let (mut app, _) = upstream.request();
            for _ in 0..size / BLOCK as u64 {
                assert!(is_all(&app.at_most(BLOCK), b'u'));
            }
            scope.spawn(move || {
                app.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
                ));
                let block = vec![b'd'; BLOCK];
                (0..size / BLOCK as u64).for_each(|_| app.send(&block));
            });
            assert_eq!(status_of(&Reply::head(&mut wire).expect("a response")), 200);
            for _ in 0..size / BLOCK as u64 {
                let block = wire.at_most(BLOCK);
                assert!(block.len() == BLOCK && is_all(&block, b'd'));
            }
        });
    };
    exchange(16 << 20);
    let before = program.peak();
    exchange(SIZE);
    let after = program.peak();
    assert!(after.saturating_sub(before) <= GROWTH, "from {before} to {after} bytes");
}
