//! A machine for the tests of the transports: echoes frames, one broker per entry, and obeys
//! kill, restart, pause and resume.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::Machine;
use crate::cluster::{
    CloseCause, CloseReason, ConnectionId, Input, ListenerState, Operation, Output, Reading,
};

/// Answers each frame with the same frame after `delay`; a frame "quit" closes the connection,
/// and "mute" pauses reading until the answer.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    pub(crate) delay: Duration,
    pub(crate) open: BTreeMap<ConnectionId, BrokerId>,
    pub(crate) gone: Vec<ConnectionId>,
    pub(crate) frames: usize,
    answers: VecDeque<(MonoTime, ConnectionId, Bytes)>,
    outputs: VecDeque<Output>,
}

impl Echo {
    pub(crate) fn new(brokers: i32, delay: Duration) -> Self {
        let mut echo = Self { delay, ..Self::default() };
        for id in 1..=brokers {
            echo.listener(BrokerId(id), ListenerState::Accepting);
        }
        echo
    }

    fn listener(&mut self, broker: BrokerId, state: ListenerState) {
        self.outputs.push_back(Output::Listener { broker, state });
    }

    fn close(&mut self, connection: ConnectionId, broker: BrokerId, cause: CloseCause) {
        self.open.remove(&connection);
        let reason = CloseReason { broker, peer: String::new(), cause };
        self.outputs.push_back(Output::Close { connection, reason });
    }

    fn operate(&mut self, operation: &Operation) {
        match operation {
            Operation::Kill(id) => {
                self.listener(*id, ListenerState::Refusing);
                let open = self.open.clone();
                for (connection, _) in open.into_iter().filter(|(_, broker)| broker == id) {
                    self.close(connection, *id, CloseCause::BrokerKilled);
                }
            }
            Operation::Restart(id) | Operation::Resume(id) => {
                self.listener(*id, ListenerState::Accepting);
            }
            Operation::Pause(id) => self.listener(*id, ListenerState::Silent),
            _ => {}
        }
    }

    fn frame(&mut self, now: MonoTime, connection: ConnectionId, frame: Bytes) {
        self.frames += 1;
        let Some(&broker) = self.open.get(&connection) else { return };
        if &frame[..] == b"quit" {
            return self.close(connection, broker, CloseCause::Malformed("quit".to_owned()));
        }
        if frame.starts_with(b"mute") {
            self.outputs.push_back(Output::Reading { connection, reading: Reading::Paused });
        }
        self.answers.push_back((now + self.delay, connection, frame));
    }
}

impl Machine for Echo {
    fn step(&mut self, now: MonoTime, input: Input) {
        match input {
            Input::Connected { connection, broker, .. } => {
                self.open.insert(connection, broker);
            }
            Input::Frame { connection, frame } => self.frame(now, connection, frame),
            Input::Disconnected { connection } => {
                self.open.remove(&connection);
                self.gone.push(connection);
            }
            Input::Timeout => {}
            Input::Operator(operation) => self.operate(&operation),
        }
        while self.answers.front().is_some_and(|(due, ..)| *due <= now) {
            let Some((_, connection, frame)) = self.answers.pop_front() else { break };
            if frame.starts_with(b"mute") {
                self.outputs.push_back(Output::Reading { connection, reading: Reading::Resumed });
            }
            if self.open.contains_key(&connection) {
                self.outputs.push_back(Output::Send { connection, frame: framed(&frame) });
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        self.answers.front().map(|(due, ..)| *due)
    }
}

/// `payload` with its length in front.
pub(crate) fn framed(payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 4);
    frame.put_u32(u32::try_from(payload.len()).expect("a test's frame is short"));
    frame.put_slice(payload);
    frame.freeze()
}
