//! What a random scenario is made of: topics and actions, as values.

use std::fmt;

/// A whole scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its seed.
    pub seed: u64,
    /// What the records' timestamps are counted from, in milliseconds since 1970. Apache Kafka
    /// forgets producers by the timestamps of their records, so it has to be near its own time.
    pub moment: i64,
    /// The topics that may be created.
    pub topics: Vec<TopicPlan>,
    /// What is done, in order.
    pub actions: Vec<Action>,
}

/// A topic as it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    /// Per partition, the brokers that hold it, the preferred leader first.
    pub replicas: Vec<Vec<i32>>,
    /// Its settings.
    pub settings: Vec<(&'static str, &'static str)>,
}

/// A partition of a topic of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The topic, by its place in the plan.
    pub topic: usize,
    /// The partition's index.
    pub partition: i32,
}

/// Which broker is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The partition's leader; if it has none, the first live broker.
    Leader,
    /// This one, or if it is dead the first live one.
    Broker(i32),
}

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// A bit of its last byte is flipped.
    Damaged,
    /// It is sent twice in one request.
    Doubled,
    /// Its first record's offset is not 0.
    Shifted,
}

/// The numbers of an idempotent producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Producer id.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Base sequence.
    pub sequence: i32,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// CreateTopics.
    Create {
        /// The topic.
        topic: usize,
        /// Whether it is only to be checked.
        validate_only: bool,
    },
    /// DeleteTopics.
    Delete {
        /// The topic.
        topic: usize,
    },
    /// CreatePartitions, up to this count.
    Grow {
        /// The topic.
        topic: usize,
        /// How many partitions it is to have.
        count: i32,
    },
    /// Produce of one batch.
    Produce {
        /// Where to.
        place: Place,
        /// Who is asked.
        whom: Whom,
        /// The version.
        version: i16,
        /// `acks`.
        acks: i16,
        /// The records' timestamps, counted from a moment in the past.
        times: Vec<i64>,
        /// Of an idempotent producer.
        numbers: Option<Numbers>,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// Fetch outside of a session.
    Fetch {
        /// Where from.
        place: Place,
        /// Who is asked.
        whom: Whom,
        /// The version.
        version: i16,
        /// The offset.
        offset: i64,
        /// The current leader epoch; -1 for none.
        epoch: i32,
        /// The last fetched epoch; -1 for none.
        last_epoch: i32,
        /// Bytes of the partition.
        max_bytes: i32,
        /// `isolation_level`.
        isolation: i8,
    },
    /// ListOffsets.
    ListOffsets {
        /// Where.
        place: Place,
        /// Who is asked.
        whom: Whom,
        /// The version.
        version: i16,
        /// A special timestamp, or one counted from the same moment as those of the records.
        timestamp: i64,
        /// The current leader epoch; -1 for none.
        epoch: i32,
        /// `isolation_level`.
        isolation: i8,
    },
    /// OffsetForLeaderEpoch.
    EndOfEpoch {
        /// Where.
        place: Place,
        /// Who is asked.
        whom: Whom,
        /// The current leader epoch; -1 for none.
        current: i32,
        /// The epoch asked for.
        epoch: i32,
    },
    /// DeleteRecords.
    DeleteRecords {
        /// Where.
        place: Place,
        /// Who is asked.
        whom: Whom,
        /// Up to this offset; -1 for the high watermark.
        offset: i64,
    },
    /// ElectLeaders.
    Elect {
        /// Where.
        place: Place,
        /// 0: preferred, 1: unclean.
        kind: i8,
    },
    /// DescribeProducers.
    Producers {
        /// Where.
        place: Place,
        /// Who is asked.
        whom: Whom,
    },
    /// Metadata and DescribeTopicPartitions.
    Describe {
        /// The topic.
        topic: usize,
        /// Who is asked.
        whom: Whom,
    },
    /// kill -9, if every broker is alive.
    Kill(i32),
    /// Starts the dead broker, if there is one.
    Start,
}

impl Action {
    /// A word for the names of its steps.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Delete { .. } => "delete",
            Self::Grow { .. } => "grow",
            Self::Produce { .. } => "produce",
            Self::Fetch { .. } => "fetch",
            Self::ListOffsets { .. } => "list offsets",
            Self::EndOfEpoch { .. } => "end of epoch",
            Self::DeleteRecords { .. } => "delete records",
            Self::Elect { .. } => "elect",
            Self::Producers { .. } => "producers",
            Self::Describe { .. } => "describe",
            Self::Kill(_) => "kill",
            Self::Start => "start",
        }
    }
}

impl Plan {
    /// Records' timestamps are below this many milliseconds, counted from the plan's moment.
    pub const TIMES: i64 = 60;

    /// Whether a broker dies and comes back in it.
    pub fn has_a_crash(&self) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Kill(_)))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, topic) in self.topics.iter().enumerate() {
            writeln!(f, "    topic {at}: replicas {:?}, {:?}", topic.replicas, topic.settings)?;
        }
        for (at, action) in self.actions.iter().enumerate() {
            writeln!(f, "    {at}: {action:?}")?;
        }
        Ok(())
    }
}
