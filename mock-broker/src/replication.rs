//! How a partition's replicas stay the same log.
//!
//! [`Replica`] is one broker's part of a partition, as leader or follower; [`Fetcher`] is how a
//! follower asks one leader for records, [`FollowerSession`] is how that leader remembers it.

mod acks_all;
mod alter_partitions;
mod fetcher;
mod leader;
mod read_replica;
mod replica;
mod session;

use std::collections::BTreeMap;

use crate::metadata::TopicPartition;

pub(crate) use alter_partitions::AlterPartitions;
pub(crate) use fetcher::Fetcher;
pub(crate) use replica::{ProposalOutcome, Replica, Role, Surroundings};
pub(crate) use session::{FetchLimits, FollowerSession, Parked};

/// All replicas of a broker. Each by itself: a map of large values moves them about as it grows, and
/// keeps room for as many again.
pub(crate) type Replicas = BTreeMap<TopicPartition, Box<Replica>>;
