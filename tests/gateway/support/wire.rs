//! One end of a connection, read and written byte by byte: the browser's or the upstream's.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// The timeout of reads and writes. No test measures with it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A connection, with the bytes that were read but not used yet.
pub struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// The head of a message: first line and headers, as they arrived.
#[derive(Clone, Debug)]
pub struct Head {
    /// All bytes, including the empty line at the end.
    pub raw: Vec<u8>,
}

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes, without the chunked framing.
    pub bytes: Vec<u8>,
    /// Whether the body arrived up to its announced end, or has none.
    pub complete: bool,
}

impl Wire {
    /// Wraps a connection.
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        stream.set_write_timeout(Some(TIMEOUT)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, unread: Vec::new() }
    }

    /// Opens a connection.
    pub fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).expect("a connection"))
    }

    /// Sends bytes. Panics if the other side does not read them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.offer(bytes).expect("the other side reads");
    }

    /// Sends bytes. The other side may refuse them.
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Closes the sending half; reading goes on.
    pub fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes the connection, also for its clones.
    pub fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Closes with unread data, which resets the connection.
    pub fn reset(self) {
        assert_eq!(self.stream.peek(&mut [0]).expect("unread data"), 1);
    }

    /// Limits what the system keeps for this end of the connection.
    #[cfg(target_os = "linux")]
    pub fn limit_buffers(&self) {
        use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
        set_socket_recv_buffer_size(&self.stream, 1 << 16).expect("a size");
        set_socket_send_buffer_size(&self.stream, 1 << 16).expect("a size");
    }

    /// A clone of the connection, to write while this one reads.
    pub fn second(&self) -> Self {
        Self::new(self.stream.try_clone().expect("a clone"))
    }

    /// The next head. `None` if the other side closed before it began.
    #[track_caller]
    pub fn head(&mut self) -> Option<Head> {
        let raw = self.through(b"\r\n\r\n");
        if raw.is_empty() {
            return None;
        }
        assert!(
            raw.ends_with(b"\r\n\r\n"),
            "the head is incomplete: {}",
            String::from_utf8_lossy(&raw)
        );
        Some(Head { raw })
    }

    /// The body after a head. The body of a response without a length ends with the connection.
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

    /// The next chunk of a body. The last one is empty; `None` means that the body is truncated.
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

    /// This many bytes, or fewer if the other side closed.
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

    /// Whether the other side closed and all bytes are read.
    pub fn is_over(&mut self) -> bool {
        self.unread.is_empty() && !self.fill()
    }

    /// The bytes up to and including the first mark; all bytes if the mark does not arrive.
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

    /// Reads more. `false` if the connection is closed or reset. Panics after the timeout.
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
                assert!(
                    !late,
                    "timeout; received so far: {}",
                    String::from_utf8_lossy(&self.unread)
                );
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

    /// The headers in order: names in lower case, and values.
    pub fn headers(&self) -> Vec<(String, String)> {
        let headers = self.lines().skip(1).collect::<Vec<_>>();
        let headers = headers.iter().filter_map(|line| line.split_once(':'));
        headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches(' ').to_owned()))
            .collect()
    }

    /// The values of a header. `name` is in lower case.
    pub fn all(&self, name: &str) -> Vec<String> {
        let same = self.headers().into_iter().filter(|(known, _)| known == name);
        same.map(|(_, value)| value).collect()
    }

    /// The value of a header that occurs at most once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut all = self.all(name);
        assert!(all.len() <= 1, "{name} occurs {} times", all.len());
        all.pop()
    }

    /// Whether the head contains these bytes.
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
