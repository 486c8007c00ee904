//! The trace: every state change, request and answer as an event, and a rolling hash over them.
//!
//! Two runs with the same seed and inputs give the same events in the same order; comparing the
//! hash is how that is checked. Nothing is hashed while no sink is installed. The hash is over the
//! values themselves: they become text only for a sink that reads it.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use milena_protocol::time::MonoTime;

use super::input::Node;

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
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
    pub arguments: TraceArguments<'a>,
    /// The hash over all events up to and including this one.
    pub hash: u64,
}

/// The details of an event. Writing them out costs more than all the rest of it.
#[derive(Clone, Copy)]
pub struct TraceArguments<'a>(&'a Fields<'a>);

impl fmt::Display for TraceArguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            let equals = if name.is_empty() { "" } else { "=" };
            write!(f, "{space}{name}{equals}{value:?}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TraceArguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
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

/// Values by name.
pub(crate) type Fields<'a> = [(&'static str, &'a dyn Field)];

/// A value in an event.
pub(crate) trait Field: fmt::Debug {
    fn fold(&self, hash: &mut Folded);
}

impl<T: Hash + fmt::Debug> Field for T {
    fn fold(&self, hash: &mut Folded) {
        self.hash(hash);
    }
}

/// Details of an event that is too rare to be told in fields.
pub(crate) struct Text<'a>(pub(crate) fmt::Arguments<'a>);

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, hash: &mut H) {
        /// Hashes what is written.
        struct Written<'a, H>(&'a mut H);
        impl<H: Hasher> fmt::Write for Written<'_, H> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.write(text.as_bytes());
                Ok(())
            }
        }
        // It never refuses anything.
        let _ = Written(hash).write_fmt(self.0);
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(self.0)
    }
}

/// Bytes of which the hash is all that is told.
pub(crate) struct Digest<'a>(pub(crate) &'a [u8]);

impl Hash for Digest<'_> {
    fn hash<H: Hasher>(&self, hash: &mut H) {
        hash.write(self.0);
    }
}

impl fmt::Debug for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", fold_bytes(0, self.0))
    }
}

/// Numbers events, hashes them and hands them to the sink.
#[derive(Default)]
pub(crate) struct Tracer {
    sink: Option<Box<dyn TraceSink>>,
    sequence: u64,
    hash: u64,
}

impl Tracer {
    pub(crate) fn install(&mut self, sink: Box<dyn TraceSink>) {
        self.sink = Some(sink);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn event(
        &mut self,
        now: MonoTime,
        node: Node,
        kind: &'static str,
        fields: &Fields<'_>,
    ) {
        let Some(sink) = &mut self.sink else { return };
        let mut hash = Folded(self.hash);
        hash.write_u64(now.as_micros());
        node.hash(&mut hash);
        kind.hash(&mut hash);
        for (_, value) in fields {
            value.fold(&mut hash);
        }
        self.hash = hash.finish();
        let arguments = TraceArguments(fields);
        let (micros, sequence, hash) = (now.as_micros(), self.sequence, self.hash);
        sink.record(&TraceEvent { micros, sequence, node, kind, arguments, hash });
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

/// A hash of whatever was written, the same in every run of one build.
pub(crate) struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold_bytes(self.0, bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = fold(self.0, value);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// FNV-1a over words of eight bytes, with a shift so that high bits reach the low ones.
fn fold(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    mixed ^ (mixed >> 29)
}

/// [`fold`] over bytes, their number included.
fn fold_bytes(hash: u64, bytes: &[u8]) -> u64 {
    let mut hash = fold(hash ^ 0xcbf2_9ce4_8422_2325, bytes.len() as u64);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = fold(hash, u64::from_le_bytes(*word));
    }
    if rest.is_empty() {
        return hash;
    }
    fold(hash, rest.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
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
                tracer.event(MonoTime::ZERO, Node::Controller, kind, &[]);
            }
            tracer.hash()
        };
        assert_ne!(run(["a", "b"]), run(["b", "a"]));
        assert_eq!(run(["a", "b"]), run(["a", "b"]));
    }

    #[test]
    fn every_value_counts_and_is_written_out_with_its_name() {
        struct Keep(std::sync::Arc<parking_lot::Mutex<Vec<String>>>);
        impl TraceSink for Keep {
            fn record(&mut self, event: &TraceEvent<'_>) {
                self.0.lock().push(event.arguments.to_string());
            }
        }
        let kept = std::sync::Arc::default();
        let run = |end: i64, text: &str| {
            let mut tracer = Tracer::default();
            tracer.install(Box::new(Keep(std::sync::Arc::clone(&kept))));
            let fields: &Fields<'_> =
                &[("isr", &vec![1, 2]), ("end", &end), ("", &Text(format_args!("so {text}")))];
            tracer.event(MonoTime::ZERO, Node::Controller, "kind", fields);
            tracer.hash()
        };
        assert_eq!(run(1, "it is"), run(1, "it is"));
        assert_ne!(run(1, "it is"), run(2, "it is"));
        assert_ne!(run(1, "it is"), run(1, "it was"));
        assert_eq!(kept.lock()[0], "isr=[1, 2] end=1 so it is");
    }
}
