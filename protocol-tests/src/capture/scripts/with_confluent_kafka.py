"""What librdkafka is made to say while `capture` records it."""

import sys

import confluent_kafka
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
NAME = "librdkafka"
BASE = {"bootstrap.servers": sys.argv[1], "client.id": "vectors-librdkafka"}


def step(what, *args, **kwargs):
    """Calls, and prints a refusal: it is part of the recording."""
    try:
        return what(*args, **kwargs)
    except (KafkaException, ValueError, TypeError) as error:
        print(f"    {getattr(what, '__name__', what)}: {error}", file=sys.stderr)
        return None


def wait(futures):
    for future in futures.values() if isinstance(futures, dict) else [futures]:
        step(lambda: future.result(20))


def produce_some(producer, topic, count):
    for i in range(count):
        producer.produce(
            topic,
            value=b"value value value value %d" % i,
            key=b"key-%d" % i,
            partition=0,
            timestamp=1_700_000_000_000 + i,
            headers=[("trace", b"0123456789abcdef"), ("n", str(i).encode())],
        )


def produce_odd(producer, topic):
    producer.produce(topic, value=b"no key", partition=0, timestamp=1_700_000_000_500)
    producer.produce(topic, value=None, key=b"tombstone", partition=0, timestamp=1_700_000_000_000)
    producer.produce(topic, value=b"", key=b"", partition=0)
    headers = [("a", b"1"), ("a", b"2"), ("", b""), ("null", None)]
    producer.produce(topic, value=b"x", partition=0, timestamp=1, headers=headers)


def read(topic, count, **more):
    config = {**BASE, "group.id": f"{NAME}-reader", "enable.auto.commit": False, **more}
    consumer = Consumer(config)
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    quiet = 0
    while count > 0 and quiet < 6:
        messages = consumer.consume(100, timeout=0.5)
        count -= len(messages)
        quiet = 0 if messages else quiet + 1
    consumer.close()


def topics(admin):
    names = [f"{NAME}-{codec}" for codec in CODECS]
    names += [f"{NAME}-odd", f"{NAME}-transactions", f"{NAME}-group", f"{NAME}-append-time"]
    new = [
        NewTopic(
            name,
            num_partitions=1,
            replication_factor=2,
            config={"message.timestamp.type": "LogAppendTime"} if "append" in name else {},
        )
        for name in names
    ]
    wait(admin.create_topics(new))


def codecs():
    for codec in CODECS:
        for idempotent in (False, True):
            producer = Producer(
                {
                    **BASE,
                    "compression.type": codec,
                    "linger.ms": 100,
                    "enable.idempotence": idempotent,
                }
            )
            for topic in (f"{NAME}-{codec}", f"{NAME}-append-time"):
                produce_some(producer, topic, 4)
                producer.flush(20)
                produce_some(producer, topic, 1)
                producer.flush(20)
            producer.produce(f"{NAME}-{codec}", value=b"0123456789" * 9000, partition=0)
            producer.flush(20)
        read(f"{NAME}-{codec}", 11)
    read(f"{NAME}-append-time", 20)
    producer = Producer({**BASE, "linger.ms": 100})
    produce_odd(producer, f"{NAME}-odd")
    producer.flush(20)
    for acks in (0, 1):
        producer = Producer({**BASE, "acks": acks})
        produce_some(producer, f"{NAME}-odd", 1)
        producer.flush(20)
    read(f"{NAME}-odd", 6)


def transactions():
    topic = f"{NAME}-transactions"
    for codec in CODECS:
        producer = Producer(
            {
                **BASE,
                "transactional.id": f"{NAME}-{codec}",
                "compression.type": codec,
                "linger.ms": 50,
            }
        )
        producer.init_transactions(20)
        producer.begin_transaction()
        produce_some(producer, topic, 2)
        producer.commit_transaction(20)
        producer.begin_transaction()
        produce_some(producer, topic, 1)
        producer.flush(20)
        producer.abort_transaction(20)
    consumer = Consumer({**BASE, "group.id": f"{NAME}-offsets"})
    producer.begin_transaction()
    produce_some(producer, topic, 1)
    metadata = consumer.consumer_group_metadata()
    offsets = [TopicPartition(topic, 0, 1)]
    step(producer.send_offsets_to_transaction, offsets, metadata, 20)
    step(producer.commit_transaction, 20)
    consumer.close()
    read(topic, 40, **{"isolation.level": "read_committed"})
    read(topic, 40, **{"isolation.level": "read_uncommitted"})


def group(protocol, strategy):
    topic = f"{NAME}-group"
    config = {
        **BASE,
        "group.id": f"{NAME}-{protocol}-{strategy}",
        "auto.offset.reset": "earliest",
        "group.protocol": protocol,
        "enable.auto.commit": False,
    }
    if protocol == "classic":
        config |= {
            "partition.assignment.strategy": strategy,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 300,
        }
    producer = Producer(BASE)
    produce_some(producer, topic, 2)
    producer.flush(20)
    one, two = Consumer(config), Consumer({**config, "group.instance.id": "static-1"})
    one.subscribe([topic])
    two.subscribe([topic])
    for _ in range(12):
        one.consume(10, timeout=0.3)
        two.consume(10, timeout=0.3)
    offsets = [TopicPartition(topic, 0, 1, "noted")]
    step(one.commit, offsets=offsets, asynchronous=False)
    step(one.committed, [TopicPartition(topic, 0)], 10)
    step(one.get_watermark_offsets, TopicPartition(topic, 0), 10)
    step(one.offsets_for_times, [TopicPartition(topic, 0, 1_700_000_000_001)], 10)
    step(one.list_topics, timeout=10)
    step(one.list_topics, "librdkafka-missing", timeout=10)
    one.close()
    two.close()


def about(admin):
    topic = f"{NAME}-none"
    wait(admin.create_topics([NewTopic(topic, 1, 2)]))
    wait(admin.create_topics([NewTopic(f"{NAME}-wide", 1, 9)], validate_only=True))
    wait(admin.create_partitions([NewPartitions(f"{NAME}-odd", 2)]))
    wait(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))
    kept = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"retention.ms": "86400000"})
    wait(admin.alter_configs([kept]))
    wait(admin.list_consumer_groups())
    wait(admin.describe_consumer_groups([f"{NAME}-reader", f"{NAME}-missing"]))
    wait(admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.max_timestamp()}))
    wait(admin.describe_cluster(include_authorized_operations=True))
    wait(admin.describe_user_scram_credentials())
    wait(admin.delete_records([TopicPartition(topic, 0, 1)]))
    wait(admin.delete_consumer_groups([f"{NAME}-reader"]))
    wait(admin.delete_topics([f"{NAME}-odd"]))


def main():
    library, binding = confluent_kafka.libversion()[0], confluent_kafka.version()
    binding = binding if isinstance(binding, str) else binding[0]
    print(f"client: librdkafka {library} (confluent-kafka {binding})")
    admin = AdminClient(BASE)
    step(topics, admin)
    step(codecs)
    step(transactions)
    step(group, "classic", "range")
    step(group, "classic", "cooperative-sticky")
    step(group, "consumer", "uniform")
    step(about, admin)


main()
