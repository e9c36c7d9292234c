//! The boundaries between the frames of a WebSocket (RFC 6455 §5.2), found in a stream of bytes.
//!
//! Only the headers of frames are read. Payloads are counted: they are neither stored nor unmasked.

/// The opcode of a Close frame (§5.2).
const CLOSE: u8 = 0x8;
/// The bit that marks the last frame of a message.
const FINAL: u8 = 0x80;
/// The bit of an opcode that marks a control frame.
const CONTROL: u8 = 0x8;
/// The bit that marks a masked payload.
const MASKED: u8 = 0x80;
/// The length of a masking key, in bytes.
const MASKING_KEY: u64 = 4;
/// The longest payload of a control frame, in bytes (§5.5).
const LONGEST_CONTROL_PAYLOAD: u8 = 125;

/// Follows one direction of a WebSocket from frame to frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameBoundaries {
    position: Position,
    has_close: bool,
}

/// The place of the next byte in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// The first byte of a frame: FIN, RSV and the opcode.
    Boundary,
    /// The second byte: the mask bit and the first length.
    SecondByte { is_control: bool },
    /// A byte of the extended length. `missing` bytes of it have not arrived.
    ExtendedLength { is_masked: bool, missing: u8, length: u64 },
    /// A byte of the masking key or the payload. `missing` bytes of both have not arrived.
    Rest { missing: u64 },
    /// The stream has no frames. This position is final.
    NotFrames,
}

impl FrameBoundaries {
    /// The boundaries of a stream that begins with a frame.
    pub(super) fn new() -> Self {
        Self { position: Position::Boundary, has_close: false }
    }

    /// Whether the next byte is the first of a frame.
    pub(super) fn is_at_boundary(self) -> bool {
        self.position == Position::Boundary
    }

    /// Whether the stream violates the framing. Its boundaries are then unknown forever.
    pub(super) fn is_lost(self) -> bool {
        self.position == Position::NotFrames
    }

    /// Whether a Close frame has begun.
    pub(super) fn has_close(self) -> bool {
        self.has_close
    }

    /// The number of `bytes` up to the next boundary: all of them if it is not among them. 0 only
    /// at a boundary or without `bytes`.
    pub(super) fn rest_of_frame(mut self, bytes: &[u8]) -> usize {
        if self.is_at_boundary() { 0 } else { self.pass_one(bytes) }
    }

    /// Moves past these bytes of the stream.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let passed = self.pass_one(bytes);
            bytes = bytes.get(passed..).unwrap_or_default();
        }
    }

    /// Moves past the bytes up to the next boundary, at least one if there is one. Returns their
    /// number.
    fn pass_one(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some(byte) = bytes.get(passed) {
            match self.position {
                Position::NotFrames => return bytes.len(),
                Position::Rest { missing } => {
                    let available = bytes.len() - passed;
                    let step = usize::try_from(missing).map_or(available, |it| it.min(available));
                    self.position = Position::rest(missing.saturating_sub(step as u64));
                    passed += step;
                }
                _ => {
                    self.pass_header_byte(*byte);
                    passed += 1;
                }
            }
            if self.is_at_boundary() {
                break;
            }
        }
        passed
    }

    /// Moves past one byte of a frame's header before the masking key.
    fn pass_header_byte(&mut self, byte: u8) {
        self.position = match self.position {
            Position::Boundary => {
                let (opcode, is_final) = (byte & 0x0F, byte & FINAL != 0);
                self.has_close |= opcode == CLOSE && is_final;
                Position::after_first_byte(opcode, is_final)
            }
            Position::SecondByte { is_control } => Position::after_second_byte(byte, is_control),
            Position::ExtendedLength { is_masked, missing, length } => {
                let length = (length << 8) | u64::from(byte);
                match missing.saturating_sub(1) {
                    0 => Position::after_header(length, is_masked),
                    missing => Position::ExtendedLength { is_masked, missing, length },
                }
            }
            position @ (Position::Rest { .. } | Position::NotFrames) => position,
        };
    }
}

impl Position {
    /// Reserved opcodes and fragments of control frames are violations. The RSV bits belong to
    /// extensions, such as compression.
    fn after_first_byte(opcode: u8, is_final: bool) -> Self {
        match opcode {
            0x0..=0x2 => Self::SecondByte { is_control: false },
            0x8..=0xA if is_final => Self::SecondByte { is_control: opcode & CONTROL != 0 },
            _ => Self::NotFrames,
        }
    }

    fn after_second_byte(byte: u8, is_control: bool) -> Self {
        let (is_masked, length) = (byte & MASKED != 0, byte & !MASKED);
        match length {
            ..=LONGEST_CONTROL_PAYLOAD => Self::after_header(u64::from(length), is_masked),
            _ if is_control => Self::NotFrames,
            126 => Self::ExtendedLength { is_masked, missing: 2, length: 0 },
            _ => Self::ExtendedLength { is_masked, missing: 8, length: 0 },
        }
    }

    /// A length of 64 bits must not use the first one.
    fn after_header(length: u64, is_masked: bool) -> Self {
        let key = if is_masked { MASKING_KEY } else { 0 };
        match length.checked_add(key) {
            Some(missing) if length >> 63 == 0 => Self::rest(missing),
            _ => Self::NotFrames,
        }
    }

    fn rest(missing: u64) -> Self {
        if missing == 0 { Self::Boundary } else { Self::Rest { missing } }
    }
}

/// A Close frame with this status code, masked if there is a key (§5.3, §5.5.1).
pub(super) fn close_frame(code: u16, masking_key: Option<[u8; 4]>) -> Vec<u8> {
    let payload = code.to_be_bytes();
    let mut frame = vec![FINAL | CLOSE];
    match masking_key {
        None => {
            frame.push(2);
            frame.extend(payload);
        }
        Some(key) => {
            frame.push(MASKED | 2);
            frame.extend(key);
            frame.extend(payload.iter().zip(key).map(|(byte, key)| byte ^ key));
        }
    }
    frame
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A frame with this payload length, encoded in its shortest form.
    fn frame(first: u8, length: usize, is_masked: bool) -> Vec<u8> {
        let mask = if is_masked { MASKED } else { 0 };
        let mut frame = vec![first];
        match length {
            ..=125 => frame.push(mask | length as u8),
            126..=0xFFFF => {
                frame.push(mask | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        if is_masked {
            frame.extend([0x81, 0x00, 0xFF, 0x88]);
        }
        // A payload that looks like headers.
        frame.extend([0x88, 0x82, 0xFF, 0x81, 0x7F].into_iter().cycle().take(length));
        frame
    }

    /// The boundaries of a stream that arrives in these pieces. A stream begins at one.
    fn boundaries<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<usize> {
        let (mut followed, mut found, mut at) = (FrameBoundaries::new(), Vec::new(), 0);
        for mut piece in pieces {
            while !piece.is_empty() {
                let passed = followed.pass_one(piece);
                assert!(passed > 0);
                at += passed;
                piece = &piece[passed..];
                if followed.is_at_boundary() {
                    found.push(at);
                }
            }
        }
        found
    }

    #[test]
    fn a_frame_ends_after_its_payload_in_every_form_of_the_length() {
        let lengths = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65_535, 65_536, 70_000];
        for length in lengths {
            for is_masked in [false, true] {
                // Continuation, text, binary; unfinished; compressed.
                for first in [0x80, 0x81, 0x82, 0x00, 0x01, 0x02, 0xC1, 0xF2] {
                    let frame = frame(first, length, is_masked);
                    let end = [frame.len()];
                    let case = format!("{first:#x}, {length} bytes, masked: {is_masked}");
                    assert_eq!(boundaries([&frame[..]]), end, "{case}");
                    // Split at every byte of the header, in the payload and at the end.
                    let splits = (0..frame.len().min(20)).chain([frame.len() / 2, frame.len() - 1]);
                    for split in splits {
                        let (one, other) = frame.split_at(split);
                        assert_eq!(boundaries([one, other]), end, "{case}, split at {split}");
                    }
                    assert_eq!(boundaries(frame.chunks(1)), end, "{case}, in single bytes");
                }
            }
        }
    }

    #[test]
    fn a_length_may_be_longer_than_necessary() {
        check_position(&[0x81, 126, 0, 1], Position::Rest { missing: 1 });
        check_position(&[0x81, 127, 0, 0, 0, 0, 0, 0, 0, 1], Position::Rest { missing: 1 });
        check_position(&[0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0], Position::Boundary);
    }

    #[test]
    fn a_masking_key_belongs_to_its_frame() {
        check_position(&[0x81, 0x80], Position::Rest { missing: 4 });
        check_position(&[0x81, 0x80, 1, 2, 3], Position::Rest { missing: 1 });
        check_position(&[0x81, 0x80, 1, 2, 3, 4], Position::Boundary);
        check_position(&[0x81, 0x82, 1, 2, 3, 4], Position::Rest { missing: 2 });
    }

    #[test]
    fn the_longest_frame_overflows_nothing() {
        let longest = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        check_position(&longest, Position::Rest { missing: (1 << 63) + 3 });
    }

    #[test]
    fn a_violation_is_final() {
        let violations: [&[u8]; 9] = [
            // The first bit of a length of 64 bits.
            &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0],
            &[0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            // Reserved opcodes.
            &[0x83],
            &[0x07],
            &[0x8B],
            &[0xFF],
            // A fragment of a control frame, and two that are too long.
            &[0x08],
            &[0x88, 126],
            &[0x89, 0xFF],
        ];
        for violation in violations {
            let mut followed = FrameBoundaries::new();
            followed.pass(violation);
            assert!(followed.is_lost(), "{violation:x?}");
            followed.pass(&[0x81, 0, 0x81, 0, 0]);
            assert!(followed.is_lost() && !followed.is_at_boundary(), "{violation:x?}");
            assert_eq!(followed.rest_of_frame(&[0x81, 0]), 2, "{violation:x?}");
        }
    }

    fn check_position(bytes: &[u8], expected: Position) {
        let mut followed = FrameBoundaries::new();
        followed.pass(bytes);
        assert_eq!(followed.position, expected, "{bytes:x?}");
    }

    #[test]
    fn the_first_byte_of_a_close_frame_reports_it() {
        for (bytes, expected) in [
            (&[][..], false),
            (&[0x81, 1, 0x88], false),
            (&[0x89, 0, 0x8A, 0], false),
            (&[0x81, 1, 0, 0x88], true),
            (&[0x88, 2, 3, 0xE8], true),
            (&[0x88, 0x80, 0, 0, 0, 0], true),
        ] {
            let mut followed = FrameBoundaries::new();
            followed.pass(bytes);
            assert_eq!(followed.has_close(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn the_rest_of_a_frame_ends_at_its_boundary() {
        let mut followed = FrameBoundaries::new();
        assert_eq!(followed.rest_of_frame(&[0x81, 1, 0]), 0);
        followed.pass(&[0x81]);
        for (bytes, expected) in
            [(&[][..], 0), (&[3], 1), (&[3, 1], 2), (&[3, 1, 2, 3], 4), (&[3, 1, 2, 3, 0x81], 4)]
        {
            assert_eq!(followed.rest_of_frame(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_close_frame_has_these_bytes() {
        assert_eq!(close_frame(1001, None), [0x88, 0x02, 0x03, 0xE9]);
        assert_eq!(close_frame(1008, None), [0x88, 0x02, 0x03, 0xF0]);
        let masked = close_frame(1001, Some([0x01, 0xFF, 0x30, 0x40]));
        assert_eq!(masked, [0x88, 0x82, 0x01, 0xFF, 0x30, 0x40, 0x02, 0x16]);
        for frame in [close_frame(1001, None), masked] {
            assert_eq!(boundaries([&frame[..]]), [frame.len()]);
        }
    }

    proptest! {
        #[test]
        fn any_split_of_frames_gives_the_same_boundaries(
            frames in vec((0usize..300, any::<bool>(), 0u8..3, any::<bool>()), 1..12),
            cuts in vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let (mut stream, mut expected) = (Vec::new(), Vec::new());
            for (length, is_masked, opcode, is_final) in frames {
                let first = opcode | if is_final { FINAL } else { 0 };
                stream.extend(frame(first, length, is_masked));
                expected.push(stream.len());
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
            prop_assert_eq!(boundaries(pieces), expected);
        }

        #[test]
        fn any_bytes_in_any_split_end_at_the_same_position(
            bytes in vec(any::<u8>(), 0..200),
            size in 1usize..20,
        ) {
            let mut whole = FrameBoundaries::new();
            whole.pass(&bytes);
            let mut split = FrameBoundaries::new();
            for piece in bytes.chunks(size) {
                split.pass(piece);
            }
            prop_assert_eq!(whole, split);
        }
    }
}
