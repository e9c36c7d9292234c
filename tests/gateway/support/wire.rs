//! One end of a connection, read and written byte by byte: a browser's to the gateway, or an upstream's.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for what has to come. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, and what of it was read too early.
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// The first line and the headers of a message, as they came.
#[derive(Clone, Debug)]
pub struct Head {
    /// All bytes, with the empty line at the end.
    pub raw: Vec<u8>,
}

/// What follows a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes, without the framing of chunks.
    pub bytes: Vec<u8>,
    /// Whether it came to the end that it announced, or announced none.
    pub complete: bool,
}

impl Wire {
    /// Takes a connection over.
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, unread: Vec::new() }
    }

    /// Opens a connection.
    pub fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).expect("a connection"))
    }

    /// Sends bytes that the other side has to take.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.offer(bytes).expect("the other side reads");
    }

    /// Sends bytes that the other side may refuse.
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that nothing more comes, and reads on.
    pub fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes, also for other hands.
    pub fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Closes with something unread, which resets the connection.
    pub fn reset(self) {
        assert_eq!(self.stream.peek(&mut [0]).expect("something to leave unread"), 1);
    }

    /// Another hand on the same connection, to write while this one reads.
    pub fn second(&self) -> Self {
        Self::new(self.stream.try_clone().expect("a second hand"))
    }

    /// The next head. `None` where the other side closed before one began.
    #[track_caller]
    pub fn head(&mut self) -> Option<Head> {
        let raw = self.through(b"\r\n\r\n");
        if raw.is_empty() {
            return None;
        }
        assert!(raw.ends_with(b"\r\n\r\n"), "a whole head: {}", String::from_utf8_lossy(&raw));
        Some(Head { raw })
    }

    /// The body that belongs to a head. One without a length ends with the connection, if the message is an answer.
    pub fn body(&mut self, head: &Head) -> Body {
        if head.all("transfer-encoding").iter().any(|coding| coding.eq_ignore_ascii_case("chunked"))
        {
            let mut bytes = Vec::new();
            loop {
                match self.chunk() {
                    None => return Body { bytes, complete: false },
                    Some(chunk) if chunk.is_empty() => return Body { bytes, complete: true },
                    Some(chunk) => bytes.extend(chunk),
                }
            }
        }
        match head.all("content-length").first().and_then(|length| length.parse().ok()) {
            Some(length) => {
                let bytes = self.at_most(length);
                Body { complete: bytes.len() == length, bytes }
            }
            None if head.raw.starts_with(b"HTTP/") => Body { bytes: self.rest(), complete: true },
            None => Body { bytes: Vec::new(), complete: true },
        }
    }

    /// The next chunk of a body; empty for the last one, `None` where the body broke off.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.through(b"\r\n");
        let line = String::from_utf8(line.strip_suffix(b"\r\n")?.to_vec()).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?, 16).ok()?;
        let mut bytes = self.at_most(size + 2);
        if bytes.len() < size + 2 {
            return None;
        }
        bytes.truncate(size);
        Some(bytes)
    }

    /// This many bytes, or fewer where the other side closed before.
    pub fn at_most(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count && self.fill() {}
        let rest = self.unread.split_off(count.min(self.unread.len()));
        std::mem::replace(&mut self.unread, rest)
    }

    /// Everything until the other side closes.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }

    /// Whether the other side closed and nothing is left to read.
    pub fn is_over(&mut self) -> bool {
        self.unread.is_empty() && !self.fill()
    }

    /// What comes up to the first of these marks, with it; without one, everything.
    fn through(&mut self, mark: &[u8]) -> Vec<u8> {
        let mut from = 0;
        loop {
            let found = self.unread[from..].windows(mark.len()).position(|window| window == mark);
            if let Some(at) = found {
                let rest = self.unread.split_off(from + at + mark.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            from = self.unread.len().saturating_sub(mark.len() - 1);
            if !self.fill() {
                return std::mem::take(&mut self.unread);
            }
        }
    }

    /// Reads more. A connection that was reset is closed as well; one on which nothing comes fails the test.
    #[track_caller]
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 65536];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => {
                let late =
                    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                assert!(!late, "nothing came; so far: {}", String::from_utf8_lossy(&self.unread));
                false
            }
        }
    }
}

impl Head {
    /// The first line.
    pub fn line(&self) -> String {
        self.lines().next().unwrap_or_default()
    }

    /// Names in lower case, and values, in the order in which they came.
    pub fn headers(&self) -> Vec<(String, String)> {
        let headers = self.lines().skip(1).collect::<Vec<_>>();
        let headers = headers.iter().filter_map(|line| line.split_once(':'));
        headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches(' ').to_owned()))
            .collect()
    }

    /// The values of a header, whose name is given in lower case.
    pub fn all(&self, name: &str) -> Vec<String> {
        let same = self.headers().into_iter().filter(|(known, _)| known == name);
        same.map(|(_, value)| value).collect()
    }

    /// The value of a header that is there at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut all = self.all(name);
        assert!(all.len() <= 1, "{name} is there {} times", all.len());
        all.pop()
    }

    /// Whether these bytes are anywhere in it.
    pub fn contains(&self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        self.raw.windows(bytes.len()).any(|window| window == bytes)
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.raw.split(|byte| *byte == b'\n').map(|line| {
            String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
        })
    }
}
