//! Sites: the files of a folder for people who launched, tested from outside over real HTTP.

mod access;
mod change;
mod coding;
mod condition;
mod link;
mod path;
mod range;
mod response;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Browser, Form, Reply, Server, Setup, Visit, log_lines};

/// Requests JSON, so that the response of a refusal contains its code.
const JSON: (&str, &str) = ("Accept", "application/json");

/// Content that no response may contain.
const SECRET: &str = "the content of a file outside";

/// A gateway with one site, `book`. The folder is `root/book`; `root/secret.txt` is outside of it.
struct Book {
    root: TempDir,
    server: Server,
}

impl Book {
    /// A book with a few pages.
    fn new() -> Self {
        Self::with("")
    }

    /// The same, with further lines in the tool's table.
    fn with(more: &str) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        fs::write(root.path().join("secret.txt"), SECRET).expect("written");
        let folder = root.path().join("book");
        for (name, content) in [
            ("index.html", "<h1>Book</h1>"),
            ("chapter/index.html", "<h1>Chapter</h1>"),
            ("chapter/page.html", "<h1>Page</h1>"),
            ("digits.bin", "0123456789"),
        ] {
            write(&folder, name, content);
        }
        let tools = format!(
            "[gateway]\npublic_url = \"https://tool.example\"\n\
             secret = \"the gateway's own, of 32 characters\"\n\
             [tools.book]\nkey = \"key-1\"\nsecret = \"s3cret\"\nsite = \"{}\"\n{more}\n",
            folder.display()
        );
        let server = Server::start(&Setup { tools: &tools, ..Setup::default() });
        Self { root, server }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("book")
    }

    /// Writes a file of the folder.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        write(&self.folder(), name, content);
    }

    /// A browser that launched the book, and its session.
    #[track_caller]
    fn open(&self) -> (Browser<'_>, Visit) {
        let mut browser = Browser::new(&self.server);
        let visit = browser.open(&launch());
        (browser, visit)
    }
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, content).expect("written");
}

/// A launch by a learner.
fn launch() -> Form<'static> {
    Form { url: "https://tool.example/lti/book", ..Form::default() }.with(&[
        ("user_id", "user-4711"),
        ("roles", "Learner"),
        ("context_id", "course-1"),
    ])
}

/// Asserts a refusal in JSON, with this code and nothing else, and its line in the log.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    let json = reply.json();
    assert_eq!(json["error"], code, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.all("set-cookie"), [""; 0]);
    for header in ["etag", "location", "content-encoding"] {
        assert_eq!(reply.header(header), None, "{header}");
    }
    assert!(!reply.body.contains(SECRET) && !reply.body.contains("/book"), "{}", reply.body);
    let lines = log_lines(json["reference"].as_str().expect("a reference"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(&format!("code=\"{code}\"")), "{lines:?}");
}
