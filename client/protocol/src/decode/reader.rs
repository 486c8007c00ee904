//! A reader that refuses impossible counts before the generated decoders believe them.
//!
//! A decoder makes room for as many elements as an array's count says. The reader sees single reads
//! only and not what they are for, but that is nearly enough:
//!
//! - In flexible versions a length or count is a variable-length integer, and nothing else that
//!   peers send is one with a large value. One that is too large for a count has to be the length
//!   of a string or of bytes, and then the very next read takes these bytes.
//! - In older versions a count is an `i32` like many others. If one is too large for a count, the
//!   message is first read with 0 in its place, then with 1: if the reads differ it was a count.
//!   (Lengths of bytes are told apart as before.) A message can be made on purpose so that the
//!   reads do not differ; only a walk along its schema could see that.
//!
//! What is left to a peer is to announce as many elements as the bytes it has sent could hold.

use std::fmt::Display;

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::{ByteBuf, NotEnoughBytesError};

/// As many elements are believed without looking at the bytes left.
const ALWAYS_POSSIBLE: usize = 1 << 16;

/// More elements are never believed.
const NEVER_POSSIBLE: usize = 1 << 22;

/// Which integers may be the count of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// Variable-length ones: a flexible version.
    Compact,
    /// These or `i32`s: an older version, or not known.
    Either,
}

/// Decodes one message off the front of `bytes`. Nothing is taken if it fails.
pub(super) fn decode<M, E: Display>(
    bytes: &mut Bytes,
    counts: Counts,
    decoder: impl Fn(&mut Reader) -> Result<M, E>,
) -> Result<M, String> {
    let run = |pass| {
        let mut reader = Reader::new(bytes.clone(), counts, pass);
        let result = decoder(&mut reader);
        (result, reader)
    };
    let (mut result, mut reader);
    // Within few bytes no length is too large for a count, so that nothing has to be told apart.
    if counts == Counts::Compact && bytes.len() > ALWAYS_POSSIBLE {
        trace_of(run(Pass::Probe(0)))?;
        (result, reader) = run(Pass::Last);
    } else {
        (result, reader) = run(Pass::First);
    }
    if reader.stop == Some(Stop::Suspicious) {
        let with_zero = trace_of(run(Pass::Probe(0)))?;
        let with_one = trace_of(run(Pass::Probe(1)))?;
        if with_zero != with_one {
            return Err("an array has more elements than its bytes can hold".to_owned());
        }
        (result, reader) = run(Pass::Last);
    }
    match (reader.stop, result) {
        (Some(stop), _) => Err(stop.reason()),
        (None, Err(error)) => Err(format!("{error:#}")),
        (None, Ok(message)) => {
            *bytes = reader.bytes;
            Ok(message)
        }
    }
}

/// What was read in a probe, folded, if all of the message could be read.
fn trace_of<M, E: Display>((result, reader): (Result<M, E>, Reader)) -> Result<u64, String> {
    match (reader.stop, reader.pending, result) {
        (Some(stop), ..) => Err(stop.reason()),
        (None, Pending::Length(count), _) => Err(Stop::Count(count).reason()),
        (None, _, Err(error)) => Err(format!("{error:#}")),
        (None, _, Ok(_)) => Ok(reader.trace),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Stops at the first value that is too large for a count. In a flexible version of few bytes
    /// it is wrong, whatever it is.
    First,
    /// Reads such values as this one, to see what follows from them.
    Probe(u8),
    /// Believes them.
    Last,
}

/// Why the reader refused a read that the bytes would have allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// A value is too large for a count, and might be one.
    Suspicious,
    /// A count is impossible.
    Count(usize),
    /// A variable-length integer has more than 32 bits.
    Varint,
}

impl Stop {
    fn reason(self) -> String {
        match self {
            Self::Count(count) => format!("{count} elements cannot stand in its bytes"),
            Self::Varint => "a variable-length integer has more than 32 bits".to_owned(),
            Self::Suspicious => "a count is impossible".to_owned(),
        }
    }
}

/// A value that was read as another one and waits to be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// A variable-length integer: the length of what is read next, or else impossible.
    Length(usize),
    /// An `i32`: the length of what is read next, or else anything.
    Maybe(usize),
}

/// The bytes of a message while a generated decoder reads it.
pub(super) struct Reader {
    bytes: Bytes,
    counts: Counts,
    pass: Pass,
    /// Bytes of a variable-length integer that was looked at and is being read.
    varint_left: usize,
    pending: Pending,
    stop: Option<Stop>,
    trace: u64,
}

impl Reader {
    fn new(bytes: Bytes, counts: Counts, pass: Pass) -> Self {
        let pending = Pending::Nothing;
        Self { bytes, counts, pass, varint_left: 0, pending, stop: None, trace: 0 }
    }

    fn possible_as_count(&self, value: usize) -> bool {
        value <= ALWAYS_POSSIBLE.max(self.bytes.len() / 4) && value <= NEVER_POSSIBLE
    }

    fn refuse(&mut self, stop: Stop) -> TryGetError {
        self.stop = Some(stop);
        TryGetError { requested: 0, available: self.bytes.len() }
    }

    /// Looks at the whole of a variable-length integer whose first byte is read next.
    fn begin_varint(&mut self) -> Result<Option<u8>, TryGetError> {
        let mut value = 0_u64;
        let mut length = 0;
        for &byte in self.bytes.iter().take(5) {
            value |= u64::from(byte & 0x7f) << (7 * length);
            length += 1;
            if byte < 0x80 {
                break;
            }
        }
        // Lengths and counts are written plus one, so that 0 can say that there is nothing.
        let count = (value as usize).saturating_sub(1);
        if value > u64::from(u32::MAX) {
            return Err(self.refuse(Stop::Varint));
        }
        if self.possible_as_count(count) || self.pass == Pass::Last {
            self.varint_left = length;
            return Ok(None);
        }
        if self.pass == Pass::First {
            let compact = self.counts == Counts::Compact;
            return Err(self.refuse(if compact { Stop::Count(count) } else { Stop::Suspicious }));
        }
        self.advance(length);
        self.pending = Pending::Length(count);
        Ok(Some(1))
    }
}

impl Buf for Reader {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    /// Every read that succeeds ends here.
    fn advance(&mut self, count: usize) {
        if let Pending::Length(length) = self.pending {
            self.stop.get_or_insert(Stop::Count(length));
        }
        self.pending = Pending::Nothing;
        // What looked like the rest of one was none if something else is read there.
        self.varint_left = 0;
        self.bytes.advance(count);
        // The multiplier of FNV; any odd constant would do.
        self.trace = (self.trace ^ self.bytes.len() as u64).wrapping_mul(0x0100_0000_01b3);
    }

    /// Booleans and variable-length integers.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let Some(&first) = self.bytes.first() else {
            return Err(TryGetError { requested: 1, available: 0 });
        };
        if self.varint_left == 0
            && first >= 0x80
            && let Some(stand_in) = self.begin_varint()?
        {
            return Ok(stand_in);
        }
        let left = self.varint_left.saturating_sub(1);
        self.advance(1);
        self.varint_left = left;
        Ok(first)
    }

    /// In older versions any of these may be a count.
    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let Some(raw) = self.bytes.first_chunk::<4>() else {
            return Err(TryGetError { requested: 4, available: self.bytes.len() });
        };
        let value = i32::from_be_bytes(*raw);
        let count = usize::try_from(value).unwrap_or(0);
        if self.counts == Counts::Compact || self.possible_as_count(count) {
            self.advance(4);
            return Ok(value);
        }
        match self.pass {
            Pass::First => Err(self.refuse(Stop::Suspicious)),
            Pass::Last => {
                self.advance(4);
                Ok(value)
            }
            Pass::Probe(stand_in) => {
                self.advance(4);
                self.pending = Pending::Maybe(count);
                Ok(stand_in.into())
            }
        }
    }
}

impl ByteBuf for Reader {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    /// Only called with what was checked to be there.
    fn get_bytes(&mut self, size: usize) -> Bytes {
        let taken = self.bytes.slice(..size);
        self.advance(size);
        taken
    }

    fn try_get_bytes(&mut self, size: usize) -> Result<Bytes, NotEnoughBytesError> {
        // Bytes taken right after a length are what the length was for.
        let size = match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => size,
            Pending::Length(length) | Pending::Maybe(length) => length,
        };
        if size > self.bytes.len() {
            return Err(NotEnoughBytesError);
        }
        Ok(self.get_bytes(size))
    }
}
