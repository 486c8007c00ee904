//! What is to be written to a connection, and whether it may be read and written at all.

use std::collections::VecDeque;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::cluster::Reading;

/// Bytes of unwritten answers from which on no more requests are handed in. A client that asks and
/// does not read holds up itself.
const UNWRITTEN_LIMIT: usize = 1024 * 1024;

/// Shared between a connection's task and whoever steps the machine.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    changed: Notify,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    frames: VecDeque<Bytes>,
    unwritten: usize,
    reading: Reading,
    traffic: Traffic,
    closing: Option<Closing>,
}

/// Whether bytes move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traffic {
    Flowing,
    /// The broker is paused or its clients are cut off: the kernel keeps what arrives.
    Held,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// Once what was answered before is written.
    AfterWriting,
    /// Unwritten answers are lost, as when a process is killed.
    AtOnce,
}

/// What a connection's task is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Write what was taken.
    Write,
    /// Read, and hand in what was read.
    Read,
    /// Wait for a change.
    Wait,
    /// Close the connection.
    Close,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            frames: VecDeque::new(),
            unwritten: 0,
            reading: Reading::Resumed,
            traffic: Traffic::Flowing,
            closing: None,
        }
    }
}

impl Outbox {
    pub(super) fn push(&self, frame: Bytes) {
        let mut inner = self.inner.lock();
        inner.unwritten += frame.len();
        inner.frames.push_back(frame);
    }

    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn close(&self, closing: Closing) {
        self.inner.lock().closing = Some(closing);
        self.wake();
    }

    pub(super) fn set_reading(&self, reading: Reading) {
        self.inner.lock().reading = reading;
    }

    pub(super) fn set_held(&self, held: bool) {
        self.inner.lock().traffic = if held { Traffic::Held } else { Traffic::Flowing };
        self.wake();
    }

    /// Whether requests may be handed in.
    pub(super) fn is_open(&self) -> bool {
        let inner = self.inner.lock();
        inner.closing.is_none()
            && inner.unwritten < UNWRITTEN_LIMIT
            && inner.reading == Reading::Resumed
            && inner.traffic == Traffic::Flowing
    }

    /// What to do next. Moves what is to be written into `batch`, which is empty.
    pub(super) fn turn(&self, batch: &mut VecDeque<Bytes>) -> Turn {
        let mut inner = self.inner.lock();
        if inner.closing == Some(Closing::AtOnce) {
            return Turn::Close;
        }
        if inner.traffic == Traffic::Held {
            return Turn::Wait;
        }
        if !inner.frames.is_empty() {
            std::mem::swap(batch, &mut inner.frames);
            inner.unwritten = 0;
            return Turn::Write;
        }
        match (inner.closing, inner.reading) {
            (Some(_), _) => Turn::Close,
            (None, Reading::Resumed) => Turn::Read,
            (None, Reading::Paused) => Turn::Wait,
        }
    }

    /// Whether a write that was begun may go on.
    pub(super) fn may_write(&self) -> Turn {
        let inner = self.inner.lock();
        match (inner.closing, inner.traffic) {
            (Some(Closing::AtOnce), _) => Turn::Close,
            (_, Traffic::Held) => Turn::Wait,
            (_, Traffic::Flowing) => Turn::Write,
        }
    }
}
