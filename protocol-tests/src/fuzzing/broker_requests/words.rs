//! What requests speak of: the topics, producers, sessions and settings of the cluster.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use milena_protocol::arbitrary::{Place, Vocabulary};
use milena_protocol::compression::{Codec, Compression};
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::{BatchBuilder, BatchKind, NO_HEADERS, Stamp};

/// The first two are there from the start; requests may create the others.
pub(super) const TOPICS: [&str; 5] = ["t", "u", "v", "__consumer_offsets", "no such topic"];

/// `log.dirs`.
pub(super) const DIRECTORIES: [&str; 2] = ["/data-1", "/data-2"];

const BROKERS: [&str; 4] = ["1", "2", "100", ""];
const SETTINGS: [&str; 24] = [
    "cleanup.policy",
    "compression.type",
    "max.message.bytes",
    "message.timestamp.type",
    "message.timestamp.after.max.ms",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.ms",
    "unclean.leader.election.enable",
    "delete.retention.ms",
    "min.cleanable.dirty.ratio",
    "flush.messages",
    "log.retention.ms",
    "message.max.bytes",
    "log.cleaner.enable",
    "max.connections.per.ip.overrides",
    "consumer.session.timeout.ms",
    "interval.ms",
    "match",
    "metrics",
    "remote.storage.enable",
    "no.such.setting",
];
const VALUES: [&str; 16] = [
    "compact",
    "delete",
    "compact,delete",
    "zstd",
    "lz4",
    "gzip",
    "producer",
    "LogAppendTime",
    "CreateTime",
    "true",
    "0",
    "1",
    "-1",
    "1024",
    "100000",
    "0.01",
];
const QUOTAS: [&str; 5] = [
    "producer_byte_rate",
    "consumer_byte_rate",
    "request_percentage",
    "controller_mutation_rate",
    "connection_creation_rate",
];
const ENTITY_TYPES: [&str; 4] = ["user", "client-id", "ip", "neither"];
const ENTITIES: [&str; 4] = ["ANONYMOUS", "c", "127.0.0.1", "<default>"];
const FEATURES: [&str; 6] = [
    "metadata.version",
    "eligible.leader.replicas.version",
    "group.version",
    "transaction.version",
    "share.version",
    "kraft.version",
];
/// Client ids and transactional ids.
const NAMES: [&str; 3] = ["c", "d", ""];

/// A time of day while the cluster runs.
const MOMENT: i64 = 1_750_000_000_000;

/// What a cluster has at a moment.
pub(super) struct Words {
    topics: Vec<[u8; 16]>,
    sessions: Vec<i32>,
}

impl Words {
    pub(super) fn new(topics: Vec<[u8; 16]>, sessions: Vec<i32>) -> Self {
        Self { topics, sessions }
    }
}

impl Vocabulary for Words {
    fn integer(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<i64>> {
        // One in sixteen is any number.
        if u.ratio(1_u8, 16_u8)? {
            return Ok(None);
        }
        let small: &[i64] = match place.field {
            "acks" => &[-1, 0, 1],
            "producer_id" => &[0, 1, 1000, 7, -1],
            "broker_id" | "broker_ids" | "replica_id" | "replicas" | "new_isr" => {
                &[1, 2, -1, -2, 3, 100]
            }
            "num_partitions" | "count" => &[1, 2, 3, 5, -1, 9_999, 10_001],
            "replication_factor" => &[1, 2, -1, 3],
            "timeout_ms" | "max_wait_ms" | "transaction_timeout_ms" => &[0, 1, 500, 30_000, -1],
            "max_bytes" | "partition_max_bytes" | "min_bytes" => &[1 << 20, 1, 0, 100, 1_000, -1],
            "resource_type" | "resource_types" => &[2, 4, 16, 32, 8, 1, 0],
            "timestamp" => &[-1, -2, -3, -4, -5, 0, MOMENT, MOMENT + 5_000, i64::MAX],
            "iterations" => &[4_096, 8_192, 1],
            "session_id" => {
                return match self.sessions.len().checked_sub(1) {
                    Some(last) if u.ratio(3_u8, 4_u8)? => {
                        let at = last - u.int_in_range(0..=last.min(3))?;
                        Ok(Some(self.sessions[at].into()))
                    }
                    _ => Ok(Some(0)),
                };
            }
            _ => &[0, 1, 2, -1, 3, 4, 5, 7, 10, 100, -2],
        };
        Ok(Some(*u.choose(small)?))
    }

    fn text(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<String>> {
        if u.ratio(1_u8, 16_u8)? {
            return Ok(None);
        }
        let known: &[&str] = match (place.within, place.field) {
            ("configs", "name") | (_, "configuration_keys") => &SETTINGS,
            ("configs", "value") => &VALUES,
            ("ops" | "values", "key") => &QUOTAS,
            (_, "entity_type") => &ENTITY_TYPES,
            (_, "entity_name" | "match" | "user") | ("users" | "upsertions" | "deletions", _) => {
                &ENTITIES
            }
            (_, "feature") | ("features", _) => &FEATURES,
            (_, "client_id" | "transactional_id") => &NAMES,
            (_, "path") => &DIRECTORIES,
            (_, "resource_name") => match u.int_in_range(0..=2_u8)? {
                0 => &BROKERS,
                1 => &NAMES,
                _ => &TOPICS,
            },
            _ => &TOPICS,
        };
        Ok(Some((*u.choose(known)?).to_owned()))
    }

    fn uuid(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<[u8; 16]>> {
        if place.field != "topic_id" || self.topics.is_empty() {
            return Ok(None);
        }
        Ok(if u.ratio(1_u8, 8_u8)? { None } else { Some(*u.choose(&self.topics)?) })
    }

    /// What a producer sends, or something near to it.
    fn records(&self, _: Place, u: &mut Unstructured<'_>) -> Result<Option<Bytes>> {
        if u.ratio(1_u8, 8_u8)? {
            return Ok(None);
        }
        let mut builder = BatchBuilder::new(64);
        for at in 0..u.int_in_range(1..=4_u8)? {
            let key = u.ratio(2_u8, 3_u8)?.then_some([b'k', at % 2]);
            let value = [at; 40];
            let value = (!u.ratio(1_u8, 6_u8)?).then_some(&value[..]);
            let timestamp = MOMENT + i64::from(u.arbitrary::<i16>()?);
            builder
                .append(timestamp, key.as_ref().map(<[u8; 2]>::as_slice), value, NO_HEADERS)
                .expect("a few short values fit");
        }
        let codec = Codec::ALL[u.int_in_range(0..=Codec::ALL.len() - 1)?];
        let sealed = builder.seal_compressed(Compression::of(codec)).expect("the codec is built");
        let stamp = match u.int_in_range(0..=3_u8)? {
            0 => Stamp::default(),
            kind => Stamp {
                producer_id: ProducerId(u.int_in_range(0..=3)?),
                producer_epoch: ProducerEpoch(u.int_in_range(0..=2)?),
                base_sequence: Sequence(*u.choose(&[0, 1, 2, 3, 4, 5, 6, i32::MAX])?),
                kind: if kind == 1 { BatchKind::Transactional } else { BatchKind::Plain },
            },
        };
        let mut bytes = sealed.stamp(&stamp).to_bytes().to_vec();
        if u.ratio(1_u8, 8_u8)? && !bytes.is_empty() {
            let at = u.int_in_range(0..=bytes.len() - 1)?;
            bytes[at] ^= u.arbitrary::<u8>()?;
        }
        Ok(Some(bytes.into()))
    }
}
