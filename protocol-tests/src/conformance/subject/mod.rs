//! Clusters a case can be run against.

mod apache;
mod simulated;

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;

pub use apache::Apache;
pub use simulated::Simulated;

use super::Outcome;

/// A connection of a case, numbered by the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link(pub u64);

/// What comes of waiting for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A frame, without its length prefix.
    Frame(Bytes),
    /// The broker closed the connection.
    Closed,
    /// Nothing, for as long as was waited.
    Silence,
}

/// A cluster, real or simulated, with brokers 1 to n. Where the controller is a process of its own,
/// it is reached, killed and so on by its id, as brokers are.
pub trait Subject: Debug {
    /// Opens a connection to a broker.
    ///
    /// # Errors
    /// If it is refused.
    fn connect(&mut self, broker: i32) -> Outcome<Link>;

    /// Sends a frame, given without its length prefix. A connection that is closed already takes
    /// it without a word: that shows when the answer is waited for.
    ///
    /// # Errors
    /// If there is no such connection.
    fn send(&mut self, link: Link, frame: Bytes) -> Outcome;

    /// Waits for the next frame.
    ///
    /// # Errors
    /// If there is no such connection.
    fn receive(&mut self, link: Link, limit: Duration) -> Outcome<Received>;

    /// Closes a connection.
    fn close(&mut self, link: Link);

    /// Lets time pass between two looks at a state that is waited for.
    fn pause_between_looks(&mut self);

    /// How long a state is waited for at most, in the subject's own time.
    fn patience(&self) -> Duration;

    /// Ends a broker's process at once.
    ///
    /// # Errors
    /// If it does not run.
    fn kill(&mut self, broker: i32) -> Outcome;

    /// Asks a broker's process to end in order, and waits until it has.
    ///
    /// # Errors
    /// If it does not run, or does not end.
    fn stop(&mut self, broker: i32) -> Outcome;

    /// Starts a broker that was ended, and waits until it serves.
    ///
    /// # Errors
    /// If it runs.
    fn start(&mut self, broker: i32) -> Outcome;

    /// Starts a broker that was ended, and waits for nothing.
    ///
    /// # Errors
    /// If it runs.
    fn launch(&mut self, broker: i32) -> Outcome;

    /// Stops a broker's process without ending it.
    ///
    /// # Errors
    /// If it does not run.
    fn freeze(&mut self, broker: i32) -> Outcome;

    /// Lets a frozen process go on.
    ///
    /// # Errors
    /// If it is not frozen.
    fn thaw(&mut self, broker: i32) -> Outcome;

    /// Stops what one node sends to another; it waits until the way heals.
    ///
    /// # Errors
    /// If the subject cannot come between them.
    fn cut(&mut self, from: i32, to: i32) -> Outcome;

    /// Ends all cuts.
    ///
    /// # Errors
    /// If the subject cannot come between nodes.
    fn heal(&mut self) -> Outcome;

    /// Takes the end of a log off the disk of a broker that was ended: all batches from the one
    /// that holds `offset`.
    ///
    /// # Errors
    /// If the broker runs, or has no such log.
    fn truncate_log(&mut self, broker: i32, topic: &str, partition: i32, offset: i64) -> Outcome;

    /// Deletes one of a broker's log directories, as it is told by DescribeLogDirs, under its feet.
    ///
    /// # Errors
    /// If it has none of this name.
    fn delete_log_directory(&mut self, broker: i32, directory: &str) -> Outcome;
}
