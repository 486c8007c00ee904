//! Transactions as a partition sees them: batches of open ones, markers that end them, and who may
//! read what. No coordinator takes part: the markers are written by hand, and brokers do not ask
//! anybody about batches (`transaction.partition.verification.enable=false`).

use bytes::Bytes;
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use milena_protocol::messages::{
    self, FetchRequest, ListOffsetsRequest, ProduceRequest, TopicName, TransactionalId,
    WriteTxnMarkersRequest,
};
use milena_protocol::records::{BatchKind, Stamp};

use super::super::scenario::text;
use super::super::{Outcome, Scenario, Trouble};
use super::support::{
    FETCH, LIST_OFFSETS, TIMESTAMP, batch, describe_producers, fetch, fetch_with, idempotent,
    list_offsets, produce, stamped,
};

cases! {
    an_open_transaction_holds_back_readers_of_committed_records: One, "UnifiedLog.lastStableOffset";
    an_aborted_transaction_is_named_to_readers_of_committed_records: One, "TransactionIndex.collectAbortedTxns";
    aborted_transactions_behind_what_was_read_are_not_all_named: One, "LocalLog.addAbortedTransactions";
    transactions_that_overlap_are_decided_one_by_one: One, "ProducerStateManager.firstUnstableOffset";
    a_second_transaction_of_a_producer_stands_for_itself: One, "ProducerStateManager.completeTxn";
    a_marker_without_a_transaction_is_appended: One, "ProducerAppendInfo.appendEndTxnMarker";
    a_marker_written_twice_ends_nothing_twice: One, "ProducerAppendInfo.appendEndTxnMarker";
    a_plain_batch_inside_an_open_transaction_is_refused: One, "ProducerAppendInfo.appendDataBatch";
    a_marker_of_an_older_coordinator_is_fenced: One, "ProducerAppendInfo.checkCoordinatorEpoch";
    a_marker_of_an_older_producer_epoch_is_refused: One, "ProducerAppendInfo.checkProducerEpoch";
    a_marker_of_a_newer_epoch_fences_the_producer: One, "KIP-360";
    sequences_go_on_behind_a_marker: One, "ProducerStateEntry.update";
    a_newer_epoch_goes_on_with_an_open_transaction: One, "ProducerAppendInfo.appendDataBatch";
    markers_are_answered_partition_by_partition: Three, "KafkaApis.handleWriteTxnMarkersRequest";
    a_request_is_for_one_transactional_producer: One, "ReplicaManager.handleProduceAppend";
    no_marker_at_all_is_answered_with_nothing: One, "KafkaApis.handleWriteTxnMarkersRequest";
    timestamps_behind_the_last_stable_offset_are_not_found: One, "Partition.fetchOffsetForTimestamp";
    a_transaction_of_the_second_version_needs_its_coordinator: One, "KIP-890";
    open_transactions_survive_a_crash: Apart, "ProducerStateManager.truncateAndReload";
    aborted_transactions_survive_a_change_of_the_leader: Three, "TransactionIndex";
    open_transactions_survive_a_change_of_the_leader: Three, "ProducerStateManager";
    a_marker_that_is_not_replicated_yet_decides_nothing: Three, "ProducerStateManager.onHighWatermarkUpdated";
}

/// The last Produce version of transactions whose partitions a client adds by itself.
const PRODUCE: i16 = 11;
/// The last that names topics, for which the broker adds them (KIP-890, part 2).
const PRODUCE_V2: i16 = 12;
const MARKERS: i16 = 1;
const PRODUCERS: i16 = 0;
const READ_COMMITTED: i8 = 1;

/// A marker has the time at which it was written, and cases write records of long ago: behind the
/// marker their segment would be closed, and soon deleted.
const KEPT: &[(&str, &str)] = &[("retention.ms", "-1"), ("segment.ms", "9223372036854775807")];

/// A producer, and the epoch it is in.
type Producer = (i64, i16);

const ONE: Producer = (4_000, 0);
const TWO: Producer = (4_001, 0);

fn transactional(values: &[&str], (id, epoch): Producer, sequence: i32) -> Bytes {
    let stamp = Stamp {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        kind: BatchKind::Transactional,
    };
    stamped(values, &stamp)
}

fn produce_in_transaction(topic: &str, records: Bytes) -> ProduceRequest {
    produce(topic, -1, records).with_transactional_id(Some(TransactionalId(text("by-hand"))))
}

#[derive(Clone, Copy)]
enum End {
    Commit,
    Abort,
}

fn marker(topic: &str, (id, epoch): Producer, end: End, coordinator: i32) -> WritableTxnMarker {
    let topic = WritableTxnMarkerTopic::default()
        .with_name(TopicName(text(topic)))
        .with_partition_indexes(vec![0]);
    WritableTxnMarker::default()
        .with_producer_id(messages::ProducerId(id))
        .with_producer_epoch(epoch)
        .with_transaction_result(matches!(end, End::Commit))
        .with_coordinator_epoch(coordinator)
        .with_topics(vec![topic])
}

fn markers(markers: Vec<WritableTxnMarker>) -> WriteTxnMarkersRequest {
    WriteTxnMarkersRequest::default().with_markers(markers)
}

fn committed(topic: &str, offset: i64) -> FetchRequest {
    fetch(topic, offset).with_isolation_level(READ_COMMITTED)
}

fn last_stable(topic: &str, timestamp: i64) -> ListOffsetsRequest {
    list_offsets(topic, timestamp).with_isolation_level(READ_COMMITTED)
}

impl Scenario<'_> {
    /// Appends a batch of a transaction as a preparation.
    fn write(
        &mut self,
        broker: i32,
        topic: &str,
        values: &[&str],
        by: Producer,
        at: i32,
    ) -> Outcome {
        let request = produce_in_transaction(topic, transactional(values, by, at));
        let answer = self.query(broker, PRODUCE, &request)?;
        let answers = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
        match answers.into_iter().find(|partition| partition.error_code != 0) {
            None => Ok(()),
            Some(refused) => Err(Trouble::Impossible {
                what: format!("append to {topic} in a transaction"),
                reason: format!("error {}: {:?}", refused.error_code, refused.error_message),
            }),
        }
    }

    /// Records what writing a marker is answered.
    fn end(
        &mut self,
        step: &str,
        topic: &str,
        by: Producer,
        end: End,
        coordinator: i32,
    ) -> Outcome {
        let request = markers(vec![marker(topic, by, end, coordinator)]);
        self.ask(step, 1, MARKERS, &request).map(drop)
    }

    /// Records everything a broker tells of a partition's transactions.
    fn look(&mut self, when: &str, broker: i32, topic: &str) -> Outcome {
        let step = |what: &str| format!("{what} {when}");
        self.ask(&step("committed"), broker, FETCH, &committed(topic, 0))?;
        self.ask(&step("uncommitted"), broker, FETCH, &fetch(topic, 0))?;
        self.ask(&step("last stable offset"), broker, LIST_OFFSETS, &last_stable(topic, -1))?;
        self.ask(&step("high watermark"), broker, LIST_OFFSETS, &list_offsets(topic, -1))?;
        let request = describe_producers(topic, &[0]);
        self.ask(&step("producers"), broker, PRODUCERS, &request).map(drop)
    }
}

fn an_open_transaction_holds_back_readers_of_committed_records(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.append(1, &topic, batch(&["before"]))?;
    let request = produce_in_transaction(&topic, transactional(&["a", "b"], ONE, 0));
    s.ask("a transaction begins", 1, PRODUCE, &request)?;
    s.append(1, &topic, batch(&["between"]))?;
    let request = produce_in_transaction(&topic, transactional(&["c"], ONE, 2));
    s.ask("it goes on", 1, PRODUCE, &request)?;
    s.look("while it is open", 1, &topic)?;
    for offset in [1, 2, 5, 6] {
        s.ask(&format!("committed from {offset}"), 1, FETCH, &committed(&topic, offset))?;
    }
    s.end("it is committed", &topic, ONE, End::Commit, 0)?;
    s.look("when it is committed", 1, &topic)
}

fn an_aborted_transaction_is_named_to_readers_of_committed_records(
    s: &mut Scenario<'_>,
) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.append(1, &topic, batch(&["before"]))?;
    s.write(1, &topic, &["a", "b"], ONE, 0)?;
    s.append(1, &topic, batch(&["between"]))?;
    s.write(1, &topic, &["c"], ONE, 2)?;
    s.end("it is aborted", &topic, ONE, End::Abort, 0)?;
    s.append(1, &topic, batch(&["behind"]))?;
    s.look("when it is aborted", 1, &topic)?;
    for offset in 1..=7 {
        s.ask(&format!("committed from {offset}"), 1, FETCH, &committed(&topic, offset))?;
    }
    // Before version 4 there was no isolation level, and this is the first that is served.
    s.ask("in version 4", 1, 4, &committed(&topic, 0)).map(drop)
}

fn aborted_transactions_behind_what_was_read_are_not_all_named(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    // An entry of the offset index every 4 KiB tells how far it is.
    let large = "x".repeat(1_500);
    for (producer, at) in (4_000..4_012).zip([0; 12]) {
        s.write(1, &topic, &[&large], (producer, 0), at)?;
        s.query(1, MARKERS, &markers(vec![marker(&topic, (producer, 0), End::Abort, 0)]))?;
    }
    let limited = |offset, bytes| {
        fetch_with(&topic, offset, |partition| partition.with_partition_max_bytes(bytes))
            .with_isolation_level(READ_COMMITTED)
    };
    for (offset, bytes) in [(0, 1), (0, 3_000), (4, 3_000), (5, 1), (9, 5_000), (20, 1)] {
        let step = format!("{bytes} bytes from {offset}");
        s.ask(&step, 1, FETCH, &limited(offset, bytes))?;
    }
    Ok(())
}

fn transactions_that_overlap_are_decided_one_by_one(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.write(1, &topic, &["b"], TWO, 0)?;
    s.write(1, &topic, &["c"], (4_002, 0), 0)?;
    s.write(1, &topic, &["d"], ONE, 1)?;
    s.end("the second is aborted", &topic, TWO, End::Abort, 0)?;
    s.ask("while the first is open", 1, FETCH, &committed(&topic, 0))?;
    s.end("the first is committed", &topic, ONE, End::Commit, 0)?;
    s.ask("while the third is open", 1, FETCH, &committed(&topic, 0))?;
    s.ask("from the third", 1, FETCH, &committed(&topic, 2))?;
    s.end("the third is aborted", &topic, (4_002, 0), End::Abort, 0)?;
    for offset in [0, 1, 2, 5, 6, 7] {
        s.ask(&format!("all decided, from {offset}"), 1, FETCH, &committed(&topic, offset))?;
    }
    Ok(())
}

fn a_second_transaction_of_a_producer_stands_for_itself(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.end("the first is aborted", &topic, ONE, End::Abort, 0)?;
    s.write(1, &topic, &["b"], ONE, 1)?;
    s.look("in the second", 1, &topic)?;
    s.end("the second is committed", &topic, ONE, End::Commit, 0)?;
    s.write(1, &topic, &["c"], ONE, 2)?;
    s.end("the third is aborted", &topic, ONE, End::Abort, 1)?;
    for offset in [0, 2, 4] {
        s.ask(&format!("committed from {offset}"), 1, FETCH, &committed(&topic, offset))?;
    }
    s.ask("producers", 1, PRODUCERS, &describe_producers(&topic, &[0])).map(drop)
}

fn a_marker_without_a_transaction_is_appended(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.end("of nobody", &topic, (4_000, 3), End::Abort, 7)?;
    s.look("then", 1, &topic)?;
    for (step, epoch, sequence) in
        [("in the middle", 3, 5), ("an older epoch", 2, 0), ("from the start", 3, 0)]
    {
        let records = idempotent(&["x"], 4_000, epoch, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    let request = produce_in_transaction(&topic, transactional(&["y"], (4_001, 0), 9));
    s.ask("somebody else starts anywhere", 1, PRODUCE, &request)?;
    s.ask("producers", 1, PRODUCERS, &describe_producers(&topic, &[0])).map(drop)
}

fn a_marker_written_twice_ends_nothing_twice(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.end("once", &topic, ONE, End::Abort, 0)?;
    s.end("twice", &topic, ONE, End::Abort, 0)?;
    s.end("and committed, too", &topic, ONE, End::Commit, 0)?;
    s.look("then", 1, &topic)
}

fn a_plain_batch_inside_an_open_transaction_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    let plain = |sequence| produce(&topic, -1, idempotent(&["b"], 4_000, 0, sequence));
    s.ask("inside", 1, PRODUCE, &plain(1))?;
    s.ask("inside, out of order", 1, PRODUCE, &plain(5))?;
    let again = produce(&topic, -1, idempotent(&["a"], 4_000, 0, 0));
    s.ask("a duplicate, but for the flag", 1, PRODUCE, &again)?;
    let newer = produce(&topic, -1, idempotent(&["b"], 4_000, 1, 0));
    s.ask("of a newer epoch", 1, PRODUCE, &newer)?;
    s.look("still open", 1, &topic)?;
    s.end("it is committed", &topic, ONE, End::Commit, 0)?;
    s.ask("behind it", 1, PRODUCE, &plain(1))?;
    s.look("then", 1, &topic)
}

fn a_marker_of_an_older_coordinator_is_fenced(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.end("a coordinator of epoch 5", &topic, ONE, End::Commit, 5)?;
    s.write(1, &topic, &["b"], ONE, 1)?;
    s.end("one of epoch 4", &topic, ONE, End::Abort, 4)?;
    s.end("one of epoch 5", &topic, ONE, End::Abort, 5)?;
    s.write(1, &topic, &["c"], ONE, 2)?;
    s.end("one of epoch 9", &topic, ONE, End::Commit, 9)?;
    // What a coordinator was for one producer says nothing of another.
    s.end("one of epoch 4 about another", &topic, TWO, End::Abort, 4)?;
    s.look("then", 1, &topic)
}

fn a_marker_of_an_older_producer_epoch_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], (4_000, 3), 0)?;
    s.end("epoch 2", &topic, (4_000, 2), End::Abort, 0)?;
    s.end("epoch 2 of an old coordinator", &topic, (4_000, 2), End::Abort, -1)?;
    s.look("still open", 1, &topic)?;
    s.end("epoch 3", &topic, (4_000, 3), End::Abort, 0)?;
    s.look("then", 1, &topic)
}

fn a_marker_of_a_newer_epoch_fences_the_producer(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.end("the coordinator fences it", &topic, (4_000, 1), End::Abort, 0)?;
    s.look("then", 1, &topic)?;
    for (step, epoch, sequence) in [
        ("the old epoch goes on", 0, 1),
        ("a duplicate of the old epoch", 0, 0),
        ("the new epoch, not from the start", 1, 1),
        ("the new epoch", 1, 0),
    ] {
        let records = transactional(&["b"], (4_000, epoch), sequence);
        s.ask(step, 1, PRODUCE, &produce_in_transaction(&topic, records))?;
    }
    s.look("in the new epoch", 1, &topic)
}

fn sequences_go_on_behind_a_marker(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a", "b"], ONE, 0)?;
    s.end("it is committed", &topic, ONE, End::Commit, 0)?;
    for (step, values, sequence) in [
        ("a duplicate", &["a", "b"][..], 0),
        ("a gap", &["x"], 3),
        ("from the start", &["x"], 0),
        ("the next", &["c"], 2),
        ("a duplicate of the first", &["a", "b"], 0),
    ] {
        let records = transactional(values, ONE, sequence);
        s.ask(step, 1, PRODUCE, &produce_in_transaction(&topic, records))?;
    }
    s.look("then", 1, &topic)
}

fn a_newer_epoch_goes_on_with_an_open_transaction(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.write(1, &topic, &["b"], (4_000, 1), 0)?;
    s.look("in the newer epoch", 1, &topic)?;
    s.end("the older epoch cannot end it", &topic, ONE, End::Commit, 0)?;
    s.end("the newer one does", &topic, (4_000, 1), End::Abort, 0)?;
    s.look("then", 1, &topic)
}

fn markers_are_answered_partition_by_partition(s: &mut Scenario<'_>) -> Outcome {
    let here = s.create_on("here", &[1, 2], KEPT)?;
    let there = s.create_on("there", &[2, 1], KEPT)?;
    let elsewhere = s.create_on("elsewhere", &[3], KEPT)?;
    s.write(1, &here, &["a"], ONE, 0)?;
    s.write(2, &there, &["a"], ONE, 0)?;
    let partitions = |name: &str, indexes: &[i32]| {
        WritableTxnMarkerTopic::default()
            .with_name(TopicName(text(name)))
            .with_partition_indexes(indexes.to_vec())
    };
    let named = vec![
        partitions(&here, &[0, 7]),
        partitions(&there, &[0]),
        partitions(&elsewhere, &[0]),
        partitions("nobody-made-this", &[0, 1]),
    ];
    let request = markers(vec![
        marker(&here, ONE, End::Commit, 0).with_topics(named),
        marker(&there, TWO, End::Abort, 0),
        marker("nobody-made-this", (4_002, 0), End::Abort, 0),
        marker(&here, (4_003, 0), End::Abort, 0),
    ]);
    s.ask("one request about many", 1, MARKERS, &request)?;
    s.look("where it was written", 1, &here)?;
    s.ask("where it was not", 2, FETCH, &committed(&there, 0))?;
    // What one producer was told twice in a request is told once.
    let request =
        markers(vec![marker(&here, ONE, End::Abort, 0), marker(&here, ONE, End::Abort, -1)]);
    s.ask("two about the same", 1, MARKERS, &request)?;
    s.ask("producers of a follower", 2, PRODUCERS, &describe_producers(&here, &[0]))?;
    s.ask("producers elsewhere", 1, PRODUCERS, &describe_producers(&elsewhere, &[0])).map(drop)
}

fn a_request_is_for_one_transactional_producer(s: &mut Scenario<'_>) -> Outcome {
    let (one, two) = (s.create_on("one", &[1], KEPT)?, s.create_on("two", &[1], KEPT)?);
    let together = |a: Producer, b: Producer| {
        let mut request = produce_in_transaction(&one, transactional(&["a"], a, 0));
        let other = produce_in_transaction(&two, transactional(&["b"], b, 0));
        request.topic_data.extend(other.topic_data);
        request
    };
    s.ask("two of them", 1, PRODUCE, &together(ONE, TWO))?;
    s.ask("two epochs", 1, PRODUCE, &together(ONE, (4_000, 1)))?;
    s.ask("one", 1, PRODUCE, &together(ONE, ONE))?;
    let mut mixed = together(TWO, TWO);
    let plain = produce(&two, -1, idempotent(&["c"], 4_005, 0, 0));
    mixed.topic_data.truncate(1);
    mixed.topic_data.extend(plain.topic_data);
    s.ask("one, and somebody without a transaction", 1, PRODUCE, &mixed)?;
    s.look("then", 1, &one)
}

fn no_marker_at_all_is_answered_with_nothing(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.ask("no markers", 1, MARKERS, &markers(Vec::new()))?;
    let without = marker(&topic, ONE, End::Commit, 0).with_topics(Vec::new());
    s.ask("a marker for no topic", 1, MARKERS, &markers(vec![without.clone()]))?;
    let request = markers(vec![without, marker(&topic, TWO, End::Commit, 0)]);
    s.ask("one for no topic, one for some", 1, MARKERS, &request)?;
    s.look("then", 1, &topic)
}

fn timestamps_behind_the_last_stable_offset_are_not_found(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    for timestamp in [-1, -2, -3, 0, TIMESTAMP, TIMESTAMP + 1] {
        let request = last_stable(&topic, timestamp);
        s.ask(&format!("{timestamp}, open"), 1, LIST_OFFSETS, &request)?;
    }
    s.ask("uncommitted, open", 1, LIST_OFFSETS, &list_offsets(&topic, 0))?;
    s.end("it is aborted", &topic, ONE, End::Abort, 0)?;
    for timestamp in [-1, -2, -3, 0, TIMESTAMP, TIMESTAMP + 1] {
        let request = last_stable(&topic, timestamp);
        s.ask(&format!("{timestamp}, decided"), 1, LIST_OFFSETS, &request)?;
    }
    Ok(())
}

fn a_transaction_of_the_second_version_needs_its_coordinator(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    let request = produce_in_transaction(&topic, transactional(&["a"], ONE, 0));
    // 3.9 knows only the first version.
    let version = match s.version() {
        crate::kafka::Version::V3_9_1 => PRODUCE,
        crate::kafka::Version::V4_1_0 => PRODUCE_V2,
    };
    s.ask("without one", 1, version, &request)?;
    s.look("then", 1, &topic)
}

fn open_transactions_survive_a_crash(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.end("one is aborted", &topic, ONE, End::Abort, 3)?;
    s.write(1, &topic, &["b", "c"], TWO, 0)?;
    s.look("before", 1, &topic)?;
    s.kill(1)?;
    s.wait_for_leader(2, &topic, -1)?;
    s.start(1)?;
    s.wait_for_high_watermark(1, &topic, 4)?;
    s.look("afterwards", 1, &topic)?;
    s.end("a marker of an older coordinator", &topic, ONE, End::Abort, 2)?;
    s.end("the open one is committed", &topic, TWO, End::Commit, 0)?;
    s.look("in the end", 1, &topic)
}

fn aborted_transactions_survive_a_change_of_the_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], KEPT)?;
    s.write(3, &topic, &["a"], ONE, 0)?;
    s.write(3, &topic, &["b"], TWO, 0)?;
    let request = markers(vec![marker(&topic, ONE, End::Abort, 3)]);
    s.ask("one is aborted", 3, MARKERS, &request)?;
    s.look("at the old leader", 3, &topic)?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 3)?;
    s.look("at the new leader", 1, &topic)?;
    s.end("an older coordinator", &topic, ONE, End::Abort, 2)?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn open_transactions_survive_a_change_of_the_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], KEPT)?;
    s.write(3, &topic, &["a"], ONE, 0)?;
    s.write(3, &topic, &["b"], TWO, 0)?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.look("at the new leader", 1, &topic)?;
    s.end("the first is committed", &topic, ONE, End::Commit, 0)?;
    s.ask("while the second is open", 1, FETCH, &committed(&topic, 0))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.end("the second is aborted", &topic, TWO, End::Abort, 0)?;
    s.look("in the end", 1, &topic)
}

fn a_marker_that_is_not_replicated_yet_decides_nothing(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], KEPT)?;
    s.write(1, &topic, &["a"], ONE, 0)?;
    s.write(1, &topic, &["b"], TWO, 0)?;
    s.freeze(2)?;
    let link = s.connect(1)?;
    let request = markers(vec![marker(&topic, ONE, End::Abort, 0)]);
    let pending = s.send(link, MARKERS, &request)?;
    s.wait_until("the marker is in the leader's log", |s| {
        let answer = s.query(1, PRODUCERS, &describe_producers(&topic, &[0]))?;
        let producers = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let ended = producers.flat_map(|partition| &partition.active_producers).any(|producer| {
            producer.producer_id.0 == ONE.0 && producer.current_txn_start_offset < 0
        });
        Ok((ended, String::new()))
    })?;
    s.look("while a member of the ISR has no marker", 1, &topic)?;
    s.thaw(2)?;
    s.answer("it is aborted", pending)?;
    s.look("when all have it", 1, &topic)?;
    s.end("the other one is committed", &topic, TWO, End::Commit, 0)?;
    s.look("in the end", 1, &topic)
}
