//! A measured server: a process of its own. Its CPU time comes from `/proc`.

use std::future::pending;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lti_gateway::server::{Listener, Settings};
use rocket::{Build, Rocket};
use tokio::runtime::Builder;

/// A child process. Dropping the value kills it.
pub struct Process(pub Child);

impl Process {
    /// The CPU time of all its threads, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("Linux");
        let (_, fields) = stat.rsplit_once(") ").expect("a command's name");
        let ticks: u64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().expect("a number"))
            .sum();
        // USER_HZ is 100 on every Linux.
        ticks as f64 / 100.0
    }

    /// Its resident memory, in MiB.
    pub fn resident_mebibytes(&self) -> u64 {
        self.resident_kibibytes() / 1024
    }

    /// Its resident memory, in KiB.
    pub fn resident_kibibytes(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.0.id())).expect("Linux");
        statm.split(' ').nth(1).expect("a size").parse::<u64>().expect("a number") * 4
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts one of this program's own servers. Returns it with its port.
pub fn started(what: &str) -> (Process, u16) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--serve", what])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut line = String::new();
    BufReader::new(child.stderr.take().expect("its stderr"))
        .read_line(&mut line)
        .expect("its port");
    (Process(child), line.trim().parse().expect("a port"))
}

/// Opens `count` connections to a port of this machine.
pub fn connections(port: u16, count: usize) -> Vec<TcpStream> {
    let connect = |_| {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream
    };
    (0..count).map(connect).collect()
}

/// Head and body of the next response.
pub fn response(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::with_capacity(8192);
    let mut piece = [0; 8192];
    loop {
        let count = stream.read(&mut piece).expect("the server responds");
        assert!(count > 0, "the server closed");
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.expect("a length").parse().expect("a number");
        if bytes.len() >= end + 4 + length {
            return (head, bytes.split_off(end + 4));
        }
    }
}

/// Serves this Rocket with the gateway's listener, until the process is killed. Prints the port.
pub fn serve_gateway(rocket: Rocket<Build>) {
    let settings = Settings {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        idle: Some(Duration::from_secs(95)),
        grace: Duration::ZERO,
        mercy: Duration::ZERO,
    };
    let runtime = Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(async {
        let listener = Listener::bind(settings).await.expect("a port");
        eprintln!("{}", listener.address().expect("an address").port());
        listener.serve(rocket, pending()).await.expect("Rocket launches");
    });
}
