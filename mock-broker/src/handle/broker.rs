//! One broker, to look at and to harm.

use milena_protocol::ids::BrokerId;

use super::MockCluster;
use crate::cluster::{BrokerView, ImageView, Operation, ProcessState};

/// A broker of a cluster.
#[derive(Clone, Debug)]
pub struct BrokerHandle {
    cluster: MockCluster,
    id: BrokerId,
}

impl BrokerHandle {
    pub(super) fn new(cluster: MockCluster, id: BrokerId) -> Self {
        Self { cluster, id }
    }

    /// Its number.
    pub fn id(&self) -> BrokerId {
        self.id
    }

    /// Its state.
    pub fn view(&self) -> BrokerView {
        self.cluster
            .inspect(|cluster| cluster.broker(self.id))
            .expect("a cluster never loses a broker, and the handle was made for one it has")
    }

    /// The cluster as it believes it to be: its own image of the metadata, which may lag behind.
    /// `None` while it is down.
    pub fn image(&self) -> Option<ImageView> {
        self.cluster.inspect(|cluster| cluster.image(self.id))
    }

    /// Ends its process as `kill -9` does: connections break, the port refuses, everything
    /// volatile is lost, the appended log stays. Does nothing to a broker that is down.
    pub fn kill(&self) {
        self.operate(Operation::Kill(self.id));
    }

    /// Starts it again on the same port, after a kill. It registers with a new broker epoch,
    /// truncates its logs as the leaders' epochs demand and catches up. Does nothing to a broker
    /// that is not down.
    pub fn restart(&self) {
        self.operate(Operation::Restart(self.id));
    }

    /// Asks its process to end in order, as SIGTERM does: it hands its leaderships over, leaves every
    /// ISR and ends when the controller lets it go, which takes a moment. Its high watermarks are
    /// saved, and on a restart it counts as one that lost nothing. Does nothing unless it runs.
    pub fn shut_down(&self) {
        self.operate(Operation::ShutDown(self.id));
    }

    /// Keeps new metadata from it, so that it goes on by what it knows: it tells clients of
    /// yesterday's leaders, and may take itself for one.
    pub fn hold_metadata(&self) {
        self.operate(Operation::HoldMetadata(self.id));
    }

    /// Lets it have the metadata that was kept from it.
    pub fn release_metadata(&self) {
        self.operate(Operation::ReleaseMetadata(self.id));
    }

    /// Stops its process as SIGSTOP does: a zombie, whose port accepts and stays silent and which
    /// believes, once it goes on, that no time has passed. Does nothing unless it runs.
    pub fn pause(&self) {
        self.operate(Operation::Pause(self.id));
    }

    /// Ends a pause. Does nothing to a broker that is not paused.
    pub fn resume(&self) {
        self.operate(Operation::Resume(self.id));
    }

    /// Puts its clock so many milliseconds ahead of the true time of day, or behind it if negative:
    /// the timestamps it gives and what it thinks of those of others. 0 ends it. A restart does not:
    /// the clock is the machine's.
    pub fn skew_clock(&self, millis: i64) {
        self.operate(Operation::SkewClock { broker: self.id, millis });
    }

    /// Whether its process serves.
    pub fn is_running(&self) -> bool {
        self.view().state == ProcessState::Running
    }

    /// These are the operations that a broker can only refuse because it is in that state already.
    fn operate(&self, operation: Operation) {
        if let Err(error) = self.cluster.operate(operation) {
            tracing::debug!(%error, "nothing to do");
        }
    }
}
