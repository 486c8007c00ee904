//! A topic to be created.

use milena_protocol::ids::BrokerId;

use crate::config::TopicSpec;

/// What a new topic is made of; what is not set is the cluster's default.
///
/// ```
/// use milena_mock_broker::Topic;
///
/// let topic = Topic::new().partitions(6).replication_factor(3).min_insync_replicas(2);
/// ```
#[derive(Clone, Debug)]
pub struct Topic {
    spec: TopicSpec,
}

impl Default for Topic {
    fn default() -> Self {
        Self::new()
    }
}

impl Topic {
    /// A topic with the cluster's defaults.
    pub fn new() -> Self {
        Self { spec: TopicSpec::new("") }
    }

    /// How many partitions. Default: the cluster's, which is 1.
    #[must_use]
    pub fn partitions(mut self, count: i32) -> Self {
        self.spec = self.spec.partitions(count);
        self
    }

    /// How many replicas of each partition. Default: the cluster's, which is 1.
    #[must_use]
    pub fn replication_factor(mut self, count: i16) -> Self {
        self.spec = self.spec.replication_factor(count);
        self
    }

    /// Which brokers hold each partition, the preferred leader first. Instead of
    /// [`partitions`](Self::partitions) and [`replication_factor`](Self::replication_factor).
    #[must_use]
    pub fn assignments<P, B>(mut self, replicas: impl IntoIterator<Item = P>) -> Self
    where
        P: IntoIterator<Item = B>,
        B: Into<BrokerId>,
    {
        let replicas = replicas.into_iter().map(|ids| ids.into_iter().map(Into::into).collect());
        self.spec = self.spec.assignments(replicas.collect());
        self
    }

    /// `min.insync.replicas`: with fewer in-sync replicas, acks=all is refused.
    #[must_use]
    pub fn min_insync_replicas(self, count: u32) -> Self {
        self.config("min.insync.replicas", count.to_string())
    }

    /// Any other setting, by its Java name.
    #[must_use]
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec = self.spec.config(name, value);
        self
    }

    pub(crate) fn into_spec(self, name: &str) -> TopicSpec {
        TopicSpec { name: name.to_owned(), ..self.spec }
    }
}
