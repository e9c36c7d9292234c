//! A browser: follows redirects on request, and stores cookies by RFC 6265.

use super::Server;
use super::form::Form;
use super::reply::Reply;
use super::wire::Wire;

/// A stored cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub path: String,
}

/// A browser with its cookies.
pub struct Browser<'s> {
    server: &'s Server,
    host: String,
    pub cookies: Vec<Cookie>,
}

/// The result of a launch.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Path and query of the page, without the ticket.
    pub address: String,
    /// The prefix of the upstream's own paths.
    pub prefix: String,
    /// `name=value` of the session's cookie.
    pub cookie: String,
}

impl Visit {
    /// The URL path of one of the upstream's own paths.
    pub fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.prefix)
    }
}

impl<'s> Browser<'s> {
    /// A browser without cookies.
    pub fn new(server: &'s Server) -> Self {
        Self::at(server, "tool.example")
    }

    /// A browser without cookies that visits another host.
    pub fn at(server: &'s Server, host: &str) -> Self {
        Self { server, host: host.to_owned(), cookies: Vec::new() }
    }

    /// Posts a launch to the path of its signed URL.
    pub fn launch(&mut self, form: &Form<'_>) -> Reply {
        self.post_form(target(form.url), &form.sign())
    }

    /// Posts a form.
    pub fn post_form(&mut self, target: &str, body: &str) -> Reply {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send("POST", target, &form, body.as_bytes())
    }

    /// Launches and follows the redirects, but does not request the page itself.
    #[track_caller]
    pub fn open(&mut self, form: &Form<'_>) -> Visit {
        let launched = self.launch(form);
        assert_eq!(launched.status, 303, "{launched:?}");
        let door = launched.header("location").expect("an entry URL").to_owned();
        let arrived = self.get(&door);
        assert_eq!(arrived.status, 303, "{arrived:?}");
        // A GET sets no cookie. It may delete those of another person.
        let set: Vec<&str> = arrived.all("set-cookie");
        assert!(
            set.iter().all(|cookie| cookie.contains("=; ") && cookie.contains("; Max-Age=0;")),
            "{set:?}"
        );
        let address = arrived.header("location").expect("a URL").to_owned();
        let session = self.session_for(&address).expect("a session").clone();
        let prefix = session.path.strip_suffix('/').unwrap_or(&session.path).to_owned();
        Visit { address, prefix, cookie: format!("{}={}", session.name, session.value) }
    }

    /// Requests a page.
    pub fn get(&mut self, target: &str) -> Reply {
        self.send("GET", target, &[], b"")
    }

    /// Sends a request with its cookies and these headers, and stores the cookies of the response.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut all = headers.to_vec();
        let length = body.len().to_string();
        if !body.is_empty() || method == "POST" {
            all.push(("Content-Length", &length));
        }
        let mut wire = self.ask(method, target, &all);
        let _ = wire.offer(body);
        let reply = Reply::read(&mut wire, method);
        self.keep(&reply);
        reply
    }

    /// Opens a connection and sends a request head with its cookies and these headers.
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Wire {
        let mut wire = self.server.connect();
        wire.send(self.head(method, target, headers));
        wire
    }

    /// The text of such a request head.
    pub fn head(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(cookies) = self.cookie_header(target) {
            head.push_str(&format!("Cookie: {cookies}\r\n"));
        }
        head.push_str("\r\n");
        head
    }

    /// The session's cookie for a URL.
    pub fn session_for(&self, target: &str) -> Option<&Cookie> {
        let mut own = self.cookies_for(target).into_iter();
        own.find(|cookie| cookie.name == "__Secure-lti")
    }

    /// The `Cookie` header for a URL (RFC 6265 §5.4): the longest paths first.
    fn cookie_header(&self, target: &str) -> Option<String> {
        let cookies = self.cookies_for(target);
        let pairs: Vec<String> =
            cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn cookies_for(&self, target: &str) -> Vec<&Cookie> {
        let path = target.split('?').next().unwrap_or_default();
        let mut cookies: Vec<&Cookie> =
            self.cookies.iter().filter(|cookie| is_below(path, &cookie.path)).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        cookies
    }

    /// Stores the cookies of a response. A cookie replaces another of the same name and path.
    fn keep(&mut self, reply: &Reply) {
        for line in reply.all("set-cookie") {
            let mut parts = line.split("; ");
            let pair = parts.next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie with a name");
            let attributes: Vec<&str> = parts.collect();
            let path = attributes.iter().find_map(|attribute| attribute.strip_prefix("Path="));
            let cookie =
                Cookie { name: name.into(), value: value.into(), path: path.unwrap_or("/").into() };
            self.cookies.retain(|known| (&known.name, &known.path) != (&cookie.name, &cookie.path));
            if !attributes.contains(&"Max-Age=0") {
                self.cookies.push(cookie);
            }
        }
    }
}

/// Whether a path matches the path of a cookie (RFC 6265 §5.1.4).
fn is_below(path: &str, cookie: &str) -> bool {
    path == cookie
        || path
            .strip_prefix(cookie)
            .is_some_and(|rest| cookie.ends_with('/') || rest.starts_with('/'))
}

/// Path and query of a URL.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    &rest[rest.find('/').expect("a path")..]
}
