"""What kafka-python is made to say while `capture` records it."""

import sys
import time

import kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata

CODECS = [None, "gzip", "snappy", "lz4", "zstd"]
NAME = "kafka-python"
BASE = {"bootstrap_servers": sys.argv[1].split(","), "client_id": "vectors-kafka-python"}


def step(what, *args, **kwargs):
    """Calls, and prints a refusal: it is part of the recording."""
    try:
        return what(*args, **kwargs)
    except Exception as error:
        name = getattr(what, "__name__", what)
        print(f"    {name}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def topic_of(codec):
    return f"{NAME}-{codec or 'none'}"


def produce_some(producer, topic, count):
    for i in range(count):
        producer.send(
            topic,
            value=b"value value value value %d" % i,
            key=b"key-%d" % i,
            partition=0,
            timestamp_ms=1_700_000_000_000 + i,
            headers=[("trace", b"0123456789abcdef"), ("n", str(i).encode())],
        )


def read(topic, count, **more):
    config = {**BASE, "auto_offset_reset": "earliest", "enable_auto_commit": False, **more}
    consumer = KafkaConsumer(**config)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    quiet = 0
    while count > 0 and quiet < 6:
        got = sum(len(records) for records in consumer.poll(timeout_ms=500).values())
        count -= got
        quiet = 0 if got else quiet + 1
    consumer.close()


def topics():
    admin = KafkaAdminClient(**BASE)
    names = [topic_of(codec) for codec in CODECS]
    names += [f"{NAME}-odd", f"{NAME}-transactions", f"{NAME}-group", f"{NAME}-old"]
    step(
        admin.create_topics,
        {name: {"num_partitions": 1, "replication_factor": 2} for name in names},
        wait_for_metadata=True,
    )
    admin.close()


def codecs():
    for codec in CODECS:
        producer = KafkaProducer(**BASE, compression_type=codec, linger_ms=100, acks="all")
        produce_some(producer, topic_of(codec), 4)
        producer.flush(20)
        produce_some(producer, topic_of(codec), 1)
        producer.flush(20)
        producer.send(topic_of(codec), value=b"0123456789" * 9000, partition=0)
        producer.flush(20)
        producer.close()
        read(topic_of(codec), 6)
    producer = KafkaProducer(**BASE, linger_ms=100, acks=1, enable_idempotence=False)
    topic = f"{NAME}-odd"
    producer.send(topic, value=b"no key", partition=0, timestamp_ms=1_700_000_000_500)
    producer.send(topic, key=b"tombstone", partition=0, timestamp_ms=1_700_000_000_000)
    producer.send(topic, key=b"", value=b"", partition=0)
    headers = [("a", b"1"), ("a", b"2"), ("", b"")]
    producer.send(topic, value=b"x", partition=0, timestamp_ms=1, headers=headers)
    producer.flush(20)
    producer.close()
    read(topic, 4)


def transactions():
    topic = f"{NAME}-transactions"
    producer = KafkaProducer(**BASE, transactional_id=f"{NAME}-tx", linger_ms=50)
    producer.init_transactions()
    producer.begin_transaction()
    produce_some(producer, topic, 2)
    offsets = {TopicPartition(topic, 0): OffsetAndMetadata(1, "noted", -1)}
    step(producer.send_offsets_to_transaction, offsets, f"{NAME}-offsets")
    producer.commit_transaction()
    producer.begin_transaction()
    produce_some(producer, topic, 1)
    producer.flush(20)
    producer.abort_transaction()
    producer.close()
    read(topic, 10, isolation_level="read_committed")
    read(topic, 10)


def group(**more):
    topic = f"{NAME}-group"
    producer = KafkaProducer(**BASE)
    produce_some(producer, topic, 2)
    producer.flush(20)
    producer.close()
    config = {
        **BASE,
        "group_id": f"{NAME}-group",
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        **more,
    }
    one, two = KafkaConsumer(topic, **config), KafkaConsumer(topic, **config)
    for _ in range(12):
        one.poll(timeout_ms=200)
        two.poll(timeout_ms=200)
    partition = TopicPartition(topic, 0)
    step(one.commit, {partition: OffsetAndMetadata(1, "noted", -1)})
    step(one.committed, partition)
    step(one.end_offsets, [partition])
    step(one.beginning_offsets, [partition])
    step(one.offsets_for_times, {partition: 1_700_000_000_001})
    one.close()
    two.close()


def old_formats():
    """The record formats 0 and 1, which only brokers before 4.0 take."""
    for version in ((0, 9), (0, 10, 0), (0, 11), (1, 0)):
        for codec in (None, "gzip"):
            producer = KafkaProducer(
                **BASE,
                api_version=version,
                compression_type=codec,
                linger_ms=100,
                acks=1,
                enable_idempotence=False,
                max_block_ms=4000,
            )
            for i in range(3):
                producer.send(f"{NAME}-old", value=b"old %d" % i, key=b"k", partition=0)
            step(producer.flush, 8)
            step(producer.close, 2)
        step(read, f"{NAME}-old", 3, api_version=version)


def about():
    admin = KafkaAdminClient(**BASE)
    step(admin.describe_cluster)
    step(admin.list_topics)
    step(admin.describe_topics, [topic_of(None)])
    step(admin.list_groups)
    step(admin.describe_groups, [f"{NAME}-group"])
    step(admin.list_group_offsets, f"{NAME}-group")
    step(admin.delete_groups, [f"{NAME}-group"])
    step(admin.delete_topics, [f"{NAME}-odd"])
    admin.close()


def main():
    print(f"client: kafka-python {kafka.__version__}", flush=True)
    step(topics)
    step(codecs)
    step(transactions)
    step(group)
    step(group, group_id=f"{NAME}-static", group_instance_id="static-1")
    step(about)
    step(old_formats)
    time.sleep(0.2)


main()
