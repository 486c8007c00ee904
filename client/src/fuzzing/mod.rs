//! The client's machines behind structured operations, for fuzz targets: a target makes
//! [`Operation`]s out of its bytes, and [`Machines`] carries them out and panics where a machine
//! breaks a promise. No part of the API: it changes without notice.
//!
//! Operations are what the outside can do to a client: answers of any content in any order, silence,
//! time, and a caller who does as he likes. Every one is accepted in every state; one that makes no
//! sense there does nothing, so that no input is lost on a fuzzer.

pub mod connection;
pub mod fetch;
pub mod metadata;
pub mod producer;

use arbitrary::Arbitrary;
use milena_protocol::ErrorCode;
use milena_protocol::ids::TopicId;
use milena_protocol::time::MonoTime;

/// Something that happens to one of the machines.
#[derive(Arbitrary, Clone, Debug)]
pub enum Operation {
    /// To a connection.
    Connection(connection::Operation),
    /// To the metadata.
    Metadata(metadata::Operation),
    /// To a producer.
    Producer(producer::Operation),
    /// To a consumer.
    Fetch(fetch::Operation),
}

/// One machine of each kind.
#[derive(Default)]
pub struct Machines {
    connection: connection::Driver,
    metadata: metadata::Driver,
    producer: producer::Driver,
    fetch: fetch::Driver,
}

impl Machines {
    /// Machines that have just been made.
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out one operation.
    ///
    /// # Panics
    /// If a machine breaks a promise, which is what the fuzzer looks for.
    pub fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Connection(operation) => self.connection.apply(operation),
            Operation::Metadata(operation) => self.metadata.apply(operation),
            Operation::Producer(operation) => self.producer.apply(operation),
            Operation::Fetch(operation) => self.fetch.apply(operation),
        }
    }

    /// Ends everything, and checks that nobody is left waiting and no memory is left held.
    ///
    /// # Panics
    /// If somebody is, or some is.
    pub fn finish(self) {
        self.connection.finish();
        self.producer.finish();
        self.fetch.finish();
    }
}

/// What the time-outs of a machine may make it do at one moment, at most, before it counts as
/// spinning.
const PATIENCE: usize = 10_000;

/// When every machine is made.
const START: MonoTime = MonoTime::from_millis(1_000);

/// An error code out of a byte: mostly those that exist, and a few beyond.
fn code(byte: u8) -> ErrorCode {
    ErrorCode(i16::from(byte % 144) - 1)
}

/// The id of a topic's incarnation; zero is "not known".
fn topic_id(number: u8) -> TopicId {
    TopicId(uuid::Uuid::from_u128(u128::from(number)))
}

#[cfg(test)]
mod tests;
