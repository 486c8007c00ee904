//! What a log does about transactions and producers as time goes on.

use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::messages::describe_producers_request::TopicRequest;
use milena_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use milena_protocol::messages::{
    self, DescribeProducersRequest, TransactionalId, WriteTxnMarkersRequest,
};
use milena_protocol::records::{BatchBuilder, BatchKind, NO_HEADERS, Stamp};

use super::*;

const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);

/// A cluster of which nobody asks a coordinator about transactions.
fn unverified(brokers: usize) -> Harness {
    let mut config = ClusterConfig::with_brokers(brokers);
    config.transaction_partition_verification = false;
    Harness::with(config)
}

/// A batch whose records were written at the cluster's time of day.
fn batch_of(harness: &Harness, producer: i64, kind: BatchKind) -> Bytes {
    let millis = i64::try_from(harness.now.since_origin().as_millis()).unwrap();
    let wall = harness.cluster.config().epoch_millis + millis;
    let mut builder = BatchBuilder::new(64);
    builder.append(wall, None, Some(b"v"), NO_HEADERS).unwrap();
    let stamp = Stamp {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        kind,
    };
    builder.seal().stamp(&stamp).to_bytes()
}

fn write(harness: &mut Harness, broker: i32, producer: i64, kind: BatchKind) {
    let connection = harness.connect(broker);
    let records = batch_of(harness, producer, kind);
    let request = produce_request("orders", 1, records)
        .with_transactional_id(Some(TransactionalId(StrBytes::from_static_str("t"))));
    let answer = harness.ask(connection, 11, &request);
    let told = &answer.responses[0].partition_responses[0];
    assert_eq!(told.error_code, 0, "{told:?}");
}

fn producers(harness: &mut Harness, broker: i32) -> Vec<i64> {
    let connection = harness.connect(broker);
    let topic =
        TopicRequest::default().with_name(topic_name("orders")).with_partition_indexes(vec![0]);
    let request = DescribeProducersRequest::default().with_topics(vec![topic]);
    let answer = harness.ask(connection, 0, &request);
    let active = &answer.topics[0].partitions[0].active_producers;
    active.iter().map(|producer| producer.producer_id.0).collect()
}

#[test]
fn a_producer_is_forgotten_on_every_replica_after_a_day_unless_its_transaction_is_open() {
    let mut harness = unverified(2);
    harness.create_on("orders", &[1, 2]);
    write(&mut harness, 1, 7, BatchKind::Plain);
    write(&mut harness, 1, 8, BatchKind::Transactional);
    harness.advance(Duration::from_secs(24 * 60 * 60 - 60));
    assert_eq!(producers(&mut harness, 1), [7, 8]);
    harness.advance(TEN_MINUTES + Duration::from_secs(60));
    assert_eq!(producers(&mut harness, 1), [8]);
    assert_eq!(producers(&mut harness, 2), [8]);
}

#[test]
fn a_marker_that_is_never_replicated_is_timed_out_and_stays() {
    let mut config = ClusterConfig::with_brokers(2);
    config.transaction_partition_verification = false;
    config.timings.replica_lag_time_max = Duration::from_secs(300);
    config.timings.session_timeout = Duration::from_secs(300);
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1, 2]);
    write(&mut harness, 1, 7, BatchKind::Transactional);
    harness.advance_millis(100);
    harness.operate(Operation::Pause(BrokerId(2)));
    let connection = harness.connect(1);
    let topic = WritableTxnMarkerTopic::default()
        .with_name(topic_name("orders"))
        .with_partition_indexes(vec![0]);
    let marker = WritableTxnMarker::default()
        .with_producer_id(messages::ProducerId(7))
        .with_producer_epoch(0)
        .with_transaction_result(true)
        .with_topics(vec![topic]);
    let request = WriteTxnMarkersRequest::default().with_markers(vec![marker]);
    let sent = harness.send(connection, 1, &request);
    harness.advance(Duration::from_secs(29));
    assert!(harness.answer::<WriteTxnMarkersRequest>(sent).is_none());
    harness.advance(Duration::from_secs(2));
    let answer = harness.answer::<WriteTxnMarkersRequest>(sent).unwrap();
    let code = answer.markers[0].topics[0].partitions[0].error_code;
    assert_eq!(ErrorCode(code), ErrorCode::REQUEST_TIMED_OUT);
    assert_eq!(harness.ends("orders")[0], (2, 1));
    assert_eq!(harness.partition("orders").logs[0].last_stable_offset.get(), 0);
    harness.operate(Operation::Resume(BrokerId(2)));
    harness.advance_millis(100);
    assert_eq!(harness.partition("orders").logs[0].last_stable_offset.get(), 2);
}

#[test]
fn a_reader_of_committed_records_that_diverged_is_given_no_list_of_aborted_ones() {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", 1, &["a"]);
    let mut request = fetch_request("orders", 5).with_isolation_level(1).with_max_wait_ms(0);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let answer = harness.ask(connection, FETCH, &request);
    let told = &answer.responses[0].partitions[0];
    assert_eq!((told.error_code, told.diverging_epoch.end_offset), (0, 1));
    assert_eq!(told.aborted_transactions, None);
}
