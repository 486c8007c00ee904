//! What an operator does to the nodes and what lies between them.

use super::Scenario;
use crate::conformance::Outcome;

impl Scenario<'_> {
    /// Ends a broker's process at once.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self, broker: i32) -> Outcome {
        self.forget_link(broker);
        self.down.insert(broker);
        self.subject.kill(broker)
    }

    /// Starts a broker that was ended, and waits until every broker lists it.
    ///
    /// # Errors
    /// If it runs.
    pub fn start(&mut self, broker: i32) -> Outcome {
        self.subject.start(broker)?;
        self.down.remove(&broker);
        self.wait_for_brokers(self.shape.brokers())
    }

    /// Starts every broker that is dead and lets every frozen one go on.
    ///
    /// # Errors
    /// If they do not all come back.
    pub(in crate::conformance) fn start_all(&mut self) -> Outcome {
        for broker in 1..=self.shape.brokers() {
            // Refused where there is nothing to do.
            drop(self.subject.thaw(broker));
            drop(self.subject.start(broker));
        }
        self.wait_for_brokers(self.shape.brokers())
    }

    /// Asks a broker's process to end in order (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// If it does not run, or does not end.
    pub fn stop(&mut self, broker: i32) -> Outcome {
        self.subject.stop(broker)?;
        self.down.insert(broker);
        self.forget_link(broker);
        Ok(())
    }

    /// Starts a broker (or the controller) that was ended, and waits for nothing.
    ///
    /// # Errors
    /// If it runs.
    pub fn launch(&mut self, broker: i32) -> Outcome {
        self.down.remove(&broker);
        self.subject.launch(broker)
    }

    /// Stops what one node sends to another; it waits until the way heals.
    ///
    /// # Errors
    /// If the shape has nothing between its nodes.
    pub fn cut(&mut self, from: i32, to: i32) -> Outcome {
        self.has_cut = true;
        self.subject.cut(from, to)
    }

    /// Ends all cuts.
    ///
    /// # Errors
    /// If the shape has nothing between its nodes.
    pub fn heal(&mut self) -> Outcome {
        self.subject.heal()
    }

    /// The brokers that can be asked.
    pub(in crate::conformance) fn brokers_up(&self) -> Vec<i32> {
        (1..=self.shape.brokers()).filter(|broker| !self.down.contains(broker)).collect()
    }

    /// Stops a broker's process without ending it.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&mut self, broker: i32) -> Outcome {
        self.down.insert(broker);
        self.subject.freeze(broker)
    }

    /// Lets a frozen process go on.
    ///
    /// # Errors
    /// If it is not frozen.
    pub fn thaw(&mut self, broker: i32) -> Outcome {
        self.down.remove(&broker);
        self.subject.thaw(broker)
    }

    /// Takes the end of a log off the disk of a broker that was ended: all batches from the one
    /// that holds `offset`. A crash of the process alone loses nothing that it has written.
    ///
    /// # Errors
    /// If the broker runs, or has no such log.
    pub fn truncate_log(&mut self, broker: i32, topic: &str, offset: i64) -> Outcome {
        self.subject.truncate_log(broker, topic, 0, offset)
    }

    /// Deletes one of a broker's log directories under its feet.
    ///
    /// # Errors
    /// If it has none of this name.
    pub fn delete_log_directory(&mut self, broker: i32, directory: &str) -> Outcome {
        self.subject.delete_log_directory(broker, directory)
    }

    pub(super) fn forget_link(&mut self, broker: i32) {
        if let Some(link) = self.ordinary.remove(&broker) {
            self.subject.close(link);
        }
    }
}
