//! Logs on disk: what is deleted, lost, damaged, and what a disk does to its broker.

use milena_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use milena_protocol::messages::describe_log_dirs_response::DescribeLogDirsTopic;
use milena_protocol::messages::{DeleteRecordsRequest, DescribeLogDirsRequest};

use super::*;
use crate::config::Unflushed;

fn delete_until(topic: &str, offset: i64) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition::default().with_offset(offset);
    let topic =
        DeleteRecordsTopic::default().with_name(topic_name(topic)).with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

fn starts(harness: &Harness, topic: &str) -> Vec<i64> {
    harness.partition(topic).logs.iter().map(|log| log.log_start_offset.get()).collect()
}

/// A topic on all three brokers with two batches of one record each.
fn two_batches(config: ClusterConfig) -> (Harness, ConnectionId) {
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1, 2, 3]);
    let connection = harness.connect(1);
    for value in ["a", "b"] {
        harness.produce(connection, "orders", -1, &[value]);
    }
    (harness, connection)
}

#[test]
fn a_deletion_is_answered_when_every_replica_has_deleted() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    harness.operate(Operation::Pause(BrokerId(3)));
    let sent = harness.send(connection, 2, &delete_until("orders", 1));
    harness.advance_millis(1_000);
    assert!(harness.answer::<DeleteRecordsRequest>(sent).is_none());
    assert_eq!(starts(&harness, "orders"), [1, 1, 0]);
    harness.operate(Operation::Resume(BrokerId(3)));
    harness.advance_millis(1_000);
    let answer = harness.answer::<DeleteRecordsRequest>(sent).unwrap();
    assert_eq!(answer.topics[0].partitions[0].low_watermark, 1);
    assert_eq!(starts(&harness, "orders"), [1, 1, 1]);
}

#[test]
fn a_deletion_that_takes_too_long_tells_how_far_it_came() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    harness.operate(Operation::Pause(BrokerId(3)));
    let request = delete_until("orders", 2).with_timeout_ms(500);
    let sent = harness.send(connection, 2, &request);
    harness.advance_millis(500);
    let told = &harness.answer::<DeleteRecordsRequest>(sent).unwrap().topics[0].partitions[0];
    assert_eq!((told.error_code, told.low_watermark), (ErrorCode::REQUEST_TIMED_OUT.0, 0));
}

#[test]
fn a_kill_keeps_what_was_not_flushed_and_a_loss_of_power_does_not() {
    let (mut harness, _) = two_batches(ClusterConfig::with_brokers(3));
    harness.operate(Operation::Kill(BrokerId(2)));
    harness.operate(Operation::LosePower(BrokerId(3)));
    let ends: Vec<i64> = harness.ends("orders").iter().map(|(end, _)| *end).collect();
    assert_eq!(ends, [2, 2, 0]);
}

#[test]
fn what_was_flushed_outlives_a_loss_of_power() {
    let mut harness = Harness::new(1);
    harness.create(on("orders", &[1]).config("flush.messages", "2"));
    let connection = harness.connect(1);
    for value in ["a", "b", "c"] {
        harness.produce(connection, "orders", 1, &[value]);
    }
    harness.operate(Operation::LosePower(BrokerId(1)));
    assert_eq!(harness.ends("orders")[0].0, 2);
}

#[test]
fn the_seed_says_how_much_of_what_was_not_flushed_is_lost() {
    let ends = |seed| {
        let mut config = ClusterConfig::with_brokers(1);
        config.storage.unflushed = Unflushed::Drawn;
        let mut harness = Harness::not_started(config, seed);
        harness.step(Input::Timeout);
        harness.create_on("orders", &[1]);
        let connection = harness.connect(1);
        for _ in 0..20 {
            harness.produce(connection, "orders", 1, &["a"]);
        }
        harness.operate(Operation::Kill(BrokerId(1)));
        harness.ends("orders")[0].0
    };
    let seen: std::collections::BTreeSet<i64> = (0..8).map(ends).collect();
    assert!(seen.len() > 2, "{seen:?}");
    assert_eq!(ends(3), ends(3));
}

#[test]
fn retention_looks_at_logs_every_five_minutes() {
    let mut harness = Harness::new(3);
    harness.create(on("orders", &[1, 2, 3]).config("retention.ms", "1000"));
    harness.advance_millis(31_000);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["old"]);
    harness.advance_millis(290_000);
    assert_eq!(starts(&harness, "orders"), [0, 0, 0]);
    harness.advance_millis(10_000);
    assert_eq!(starts(&harness, "orders"), [1, 1, 1]);
}

#[test]
fn logs_are_cleaned_when_an_operator_says_so() {
    let mut harness = Harness::new(1);
    harness.create(on("orders", &[1]).config("retention.ms", "1000"));
    harness.advance_millis(5_000);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["old"]);
    harness.operate(Operation::CleanLogs(BrokerId(1)));
    assert_eq!(starts(&harness, "orders"), [1]);
    let refused = harness.fetch(connection, "orders", 0);
    assert_eq!(refused.error_code, ErrorCode::OFFSET_OUT_OF_RANGE.0);
}

#[test]
fn a_broker_without_any_log_directory_ends() {
    let (mut harness, _) = two_batches(ClusterConfig::with_brokers(3));
    let directory = harness.cluster.config().storage.log_dirs[0].clone();
    harness.operate(Operation::DeleteLogDirectory { broker: BrokerId(1), directory });
    assert_eq!(harness.cluster.broker(BrokerId(1)).unwrap().state, ProcessState::Killed);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), Some(2));
    harness.operate(Operation::Restart(BrokerId(1)));
    harness.advance_millis(20_000);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    assert_eq!(harness.ends("orders"), [(2, 2); 3]);
}

fn two_directories() -> ClusterConfig {
    let mut config = ClusterConfig::with_brokers(3);
    config.storage.log_dirs = vec!["/one".to_owned(), "/two".to_owned()];
    config
}

#[test]
fn replicas_spread_over_the_directories_and_one_that_fails_takes_only_its_own() {
    let mut harness = Harness::with(two_directories());
    harness.create_on("orders", &[1, 2, 3]);
    harness.create_on("bills", &[1, 2, 3]);
    let connection = harness.connect(1);
    let request = DescribeLogDirsRequest::default().with_topics(None);
    let described = harness.ask(connection, 4, &request);
    let counts: Vec<usize> = described.results.iter().map(|it| it.topics.len()).collect();
    assert_eq!(counts, [1, 1]);
    let directory = "/one".to_owned();
    harness.operate(Operation::DeleteLogDirectory { broker: BrokerId(1), directory });
    assert_eq!(harness.leader("orders"), Some(2));
    assert_eq!(harness.leader("bills"), Some(1));
    assert_eq!(harness.metadata(2, "orders").offline_replicas.len(), 1);
    let refused = harness.produce(connection, "orders", -1, &["a"]);
    assert_eq!(refused.error_code, ErrorCode::KAFKA_STORAGE_ERROR.0);
    assert_eq!(harness.produce(connection, "bills", -1, &["a"]).error_code, 0);
}

#[test]
fn replicas_that_come_together_spread_evenly_over_the_directories() {
    let mut harness = Harness::with(two_directories());
    let connection = harness.connect(1);
    let counts = |harness: &mut Harness| -> Vec<usize> {
        let request = DescribeLogDirsRequest::default().with_topics(None);
        let described = harness.ask(connection, 4, &request);
        let of = |topics: &[DescribeLogDirsTopic]| {
            topics.iter().map(|topic| topic.partitions.len()).sum()
        };
        described.results.iter().map(|it| of(&it.topics)).collect()
    };
    harness.create(TopicSpec::new("orders").partitions(9).replication_factor(3));
    assert_eq!(counts(&mut harness), [5, 4]);
    harness.create(TopicSpec::new("bills").partitions(8).replication_factor(3));
    assert_eq!(counts(&mut harness), [9, 8]);
    harness.operate(Operation::DeleteTopic { name: "orders".to_owned() });
    harness.create(TopicSpec::new("orders").partitions(7).replication_factor(3));
    let counts = counts(&mut harness);
    assert!(counts[0].abs_diff(counts[1]) <= 1, "{counts:?}");
}

#[test]
fn a_full_disk_fails_the_append_and_the_partition_goes_on_elsewhere() {
    let mut harness = Harness::with(two_directories());
    harness.create_on("orders", &[1, 2, 3]);
    let connection = harness.connect(1);
    let directory = "/one".to_owned();
    harness.operate(Operation::FillDisk { broker: BrokerId(1), directory });
    let refused = harness.produce(connection, "orders", -1, &["a"]);
    assert_eq!(refused.error_code, ErrorCode::KAFKA_STORAGE_ERROR.0);
    assert_eq!(harness.leader("orders"), Some(2));
    let next = harness.connect(2);
    assert_eq!(harness.produce(next, "orders", -1, &["a"]).error_code, 0);
}

#[test]
fn a_follower_whose_disk_is_full_leaves_the_isr() {
    let mut harness = Harness::with(two_directories());
    harness.create_on("orders", &[1, 2, 3]);
    let connection = harness.connect(1);
    let directory = "/one".to_owned();
    harness.operate(Operation::FillDisk { broker: BrokerId(3), directory });
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    assert_eq!(harness.isr("orders"), [1, 2]);
    // The leader waits for it as for one that is about to join again, until it counts as lagging.
    harness.advance_millis(29_000);
    assert!(harness.produced(sent).is_none());
    harness.advance_millis(2_000);
    let next = harness.connect(1);
    assert_eq!(harness.produce(next, "orders", -1, &["b"]).error_code, 0);
    assert_eq!(harness.ends("orders")[0], (2, 2));
}

#[test]
fn while_a_disk_hangs_its_broker_is_silent_and_alive() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    let pace = |pace| Operation::PaceDisk { broker: BrokerId(1), pace };
    harness.operate(pace(DiskPace::Hanging));
    let sent = harness.send_produce(connection, "orders", 1, &["c"]);
    harness.advance_millis(20_000);
    assert!(harness.produced(sent).is_none());
    assert_eq!(harness.leader("orders"), Some(1));
    assert!(!harness.cluster.broker(BrokerId(1)).unwrap().fenced);
    harness.operate(pace(DiskPace::Usual));
    assert_eq!(harness.produced(sent).unwrap().base_offset, 2);
}

#[test]
fn a_slow_disk_delays_each_request_that_needs_it() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    let slow = DiskPace::Slow(Duration::from_millis(200));
    harness.operate(Operation::PaceDisk { broker: BrokerId(1), pace: slow });
    let sent = harness.send_produce(connection, "orders", 1, &["c"]);
    harness.advance_millis(199);
    assert!(harness.produced(sent).is_none());
    harness.advance_millis(1);
    assert_eq!(harness.produced(sent).unwrap().base_offset, 2);
}

#[test]
fn a_follower_on_a_hanging_disk_is_shrunk_out_of_the_isr() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    let pace = DiskPace::Hanging;
    harness.operate(Operation::PaceDisk { broker: BrokerId(3), pace });
    let sent = harness.send_produce(connection, "orders", -1, &["c"]);
    harness.advance_millis(1_000);
    assert!(harness.produced(sent).is_none());
    harness.advance_millis(50_000);
    assert_eq!(harness.isr("orders"), [1, 2]);
}

#[test]
fn a_flipped_byte_reaches_readers_of_that_copy_and_no_other() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    let (broker, topic) = (BrokerId(1), "orders".to_owned());
    harness.operate(Operation::FlipByte { broker, topic, partition: 0, offset: 1 });
    let records = harness.fetch(connection, "orders", 0).records.unwrap();
    let sound: Vec<bool> = milena_protocol::records::batches(records)
        .map(|batch| batch.unwrap().verify_crc().is_ok())
        .collect();
    assert_eq!(sound, [true, false]);
    for other in [2, 3] {
        let batches = harness.cluster.batches("orders", 0, BrokerId(other));
        assert!(batches.iter().all(|batch| batch.batch.verify_crc().is_ok()));
    }
}

#[test]
fn a_follower_does_not_append_what_is_damaged() {
    let (mut harness, connection) = two_batches(ClusterConfig::with_brokers(3));
    harness.operate(Operation::Kill(BrokerId(3)));
    harness.produce(connection, "orders", 1, &["c"]);
    let (broker, topic) = (BrokerId(1), "orders".to_owned());
    harness.operate(Operation::FlipByte { broker, topic, partition: 0, offset: 2 });
    harness.operate(Operation::Restart(BrokerId(3)));
    harness.advance_millis(60_000);
    assert_eq!(harness.ends("orders")[2].0, 2);
    assert_eq!(harness.isr("orders"), [1, 2]);
}

#[test]
fn a_broker_that_starts_anew_cuts_its_log_before_what_is_damaged() {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    for value in ["a", "b", "c"] {
        harness.produce(connection, "orders", 1, &[value]);
    }
    harness.operate(Operation::Kill(BrokerId(1)));
    let (broker, topic) = (BrokerId(1), "orders".to_owned());
    harness.operate(Operation::FlipByte { broker, topic, partition: 0, offset: 1 });
    harness.operate(Operation::Restart(BrokerId(1)));
    harness.advance_millis(20_000);
    assert_eq!(harness.ends("orders")[0].0, 1);
    let again = harness.connect(1);
    assert_eq!(harness.produce(again, "orders", 1, &["d"]).base_offset, 1);
}

#[test]
fn whoever_deletes_a_topic_writes_down_where_other_logs_start() {
    let starts_after_a_crash = |deletes: bool| {
        let mut harness = Harness::new(1);
        harness.create_on("orders", &[1]);
        harness.create_on("bills", &[1]);
        let connection = harness.connect(1);
        harness.produce(connection, "orders", 1, &["a", "b"]);
        harness.ask(connection, 2, &delete_until("orders", 1));
        if deletes {
            harness.operate(Operation::DeleteTopic { name: "bills".to_owned() });
        }
        harness.operate(Operation::Kill(BrokerId(1)));
        harness.operate(Operation::Restart(BrokerId(1)));
        harness.advance_millis(20_000);
        starts(&harness, "orders")
    };
    assert_eq!(starts_after_a_crash(false), [0]);
    assert_eq!(starts_after_a_crash(true), [1]);
}
