//! Frames: every request and response is preceded by its length in four bytes.

use std::fmt;

use bytes::{Bytes, BytesMut};

/// Bytes of the length that precedes a frame.
pub const LENGTH_PREFIX: usize = 4;

/// How many bytes to make room for at once while a frame is incomplete. More than that is only
/// reserved once as much has arrived, so that a length alone never costs memory.
const RESERVE_STEP: usize = 64 * 1024;

/// Bytes of a refused frame that its error keeps.
const HEAD_LENGTH: usize = 16;

/// Cuts the bytes of a connection into frames.
///
/// ```
/// use bytes::BytesMut;
/// use milena_protocol::frame::FrameDecoder;
///
/// let mut decoder = FrameDecoder::new(1024);
/// let mut received = BytesMut::from(&[0, 0, 0, 2, b'h', b'i', 0, 0][..]);
/// assert_eq!(decoder.decode(&mut received)?.as_deref(), Some(&b"hi"[..]));
/// assert_eq!(decoder.decode(&mut received)?, None);
/// # Ok::<(), milena_protocol::frame::FrameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameDecoder {
    max: usize,
}

impl FrameDecoder {
    /// Accepts frames of up to `max` bytes, the length prefix not counted.
    pub fn new(max: usize) -> Self {
        Self { max }
    }

    /// The longest frame accepted.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Changes the longest frame accepted: a low bound suits a peer that has not yet said who it
    /// is, a higher one what was negotiated.
    pub fn set_max(&mut self, max: usize) {
        self.max = max;
    }

    /// Takes the next frame out of `received`, without its length prefix.
    ///
    /// `None` means that more bytes are needed; `received` then has room for some of them.
    ///
    /// # Errors
    /// If the peer announces a frame that is too large or of negative length. The connection is of
    /// no use afterwards.
    pub fn decode(&mut self, received: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        let Some(prefix) = received.first_chunk::<LENGTH_PREFIX>() else {
            received.reserve(LENGTH_PREFIX);
            return Ok(None);
        };
        let length = i32::from_be_bytes(*prefix);
        let Ok(length) = usize::try_from(length) else {
            return Err(FrameError::Negative { length, head: FrameHead::of(received) });
        };
        if length > self.max {
            return Err(FrameError::TooLarge {
                length: u32::from_be_bytes(*prefix),
                max: self.max,
                head: FrameHead::of(received),
            });
        }
        let whole = LENGTH_PREFIX + length;
        if received.len() < whole {
            let missing = whole - received.len();
            received.reserve(missing.min(received.len().max(RESERVE_STEP)));
            return Ok(None);
        }
        let mut frame = received.split_to(whole).freeze();
        drop(frame.split_to(LENGTH_PREFIX));
        Ok(Some(frame))
    }
}

/// The bytes of a connection cannot be cut into frames.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The announced length is above the limit.
    #[error(
        "a frame of {length} bytes was announced, at most {max} are accepted{}; it starts with {head}",
        hint(head)
    )]
    TooLarge {
        /// The announced length.
        length: u32,
        /// The longest frame accepted.
        max: usize,
        /// What the connection holds from the length on.
        head: FrameHead,
    },
    /// The announced length is below zero.
    #[error(
        "a frame of negative length {length} was announced{}; it starts with {head}",
        hint(head)
    )]
    Negative {
        /// The announced length.
        length: i32,
        /// What the connection holds from the length on.
        head: FrameHead,
    },
}

impl FrameError {
    /// What the connection holds from the refused length on.
    pub fn head(&self) -> &FrameHead {
        match self {
            Self::TooLarge { head, .. } | Self::Negative { head, .. } => head,
        }
    }

    /// Whose bytes these are, if they look like those of another protocol.
    pub fn looks_like(&self) -> Option<ForeignPeer> {
        ForeignPeer::recognise(self.head().as_bytes())
    }
}

fn hint(head: &FrameHead) -> String {
    ForeignPeer::recognise(head.as_bytes()).map_or_else(String::new, |peer| format!(" ({peer})"))
}

/// A peer that speaks something else than the Kafka protocol, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignPeer {
    /// An HTTP server or client.
    Http,
    /// A TLS record: the other side expects or speaks TLS, this side does not.
    Tls,
}

impl ForeignPeer {
    /// Looks at the first bytes a peer sent.
    pub fn recognise(bytes: &[u8]) -> Option<Self> {
        const HTTP: [&[u8]; 10] = [
            b"HTTP", b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN",
            b"PRI ",
        ];
        // A TLS record starts with its type (0x15 alert, 0x16 handshake) and version 3.x.
        match bytes {
            [0x15 | 0x16, 0x03, ..] => Some(Self::Tls),
            _ if HTTP.iter().any(|start| bytes.starts_with(start)) => Some(Self::Http),
            _ => None,
        }
    }
}

impl fmt::Display for ForeignPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "these are bytes of HTTP: is this the port of a Kafka listener?",
            Self::Tls => {
                "this is a TLS record: one side of the connection speaks TLS, the other does not"
            }
        })
    }
}

/// The first bytes of something that is not a frame, kept for the error message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FrameHead {
    bytes: [u8; HEAD_LENGTH],
    length: u8,
}

impl FrameHead {
    fn of(received: &[u8]) -> Self {
        let taken = &received[..received.len().min(HEAD_LENGTH)];
        let mut bytes = [0; HEAD_LENGTH];
        bytes[..taken.len()].copy_from_slice(taken);
        Self { bytes, length: taken.len() as u8 }
    }

    /// The bytes, at least the four of the length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Display for FrameHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl fmt::Debug for FrameHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(max: usize, bytes: &[u8]) -> Result<Option<Bytes>, FrameError> {
        FrameDecoder::new(max).decode(&mut BytesMut::from(bytes))
    }

    #[test]
    fn frames_come_out_one_by_one_whatever_the_pieces_they_arrive_in() {
        let stream = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        for piece in 1..=stream.len() {
            let mut decoder = FrameDecoder::new(3);
            let mut received = BytesMut::new();
            let mut frames = Vec::new();
            for bytes in stream.chunks(piece) {
                received.extend_from_slice(bytes);
                while let Some(frame) = decoder.decode(&mut received).unwrap() {
                    frames.push(frame.to_vec());
                }
            }
            assert_eq!(frames, [vec![1, 2, 3], vec![], vec![9]]);
        }
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_before_it_arrives() {
        let error = decode(16, &[0, 0, 0, 17]).unwrap_err();
        assert!(matches!(error, FrameError::TooLarge { length: 17, max: 16, .. }));
        assert!(decode(17, &[0, 0, 0, 17]).unwrap().is_none());
    }

    #[test]
    fn a_negative_length_is_refused() {
        let error = decode(16, &[0xff, 0xff, 0xff, 0xff, 1]).unwrap_err();
        assert!(matches!(error, FrameError::Negative { length: -1, .. }));
        assert_eq!(error.head().as_bytes(), [0xff, 0xff, 0xff, 0xff, 1]);
    }

    #[test]
    fn an_announced_length_alone_reserves_little() {
        let mut received = BytesMut::from(&[0x7f, 0xff, 0xff, 0xff][..]);
        let mut decoder = FrameDecoder::new(i32::MAX as usize);
        assert!(decoder.decode(&mut received).unwrap().is_none());
        assert!(received.capacity() < 1 << 20, "{}", received.capacity());
    }

    #[test]
    fn an_http_server_is_recognised() {
        let error = decode(100 << 20, b"HTTP/1.1 400 Bad Request\r\n").unwrap_err();
        assert_eq!(error.looks_like(), Some(ForeignPeer::Http));
        assert!(error.to_string().contains("HTTP"), "{error}");
    }

    #[test]
    fn a_tls_alert_and_a_tls_hello_are_recognised() {
        let alert = decode(100 << 20, &[0x15, 0x03, 0x03, 0, 2, 2, 0x50]).unwrap_err();
        assert_eq!(alert.looks_like(), Some(ForeignPeer::Tls));
        let hello = decode(100 << 20, &[0x16, 0x03, 0x01, 2, 0]).unwrap_err();
        assert_eq!(hello.looks_like(), Some(ForeignPeer::Tls));
    }

    #[test]
    fn garbage_is_not_taken_for_a_known_protocol() {
        let error = decode(16, b"garbage!").unwrap_err();
        assert_eq!(error.looks_like(), None);
        assert!(error.to_string().contains("garbage!"), "{error}");
    }
}
