import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.*;

/**
 * What the Java clients are made to say while {@code capture} records them: every kind of record
 * batch, transactions, groups, a compacted topic, and the calls of the admin client.
 *
 * <p>Started as {@code java -cp 'libs/*' Scenarios.java BOOTSTRAP}, with the jars of any release
 * from 3.9 on. A call that a release refuses is part of the recording, so a failure is printed and
 * the next call follows.
 */
public class Scenarios {
    static final String CLIENT_ID = "vectors-java";
    static final Duration PATIENCE = Duration.ofSeconds(30);
    static String bootstrap;

    interface Step {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        System.out.println("client: kafka-clients "
            + org.apache.kafka.common.utils.AppInfoParser.getVersion() + " (Java)");
        step("topics", Scenarios::createTopics);
        step("codecs", Scenarios::produceAndConsumeEveryCodec);
        step("levels", Scenarios::produceAtTheExtremesOfLevels);
        step("shapes", Scenarios::produceOddRecords);
        step("acks", Scenarios::produceWithEachAcks);
        step("append time", Scenarios::appendTime);
        step("transactions", Scenarios::transactions);
        step("classic group", () -> group("classic", "range"));
        step("cooperative group", () -> group("classic", "cooperative-sticky"));
        step("consumer group", () -> group("consumer", null));
        step("lookups", Scenarios::lookUps);
        step("truncated", Scenarios::truncatedTail);
        step("out of range", Scenarios::outOfRange);
        step("compaction", Scenarios::compaction);
        step("internal topics", Scenarios::internalTopics);
        try (Admin admin = admin()) {
            step("admin: cluster", () -> aboutTheCluster(admin));
            step("admin: topics", () -> aboutTopics(admin));
            step("admin: groups", () -> aboutGroups(admin));
            step("admin: transactions", () -> aboutTransactions(admin));
            step("admin: security", () -> aboutSecurity(admin));
        }
        System.exit(0);
    }

    static void step(String name, Step step) {
        try {
            step.run();
        } catch (Throwable error) {
            System.err.println(name + ": " + error);
        }
    }

    // Clients

    static Properties properties(String... more) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("client.id", CLIENT_ID);
        properties.put("metrics.recording.level", "INFO");
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return properties;
    }

    static Admin admin() {
        return Admin.create(properties("default.api.timeout.ms", "10000", "request.timeout.ms", "8000"));
    }

    static KafkaProducer<byte[], byte[]> producer(String... more) {
        return new KafkaProducer<>(
            properties(more), new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(String... more) {
        Properties properties = properties("auto.offset.reset", "earliest", "enable.auto.commit", "false");
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return new KafkaConsumer<>(
            properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    static ProducerRecord<byte[], byte[]> record(
            String topic, long timestamp, String key, String value, String... headers) {
        ProducerRecord<byte[], byte[]> record =
            new ProducerRecord<>(topic, 0, timestamp, bytes(key), bytes(value));
        for (int i = 0; i < headers.length; i += 2) {
            record.headers().add(new RecordHeader(headers[i], bytes(headers[i + 1])));
        }
        return record;
    }

    /** Reads until {@code count} records came, or nothing for a while. */
    static int read(KafkaConsumer<byte[], byte[]> consumer, int count) {
        int seen = 0;
        for (int quiet = 0; seen < count && quiet < 6; ) {
            int got = consumer.poll(Duration.ofMillis(500)).count();
            quiet = got == 0 ? quiet + 1 : 0;
            seen += got;
        }
        return seen;
    }

    static void readFromStart(String topic, int count, String... more) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(more)) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            consumer.seekToBeginning(consumer.assignment());
            read(consumer, count);
        }
    }

    static <T> T got(KafkaFuture<T> future) {
        try {
            return future.get(PATIENCE.getSeconds(), TimeUnit.SECONDS);
        } catch (Exception error) {
            System.err.println("  refused: " + error);
            return null;
        }
    }

    // Records

    static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};

    static NewTopic topic(String name, int partitions, String... configs) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < configs.length; i += 2) {
            map.put(configs[i], configs[i + 1]);
        }
        return new NewTopic(name, Optional.of(partitions), Optional.empty()).configs(map);
    }

    static void createTopics() {
        try (Admin admin = admin()) {
            List<NewTopic> topics = new ArrayList<>();
            for (String codec : CODECS) {
                topics.add(topic("java-" + codec, 1));
            }
            topics.add(topic("java-odd", 1));
            topics.add(topic("java-acks", 1));
            topics.add(topic("java-append-time", 1, "message.timestamp.type", "LogAppendTime"));
            topics.add(topic("java-compacted", 1, "cleanup.policy", "compact",
                "segment.ms", "200", "min.cleanable.dirty.ratio", "0.001",
                "min.compaction.lag.ms", "0", "max.compaction.lag.ms", "500",
                "delete.retention.ms", "86400000"));
            topics.add(topic("java-transactions", 2));
            topics.add(topic("java-group", 2));
            got(admin.createTopics(topics).all());
        }
    }

    /** Compressible, small, with a key and headers. */
    static void produceSome(KafkaProducer<byte[], byte[]> producer, String topic, int count) {
        for (int i = 0; i < count; i++) {
            producer.send(record(topic, 1_700_000_000_000L + i, "key-" + i,
                "value value value value value value " + i, "trace", "0123456789abcdef", "n", "" + i));
        }
    }

    static void produceAndConsumeEveryCodec() {
        for (String codec : CODECS) {
            String topic = "java-" + codec;
            try (KafkaProducer<byte[], byte[]> producer =
                    producer("compression.type", codec, "linger.ms", "100")) {
                // One batch of several records, then one of a single record.
                produceSome(producer, topic, 5);
                producer.flush();
                produceSome(producer, topic, 1);
            }
            readFromStart(topic, 6);
        }
        // A batch above the 64 KiB of a block of LZ4 and the 32 KiB of a chunk of snappy.
        for (String codec : CODECS) {
            if (codec.equals("none")) {
                continue;
            }
            try (KafkaProducer<byte[], byte[]> producer = producer("compression.type", codec,
                    "linger.ms", "1000", "batch.size", "200000")) {
                StringBuilder value = new StringBuilder();
                for (int i = 0; i < 9000; i++) {
                    value.append("0123456789");
                }
                producer.send(record("java-" + codec, 1_700_000_000_000L, "large", value.toString()));
            }
        }
    }

    /** The highest level of Zstandard asks its reader for 128 MiB, however little it holds. */
    static void produceAtTheExtremesOfLevels() {
        String[][] levels = {
            {"gzip", "1"}, {"gzip", "9"}, {"lz4", "1"}, {"lz4", "17"}, {"zstd", "-7"}, {"zstd", "22"}};
        for (String[] level : levels) {
            try (KafkaProducer<byte[], byte[]> producer = producer("compression.type", level[0],
                    "compression." + level[0] + ".level", level[1], "linger.ms", "100")) {
                produceSome(producer, "java-" + level[0], 3);
            }
        }
    }

    static void produceOddRecords() {
        try (KafkaProducer<byte[], byte[]> producer =
                producer("linger.ms", "100", "enable.idempotence", "false")) {
            String topic = "java-odd";
            // Timestamps that go back, nulls, empties, headers that repeat.
            producer.send(record(topic, 1_700_000_000_500L, null, "no key"));
            producer.send(record(topic, 1_700_000_000_000L, "tombstone", null));
            producer.send(record(topic, 1_700_000_000_100L, "", ""));
            producer.send(record(topic, 1_700_000_000_200L, null, null));
            producer.send(record(topic, 0, "headers", "x", "a", "1", "a", "2", "", "", "null", null));
            producer.flush();
            producer.send(record(topic, 0, null, null));
            producer.flush();
            producer.send(record(topic, 4_000_000_000_000L, "the future", "x"));
        }
        readFromStart("java-odd", 6);
    }

    static void produceWithEachAcks() {
        for (String acks : new String[] {"0", "1", "all"}) {
            try (KafkaProducer<byte[], byte[]> producer =
                    producer("acks", acks, "enable.idempotence", "" + acks.equals("all"))) {
                producer.send(record("java-acks", 1_700_000_000_000L, acks, "value"));
                producer.flush();
                step("unknown topic", () -> producer.partitionsFor("java-acks"));
            }
        }
        // Refused by the broker: larger than the topic allows.
        try (Admin admin = admin();
                KafkaProducer<byte[], byte[]> producer = producer()) {
            got(admin.createTopics(List.of(topic("java-small", 1, "max.message.bytes", "100"))).all());
            step("too large", () -> producer.send(
                record("java-small", 1L, "k", "v".repeat(200))).get(20, TimeUnit.SECONDS));
        }
    }

    static void appendTime() {
        for (String codec : CODECS) {
            try (KafkaProducer<byte[], byte[]> producer =
                    producer("compression.type", codec, "linger.ms", "100")) {
                produceSome(producer, "java-append-time", 3);
            }
        }
        readFromStart("java-append-time", 15);
    }

    static void transactions() throws Exception {
        String topic = "java-transactions";
        try (KafkaProducer<byte[], byte[]> producer =
                producer("transactional.id", "java-tx", "linger.ms", "50", "compression.type", "none")) {
            producer.initTransactions();
            producer.beginTransaction();
            produceSome(producer, topic, 3);
            producer.send(new ProducerRecord<>(topic, 1, 1_700_000_000_000L, bytes("k"), bytes("v")));
            producer.sendOffsetsToTransaction(
                Map.of(new TopicPartition("java-group", 0), new OffsetAndMetadata(1, "from a transaction")),
                new ConsumerGroupMetadata("java-tx-group"));
            producer.commitTransaction();
            producer.beginTransaction();
            produceSome(producer, topic, 2);
            producer.flush();
            producer.abortTransaction();
            producer.beginTransaction();
            produceSome(producer, topic, 1);
            producer.commitTransaction();
        }
        for (String codec : CODECS) {
            try (KafkaProducer<byte[], byte[]> producer = producer("transactional.id",
                    "java-tx-" + codec, "compression.type", codec, "linger.ms", "50")) {
                producer.initTransactions();
                producer.beginTransaction();
                produceSome(producer, topic, 2);
                producer.commitTransaction();
            }
        }
        readFromStart(topic, 50, "isolation.level", "read_committed");
        readFromStart(topic, 50, "isolation.level", "read_uncommitted");
        // A fenced producer, and a transaction left open for the admin client to see.
        KafkaProducer<byte[], byte[]> first = producer("transactional.id", "java-fenced");
        first.initTransactions();
        first.beginTransaction();
        first.send(record(topic, 1_700_000_000_000L, "open", "x")).get();
        KafkaProducer<byte[], byte[]> second = producer("transactional.id", "java-fenced");
        second.initTransactions();
        step("fenced", () -> first.send(record(topic, 1L, "late", "x")).get(10, TimeUnit.SECONDS));
        step("fenced", first::commitTransaction);
        first.close(Duration.ZERO);
        second.beginTransaction();
        second.send(record(topic, 1_700_000_000_000L, "open", "x")).get();
        // Not closed: its transaction stays open.
    }

    // Groups

    static void group(String protocol, String assignor) throws Exception {
        String topic = "java-group";
        try (KafkaProducer<byte[], byte[]> producer = producer()) {
            producer.send(new ProducerRecord<>(topic, 0, bytes("k"), bytes("v")));
            producer.send(new ProducerRecord<>(topic, 1, bytes("k"), bytes("v")));
        }
        List<String> more = new ArrayList<>(List.of("group.id", "java-" + protocol + "-" + assignor,
            "group.protocol", protocol, "max.poll.interval.ms", "20000"));
        if (protocol.equals("classic")) {
            more.addAll(List.of("session.timeout.ms", "10000", "heartbeat.interval.ms", "300",
                "partition.assignment.strategy", "org.apache.kafka.clients.consumer."
                    + (assignor.equals("range") ? "RangeAssignor" : "CooperativeStickyAssignor")));
        }
        String[] base = more.toArray(new String[0]);
        more.addAll(List.of("group.instance.id", "static-1", "client.rack", "rack-1"));
        String[] fixed = more.toArray(new String[0]);
        try (KafkaConsumer<byte[], byte[]> one = consumer(base);
                KafkaConsumer<byte[], byte[]> two = consumer(fixed)) {
            one.subscribe(List.of(topic));
            read(one, 2);
            one.commitSync();
            two.subscribe(List.of(topic, "java-odd"));
            for (int i = 0; i < 12; i++) {
                one.poll(Duration.ofMillis(150));
                two.poll(Duration.ofMillis(150));
            }
            two.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1, "noted")));
            one.committed(Set.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1)));
            one.unsubscribe();
            if (protocol.equals("consumer")) {
                step("pattern", () -> {
                    one.subscribe(java.util.regex.Pattern.compile("java-g.*"));
                    read(one, 1);
                });
            }
            step("commit of a foreigner", () -> {
                try (KafkaConsumer<byte[], byte[]> other = consumer(base)) {
                    other.assign(List.of(new TopicPartition(topic, 0)));
                    other.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1)));
                }
            });
        }
    }

    static void lookUps() {
        TopicPartition partition = new TopicPartition("java-none", 0);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.beginningOffsets(List.of(partition));
            consumer.endOffsets(List.of(partition));
            consumer.offsetsForTimes(Map.of(partition, 1_700_000_000_002L));
            consumer.listTopics();
            consumer.partitionsFor("java-group");
            step("no such topic", () -> consumer.partitionsFor("java-missing", Duration.ofSeconds(2)));
            step("bad name", () -> consumer.partitionsFor("not a topic!", Duration.ofSeconds(2)));
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer("isolation.level", "read_committed")) {
            consumer.endOffsets(List.of(new TopicPartition("java-transactions", 0)));
        }
    }

    /** Small fetches: the broker sends as many bytes as were asked for, so the last batch is cut. */
    static void truncatedTail() {
        for (String size : new String[] {"150", "300", "400", "700"}) {
            readFromStart("java-transactions", 3, "max.partition.fetch.bytes", size);
            readFromStart("java-append-time", 3, "max.partition.fetch.bytes", size);
        }
        readFromStart("java-none", 3, "fetch.max.bytes", "200");
        readFromStart("java-none", 3, "check.crcs", "false", "client.rack", "rack-1");
    }

    static void outOfRange() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            TopicPartition partition = new TopicPartition("java-none", 0);
            consumer.assign(List.of(partition));
            consumer.seek(partition, 1_000_000);
            read(consumer, 1);
            // Inside a batch.
            consumer.seek(partition, 2);
            read(consumer, 1);
        }
    }

    /**
     * Leaves gaps at the head, in the middle and at the end of batches, an empty batch (the last of
     * an idempotent producer is kept for its sequence), tombstones with a delete horizon, and the
     * markers of transactions.
     */
    static void compaction() throws Exception {
        String topic = "java-compacted";
        for (int round = 0; round < 3; round++) {
            for (String codec : new String[] {"none", "lz4"}) {
                try (KafkaProducer<byte[], byte[]> producer =
                        producer("compression.type", codec, "linger.ms", "50")) {
                    for (String key : new String[] {"a", "b", codec + round, "c", "d"}) {
                        producer.send(record(topic, 1_700_000_000_000L + round, key, "value " + round));
                    }
                    producer.flush();
                    // The producer's last batch, of which nothing is left after the next round.
                    producer.send(record(topic, 1_700_000_001_000L, "a", null));
                    producer.send(record(topic, 1_700_000_001_000L, "b", null));
                }
            }
            try (KafkaProducer<byte[], byte[]> producer =
                    producer("transactional.id", "java-compacted-" + round)) {
                producer.initTransactions();
                producer.beginTransaction();
                producer.send(record(topic, 1_700_000_002_000L, "a", "in a transaction"));
                if (round == 1) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
            Thread.sleep(400);
        }
        // Appends roll the segment, so that everything before can be cleaned; then the cleaner needs
        // a moment, twice: delete horizons are set by a second pass.
        for (int i = 0; i < 12; i++) {
            try (KafkaProducer<byte[], byte[]> producer = producer()) {
                producer.send(record(topic, 1_700_000_003_000L, "roll", "" + i)).get();
            }
            Thread.sleep(1_000);
        }
        readFromStart(topic, 100);
        readFromStart(topic, 100, "max.partition.fetch.bytes", "300");
    }

    static void internalTopics() {
        for (String topic : new String[] {"__consumer_offsets", "__transaction_state"}) {
            try (KafkaConsumer<byte[], byte[]> consumer = consumer("max.partition.fetch.bytes", "2000")) {
                List<TopicPartition> partitions = new ArrayList<>();
                consumer.partitionsFor(topic).forEach(
                    info -> partitions.add(new TopicPartition(topic, info.partition())));
                consumer.assign(partitions);
                consumer.seekToBeginning(partitions);
                read(consumer, 200);
            }
        }
    }

    // The admin client

    static ConfigResource topicResource(String name) {
        return new ConfigResource(ConfigResource.Type.TOPIC, name);
    }

    static void aboutTheCluster(Admin admin) {
        DescribeClusterResult cluster = admin.describeCluster(
            new DescribeClusterOptions().includeAuthorizedOperations(true));
        got(cluster.nodes());
        got(admin.describeFeatures().featureMetadata());
        step("features", () -> got(admin.updateFeatures(
            Map.of("metadata.version", new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE)),
            new UpdateFeaturesOptions().validateOnly(true)).all()));
        got(admin.describeMetadataQuorum().quorumInfo());
        got(admin.describeLogDirs(List.of(1, 2)).allDescriptions());
        got(admin.unregisterBroker(99).all());
        Set<RaftVoterEndpoint> endpoint = Set.of(new RaftVoterEndpoint("CONTROLLER", "127.0.0.1", 1));
        step("voter", () -> got(admin.addRaftVoter(9, new Uuid(1, 2), endpoint).all()));
        step("voter", () -> got(admin.removeRaftVoter(9, new Uuid(1, 2)).all()));
        step("metrics", () -> got(admin.listClientMetricsResources().all()));
        got(admin.describeClientQuotas(ClientQuotaFilter.all()).entities());
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.of("client-id", "limited"));
        ClientQuotaAlteration.Op op = new ClientQuotaAlteration.Op("producer_byte_rate", 1e9);
        ClientQuotaAlteration.Op bad = new ClientQuotaAlteration.Op("no such quota", 1.5);
        got(admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(op)))).all());
        got(admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(bad)))).all());
        step("settle", () -> Thread.sleep(300));
        got(admin.describeClientQuotas(ClientQuotaFilter.contains(List.of(
            ClientQuotaFilterComponent.ofEntityType("client-id")))).entities());
        got(admin.describeConfigs(List.of(
            new ConfigResource(ConfigResource.Type.BROKER_LOGGER, "77"))).all());
    }

    static void aboutTopics(Admin admin) {
        got(admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
        got(admin.describeTopics(List.of("java-none", "java-group"),
            new DescribeTopicsOptions().includeAuthorizedOperations(true)).allTopicNames());
        got(admin.describeTopics(List.of("java-missing")).allTopicNames());
        got(admin.createTopics(List.of(topic("java-none", 1))).all());
        got(admin.createTopics(List.of(new NewTopic("java-wide", 1, (short) 9))).all());
        got(admin.createTopics(List.of(new NewTopic("java-placed", Map.of(0, List.of(2), 1, List.of(1)))),
            new CreateTopicsOptions().validateOnly(true)).all());
        got(admin.createTopics(List.of(topic("java-bad", 1, "no.such.config", "x"))).all());
        got(admin.createTopics(List.of(topic("java-moved", 1))).all());
        got(admin.createPartitions(Map.of("java-moved", NewPartitions.increaseTo(2))).all());
        got(admin.createPartitions(Map.of("java-moved", NewPartitions.increaseTo(1))).all());
        got(admin.describeConfigs(List.of(topicResource("java-append-time")),
            new DescribeConfigsOptions().includeSynonyms(true)).all());
        got(admin.describeConfigs(List.of(topicResource("java-missing"))).all());
        ConfigEntry retention = new ConfigEntry(TopicConfig.RETENTION_MS_CONFIG, "3600000");
        ConfigEntry wrong = new ConfigEntry(TopicConfig.RETENTION_MS_CONFIG, "soon");
        for (ConfigEntry entry : List.of(retention, wrong)) {
            got(admin.incrementalAlterConfigs(Map.of(topicResource("java-moved"),
                List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET)))).all());
        }
        got(admin.incrementalAlterConfigs(Map.of(topicResource("java-moved"), List.of(new AlterConfigOp(
            new ConfigEntry(TopicConfig.RETENTION_MS_CONFIG, null), AlterConfigOp.OpType.DELETE)))).all());
        TopicPartition first = new TopicPartition("java-none", 0);
        for (OffsetSpec spec : List.of(OffsetSpec.earliest(), OffsetSpec.latest(),
                OffsetSpec.maxTimestamp(), OffsetSpec.forTimestamp(1_700_000_000_003L))) {
            got(admin.listOffsets(Map.of(first, spec)).all());
        }
        got(admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(1))).all());
        got(admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(1_000_000))).all());
        got(admin.electLeaders(ElectionType.PREFERRED, Set.of(first)).all());
        got(admin.electLeaders(ElectionType.UNCLEAN, Set.of(first)).all());
        TopicPartition moved = new TopicPartition("java-moved", 0);
        got(admin.alterPartitionReassignments(Map.of(
            moved, Optional.of(new NewPartitionReassignment(List.of(2, 1))),
            new TopicPartition("java-moved", 1), Optional.of(new NewPartitionReassignment(List.of(1, 2))))).all());
        got(admin.listPartitionReassignments().reassignments());
        got(admin.alterPartitionReassignments(Map.of(moved, Optional.empty())).all());
        got(admin.alterPartitionReassignments(
            Map.of(moved, Optional.of(new NewPartitionReassignment(List.of(7))))).all());
        got(admin.describeReplicaLogDirs(List.of(new TopicPartitionReplica("java-none", 0, 1))).all());
        got(admin.alterReplicaLogDirs(Map.of(
            new TopicPartitionReplica("java-none", 0, 1), "/no/such/directory")).all());
        got(admin.deleteTopics(List.of("java-moved")).all());
        got(admin.deleteTopics(List.of("java-missing")).all());
    }

    static void aboutGroups(Admin admin) {
        String group = "java-classic-range";
        TopicPartition partition = new TopicPartition("java-group", 0);
        String[] all = {group, "java-consumer-null", "java-missing"};
        KafkaConsumer<byte[], byte[]> member = consumer("group.id", "java-described", "client.rack", "r");
        member.subscribe(List.of("java-group"));
        member.poll(Duration.ofSeconds(2));
        KafkaConsumer<byte[], byte[]> modern = consumer("group.id", "java-described-too", "group.protocol", "consumer");
        modern.subscribe(List.of("java-group"));
        modern.poll(Duration.ofSeconds(2));
        got(admin.listConsumerGroups().all());
        got(admin.listConsumerGroups(new ListConsumerGroupsOptions().inStates(
            Set.of(org.apache.kafka.common.ConsumerGroupState.STABLE))).all());
        for (String name : List.of(group, "java-consumer-null", "java-described", "java-described-too", "java-missing")) {
            got(admin.describeConsumerGroups(List.of(name), new DescribeConsumerGroupsOptions()
                .includeAuthorizedOperations(true)).all());
        }
        got(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        got(admin.listConsumerGroupOffsets(Map.of(
            group, new ListConsumerGroupOffsetsSpec(),
            "java-missing", new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(partition))),
            new ListConsumerGroupOffsetsOptions().requireStable(true)).all());
        got(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(0, "reset"))).all());
        got(admin.alterConsumerGroupOffsets("java-described", Map.of(partition, new OffsetAndMetadata(0))).all());
        got(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all());
        step("remove", () -> got(admin.removeMembersFromConsumerGroup("java-described",
            new RemoveMembersFromConsumerGroupOptions()).all()));
        got(admin.deleteConsumerGroups(List.of("java-described-too")).all());
        member.close();
        modern.close();
        for (String name : all) {
            got(admin.deleteConsumerGroups(List.of(name)).all());
        }
        got(admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.forId((byte) 32), "java-any"))).all());
    }

    static void aboutTransactions(Admin admin) {
        got(admin.listTransactions().all());
        got(admin.listTransactions(new ListTransactionsOptions().filterStates(
            List.of(TransactionState.ONGOING))).all());
        for (String id : List.of("java-tx", "java-fenced", "java-missing")) {
            got(admin.describeTransactions(List.of(id)).all());
        }
        TopicPartition partition = new TopicPartition("java-transactions", 0);
        Map<TopicPartition, DescribeProducersResult.PartitionProducerState> producers =
            got(admin.describeProducers(List.of(partition)).all());
        if (producers != null) {
            for (ProducerState state : producers.get(partition).activeProducers()) {
                if (state.currentTransactionStartOffset().isPresent()) {
                    got(admin.abortTransaction(new AbortTransactionSpec(partition, state.producerId(),
                        (short) state.producerEpoch(), state.coordinatorEpoch().orElse(0))).all());
                }
            }
        }
        got(admin.fenceProducers(List.of("java-fenced")).all());
    }

    static void aboutSecurity(Admin admin) {
        AclBinding binding = new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, "java-none", PatternType.LITERAL),
            new AccessControlEntry("User:somebody", "*", AclOperation.READ, AclPermissionType.ALLOW));
        got(admin.createAcls(List.of(binding)).all());
        step("settle", () -> Thread.sleep(300));
        got(admin.describeAcls(AclBindingFilter.ANY).values());
        got(admin.deleteAcls(List.of(binding.toFilter())).all());
        got(admin.alterUserScramCredentials(List.of(
            new UserScramCredentialUpsertion("somebody",
                new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret"),
            new UserScramCredentialDeletion("nobody", ScramMechanism.SCRAM_SHA_512))).all());
        step("settle", () -> Thread.sleep(300));
        got(admin.describeUserScramCredentials().all());
        got(admin.describeUserScramCredentials(List.of("somebody", "nobody")).all());
        got(admin.createDelegationToken().delegationToken());
        got(admin.describeDelegationToken().delegationTokens());
        got(admin.renewDelegationToken(bytes("none")).expiryTimestamp());
        got(admin.expireDelegationToken(bytes("none")).expiryTimestamp());
    }
}
