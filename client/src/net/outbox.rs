//! Bytes on their way to a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use milena_protocol::request::EncodedRequest;

use crate::environment::Transport;

/// How many parts go out with one call: well below IOV_MAX (1024), and enough for dozens of
/// batches, because one large write costs half the CPU per byte of many small ones.
const MAX_SLICES: usize = 256;

/// Frames that were handed over and are not written yet. `T` is given back once the frame it
/// came with is written.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    parts: VecDeque<Bytes>,
    queued: u64,
    written: u64,
    when_written: VecDeque<(u64, T)>,
    flush: Flush,
}

#[derive(Debug, PartialEq, Eq)]
enum Flush {
    Done,
    Due,
}

impl<T> Outbox<T> {
    pub(super) fn new() -> Self {
        Self {
            parts: VecDeque::new(),
            queued: 0,
            written: 0,
            when_written: VecDeque::new(),
            flush: Flush::Done,
        }
    }

    /// Appends a frame.
    pub(super) fn push(&mut self, frame: EncodedRequest) {
        for part in frame.into_parts() {
            if !part.is_empty() {
                self.queued += part.len() as u64;
                self.parts.push_back(part);
            }
        }
    }

    /// Has `token` given back once everything pushed so far is written.
    pub(super) fn notify_when_written(&mut self, token: T) {
        self.when_written.push_back((self.queued, token));
    }

    /// The next token whose frame is written.
    pub(super) fn pop_written(&mut self) -> Option<T> {
        let (position, _) = self.when_written.front()?;
        if *position > self.written {
            return None;
        }
        self.when_written.pop_front().map(|(_, token)| token)
    }

    /// Tokens whose frames will not be written completely any more.
    pub(super) fn drain_unwritten(&mut self) -> impl Iterator<Item = T> + '_ {
        self.when_written.drain(..).map(|(_, token)| token)
    }

    /// Bytes not written yet.
    pub(super) fn len(&self) -> u64 {
        self.queued - self.written
    }

    /// Whether [`Outbox::poll_write`] has something to do.
    pub(super) fn has_work(&self) -> bool {
        !self.parts.is_empty() || self.flush == Flush::Due
    }

    /// Writes until everything is out or the socket takes no more.
    pub(super) fn poll_write(
        &mut self,
        mut stream: Pin<&mut (dyn Transport + '_)>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.parts.is_empty() {
            let written = {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let mut used = 0;
                for (slice, part) in slices.iter_mut().zip(&self.parts) {
                    *slice = IoSlice::new(part);
                    used += 1;
                }
                ready!(stream.as_mut().poll_write_vectored(cx, &slices[..used]))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
            self.flush = Flush::Due;
        }
        if self.flush == Flush::Due {
            ready!(stream.as_mut().poll_flush(cx))?;
            self.flush = Flush::Done;
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.written += written as u64;
        while let Some(part) = self.parts.front_mut() {
            if written < part.len() {
                part.advance(written);
                return;
            }
            written -= part.len();
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_when_its_last_byte_is_written() {
        let mut outbox = Outbox::new();
        outbox.push(EncodedRequest::from_parts(vec![Bytes::from_static(b"abc")]));
        outbox.notify_when_written('a');
        outbox.push(EncodedRequest::from_parts(vec![Bytes::from_static(b"de")]));
        outbox.notify_when_written('b');
        outbox.advance(2);
        assert_eq!(outbox.pop_written(), None);
        outbox.advance(1);
        assert_eq!(outbox.pop_written(), Some('a'));
        assert_eq!(outbox.pop_written(), None);
        outbox.advance(2);
        assert_eq!(outbox.pop_written(), Some('b'));
        assert_eq!(outbox.len(), 0);
    }
}
