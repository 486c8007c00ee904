//! The trace of a simulated run: what happened, when, at which node, in one order.
//!
//! Events are kept in a canonical binary form and rolled into a 64-bit hash, with a checkpoint
//! every [`CHECKPOINT_EVERY`] events. Two runs of one seed must give equal hashes; where they do
//! not, the first checkpoint that differs tells where to look, and two traces that
//! [kept their events](Trace::keeping_events) name the first event that differs.
//!
//! Nothing enters a trace that differs between two runs of one seed: no pointers, no task ids,
//! no readings of a real clock.

use std::fmt::{self, Write as _};

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

/// Events between two checkpoints of the rolling hash.
pub const CHECKPOINT_EVERY: u64 = 1_000;

/// Payloads up to this length are written out in the trace; longer ones as length and digest.
const INLINE_BYTES: usize = 32;

/// Where an event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A process that runs a client, by its number in order of creation.
    Client(u32),
    /// A broker.
    Broker(BrokerId),
    /// The controller of the cluster.
    Controller,
    /// Whoever holds the handle: a kill, a cut.
    Operator,
}

impl From<crate::cluster::Node> for Node {
    fn from(node: crate::cluster::Node) -> Self {
        match node {
            crate::cluster::Node::Broker(id) => Self::Broker(id),
            crate::cluster::Node::Controller => Self::Controller,
            crate::cluster::Node::Clients => Self::Operator,
        }
    }
}

impl Node {
    fn to_code(self) -> (u8, u64) {
        match self {
            Self::Client(number) => (0, u64::from(number)),
            Self::Broker(id) => (1, u64::from(id.0.cast_unsigned())),
            Self::Controller => (2, 0),
            Self::Operator => (3, 0),
        }
    }

    fn from_code(code: u8, number: u64) -> Self {
        match code {
            0 => Self::Client(number as u32),
            1 => Self::Broker(BrokerId((number as u32).cast_signed())),
            2 => Self::Controller,
            _ => Self::Operator,
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(number) => write!(f, "client {number}"),
            Self::Broker(id) => write!(f, "broker {id}"),
            Self::Controller => f.write_str("controller"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// What happened in a simulated run, as a rolling hash and, if asked for, event by event.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    sequence: u64,
    hash: u64,
    checkpoints: Vec<u64>,
    scratch: Vec<u8>,
    /// The text of an event's arguments that is kept and not hashed.
    aside: String,
    keeping: Keeping,
}

/// What a trace remembers.
#[derive(Clone, Debug, Default)]
enum Keeping {
    Nothing,
    #[default]
    Hash,
    Events(Kept),
}

#[derive(Clone, Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Trace {
    /// A trace that keeps the hash and the checkpoints only.
    pub fn new() -> Self {
        Self::default()
    }

    /// A trace that ignores what happens.
    pub(crate) fn off() -> Self {
        Self { keeping: Keeping::Nothing, ..Self::default() }
    }

    /// A trace that keeps every event too, to be printed or compared with another one.
    pub fn keeping_events() -> Self {
        Self { keeping: Keeping::Events(Kept::default()), ..Self::default() }
    }

    /// Adds an event. `arguments` writes what is particular to it, always in the same order.
    pub fn record(
        &mut self,
        at: MonoTime,
        node: Node,
        kind: &'static str,
        arguments: impl FnOnce(&mut Arguments<'_>),
    ) {
        if matches!(self.keeping, Keeping::Nothing) {
            return;
        }
        self.scratch.clear();
        self.aside.clear();
        let (code, number) = node.to_code();
        let is_kept = matches!(self.keeping, Keeping::Events(_));
        let aside = is_kept.then_some(&mut self.aside);
        let mut writer = Arguments { bytes: &mut self.scratch, aside };
        writer.raw(at.as_micros());
        writer.raw(self.sequence);
        writer.bytes.push(code);
        writer.raw(number);
        writer.text(kind);
        arguments(&mut writer);

        self.hash = roll(self.hash, &self.scratch);
        self.sequence += 1;
        if self.sequence.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(self.hash);
        }
        if let Keeping::Events(kept) = &mut self.keeping {
            kept.bytes.extend_from_slice(&self.scratch);
            if !self.aside.is_empty() {
                Arguments { bytes: &mut kept.bytes, aside: None }.text(&self.aside);
            }
            kept.ends.push(kept.bytes.len());
        }
    }

    /// The number of events so far.
    pub fn len(&self) -> u64 {
        self.sequence
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.sequence == 0
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The hash after every [`CHECKPOINT_EVERY`] events.
    pub fn checkpoints(&self) -> &[u64] {
        &self.checkpoints
    }

    fn kept(&self) -> Option<&Kept> {
        match &self.keeping {
            Keeping::Events(kept) => Some(kept),
            Keeping::Nothing | Keeping::Hash => None,
        }
    }

    /// The events in order, if this trace keeps them.
    pub fn events(&self) -> impl Iterator<Item = TraceEvent<'_>> {
        self.kept().into_iter().flat_map(|kept| {
            let mut start = 0;
            kept.ends.iter().filter_map(move |&end| {
                let event = TraceEvent { bytes: kept.bytes.get(start..end)? };
                start = end;
                Some(event)
            })
        })
    }

    /// The first place where two traces differ, as text, or `None` if they are equal.
    ///
    /// Names the event if both traces keep theirs, else the first checkpoint that differs.
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        if self.hash == other.hash && self.sequence == other.sequence {
            return None;
        }
        let mut others = other.events();
        for (index, mine) in self.events().enumerate() {
            match others.next() {
                Some(theirs) if mine == theirs => {}
                Some(theirs) => {
                    return Some(format!("event {index}: {mine}\n  but again: {theirs}"));
                }
                None => return Some(format!("event {index}: {mine}\n  but again: nothing")),
            }
        }
        if let Some(more) = others.next().filter(|_| self.kept().is_some()) {
            return Some(format!("event {}: nothing\n  but again: {more}", self.sequence));
        }
        let common = self.checkpoints.iter().zip(&other.checkpoints).take_while(|(a, b)| a == b);
        let from = common.count() as u64 * CHECKPOINT_EVERY;
        Some(format!(
            "after event {from} ({} events with hash {:016x}, but again {} with {:016x})",
            self.sequence, self.hash, other.sequence, other.hash
        ))
    }
}

/// Writes the arguments of one event.
#[derive(Debug)]
pub struct Arguments<'a> {
    bytes: &'a mut Vec<u8>,
    /// Where text goes that another hash stands for; nowhere if nobody will read it.
    aside: Option<&'a mut String>,
}

impl Arguments<'_> {
    fn raw(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A number: an id, an offset, an epoch.
    pub fn number(&mut self, value: impl Into<i64>) -> &mut Self {
        self.bytes.push(b'n');
        self.raw(value.into().cast_unsigned());
        self
    }

    /// A short text: a topic's name, an error's.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.bytes.push(b't');
        self.raw(value.len() as u64);
        self.bytes.extend_from_slice(value.as_bytes());
        self
    }

    /// Values that were hashed already: the hash counts, the text is for people.
    pub(crate) fn told_by(&mut self, hash: u64, text: impl fmt::Display) -> &mut Self {
        self.bytes.push(b'h');
        self.raw(hash);
        if let Some(aside) = &mut self.aside {
            // Writing to a String cannot fail.
            let _ = write!(aside, "{text}");
        }
        self
    }

    /// A payload: written out if it is short, else as its length and digest.
    pub fn payload(&mut self, value: &[u8]) -> &mut Self {
        if value.len() <= INLINE_BYTES {
            self.bytes.push(b'p');
            self.raw(value.len() as u64);
            self.bytes.extend_from_slice(value);
        } else {
            self.bytes.push(b'd');
            self.raw(value.len() as u64);
            self.raw(roll(0, value));
        }
        self
    }
}

/// One event of a trace that keeps its events. Its `Display` is a line for people.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceEvent<'a> {
    bytes: &'a [u8],
}

impl fmt::Debug for TraceEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TraceEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = Reader { bytes: self.bytes };
        let (at, sequence) = (rest.raw(), rest.raw());
        let code = rest.byte();
        let node = Node::from_code(code, rest.raw());
        write!(f, "{:>10}us #{sequence} {node}:", at)?;
        while let Some(tag) = rest.next_tag() {
            match tag {
                b'n' => write!(f, " {}", rest.raw().cast_signed())?,
                b'h' => _ = rest.raw(),
                b't' => {
                    let length = rest.raw() as usize;
                    write!(f, " {}", String::from_utf8_lossy(rest.take(length)))?;
                }
                b'p' => {
                    let length = rest.raw() as usize;
                    write!(f, " {:02x?}", rest.take(length))?;
                }
                _ => write!(f, " <{} bytes {:016x}>", rest.raw(), rest.raw())?,
            }
        }
        Ok(())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (head, tail) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = tail;
        head
    }

    fn next_tag(&mut self) -> Option<u8> {
        self.take(1).first().copied()
    }

    fn byte(&mut self) -> u8 {
        self.next_tag().unwrap_or(0)
    }

    fn raw(&mut self) -> u64 {
        self.take(8).iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
}

/// Rolls `bytes` into `hash`: eight bytes at a time through a folded multiplication. Not for
/// adversaries; what matters is that it is fast, fixed and mixes well.
fn roll(hash: u64, bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word ^ MULTIPLIER) * u128::from(MULTIPLIER | 1);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = fold(hash.rotate_left(23), bytes.len() as u64);
    for word in words {
        hash = fold(hash.rotate_left(23), u64::from_le_bytes(*word));
    }
    let tail = rest.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    fold(hash.rotate_left(23), tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(trace: &mut Trace, micros: u64, offset: i64) {
        trace.record(MonoTime::from_micros(micros), Node::Broker(BrokerId(2)), "append", |a| {
            a.text("orders").number(offset).payload(&[7; 100]);
        });
    }

    #[test]
    fn equal_events_give_equal_hashes_and_no_difference() {
        let (mut a, mut b) = (Trace::new(), Trace::keeping_events());
        for offset in 0..2_500 {
            event(&mut a, 5, offset);
            event(&mut b, 5, offset);
        }
        assert_eq!(a.hash(), b.hash());
        assert_eq!(a.checkpoints().len(), 2);
        assert_eq!(a.first_difference(&b), None);
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        let (mut a, mut b) = (Trace::keeping_events(), Trace::keeping_events());
        for offset in 0..10 {
            event(&mut a, 5, offset);
            event(&mut b, 5, if offset == 7 { 70 } else { offset });
        }
        let difference = a.first_difference(&b).expect("they differ");
        assert!(difference.starts_with("event 7:"), "{difference}");
        assert!(difference.contains("broker 2: append orders 70"), "{difference}");
    }

    #[test]
    fn without_events_the_last_equal_checkpoint_is_named() {
        let (mut a, mut b) = (Trace::new(), Trace::new());
        for offset in 0..3_000 {
            event(&mut a, 5, offset);
            event(&mut b, 5, if offset == 1_500 { 0 } else { offset });
        }
        let difference = a.first_difference(&b).expect("they differ");
        assert!(difference.starts_with("after event 1000"), "{difference}");
    }
}
