//! One connection of the simulated network: both ends, and what is on its way between them.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::{Bytes, BytesMut};
use milena_protocol::frame::FrameDecoder;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::link::{Direction, LinkKey};
use crate::cluster::Reading;

/// Bytes that may be on their way to a broker or unread there before a client's write has to
/// wait: what a kernel's send and receive buffers hold together.
pub(super) const SEND_WINDOW: usize = 4 * 1024 * 1024;

/// Bytes of responses that a client may leave unread before its requests wait unread, too.
pub(super) const UNREAD_LIMIT: usize = 1024 * 1024;

/// What travels.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    /// May I connect?
    Open,
    /// Yes.
    Opened,
    /// Nobody listens here.
    Refused,
    Data(Bytes),
    /// Nothing more comes from this end.
    Finish,
    /// The connection is gone.
    Reset,
}

/// What the client's end of a connection has seen.
///
/// ```text
/// Connecting -> Open -> Ended
///      \          \       \
///       -> Refused  ----------> Reset, Dropped
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientEnd {
    Connecting,
    Refused,
    Open,
    /// The broker finished: what was received can still be read.
    Ended,
    Reset,
    /// The client let go of it.
    Dropped,
}

/// What the broker's end of a connection has seen.
///
/// ```text
/// Nothing -> Accepted -> Open -> Closed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerEnd {
    Nothing,
    /// The kernel has accepted; the broker, being paused, does not know yet.
    Accepted,
    Open,
    Closed,
}

/// Whether the client has finished sending, as the broker's end has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    More,
    Finished,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: u32,
    pub(super) broker: BrokerId,
    pub(super) client_end: ClientEnd,
    pub(super) broker_end: BrokerEnd,
    /// Received by the client's end and not read yet.
    pub(super) inbox: VecDeque<Bytes>,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
    /// Written by the client and not yet taken by the broker.
    pub(super) unsent: usize,
    /// Sent by the broker and not yet read by the client.
    pub(super) unread: usize,
    /// Received by the broker's end.
    pub(super) received: BytesMut,
    pub(super) decoder: FrameDecoder,
    pub(super) incoming: Incoming,
    pub(super) reading: Reading,
    to_broker: Pipe,
    to_client: Pipe,
}

/// One direction. Packets leave it in the order in which they entered, whatever latency each drew.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub(super) packets: VecDeque<Packet>,
    pub(super) last_arrival: MonoTime,
}

impl Connection {
    pub(super) fn new(client: u32, broker: BrokerId, max_frame: usize) -> Self {
        Self {
            client,
            broker,
            client_end: ClientEnd::Connecting,
            broker_end: BrokerEnd::Nothing,
            inbox: VecDeque::new(),
            reader: None,
            writer: None,
            unsent: 0,
            unread: 0,
            received: BytesMut::new(),
            decoder: FrameDecoder::new(max_frame),
            incoming: Incoming::More,
            reading: Reading::Resumed,
            to_broker: Pipe::default(),
            to_client: Pipe::default(),
        }
    }

    pub(super) fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::ToBroker => &mut self.to_broker,
            Direction::ToClient => &mut self.to_client,
        }
    }

    pub(super) fn link(&self, direction: Direction) -> LinkKey {
        LinkKey { client: self.client, broker: self.broker, direction }
    }

    /// What the client's end makes of a packet.
    pub(super) fn arrived_at_client(&mut self, packet: Packet) {
        match (self.client_end, packet) {
            (ClientEnd::Dropped | ClientEnd::Reset | ClientEnd::Refused, _) => return,
            (ClientEnd::Connecting, Packet::Opened) => self.client_end = ClientEnd::Open,
            (ClientEnd::Connecting, Packet::Refused) => self.client_end = ClientEnd::Refused,
            (ClientEnd::Open, Packet::Data(bytes)) => self.inbox.push_back(bytes),
            (ClientEnd::Open, Packet::Finish) => self.client_end = ClientEnd::Ended,
            (_, Packet::Reset) => self.reset_client(),
            _ => return,
        }
        self.wake();
    }

    pub(super) fn reset_client(&mut self) {
        if self.client_end != ClientEnd::Dropped {
            self.client_end = ClientEnd::Reset;
        }
        self.inbox.clear();
        self.wake();
    }

    /// Wakes whoever reads or writes at the client's end.
    pub(super) fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }

    /// Takes note that the broker took `bytes` off the send window.
    pub(super) fn taken(&mut self, bytes: usize) {
        self.unsent = self.unsent.saturating_sub(bytes);
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// Whether both ends are done with it.
    pub(super) fn is_over(&self) -> bool {
        self.client_end == ClientEnd::Dropped && self.broker_end == BrokerEnd::Closed
    }
}
