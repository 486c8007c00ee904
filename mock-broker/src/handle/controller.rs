//! The controller, to harm.

use super::MockCluster;
use crate::cluster::{Operation, ProcessState};

/// The controller of a cluster.
#[derive(Clone, Debug)]
pub struct ControllerHandle {
    cluster: MockCluster,
}

impl ControllerHandle {
    pub(super) fn new(cluster: MockCluster) -> Self {
        Self { cluster }
    }

    /// Ends its process: produce and fetch go on, but there are no elections, no changes of an ISR
    /// and no new topics. Does nothing if it is gone.
    pub fn kill(&self) {
        self.operate(Operation::KillController);
    }

    /// Starts it again. It has what was committed, and gives every broker a whole session before
    /// it fences it. Does nothing unless it is gone.
    pub fn restart(&self) {
        self.operate(Operation::RestartController);
    }

    /// Stops its process as SIGSTOP does. Does nothing unless it runs.
    pub fn pause(&self) {
        self.operate(Operation::PauseController);
    }

    /// Ends a pause. Does nothing unless it is paused.
    pub fn resume(&self) {
        self.operate(Operation::ResumeController);
    }

    /// It is gone, and another takes over after
    /// [`controller_failover`](crate::config::Timings::controller_failover). Does nothing if it is
    /// gone.
    pub fn move_to_another(&self) {
        self.operate(Operation::MoveController);
    }

    /// What its process does.
    pub fn state(&self) -> ProcessState {
        self.cluster.inspect(crate::cluster::Cluster::controller_process)
    }

    /// These are the operations that it can only refuse because it is in that state already.
    fn operate(&self, operation: Operation) {
        if let Err(error) = self.cluster.operate(operation) {
            tracing::debug!(%error, "nothing to do");
        }
    }
}
