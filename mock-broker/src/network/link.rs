//! One direction between two nodes, and what is done to it.

use std::collections::VecDeque;

use milena_protocol::time::MonoTime;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::declared::Declarations;
use super::{LinkFault, Parcel, transmission};
use crate::cluster::Node;
use crate::fault::Delay;
use crate::message::Message;

/// Something that is done to a link, and which declaration did it.
type Done<T> = Option<(T, u64)>;

/// One direction.
#[derive(Debug)]
pub(super) struct Link {
    cut: Done<()>,
    half_open: Done<()>,
    delay: Done<Delay>,
    /// Of 2^53, how many draws lose something.
    loss: Done<u64>,
    bytes_per_second: Done<u64>,
    /// What waits for the end of a cut, in order.
    pub(super) held: VecDeque<Parcel>,
    /// Messages that were sent while it was half open.
    pub(super) vanished: VecDeque<Message>,
    /// When the last parcel arrives: a later one never overtakes it.
    last_arrival: MonoTime,
    /// When the last byte that was sent is on the wire.
    busy_until: MonoTime,
    stream: ChaCha8Rng,
}

/// What becomes of something that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    At(MonoTime),
    Held,
    Lost,
    Vanished,
}

impl Link {
    pub(super) fn new(seed: u64, ends: (Node, Node)) -> Self {
        Self {
            cut: None,
            half_open: None,
            delay: None,
            loss: None,
            bytes_per_second: None,
            held: VecDeque::new(),
            vanished: VecDeque::new(),
            last_arrival: MonoTime::ZERO,
            busy_until: MonoTime::ZERO,
            stream: stream(seed, ends),
        }
    }

    pub(super) fn suffer(&mut self, fault: &LinkFault, declaration: u64) {
        match fault {
            LinkFault::Cut => self.cut = Some(((), declaration)),
            LinkFault::HalfOpen => self.half_open = Some(((), declaration)),
            LinkFault::Delay(delay) => self.delay = Some((*delay, declaration)),
            LinkFault::Loss(probability) => {
                self.loss = Some((probability.threshold(), declaration))
            }
            LinkFault::Bandwidth { bytes_per_second } => {
                self.bytes_per_second = Some((*bytes_per_second, declaration));
            }
        }
    }

    /// Ends all that is done to it.
    pub(super) fn recover(&mut self) {
        self.cut = None;
        self.half_open = None;
        self.delay = None;
        self.loss = None;
        self.bytes_per_second = None;
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some() || self.half_open.is_some()
    }

    pub(super) fn is_half_open(&self) -> bool {
        self.half_open.is_some()
    }

    /// The declarations by which something is done to it.
    pub(super) fn declarations(&self) -> impl Iterator<Item = u64> {
        let (cut, half_open) = (self.cut.map(|(_, id)| id), self.half_open.map(|(_, id)| id));
        let (delay, loss) = (self.delay.map(|(_, id)| id), self.loss.map(|(_, id)| id));
        let bandwidth = self.bytes_per_second.map(|(_, id)| id);
        [cut, half_open, delay, loss, bandwidth].into_iter().flatten()
    }

    /// Lets something of so many bytes try to pass. It takes `usual` where nothing is done to the
    /// link.
    pub(super) fn passage(
        &mut self,
        now: MonoTime,
        usual: Delay,
        bytes: usize,
        declarations: &mut Declarations,
    ) -> Passage {
        if let Some((_, declaration)) = self.half_open {
            declarations.fired(declaration);
            return Passage::Vanished;
        }
        if let Some((_, declaration)) = self.cut {
            declarations.fired(declaration);
            return Passage::Held;
        }
        if let Some((threshold, declaration)) = self.loss {
            declarations.seen(declaration);
            if self.stream.next_u64() >> 11 < threshold {
                declarations.fired(declaration);
                return Passage::Lost;
            }
        }
        let mut at = now;
        if let Some((bytes_per_second, declaration)) = self.bytes_per_second {
            declarations.fired(declaration);
            self.busy_until = self.busy_until.max(now) + transmission(bytes, bytes_per_second);
            at = self.busy_until;
        }
        let delay = match self.delay {
            Some((delay, declaration)) => {
                declarations.fired(declaration);
                delay
            }
            None => usual,
        };
        // A link whose delay does not vary draws nothing.
        let drawn = if delay.least == delay.most { 0 } else { self.stream.next_u64() };
        self.last_arrival = self.last_arrival.max(at + delay.pick(drawn));
        Passage::At(self.last_arrival)
    }
}

/// Each link has a stream of its own, so that what happens on one never changes another.
fn stream(seed: u64, (from, to): (Node, Node)) -> ChaCha8Rng {
    let number = |node: Node| match node {
        Node::Clients => 1,
        Node::Controller => 2,
        Node::Broker(id) => 3 + u64::from(id.get().unsigned_abs()),
    };
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(number(from) << 32 | number(to));
    stream
}
