"""The scenario with confluent-kafka (librdkafka)."""

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import scenario


class Writer:
    def __init__(self, bootstrap, topic):
        self.topic = topic
        self.acknowledged = 0
        self.failures = []
        self.producer = Producer(
            {"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5}
        )

    def send(self, key, value, headers):
        self.producer.produce(
            self.topic, value=value, key=key, headers=headers, on_delivery=self._done
        )
        self.producer.poll(0)

    def _done(self, error, message):
        if error is not None:
            self.failures.append(error)
        else:
            assert message.offset() >= 0
            self.acknowledged += 1

    def leader(self, partition):
        metadata = self.producer.list_topics(self.topic, timeout=10)
        return metadata.topics[self.topic].partitions[partition].leader

    def flush(self):
        self.producer.flush(60)

    def close(self):
        # The instance is closed when its last reference goes.
        self.producer = None


class Reader:
    def __init__(self, bootstrap, topic, partitions):
        self.consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "interop",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "check.crcs": True,
            }
        )
        self.consumer.assign(
            [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(partitions)]
        )

    def poll(self):
        for message in self.consumer.consume(500, timeout=0.5):
            # Brokers come and go in this scenario; librdkafka reports and retries by itself.
            if message.error() is None:
                yield (
                    message.partition(),
                    message.offset(),
                    message.key(),
                    message.value(),
                    message.headers(),
                )

    def close(self):
        self.consumer.close()


class Library:
    def __init__(self, bootstrap, topic):
        self.bootstrap = bootstrap
        self.topic = topic

    def create_topic(self, partitions):
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        topic = NewTopic(self.topic, partitions, 3, config={"min.insync.replicas": "2"})
        admin.create_topics([topic], request_timeout=30)[self.topic].result()

    def writer(self):
        return Writer(self.bootstrap, self.topic)

    def reader(self, partitions):
        return Reader(self.bootstrap, self.topic, partitions)


scenario.run(Library)
