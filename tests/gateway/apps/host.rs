//! The built program with apps of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Form, Reply, Wire, wait_until, write};

/// The host of the public URL.
pub(super) const HOST: &str = "localhost:5000";
/// The secret of the gateway. No app may see it.
pub(super) const SECRET: &str = "the gateway's own, of 32 characters";
/// A variable that is only for the gateway.
pub(super) const OTHER_SECRET: &str = "database-password-of-the-gateway";

/// The limit of open files with which the gateway starts.
pub(super) const OPEN_FILES: u64 = 500;

/// The nonce of the next launch.
static NONCE: AtomicU32 = AtomicU32::new(0);

/// The built program. It stops when the value is dropped, with its apps.
pub(super) struct Host {
    child: Child,
    pub(super) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    directory: tempfile::TempDir,
}

/// A session of a tool: its cookie, and the path before the app's own paths.
pub(super) struct Visit {
    pub(super) cookie: String,
    pub(super) prefix: String,
}

/// The table of a tool whose app is `app.py` with these options.
pub(super) fn python(tool: &str, options: &[&str]) -> String {
    let mut command = vec![interpreter(), "app.py", "{port}"];
    command.extend(options);
    table(tool, &format!("command = {command:?}"))
}

/// The interpreter itself. A `python3` in `PATH` may be a script of pyenv, with variables and
/// descriptors of its own.
pub(super) fn interpreter() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let show = ["-c", "import sys; print(sys.executable)"];
        let output = Command::new("python3").args(show).output().expect("python3 runs");
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    })
}

/// The table of a tool whose app is a shell script. `python3` in it is the interpreter itself.
pub(super) fn shell(tool: &str, script: &str) -> String {
    let script = script.replace("python3", interpreter());
    table(tool, &format!("command = [\"sh\", \"-c\", '''{script}''']"))
}

fn table(tool: &str, target: &str) -> String {
    format!("[tools.{tool}]\nkey = \"key-1\"\nsecret = \"s3cret\"\n{target}\n")
}

impl Host {
    /// Starts the program with these tools. Requests in progress have two seconds when it stops.
    #[track_caller]
    pub(super) fn start(tools: &[String]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), "tools.toml", &file(tools));
        write(directory.path(), "app.py", include_str!("app.py"));
        write(
            directory.path(),
            "Rocket.toml",
            "[default.shutdown]\ngrace = 3\nmercy = 1\nsignals = [\"term\"]\nforce = true\n",
        );
        let limited = format!("ulimit -S -n {OPEN_FILES}; exec \"$0\"");
        let child = Command::new("sh")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_lti-gateway")])
            .current_dir(directory.path())
            .env_clear()
            .env("PORT", "0")
            .env("PATH", std::env::var("PATH").expect("a PATH"))
            .env("HOME", "/nonexistent")
            .env("LC_CTYPE", "C.UTF-8")
            .env("GATEWAY_SECRET", SECRET)
            .env("DATABASE_URL", OTHER_SECRET)
            .env("PLOTS_TOKEN", "token-of-the-app")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut address = None;
        while address.is_none() {
            let line = lines.next().expect("a line").expect("UTF-8");
            let found = line.split_once("on http://").and_then(|(_, rest)| rest.split(' ').next());
            address = found.and_then(|address| address.parse().ok());
            log.lock().expect("no panic").push(line);
        }
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| shared.lock().expect("no panic").push(line));
        });
        let address = address.expect("its address");
        Self { child, address, log, directory }
    }

    /// Another tools file takes the place of the current one.
    pub(super) fn reload(&self, tools: &[String]) {
        write(self.directory.path(), "tools.toml", &file(tools));
    }

    /// A file of the apps' directory.
    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// Requests a page of the gateway's own.
    #[track_caller]
    pub(super) fn get(&self, target: &str) -> Reply {
        let mut wire = self.connect();
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"));
        Reply::read(&mut wire, "GET")
    }

    /// Launches a tool.
    #[track_caller]
    pub(super) fn visit(&self, tool: &str) -> Visit {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let url = format!("http://{HOST}/lti/{tool}");
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed).to_string();
        let form = Form { url: &url, timestamp: now, nonce: &nonce, ..Form::default() };
        let form = form.with(&[("user_id", &nonce)]).sign();
        let mut wire = self.connect();
        wire.send(format!(
            "POST /lti/{tool} HTTP/1.1\r\nHost: {HOST}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{form}",
            form.len()
        ));
        let launched = Reply::read(&mut wire, "POST");
        assert_eq!(launched.status, 303, "{launched:?}");
        let cookies = launched.all("set-cookie");
        let session = cookies.iter().find(|cookie| cookie.starts_with("__Secure-lti="));
        let (cookie, rest) =
            session.and_then(|cookie| cookie.split_once("; Path=")).expect("a session");
        let prefix = rest.split(';').next().expect("its path").trim_end_matches('/');
        Visit { cookie: cookie.to_owned(), prefix: prefix.to_owned() }
    }

    /// A request of a script in a session.
    #[track_caller]
    pub(super) fn fetch(&self, visit: &Visit, method: &str, rest: &str) -> Reply {
        let mut wire = self.ask(visit, method, rest, "Accept: application/json\r\n");
        Reply::read(&mut wire, method)
    }

    /// Opens a page in a session.
    #[track_caller]
    pub(super) fn open(&self, visit: &Visit, rest: &str) -> Reply {
        let mut wire = self.ask(visit, "GET", rest, "Accept: text/html\r\n");
        Reply::read(&mut wire, "GET")
    }

    pub(super) fn ask(&self, visit: &Visit, method: &str, rest: &str, headers: &str) -> Wire {
        let Visit { cookie, prefix } = visit;
        let body = if method == "POST" {
            "Content-Length: 0\r\nOrigin: http://localhost:5000\r\n"
        } else {
            ""
        };
        let mut wire = self.connect();
        wire.send(format!(
            "{method} {prefix}{rest} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n{headers}\
             {body}\r\n"
        ));
        wire
    }

    /// What `app.py` answers, as soon as it runs.
    #[track_caller]
    pub(super) fn app(&self, tool: &str) -> serde_json::Value {
        self.wait_until_ready(tool);
        let reply = self.fetch(&self.visit(tool), "GET", "/facts");
        assert_eq!(reply.status, 200, "{reply:?}\n{:#?}", self.log());
        reply.json()
    }

    #[track_caller]
    pub(super) fn wait_until_ready(&self, tool: &str) {
        self.wait_for_state(tool, "ready");
    }

    /// Waits until `/ready` shows this state of a tool's app.
    #[track_caller]
    pub(super) fn wait_for_state(&self, tool: &str, state: &str) {
        let line = format!("app {tool}: {state}");
        wait_until(&line, || self.get("/ready").body.lines().any(|one| one.starts_with(&line)));
    }

    /// Waits for a line of the log with all of these texts.
    #[track_caller]
    pub(super) fn wait_for_log(&self, texts: &[&str]) -> String {
        let mut found = None;
        wait_until(&format!("a line with {texts:?}"), || {
            let has_all = |line: &&String| texts.iter().all(|text| line.contains(text));
            found = self.log().iter().find(has_all).cloned();
            found.is_some()
        });
        found.expect("a line")
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    /// The newest value of a field in the lines that report the start of an app.
    #[track_caller]
    pub(super) fn started(&self, tool: &str, field: &str) -> i32 {
        let line = self.log().into_iter().rfind(|line| {
            line.contains("INFO app: started") && line.contains(&format!("tool=\"{tool}\""))
        });
        let fields: HashMap<String, String> = line
            .expect("a start")
            .split(' ')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        fields[field].parse().expect("a number")
    }

    pub(super) fn id(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// The memory of the gateway, in bytes.
    pub(super) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().strip_suffix(" kB").and_then(|text| text.parse::<u64>().ok()).expect("kB")
            * 1024
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(super) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the program ends", || {
            status = self.child.try_wait().expect("a child");
            status.is_some()
        });
        status.expect("a status")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SIGTERM: a test that fails leaves no process of an app.
        if let Ok(None) = self.child.try_wait() {
            let id = self.child.id().to_string();
            let _ = Command::new("kill").arg(&id).status();
        }
        let _ = self.child.wait();
    }
}

fn file(tools: &[String]) -> String {
    format!(
        "[gateway]\npublic_url = \"http://{HOST}\"\nsecret = {{ env = \"GATEWAY_SECRET\" }}\n\n{}",
        tools.join("\n")
    )
}

/// Sends a signal to a process, or with a negative id to a group.
#[track_caller]
pub(super) fn signal(name: &str, id: i32) {
    let kill = Command::new("kill").args([&format!("-{name}"), "--", &id.to_string()]).status();
    assert!(kill.expect("kill runs").success());
}

/// Whether a process runs.
pub(super) fn is_running(id: i32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat"));
    let state = stat.ok().and_then(|stat| Some(stat.rsplit_once(") ")?.1.chars().next()));
    state.flatten().is_some_and(|state| !matches!(state, 'Z' | 'X'))
}
