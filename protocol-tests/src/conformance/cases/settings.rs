//! What settings do: the limits they set, what a leader makes of a batch, whom a change reaches.

use bytes::Bytes;
use milena_protocol::compression::Codec;
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::fetch_response::FetchResponse;
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::{
    FetchRequest, MetadataRequest, ProduceRequest, ProduceResponse, TopicName,
};
use milena_protocol::records::{self, Batch, BatchBuilder, NO_HEADERS, Stamp};
use serde_json::json;

use super::super::scenario::{metadata_of, text};
use super::super::{Outcome, Scenario};
use super::configs::{BROKER, DELETE, SET, TOPIC, alter, wait_for_value};
use super::support::{
    CREATE_TOPICS, FETCH, PRODUCE, TIMESTAMP, batch, create, fetch, idempotent, produce, stamped,
};

cases! {
    a_batch_is_compressed_anew_as_its_topic_wants_it: One, "LogValidator.validateMessagesAndAssignOffsetsCompressed";
    a_batch_that_fits_only_before_it_is_unpacked_is_too_large: One, "UnifiedLog.append";
    a_change_of_the_compression_counts_from_the_next_batch: One, "LogConfig compression.type";
    the_largest_timestamp_is_that_of_the_records: One, "LogValidator.assignOffsetsNonCompressed";
    records_get_the_time_of_their_append: One, "LogConfig message.timestamp.type";
    a_producer_does_not_say_when_its_records_were_appended: One, "LogValidator.validateTimestamp";
    timestamps_outside_of_their_bounds_are_refused: One, "KIP-937";
    the_minimum_isr_counts_from_the_moment_it_is_changed: Three, "LogConfig min.insync.replicas";
    a_shorter_minimum_lets_hidden_records_be_seen: Three, "KIP-966";
    a_changed_minimum_clears_the_eligible_leaders: Three, "KIP-966 ClearElrRecord";
    a_topic_gets_the_number_of_partitions_of_its_broker: Narrow, "KafkaConfig num.partitions";
    no_topic_is_created_by_asking_for_it_where_that_is_off: Narrow, "KafkaConfig auto.create.topics.enable";
    a_brokers_limit_of_a_batch_holds_for_topics_without_one: Narrow, "KafkaConfig message.max.bytes";
    a_request_above_the_limit_closes_the_connection: Narrow, "KafkaConfig socket.request.max.bytes";
    an_idle_connection_is_closed: Narrow, "KafkaConfig connections.max.idle.ms";
    a_session_cache_without_slots_opens_no_session: Narrow, "KIP-227 max.incremental.fetch.session.cache.slots";
}

/// A batch of one record, compressed by the producer.
fn packed(codec: Codec, value: &str, stamp: &Stamp) -> Bytes {
    let mut builder = BatchBuilder::new(1024);
    builder
        .append(TIMESTAMP, Some(b"k"), Some(value.as_bytes()), NO_HEADERS)
        .expect("a short value fits");
    builder.seal_compressed(codec.into()).expect("the codec is built in").stamp(stamp).to_bytes()
}

fn send(s: &mut Scenario<'_>, step: &str, request: &ProduceRequest) -> Outcome<ProduceResponse> {
    s.ask(step, 1, PRODUCE, request)
}

fn a_batch_is_compressed_anew_as_its_topic_wants_it(s: &mut Scenario<'_>) -> Outcome {
    for wanted in ["uncompressed", "gzip", "snappy", "lz4", "zstd", "producer"] {
        let topic = s.create_on(wanted, &[1], &[("compression.type", wanted)])?;
        send(s, &format!("{wanted}: plain"), &produce(&topic, -1, batch(&["a", "b"])))?;
        let sent = idempotent(&["c", "d", "e"], 77, 3, 5);
        send(s, &format!("{wanted}: of a producer"), &produce(&topic, -1, sent.clone()))?;
        send(s, &format!("{wanted}: again"), &produce(&topic, -1, sent))?;
        for codec in [Codec::Gzip, Codec::Lz4] {
            let records = packed(codec, "f", &Stamp::default());
            send(s, &format!("{wanted}: {codec}"), &produce(&topic, -1, records))?;
        }
        s.ask(&format!("{wanted}: what there is"), 1, FETCH, &fetch(&topic, 0))?;
    }
    Ok(())
}

fn a_batch_that_fits_only_before_it_is_unpacked_is_too_large(s: &mut Scenario<'_>) -> Outcome {
    let limits = [("compression.type", "uncompressed"), ("max.message.bytes", "500")];
    let topic = s.create_on("a", &[1], &limits)?;
    let value = "z".repeat(5_000);
    let records = packed(Codec::Gzip, &value, &Stamp::default());
    s.record("it would fit as it came", json!(records.len() < 500));
    send(s, "unpacked it does not fit", &produce(&topic, -1, records))?;
    s.ask("nothing is there", 1, FETCH, &fetch(&topic, 0)).map(drop)
}

fn a_change_of_the_compression_counts_from_the_next_batch(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    send(s, "as it came", &produce(&topic, -1, batch(&["a"])))?;
    let change = [("compression.type", SET, Some("gzip"))];
    s.ask("changed", 1, 1, &alter(TOPIC, &topic, &change))?;
    wait_for_value(s, TOPIC, &topic, "compression.type", "gzip")?;
    send(s, "compressed", &produce(&topic, -1, batch(&["b"])))?;
    s.ask("both", 1, FETCH, &fetch(&topic, 0)).map(drop)
}

fn the_largest_timestamp_is_that_of_the_records(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for codec in [Codec::None, Codec::Gzip] {
        let mut builder = BatchBuilder::new(1024);
        for later in [5, 9, 2] {
            builder
                .append(TIMESTAMP + later, None, Some(b"v"), NO_HEADERS)
                .expect("a short value fits");
        }
        let sealed = builder.seal_compressed(codec.into()).expect("the codec is built in");
        let mut bytes = sealed.stamp(&Stamp::default()).to_bytes().to_vec();
        // The header claims a larger one.
        bytes[35..43].copy_from_slice(&(TIMESTAMP + 1_000).to_be_bytes());
        super::support::fix_crc(&mut bytes);
        send(s, &format!("{codec}"), &produce(&topic, -1, bytes.into()))?;
    }
    s.ask("what there is", 1, FETCH, &fetch(&topic, 0)).map(drop)
}

/// The batches of an answer, unpacked.
fn batches_of(answer: &FetchResponse) -> Vec<Batch> {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    partitions
        .filter_map(|partition| partition.records.clone())
        .flat_map(records::batches)
        .filter_map(Result::ok)
        .collect()
}

fn records_get_the_time_of_their_append(s: &mut Scenario<'_>) -> Outcome {
    for compression in ["producer", "gzip"] {
        let settings =
            [("message.timestamp.type", "LogAppendTime"), ("compression.type", compression)];
        let topic = s.create_on(compression, &[1], &settings)?;
        let sent = idempotent(&["a", "b"], 78, 0, 0);
        let mut times = Vec::new();
        for step in ["first", "again"] {
            let answer = s.query(1, PRODUCE, &produce(&topic, -1, sent.clone()))?;
            let told = answer.responses[0].partition_responses[0].clone();
            s.record(step, json!([told.error_code, told.base_offset]));
            times.push(told.log_append_time_ms);
        }
        s.record("the same time", json!(times[0] == times[1] && times[0] > TIMESTAMP));
        let answer = s.query(1, FETCH, &fetch(&topic, 0))?;
        for batch in batches_of(&answer) {
            let header = &batch.header;
            s.record(
                "the batch",
                json!({
                    "attributes": header.attributes.0,
                    "base_timestamp": header.base_timestamp,
                    "its time is the answer's": header.max_timestamp == times[0],
                    "crc_fits": batch.verify_crc().is_ok(),
                }),
            );
        }
    }
    Ok(())
}

fn a_producer_does_not_say_when_its_records_were_appended(s: &mut Scenario<'_>) -> Outcome {
    let mut bytes = stamped(&["a", "b"], &Stamp::default()).to_vec();
    bytes[22] |= 8;
    super::support::fix_crc(&mut bytes);
    for kind in ["CreateTime", "LogAppendTime"] {
        let topic = s.create_on(kind, &[1], &[("message.timestamp.type", kind)])?;
        send(s, kind, &produce(&topic, -1, bytes.clone().into()))?;
    }
    Ok(())
}

fn timed(timestamps: &[i64], codec: Codec) -> Bytes {
    let mut builder = BatchBuilder::new(1024);
    for timestamp in timestamps {
        builder.append(*timestamp, None, Some(b"v"), NO_HEADERS).expect("a short value fits");
    }
    let sealed = builder.seal_compressed(codec.into()).expect("the codec is built in");
    sealed.stamp(&Stamp::default()).to_bytes()
}

fn timestamps_outside_of_their_bounds_are_refused(s: &mut Scenario<'_>) -> Outcome {
    // Years away from both clocks.
    let (past, future) = (1_000_000_000_000, 4_000_000_000_000);
    let bounds =
        [("message.timestamp.before.max.ms", "1000"), ("message.timestamp.after.max.ms", "1000")];
    let topic = s.create_on("bounded", &[1], &bounds)?;
    for codec in [Codec::None, Codec::Gzip] {
        for (step, times) in [
            ("too old", vec![past]),
            ("too new", vec![future]),
            ("without a time", vec![-1]),
            ("the second of three", vec![-1, past, -1]),
            ("two of three", vec![past, -1, future]),
        ] {
            let request = produce(&topic, -1, timed(&times, codec));
            send(s, &format!("{codec}: {step}"), &request)?;
        }
    }
    let topic = s.create_on("appended", &[1], &[bounds[0], bounds[1]])?;
    let change = [("message.timestamp.type", SET, Some("LogAppendTime"))];
    s.ask("the leader's time", 1, 1, &alter(TOPIC, &topic, &change))?;
    wait_for_value(s, TOPIC, &topic, "message.timestamp.type", "LogAppendTime")?;
    let answer = s.query(1, PRODUCE, &produce(&topic, -1, timed(&[past], Codec::None)))?;
    let code = answer.responses[0].partition_responses[0].error_code;
    s.record("its own time does not count", json!(code));
    Ok(())
}

fn the_minimum_isr_counts_from_the_moment_it_is_changed(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[("min.insync.replicas", "2")])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_until_it_acts("later")?;
    send(s, "one too few", &produce(&topic, -1, batch(&["a"])))?;
    let change = [("min.insync.replicas", SET, Some("1"))];
    s.ask("lowered", 1, 1, &alter(TOPIC, &topic, &change))?;
    wait_for_value(s, TOPIC, &topic, "min.insync.replicas", "1")?;
    s.wait_until_it_acts("later-still")?;
    send(s, "enough", &produce(&topic, -1, batch(&["b"])))?;
    let back = [("min.insync.replicas", SET, Some("2"))];
    s.ask("raised", 1, 1, &alter(TOPIC, &topic, &back))?;
    wait_for_value(s, TOPIC, &topic, "min.insync.replicas", "2")?;
    s.wait_until_it_acts("at-last")?;
    send(s, "one too few again", &produce(&topic, -1, batch(&["c"])))?;
    s.start(2)
}

fn a_shorter_minimum_lets_hidden_records_be_seen(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[("min.insync.replicas", "2")])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_until_it_acts("later")?;
    send(s, "the leader alone", &produce(&topic, 1, batch(&["a"])))?;
    s.ask("hidden", 1, FETCH, &fetch(&topic, 0))?;
    let change = [("min.insync.replicas", SET, Some("1"))];
    s.ask("lowered", 1, 1, &alter(TOPIC, &topic, &change))?;
    wait_for_value(s, TOPIC, &topic, "min.insync.replicas", "1")?;
    s.wait_until_it_acts("later-still")?;
    s.ask("still hidden", 1, FETCH, &fetch(&topic, 0))?;
    send(s, "and another", &produce(&topic, -1, batch(&["b"])))?;
    s.ask("seen", 1, FETCH, &fetch(&topic, 0))?;
    s.start(2)
}

fn a_changed_minimum_clears_the_eligible_leaders(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[("min.insync.replicas", "2")])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    // It may leave the ISR for its silence to the leader before it is fenced.
    s.wait_until("an offline replica", |s| {
        let offline = s.partition(1, &topic)?.offline_replicas;
        Ok((offline.len() == 1, format!("{offline:?}")))
    })?;
    s.ask("eligible", 1, 0, &super::support::describe_topics(&[&topic]))?;
    let change = [("min.insync.replicas", SET, Some("1"))];
    s.ask("lowered", 1, 1, &alter(TOPIC, &topic, &change))?;
    wait_for_value(s, TOPIC, &topic, "min.insync.replicas", "1")?;
    s.ask("nobody is", 1, 0, &super::support::describe_topics(&[&topic]))?;
    s.start(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("back", 1, &[&topic]).map(drop)
}

fn a_topic_gets_the_number_of_partitions_of_its_broker(s: &mut Scenario<'_>) -> Outcome {
    let topic = CreatableTopic::default()
        .with_name(TopicName(text(&s.topic("a"))))
        .with_num_partitions(-1)
        .with_replication_factor(-1);
    s.ask("created", 1, CREATE_TOPICS, &create(vec![topic])).map(drop)
}

fn no_topic_is_created_by_asking_for_it_where_that_is_off(s: &mut Scenario<'_>) -> Outcome {
    let name = s.topic("a");
    let topic = MetadataRequestTopic::default().with_name(Some(TopicName(text(&name))));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![topic]))
        .with_allow_auto_topic_creation(true);
    s.ask("asked for", 1, 12, &request)?;
    // What a broker handed on before this topic is done by the time this topic is there.
    s.create_on("later", &[1], &[])?;
    s.ask("still not there", 1, 12, &metadata_of(&[&name])).map(drop)
}

fn a_brokers_limit_of_a_batch_holds_for_topics_without_one(s: &mut Scenario<'_>) -> Outcome {
    let plain = s.create_on("plain", &[1], &[])?;
    let wide = s.create_on("wide", &[1], &[("max.message.bytes", "9000")])?;
    let value = "v".repeat(1_000);
    for (step, topic) in [("the broker's limit", &plain), ("the topic's own", &wide)] {
        send(s, step, &produce(topic, -1, batch(&[value.as_str()])))?;
    }
    let change = [("message.max.bytes", SET, Some("2000"))];
    s.ask("raised for all", 1, 1, &alter(BROKER, "", &change))?;
    wait_for_value(s, TOPIC, &plain, "max.message.bytes", "2000")?;
    send(s, "now it fits", &produce(&plain, -1, batch(&[value.as_str()])))?;
    s.ask("taken back", 1, 1, &alter(BROKER, "", &[("message.max.bytes", DELETE, None)]))?;
    wait_for_value(s, TOPIC, &plain, "max.message.bytes", "500")?;
    send(s, "and does not again", &produce(&plain, -1, batch(&[value.as_str()]))).map(drop)
}

fn a_request_above_the_limit_closes_the_connection(s: &mut Scenario<'_>) -> Outcome {
    // ApiVersions v0, correlation id 1, a client id, and bytes that nobody reads.
    let mut frame = vec![0, 18, 0, 0, 0, 0, 0, 1, 0, 1, b'c'];
    frame.resize(65_536, 0);
    s.raw("as large as allowed", 1, frame.clone().into())?;
    frame.push(0);
    s.raw("a byte more", 1, frame.into()).map(drop)
}

fn an_idle_connection_is_closed(s: &mut Scenario<'_>) -> Outcome {
    let link = s.connect(1)?;
    let pending = s.send(link, 12, &metadata_of(&[]))?;
    s.answer("an answer first", pending)?;
    s.sends_nothing_for("then silence", link, std::time::Duration::from_secs(20))?;
    let silent = s.connect(1)?;
    s.sends_nothing_for("never a request", silent, std::time::Duration::from_secs(20))
}

fn a_session_cache_without_slots_opens_no_session(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let full: FetchRequest = fetch(&topic, 0).with_session_id(0).with_session_epoch(0);
    // Eight shards share the slots, and seven leave none to any of them.
    s.ask("wanted", 1, FETCH, &full)?;
    s.ask("wanted again", 1, FETCH, &full).map(drop)
}
