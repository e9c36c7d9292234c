//! A WebSocket: bytes in both directions, until the session ends.
//!
//! The gateway passes frames unread. It follows their boundaries, so that it can end a WebSocket
//! with a Close frame that does not land inside another frame.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split,
};
use tokio::time::timeout;

use super::websocket_frame::{FrameBoundaries, close_frame};

/// The timeout for the second direction after the first has closed: both directions of a WebSocket
/// close together.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// The timeout for the end of a WebSocket: the rest of a frame, the Close frames, and the time in
/// which both sides read them and leave.
const END_TIMEOUT: Duration = Duration::from_secs(1);
/// The most bytes that each direction buffers.
const BUFFER: usize = 8 * 1024;

/// Why the gateway ends a WebSocket.
#[derive(Clone, Copy)]
pub(super) enum TunnelEnd {
    /// The gateway stops.
    Shutdown,
    /// The session expired, or a launch changed its roles.
    SessionEnded,
}

impl TunnelEnd {
    /// The status code of the Close frames (RFC 6455 §7.4.1).
    fn close_code(self) -> u16 {
        match self {
            // "Going away".
            Self::Shutdown => 1001,
            // "Policy violation".
            Self::SessionEnded => 1008,
        }
    }
}

/// Connects the two sides until both have closed, or until `end`. At the end, both sides receive a
/// Close frame, unless one is in the middle of a frame whose rest does not arrive.
///
/// It returns at most [`END_TIMEOUT`] after `end`.
pub(super) async fn tunnel<B, U>(browser: B, upstream: U, end: impl Future<Output = TunnelEnd>)
where
    B: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let (from_browser, to_browser) = split(browser);
    let (from_upstream, to_upstream) = split(upstream);
    let mut up = Direction::new(from_browser, to_upstream);
    let mut down = Direction::new(from_upstream, to_browser);
    let end = tokio::select! {
        () = copy_both(&mut up, &mut down) => return,
        end = end => end,
    };
    let code = end.close_code();
    // The gateway is the upstream's client, and a client masks (§5.1). A client without random
    // numbers sends no frame.
    let mut key = [0; 4];
    let masked = getrandom::fill(&mut key).ok().map(|()| close_frame(code, Some(key)));
    let unmasked = close_frame(code, None);
    let _ = timeout(END_TIMEOUT, async {
        tokio::join!(up.end(masked.as_deref()), down.end(Some(&unmasked)))
    })
    .await;
}

/// Copies bytes in both directions until both are closed, or until [`CLOSE_TIMEOUT`] after the
/// first. Errors are not reported: each side notices that the other has left.
async fn copy_both<A, B>(up: &mut Direction<A, B>, down: &mut Direction<B, A>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        () = up.copy() => {}
        () = down.copy() => {}
    }
    let _ = timeout(CLOSE_TIMEOUT, async { tokio::join!(up.finish(), down.finish()) }).await;
}

/// One direction of a WebSocket. Its state survives a dropped future of its methods: no byte is
/// lost or sent twice.
struct Direction<R, W> {
    from: ReadHalf<R>,
    to: WriteHalf<W>,
    buffer: Box<[u8]>,
    /// The bytes of the buffer that were read and not written.
    unwritten: std::ops::Range<usize>,
    /// The boundaries of the written frames.
    frames: FrameBoundaries,
    /// Whether the sender has closed, or one side has failed.
    has_ended: bool,
}

impl<R, W> Direction<R, W>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    fn new(from: ReadHalf<R>, to: WriteHalf<W>) -> Self {
        Self {
            from,
            to,
            buffer: vec![0; BUFFER].into(),
            unwritten: 0..0,
            frames: FrameBoundaries::new(),
            has_ended: false,
        }
    }

    /// Copies bytes until the sender closes or one side fails.
    async fn copy(&mut self) {
        while !self.has_ended {
            if self.step(usize::MAX).await.is_err() {
                self.has_ended = true;
            }
        }
    }

    /// Copies bytes to their end, and closes the receiver's side.
    async fn finish(&mut self) {
        self.copy().await;
        let _ = self.to.shutdown().await;
    }

    /// Sends a Close frame at the next boundary, closes the receiver's side, and reads until the
    /// sender closes. Without that reading, a TCP connection would be reset, and its peer could
    /// lose the Close frame.
    async fn end(&mut self, close: Option<&[u8]>) {
        let _ = self.send_close(close).await;
        let _ = self.to.shutdown().await;
        while self.from.read(&mut self.buffer).await.is_ok_and(|length| length > 0) {}
    }

    /// Passes the rest of the current frame and sends a Close frame. Sends none if the direction
    /// has already carried one, or if its boundaries are unknown.
    async fn send_close(&mut self, close: Option<&[u8]>) -> io::Result<()> {
        while !self.frames.is_at_boundary() {
            if self.has_ended || self.frames.is_lost() {
                return Ok(());
            }
            let unwritten = self.buffer.get(self.unwritten.clone()).unwrap_or_default();
            self.step(self.frames.rest_of_frame(unwritten)).await?;
        }
        if let Some(close) = close
            && !self.has_ended
            && !self.frames.has_close()
        {
            self.to.write_all(close).await?;
        }
        self.to.flush().await
    }

    /// Writes at most `limit` bytes of the buffer, or fills it if it is empty.
    async fn step(&mut self, limit: usize) -> io::Result<()> {
        if self.unwritten.is_empty() {
            // The receiver has everything before the gateway waits for more.
            self.to.flush().await?;
            let length = self.from.read(&mut self.buffer).await?;
            self.unwritten = 0..length;
            self.has_ended = length == 0;
            return Ok(());
        }
        let unwritten = self.buffer.get(self.unwritten.clone()).unwrap_or_default();
        let bytes = unwritten.get(..limit).unwrap_or(unwritten);
        let length = self.to.write(bytes).await?;
        if length == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.frames.pass(bytes.get(..length).unwrap_or(bytes));
        self.unwritten.start += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;
    use tokio::time::{Instant, sleep};

    use super::*;

    const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xE9];
    const POLICY_VIOLATION: [u8; 4] = [0x88, 0x02, 0x03, 0xF0];

    /// A tunnel, seen from both sides.
    struct Fixture {
        browser: DuplexStream,
        upstream: DuplexStream,
        end: oneshot::Sender<TunnelEnd>,
        tunnel: JoinHandle<Duration>,
    }

    impl Fixture {
        /// A tunnel whose connections hold `capacity` bytes in each direction.
        fn new(capacity: usize) -> Self {
            let (browser, browser_side) = duplex(capacity);
            let (upstream, upstream_side) = duplex(capacity);
            let (end, ended) = oneshot::channel();
            let end_or_never = async {
                match ended.await {
                    Ok(end) => end,
                    Err(_) => std::future::pending().await,
                }
            };
            let tunnel = tokio::spawn(async move {
                let start = Instant::now();
                tunnel(browser_side, upstream_side, end_or_never).await;
                start.elapsed()
            });
            Self { browser, upstream, end, tunnel }
        }

        /// Ends the tunnel. Returns the rest of what each side received, and the duration of the
        /// end. Each side closes as soon as the other has closed.
        async fn end(self, end: TunnelEnd) -> (Vec<u8>, Vec<u8>, Duration) {
            let Self { browser, upstream, end: sender, tunnel } = self;
            let start = Instant::now();
            assert!(sender.send(end).is_ok());
            let (browser, upstream) = tokio::join!(receive(browser), receive(upstream));
            tunnel.await.expect("no panic");
            (browser, upstream, start.elapsed())
        }
    }

    /// Reads to the end, then closes.
    async fn receive(mut side: DuplexStream) -> Vec<u8> {
        let mut received = Vec::new();
        side.read_to_end(&mut received).await.expect("no error");
        received
    }

    async fn expect(side: &mut DuplexStream, expected: &[u8]) {
        let mut received = vec![0; expected.len()];
        side.read_exact(&mut received).await.expect("the bytes");
        assert_eq!(received, expected);
    }

    /// Sends bytes from the browser to the upstream, which receives all of them.
    async fn send_up(fixture: &mut Fixture, bytes: &[u8]) {
        fixture.browser.write_all(bytes).await.expect("written");
        expect(&mut fixture.upstream, bytes).await;
    }

    /// Sends bytes from the upstream to the browser, which receives all of them.
    async fn send_down(fixture: &mut Fixture, bytes: &[u8]) {
        fixture.upstream.write_all(bytes).await.expect("written");
        expect(&mut fixture.browser, bytes).await;
    }

    /// Asserts that the bytes are one masked Close frame.
    fn check_masked(frame: &[u8], code: u16) {
        let &[0x88, 0x82, a, b, _, _, high, low] = frame else {
            panic!("{frame:x?} is no masked Close frame");
        };
        assert_eq!(u16::from_be_bytes([high ^ a, low ^ b]), code);
    }

    /// Longer than the buffers of a tunnel.
    fn long_message() -> Vec<u8> {
        let payload: Vec<u8> = (0..60_000_u16).map(|number| (number % 251) as u8).collect();
        let mut message = vec![0x82, 126];
        message.extend((payload.len() as u16).to_be_bytes());
        message.extend(payload);
        message
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_between_frames_sends_both_sides_a_close_frame_at_once() {
        for (end, unmasked, code) in [
            (TunnelEnd::Shutdown, GOING_AWAY, 1001),
            (TunnelEnd::SessionEnded, POLICY_VIOLATION, 1008),
        ] {
            for has_traffic in [false, true] {
                let mut fixture = Fixture::new(1024);
                if has_traffic {
                    send_up(&mut fixture, &[0x81, 0x81, 1, 2, 3, 4, 5]).await;
                    send_down(&mut fixture, &[0x81, 2, b'h', b'i', 0x8A, 0]).await;
                }
                let (browser, upstream, duration) = fixture.end(end).await;
                assert_eq!(browser, unmasked);
                check_masked(&upstream, code);
                assert_eq!(duration, Duration::ZERO);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn masking_keys_differ() {
        let mut keys = Vec::new();
        for _ in 0..2 {
            let (_, frame, _) = Fixture::new(64).end(TunnelEnd::Shutdown).await;
            keys.push(frame[2..6].to_vec());
        }
        assert_ne!(keys[0], keys[1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_close_frame_between_the_fragments_of_a_message_is_allowed() {
        let mut fixture = Fixture::new(64);
        send_down(&mut fixture, &[0x01, 1, b'a']).await;
        let (browser, _, duration) = fixture.end(TunnelEnd::Shutdown).await;
        assert_eq!((&browser[..], duration), (&GOING_AWAY[..], Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_within_a_frame_waits_for_its_rest() {
        // Split within the header, and within the payload. The next frame is not passed.
        for (sent, rest) in [(&[0x81][..], &[3, 1, 2, 3][..]), (&[0x81, 3, 1], &[2, 3])] {
            let mut fixture = Fixture::new(64);
            send_down(&mut fixture, sent).await;
            let Fixture { browser, mut upstream, end, tunnel } = fixture;
            let start = Instant::now();
            assert!(end.send(TunnelEnd::Shutdown).is_ok());
            let upstream = async {
                let mut close = [0; 8];
                upstream.read_exact(&mut close).await.expect("a Close frame at once");
                assert_eq!(start.elapsed(), Duration::ZERO);
                check_masked(&close, 1001);
                sleep(Duration::from_millis(900)).await;
                upstream.write_all(&[rest, &[0x81, 1, 7]].concat()).await.expect("written");
                receive(upstream).await
            };
            let (browser, upstream) = tokio::join!(receive(browser), upstream);
            assert_eq!(browser, [rest, &GOING_AWAY].concat());
            assert!(upstream.is_empty());
            tunnel.await.expect("no panic");
            assert_eq!(start.elapsed(), Duration::from_millis(900));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_within_a_frame_of_the_browser_waits_for_its_rest() {
        let mut fixture = Fixture::new(64);
        send_up(&mut fixture, &[0x81, 0x82, 1, 2]).await;
        let Fixture { mut browser, upstream, end, tunnel } = fixture;
        assert!(end.send(TunnelEnd::SessionEnded).is_ok());
        let browser = async {
            expect(&mut browser, &POLICY_VIOLATION).await;
            browser.write_all(&[3, 4, 5, 6]).await.expect("written");
            receive(browser).await
        };
        let (_, upstream) = tokio::join!(browser, receive(upstream));
        assert_eq!(upstream[..4], [3, 4, 5, 6]);
        check_masked(&upstream[4..], 1008);
        tunnel.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_within_a_frame_without_its_rest_closes_after_one_second() {
        let mut fixture = Fixture::new(64);
        send_down(&mut fixture, &[0x81, 3, 1]).await;
        let (browser, upstream, duration) = fixture.end(TunnelEnd::Shutdown).await;
        assert_eq!(browser, [0_u8; 0], "no Close frame in a payload");
        check_masked(&upstream, 1001);
        // The upstream closes at once, so that its frame can no longer be completed.
        assert_eq!(duration, Duration::ZERO);

        let mut fixture = Fixture::new(64);
        send_down(&mut fixture, &[0x81, 3, 1]).await;
        let Fixture { browser, mut upstream, end, tunnel } = fixture;
        let start = Instant::now();
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        let browser = receive(browser).await;
        assert_eq!(browser, [0_u8; 0], "no Close frame in a payload");
        assert_eq!(start.elapsed(), END_TIMEOUT);
        tunnel.await.expect("no panic");
        let mut close = Vec::new();
        upstream.read_to_end(&mut close).await.expect("closed");
        check_masked(&close, 1001);
    }

    #[tokio::test(start_paused = true)]
    async fn a_direction_that_has_carried_a_close_frame_receives_no_second_one() {
        let mut fixture = Fixture::new(64);
        send_down(&mut fixture, &POLICY_VIOLATION).await;
        let (browser, upstream, _) = fixture.end(TunnelEnd::Shutdown).await;
        assert_eq!(browser, [0_u8; 0]);
        check_masked(&upstream, 1001);

        let mut fixture = Fixture::new(64);
        let close = close_frame(1000, Some([1, 2, 3, 4]));
        send_up(&mut fixture, &close).await;
        let (browser, upstream, _) = fixture.end(TunnelEnd::Shutdown).await;
        assert_eq!(browser, GOING_AWAY);
        assert_eq!(upstream, [0_u8; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unfinished_close_frame_is_completed() {
        let mut fixture = Fixture::new(64);
        send_up(&mut fixture, &[0x88, 0x80, 1]).await;
        let Fixture { mut browser, upstream, end, tunnel } = fixture;
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        browser.write_all(&[2, 3, 4]).await.expect("written");
        let (browser, upstream) = tokio::join!(receive(browser), receive(upstream));
        assert_eq!(browser, GOING_AWAY);
        assert_eq!(upstream, [2, 3, 4]);
        tunnel.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn streams_without_frames_pass_and_end_without_a_close_frame() {
        let streams: [&[u8]; 3] = [
            b"SSH-2.0-neither frames nor lengths\r\n",
            &[0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x88, 0],
            &[0x81, 1, 0, 0x0F, 0x81, 0, 0x81, 0],
        ];
        for stream in streams {
            let mut fixture = Fixture::new(64);
            send_down(&mut fixture, stream).await;
            send_up(&mut fixture, stream).await;
            send_down(&mut fixture, stream).await;
            let (browser, upstream, duration) = fixture.end(TunnelEnd::Shutdown).await;
            assert!(browser.is_empty() && upstream.is_empty(), "{stream:x?}");
            assert_eq!(duration, Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_does_not_close_delays_the_end_by_one_second() {
        let Fixture { mut browser, upstream, end, tunnel } = Fixture::new(64);
        let start = Instant::now();
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        receive(upstream).await;
        tunnel.await.expect("no panic");
        assert_eq!(start.elapsed(), END_TIMEOUT);
        expect(&mut browser, &GOING_AWAY).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_never_stops_to_send_delays_the_end_by_one_second() {
        let Fixture { mut browser, upstream, end, tunnel } = Fixture::new(64);
        let sender = tokio::spawn(async move {
            while browser.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.is_ok() {
                sleep(Duration::from_millis(1)).await;
            }
        });
        let reader = tokio::spawn(receive(upstream));
        sleep(Duration::from_millis(10)).await;
        let start = Instant::now();
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        tunnel.await.expect("no panic");
        assert_eq!(start.elapsed(), END_TIMEOUT);
        sender.await.expect("no panic");
        let received = reader.await.expect("no panic");
        check_masked(&received[received.len() - 8..], 1001);
    }

    #[tokio::test(start_paused = true)]
    async fn a_blocked_browser_delays_the_end_by_one_second() {
        let Fixture { browser, mut upstream, end, tunnel } = Fixture::new(64);
        let message = long_message();
        // The browser reads nothing: the message does not fit into the connections.
        let sending = upstream.write_all(&message);
        assert!(timeout(Duration::from_millis(1), sending).await.is_err());
        let start = Instant::now();
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        tunnel.await.expect("no panic");
        assert_eq!(start.elapsed(), END_TIMEOUT);
        assert_eq!(receive(browser).await, message[..64]);
        let mut close = Vec::new();
        upstream.read_to_end(&mut close).await.expect("closed");
        check_masked(&close, 1001);
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_has_left_does_not_delay_the_other_sides_close_frame() {
        let Fixture { browser, upstream, end, tunnel } = Fixture::new(64);
        drop(upstream);
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        let start = Instant::now();
        receive(browser).await;
        tunnel.await.expect("no panic");
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_receives_everything_and_stops_the_sender() {
        let Fixture { mut browser, mut upstream, end, tunnel } = Fixture::new(64);
        let message = long_message();
        let mut sent = 0;
        while let Ok(written) =
            timeout(Duration::from_millis(1), upstream.write(&message[sent..])).await
        {
            sent += written.expect("written");
        }
        assert!(sent <= BUFFER + 2 * 64, "the tunnel buffered {sent} bytes");
        let rest = message[sent..].to_vec();
        let sender = tokio::spawn(async move {
            upstream.write_all(&rest).await.expect("written");
            upstream
        });
        let mut received: Vec<u8> = Vec::new();
        while received.len() < message.len() {
            sleep(Duration::from_millis(20)).await;
            let mut piece = [0; 100];
            let length = browser.read(&mut piece).await.expect("read");
            assert!(length > 0);
            received.extend(&piece[..length]);
        }
        assert!(received == message);
        let upstream = sender.await.expect("sent");
        let fixture = Fixture { browser, upstream, end, tunnel };
        let (browser, _, _) = fixture.end(TunnelEnd::Shutdown).await;
        assert_eq!(browser, GOING_AWAY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_receives_the_rest_of_the_frame_before_the_close_frame() {
        let Fixture { mut browser, mut upstream, end, tunnel } = Fixture::new(64);
        let message = long_message();
        let sender = tokio::spawn({
            let message = message.clone();
            async move {
                upstream.write_all(&message).await.expect("written");
                receive(upstream).await
            }
        });
        expect(&mut browser, &message[..1000]).await;
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        let received = receive(browser).await;
        assert!(received == [&message[1000..], &GOING_AWAY].concat());
        check_masked(&sender.await.expect("sent"), 1001);
        tunnel.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_direction_has_ten_seconds_after_the_first_has_closed() {
        let Fixture { mut browser, mut upstream, end: _end, tunnel } = Fixture::new(64);
        browser.shutdown().await.expect("closed");
        let start = Instant::now();
        let mut nothing = Vec::new();
        upstream.read_to_end(&mut nothing).await.expect("the end");
        assert!(nothing.is_empty());
        sleep(Duration::from_secs(9)).await;
        upstream.write_all(&[0x81, 1, 7]).await.expect("still open");
        expect(&mut browser, &[0x81, 1, 7]).await;
        assert_eq!(receive(browser).await, [0_u8; 0]);
        assert_eq!(start.elapsed(), CLOSE_TIMEOUT);
        assert_eq!(tunnel.await.expect("no panic"), CLOSE_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_ends_when_both_directions_have_closed() {
        let Fixture { mut browser, upstream, end: _end, tunnel } = Fixture::new(64);
        browser.shutdown().await.expect("closed");
        assert_eq!(receive(upstream).await, [0_u8; 0]);
        assert_eq!(tunnel.await.expect("no panic"), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_after_one_direction_has_closed_sends_the_other_a_close_frame() {
        let Fixture { mut browser, mut upstream, end, tunnel } = Fixture::new(64);
        browser.shutdown().await.expect("closed");
        assert_eq!(upstream.read(&mut [0]).await.expect("no error"), 0);
        assert!(end.send(TunnelEnd::Shutdown).is_ok());
        assert_eq!(receive(browser).await, GOING_AWAY);
        assert_eq!(receive(upstream).await, [0_u8; 0]);
        assert_eq!(tunnel.await.expect("no panic"), Duration::ZERO);
    }
}
