//! Waiting for a cluster to get somewhere, on virtual and on real time alike.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::MockCluster;
use crate::cluster::Cluster;

impl MockCluster {
    /// Waits until `condition` holds. It is looked at after every step of the cluster.
    ///
    /// Cancel safe.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use milena_mock_broker::{MockCluster, Topic};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    /// cluster.create_topic("orders", Topic::new().replication_factor(3))?;
    ///
    /// cluster.broker(3).kill();
    /// cluster
    ///     .wait_until("broker 3 has left the ISR", Duration::from_secs(20), |cluster| {
    ///         cluster.partition("orders", 0).isr().len() == 2
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If it does not hold within the given time. The error says `what` was waited for, and
    /// describes the cluster.
    pub async fn wait_until(
        &self,
        what: &str,
        within: Duration,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result<(), WaitError> {
        self.wait_for(what, within, |cluster| condition(cluster).then_some(())).await
    }

    /// Waits until `look` finds something, and gives that. Otherwise as
    /// [`wait_until`](Self::wait_until).
    ///
    /// # Errors
    /// If it finds nothing within the given time.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, WaitError> {
        let deadline = Instant::now() + within;
        loop {
            // Listens before it looks, so that no step in between is missed.
            let mut stepped = pin!(self.stepped().notified());
            stepped.as_mut().enable();
            if let Some(found) = look(self) {
                return Ok(found);
            }
            tokio::select! {
                biased;
                () = stepped => {}
                () = tokio::time::sleep_until(deadline) => {
                    let state = self.describe();
                    return Err(WaitError::new(what, within, state));
                }
            }
        }
    }

    /// Brokers and partitions, a line each.
    pub fn describe(&self) -> String {
        self.inspect(Cluster::describe)
    }

    /// The whole cluster as text for people: brokers with their images and connections, partitions
    /// with every replica batch by batch, producers, faults, what happened lately.
    ///
    /// ```
    /// # use milena_mock_broker::{MockCluster, Topic};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    /// cluster.create_topic("orders", Topic::new().replication_factor(3))?;
    /// assert!(cluster.dump().contains("orders-0: leader"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dump(&self) -> String {
        self.inspect(Cluster::dump)
    }
}

/// Something did not happen in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waited {within:?} in vain until {what}; the cluster:{state}")]
pub struct WaitError {
    what: String,
    within: Duration,
    state: String,
}

impl WaitError {
    pub(crate) fn new(what: &str, within: Duration, state: String) -> Self {
        Self { what: what.to_owned(), within, state }
    }

    /// What was waited for.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How long.
    pub fn within(&self) -> Duration {
        self.within
    }

    /// The brokers and partitions at the end of the wait, a line each.
    pub fn state(&self) -> &str {
        &self.state
    }
}
