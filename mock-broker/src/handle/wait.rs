//! Waiting for a cluster to get somewhere, on virtual and on real time alike.

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::MockCluster;
use crate::cluster::{BrokerView, Cluster, PartitionView};

/// How many partitions a time-out error describes.
const DESCRIBED_PARTITIONS: usize = 32;

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
                    return Err(WaitError { what: what.to_owned(), within, state });
                }
            }
        }
    }

    /// Brokers and partitions, a line each.
    pub fn describe(&self) -> String {
        self.inspect(|cluster| {
            let mut text = String::new();
            for broker in cluster.brokers() {
                describe_broker(&mut text, &broker);
            }
            let partitions = partitions(cluster);
            for view in partitions.iter().take(DESCRIBED_PARTITIONS) {
                describe_partition(&mut text, view);
            }
            if partitions.len() > DESCRIBED_PARTITIONS {
                let more = partitions.len() - DESCRIBED_PARTITIONS;
                let _ = write!(text, "\n  and {more} more partitions");
            }
            text
        })
    }
}

fn partitions(cluster: &Cluster) -> Vec<PartitionView> {
    let topics = cluster.topics();
    let each = topics.iter().flat_map(|topic| (0..topic.partitions).map(move |i| (topic, i)));
    each.filter_map(|(topic, index)| cluster.partition(&topic.name, index)).collect()
}

// Writing to a String cannot fail.
fn describe_broker(text: &mut String, broker: &BrokerView) {
    let fenced = if broker.fenced { "fenced" } else { "unfenced" };
    let _ = write!(
        text,
        "\n  broker {} is {:?}, {fenced}, epoch {}, knows {} live brokers and {} partitions, has {} connections",
        broker.id,
        broker.state,
        broker.broker_epoch,
        broker.live_brokers_in_image,
        broker.partitions_in_image,
        broker.connections,
    );
}

fn describe_partition(text: &mut String, view: &PartitionView) {
    let leader = view.leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let _ = write!(
        text,
        "\n  {}-{}: leader {leader} in epoch {}, replicas {:?}, ISR {:?}, high watermark {}, log ends",
        view.topic,
        view.index,
        view.leader_epoch,
        view.replicas.iter().map(|id| id.0).collect::<Vec<_>>(),
        view.isr.iter().map(|id| id.0).collect::<Vec<_>>(),
        view.high_watermark,
    );
    for replica in &view.logs {
        let _ = write!(text, " {}@{}", replica.log_end_offset, replica.broker);
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
