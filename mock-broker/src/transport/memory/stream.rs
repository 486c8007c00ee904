//! The client's end of a connection, as a byte stream.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::Machine;
use super::Memory;
use super::connection::{ClientEnd, Connection, Packet, SEND_WINDOW, UNREAD_LIMIT};
use super::link::Direction;

/// A connection to a broker in memory.
pub(super) struct MemoryStream<M: Machine> {
    memory: Arc<Memory<M>>,
    id: u64,
}

impl<M: Machine> MemoryStream<M> {
    pub(super) fn new(memory: Arc<Memory<M>>, id: u64) -> Self {
        Self { memory, id }
    }

    /// Waits until the broker's end has answered.
    pub(super) async fn connected(&self) -> io::Result<()> {
        poll_fn(|context| {
            self.memory.at_client(|world, _| {
                let Some(connection) = world.connections.get_mut(&self.id) else {
                    return Poll::Ready(Err(ErrorKind::NotConnected.into()));
                };
                match connection.client_end {
                    ClientEnd::Connecting => {
                        connection.reader = Some(context.waker().clone());
                        Poll::Pending
                    }
                    ClientEnd::Refused => Poll::Ready(Err(ErrorKind::ConnectionRefused.into())),
                    ClientEnd::Open | ClientEnd::Ended => Poll::Ready(Ok(())),
                    ClientEnd::Reset | ClientEnd::Dropped => {
                        Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
                    }
                }
            })
        })
        .await
    }

    fn write(&self, context: &Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.memory.at_client(|world, now| {
            let Some(connection) = world.connections.get_mut(&self.id) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            match connection.client_end {
                ClientEnd::Open | ClientEnd::Ended => {}
                ClientEnd::Connecting | ClientEnd::Refused => {
                    return Poll::Ready(Err(ErrorKind::NotConnected.into()));
                }
                ClientEnd::Reset | ClientEnd::Dropped => {
                    return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
                }
            }
            let room = SEND_WINDOW.saturating_sub(connection.unsent);
            if room == 0 {
                connection.writer = Some(context.waker().clone());
                return Poll::Pending;
            }
            let bytes = gather(buffers, room);
            let written = bytes.len();
            if written > 0 {
                connection.unsent += written;
                let client = connection.client;
                world.note(now, client, "write", self.id, i64::try_from(written).unwrap_or(0));
                world.send_at(now, self.id, Direction::ToBroker, Packet::Data(bytes));
            }
            Poll::Ready(Ok(written))
        })
    }
}

fn gather(buffers: &[IoSlice<'_>], room: usize) -> Bytes {
    let total: usize = buffers.iter().map(|buffer| buffer.len()).sum();
    let mut bytes = BytesMut::with_capacity(total.min(room));
    for buffer in buffers {
        let part = buffer.len().min(room - bytes.len());
        bytes.extend_from_slice(&buffer[..part]);
    }
    bytes.freeze()
}

/// Moves what was received into `buffer`. How much.
fn read_inbox(connection: &mut Connection, buffer: &mut ReadBuf<'_>) -> usize {
    let before = buffer.filled().len();
    while buffer.remaining() > 0 {
        let Some(front) = connection.inbox.front_mut() else { break };
        let part = front.split_to(front.len().min(buffer.remaining()));
        buffer.put_slice(&part);
        if front.is_empty() {
            connection.inbox.pop_front();
        }
    }
    buffer.filled().len() - before
}

impl<M: Machine> AsyncRead for MemoryStream<M> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.memory.at_client(|world, now| {
            let Some(connection) = world.connections.get_mut(&self.id) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            let read = read_inbox(connection, buffer);
            if read > 0 {
                let was_full = connection.unread >= UNREAD_LIMIT;
                connection.unread = connection.unread.saturating_sub(read);
                let has_room = connection.unread < UNREAD_LIMIT;
                let client = connection.client;
                world.note(now, client, "read", self.id, i64::try_from(read).unwrap_or(0));
                if was_full && has_room {
                    world.drained(now, self.id);
                }
                return Poll::Ready(Ok(()));
            }
            match connection.client_end {
                ClientEnd::Ended => Poll::Ready(Ok(())),
                ClientEnd::Reset | ClientEnd::Dropped => {
                    Poll::Ready(Err(ErrorKind::ConnectionReset.into()))
                }
                ClientEnd::Refused => Poll::Ready(Err(ErrorKind::ConnectionRefused.into())),
                ClientEnd::Connecting | ClientEnd::Open => {
                    connection.reader = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }
}

impl<M: Machine> AsyncWrite for MemoryStream<M> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.memory.at_client(|world, now| {
            world.send_at(now, self.id, Direction::ToBroker, Packet::Finish);
        });
        Poll::Ready(Ok(()))
    }
}

impl<M: Machine> Drop for MemoryStream<M> {
    fn drop(&mut self) {
        self.memory.at_client(|world, now| {
            let Some(connection) = world.connections.get_mut(&self.id) else { return };
            connection.client_end = ClientEnd::Dropped;
            connection.inbox.clear();
            connection.reader = None;
            connection.writer = None;
            let client = connection.client;
            world.note(now, client, "drop", self.id, 0);
            world.send_at(now, self.id, Direction::ToBroker, Packet::Finish);
            world.forget_if_over(self.id);
        });
    }
}
