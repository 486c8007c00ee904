//! The trace: every state change, request and answer as an event, and a rolling hash over them.
//!
//! Two runs with the same seed and inputs give the same events in the same order; comparing the
//! hash is how that is checked. Nothing is formatted or hashed while no sink is installed.

use std::fmt::{self, Write as _};

use milena_protocol::time::MonoTime;

use super::input::Node;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceEvent<'a> {
    /// Microseconds of the machine's time.
    pub micros: u64,
    /// Counts events from 0.
    pub sequence: u64,
    /// Where it happened.
    pub node: Node,
    /// What, in a word.
    pub kind: &'static str,
    /// The details.
    pub arguments: &'a str,
    /// The hash over all events up to and including this one.
    pub hash: u64,
}

/// Takes events as they happen.
pub trait TraceSink: Send {
    /// Called once per event, in order.
    fn record(&mut self, event: &TraceEvent<'_>);
}

/// A sink that keeps nothing: the hash is all that is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashOnly;

impl TraceSink for HashOnly {
    fn record(&mut self, _event: &TraceEvent<'_>) {}
}

/// Numbers events, hashes them and hands them to the sink.
#[derive(Default)]
pub(crate) struct Tracer {
    sink: Option<Box<dyn TraceSink>>,
    sequence: u64,
    hash: u64,
    text: String,
}

impl Tracer {
    pub(crate) fn install(&mut self, sink: Box<dyn TraceSink>) {
        self.sink = Some(sink);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.sink.is_some()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn event(
        &mut self,
        now: MonoTime,
        node: Node,
        kind: &'static str,
        arguments: fmt::Arguments<'_>,
    ) {
        let Some(sink) = &mut self.sink else { return };
        self.text.clear();
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(arguments);
        let place = match node {
            Node::Clients => -2,
            Node::Controller => -1,
            Node::Broker(id) => i64::from(id.get()),
        };
        let mut hash = fold(self.hash, now.as_micros());
        hash = fold(hash, place.cast_unsigned());
        hash = fold_bytes(hash, kind.as_bytes());
        self.hash = fold_bytes(hash, self.text.as_bytes());
        sink.record(&TraceEvent {
            micros: now.as_micros(),
            sequence: self.sequence,
            node,
            kind,
            arguments: &self.text,
            hash: self.hash,
        });
        self.sequence += 1;
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer")
            .field("sequence", &self.sequence)
            .field("hash", &self.hash)
            .finish()
    }
}

/// FNV-1a over words of eight bytes, with a shift so that high bits reach the low ones.
fn fold(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    mixed ^ (mixed >> 29)
}

/// [`fold`] over bytes, their number included.
pub(crate) fn fold_bytes(hash: u64, bytes: &[u8]) -> u64 {
    let mut hash = fold(hash ^ 0xcbf2_9ce4_8422_2325, bytes.len() as u64);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        hash = fold(hash, u64::from_le_bytes(eight));
    }
    let mut last = [0; 8];
    let rest = words.remainder();
    last[..rest.len()].copy_from_slice(rest);
    fold(hash, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_another_order_give_another_hash() {
        let run = |kinds: [&'static str; 2]| {
            let mut tracer = Tracer::default();
            tracer.install(Box::new(HashOnly));
            for kind in kinds {
                tracer.event(MonoTime::ZERO, Node::Controller, kind, format_args!("x"));
            }
            tracer.hash()
        };
        assert_ne!(run(["a", "b"]), run(["b", "a"]));
        assert_eq!(run(["a", "b"]), run(["a", "b"]));
    }
}
