//! The settings of a topic.
//!
//! Made by `cargo run -p milena-protocol-tests --bin settings-tables` from what a broker of Apache
//! Kafka 4.1.0 listed; not to be edited.

use crate::settings::{Kind, Setting};

#[rustfmt::skip]
pub(crate) static TOPIC: &[Setting] = &[
    Setting::new("cleanup.policy", Kind::List).default("delete").synonym("log.cleanup.policy"),
    Setting::new("compression.gzip.level", Kind::Int).default("-1").synonym("compression.gzip.level"),
    Setting::new("compression.lz4.level", Kind::Int).default("9").synonym("compression.lz4.level"),
    Setting::new("compression.type", Kind::Text).default("producer").synonym("compression.type"),
    Setting::new("compression.zstd.level", Kind::Int).default("3").synonym("compression.zstd.level"),
    Setting::new("delete.retention.ms", Kind::Long).default("86400000").synonym("log.cleaner.delete.retention.ms"),
    Setting::new("file.delete.delay.ms", Kind::Long).default("60000").synonym("log.segment.delete.delay.ms"),
    Setting::new("flush.messages", Kind::Long).default("9223372036854775807").synonym("log.flush.interval.messages"),
    Setting::new("flush.ms", Kind::Long).default("9223372036854775807").synonym("log.flush.interval.ms"),
    Setting::new("follower.replication.throttled.replicas", Kind::List).default(""),
    Setting::new("index.interval.bytes", Kind::Int).default("4096").synonym("log.index.interval.bytes"),
    Setting::new("leader.replication.throttled.replicas", Kind::List).default(""),
    Setting::new("local.retention.bytes", Kind::Long).default("-2").synonym("log.local.retention.bytes"),
    Setting::new("local.retention.ms", Kind::Long).default("-2").synonym("log.local.retention.ms"),
    Setting::new("max.compaction.lag.ms", Kind::Long).default("9223372036854775807").synonym("log.cleaner.max.compaction.lag.ms"),
    Setting::new("max.message.bytes", Kind::Int).default("1048588").synonym("message.max.bytes"),
    Setting::new("message.timestamp.after.max.ms", Kind::Long).default("3600000").synonym("log.message.timestamp.after.max.ms"),
    Setting::new("message.timestamp.before.max.ms", Kind::Long).default("9223372036854775807").synonym("log.message.timestamp.before.max.ms"),
    Setting::new("message.timestamp.type", Kind::Text).default("CreateTime").synonym("log.message.timestamp.type"),
    Setting::new("min.cleanable.dirty.ratio", Kind::Double).default("0.5").synonym("log.cleaner.min.cleanable.ratio"),
    Setting::new("min.compaction.lag.ms", Kind::Long).default("0").synonym("log.cleaner.min.compaction.lag.ms"),
    Setting::new("min.insync.replicas", Kind::Int).default("1").synonym("min.insync.replicas"),
    Setting::new("preallocate", Kind::Boolean).default("false").synonym("log.preallocate"),
    Setting::new("remote.log.copy.disable", Kind::Boolean).default("false"),
    Setting::new("remote.log.delete.on.disable", Kind::Boolean).default("false"),
    Setting::new("remote.storage.enable", Kind::Boolean).default("false"),
    Setting::new("retention.bytes", Kind::Long).default("-1").synonym("log.retention.bytes"),
    Setting::new("retention.ms", Kind::Long).default("604800000").synonym("log.retention.ms"),
    Setting::new("segment.bytes", Kind::Int).default("1073741824").synonym("log.segment.bytes"),
    Setting::new("segment.index.bytes", Kind::Int).default("10485760").synonym("log.index.size.max.bytes"),
    Setting::new("segment.jitter.ms", Kind::Long).default("0").synonym("log.roll.jitter.ms"),
    Setting::new("segment.ms", Kind::Long).default("604800000").synonym("log.roll.ms"),
    Setting::new("unclean.leader.election.enable", Kind::Boolean).default("false").synonym("unclean.leader.election.enable"),
];
