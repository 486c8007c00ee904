//! The task of one connection: reads requests, hands them in, writes the answers in order.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use milena_protocol::frame::{FrameDecoder, FrameError};
use milena_protocol::ids::BrokerId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::Machine;
use super::outbox::{Outbox, Turn};
use super::{ConnectionId, Tcp};

/// Buffers are as large as this: large reads cost fewer system calls per byte. What is appended to
/// a log is a slice of the buffer it was read into and keeps it, so a buffer is used to its end.
const READ_BUFFER: usize = 128 * 1024;

/// A new buffer is begun when less than this is left of one.
const READ_LEAST: usize = 4 * 1024;

/// Responses written with one system call at most.
const WRITE_PARTS: usize = 64;

pub(super) struct Connection<M> {
    tcp: Arc<Tcp<M>>,
    id: ConnectionId,
    broker: BrokerId,
    peer: SocketAddr,
    outbox: Arc<Outbox>,
    decoder: FrameDecoder,
    received: BytesMut,
    batch: VecDeque<Bytes>,
}

/// Why a connection ends.
enum End {
    /// The machine closed it.
    Closed,
    /// The peer did.
    Finished,
    /// What it sent is not the Kafka protocol, or beyond the limit.
    Garbage(FrameError),
    Broken(io::Error),
}

impl<M: Machine> Connection<M> {
    pub(super) fn new(
        tcp: Arc<Tcp<M>>,
        id: ConnectionId,
        broker: BrokerId,
        peer: SocketAddr,
        outbox: Arc<Outbox>,
    ) -> Self {
        let decoder = FrameDecoder::new(tcp.max_frame);
        let (received, batch) = (BytesMut::new(), VecDeque::new());
        Self { tcp, id, broker, peer, outbox, decoder, received, batch }
    }

    pub(super) async fn run(mut self, mut stream: TcpStream) {
        let end = loop {
            if let Err(end) = self.turn(&mut stream).await {
                break end;
            }
        };
        let (broker, peer) = (self.broker, self.peer);
        match end {
            End::Closed => {}
            End::Finished => tracing::debug!(%broker, %peer, "the client closed its connection"),
            End::Broken(error) => tracing::debug!(%broker, %peer, %error, "a connection broke"),
            End::Garbage(error) => {
                tracing::warn!(%broker, %peer, %error, "closing the connection: no Kafka frame");
            }
        }
        self.tcp.disconnected(self.id);
    }

    async fn turn(&mut self, stream: &mut TcpStream) -> Result<(), End> {
        match self.outbox.turn(&mut self.batch) {
            Turn::Close => Err(End::Closed),
            Turn::Wait => {
                self.outbox.changed().await;
                Ok(())
            }
            Turn::Write => self.write(stream).await,
            Turn::Read => {
                if self.hand_in()? == Handed::Requests {
                    return Ok(());
                }
                self.read(stream).await
            }
        }
    }

    /// Hands in what was read, as far as it is whole.
    fn hand_in(&mut self) -> Result<Handed, End> {
        let (decoder, received) = (&mut self.decoder, &mut self.received);
        let first = match decoder.decode(received).map_err(End::Garbage)? {
            Some(frame) => frame,
            None => return Ok(Handed::Nothing),
        };
        let mut pending = Some(first);
        let mut garbage = None;
        self.tcp.feed(self.id, &self.outbox, || {
            let next = pending.take();
            next.or_else(|| match decoder.decode(received) {
                Ok(next) => next,
                Err(error) => {
                    garbage = Some(error);
                    None
                }
            })
        });
        // A frame that was not taken meets a connection that was closed or held meanwhile.
        if let Some(frame) = pending {
            self.put_back(&frame);
        }
        garbage.map_or(Ok(Handed::Requests), |error| Err(End::Garbage(error)))
    }

    fn put_back(&mut self, frame: &Bytes) {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let mut whole = BytesMut::with_capacity(frame.len() + 4 + self.received.len());
        whole.extend_from_slice(&length.to_be_bytes());
        whole.extend_from_slice(frame);
        whole.extend_from_slice(&self.received);
        self.received = whole;
    }

    async fn read(&mut self, stream: &mut TcpStream) -> Result<(), End> {
        if self.received.capacity() - self.received.len() < READ_LEAST {
            self.received.reserve(READ_BUFFER);
        }
        tokio::select! {
            biased;
            () = self.outbox.changed() => Ok(()),
            read = stream.read_buf(&mut self.received) => match read {
                Ok(0) => Err(End::Finished),
                Ok(_) => Ok(()),
                Err(error) => Err(End::Broken(error)),
            }
        }
    }

    async fn write(&mut self, stream: &mut TcpStream) -> Result<(), End> {
        while !self.batch.is_empty() {
            match self.outbox.may_write() {
                Turn::Close => return Err(End::Closed),
                Turn::Wait => {
                    self.outbox.changed().await;
                    continue;
                }
                Turn::Write | Turn::Read => {}
            }
            let mut slices = [IoSlice::new(&[]); WRITE_PARTS];
            let parts = self.batch.len().min(WRITE_PARTS);
            for (slice, frame) in slices.iter_mut().zip(&self.batch) {
                *slice = IoSlice::new(frame);
            }
            let written = tokio::select! {
                biased;
                written = stream.write_vectored(&slices[..parts]) => written.map_err(End::Broken)?,
                () = self.outbox.changed() => continue,
            };
            if written == 0 {
                return Err(End::Finished);
            }
            advance(&mut self.batch, written);
        }
        Ok(())
    }
}

/// Whether there was something to hand in.
#[derive(PartialEq, Eq)]
enum Handed {
    Requests,
    Nothing,
}

/// Drops the first `written` bytes.
fn advance(batch: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(front) = batch.front_mut() {
        if written < front.len() {
            front.advance(written);
            return;
        }
        written -= front.len();
        batch.pop_front();
    }
}
