//! The settings of a group.
//!
//! Made by `cargo run -p milena-protocol-tests --bin settings-tables` from what a broker of Apache
//! Kafka 4.1.0 listed; not to be edited.

use crate::settings::{Kind, Setting};

#[rustfmt::skip]
pub(crate) static GROUP: &[Setting] = &[
    Setting::new("consumer.heartbeat.interval.ms", Kind::Int).default("5000"),
    Setting::new("consumer.session.timeout.ms", Kind::Int).default("45000"),
    Setting::new("share.auto.offset.reset", Kind::Text).default("latest"),
    Setting::new("share.heartbeat.interval.ms", Kind::Int).default("5000"),
    Setting::new("share.isolation.level", Kind::Text).default("read_uncommitted"),
    Setting::new("share.record.lock.duration.ms", Kind::Int).default("30000"),
    Setting::new("share.session.timeout.ms", Kind::Int).default("45000"),
    Setting::new("streams.heartbeat.interval.ms", Kind::Int).default("5000"),
    Setting::new("streams.num.standby.replicas", Kind::Int).default("0"),
    Setting::new("streams.session.timeout.ms", Kind::Int).default("45000"),
];
