"""The scenario with kafka-python."""

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

import scenario


class Writer:
    def __init__(self, bootstrap, topic):
        self.topic = topic
        self.acknowledged = 0
        self.failures = []
        self.producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)

    def send(self, key, value, headers):
        future = self.producer.send(self.topic, value=value, key=key, headers=headers)
        future.add_callback(self._done)
        future.add_errback(self.failures.append)

    def _done(self, metadata):
        assert metadata.offset >= 0
        self.acknowledged += 1

    def leader(self, partition):
        cluster = self.producer._metadata
        return cluster.leader_for_partition(TopicPartition(self.topic, partition))

    def flush(self):
        self.producer.flush(timeout=60)

    def close(self):
        self.producer.close(timeout=30)


class Reader:
    def __init__(self, bootstrap, topic, partitions):
        self.consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        assigned = [TopicPartition(topic, partition) for partition in range(partitions)]
        self.consumer.assign(assigned)
        self.consumer.seek_to_beginning(*assigned)

    def poll(self):
        for records in self.consumer.poll(timeout_ms=500).values():
            for record in records:
                headers = [(name, value) for name, value in record.headers]
                yield record.partition, record.offset, record.key, record.value, headers

    def close(self):
        self.consumer.close()


class Library:
    def __init__(self, bootstrap, topic):
        self.bootstrap = bootstrap.split(",")
        self.topic = topic

    def create_topic(self, partitions):
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.create_topics(
            {
                self.topic: {
                    "num_partitions": partitions,
                    "replication_factor": 3,
                    "configs": {"min.insync.replicas": "2"},
                }
            },
            wait_for_metadata=True,
        )
        admin.close()

    def writer(self):
        return Writer(self.bootstrap, self.topic)

    def reader(self, partitions):
        return Reader(self.bootstrap, self.topic, partitions)


scenario.run(Library)
