import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

/**
 * What only clients from 4.1 on say: share groups (KIP-932), and the admin calls that came with them.
 *
 * <p>Started as {@code java -cp 'libs/*' ShareScenarios.java BOOTSTRAP}. A refused call is printed and
 * the next follows.
 */
public class ShareScenarios {
    static final String TOPIC = "java-shared";
    static String bootstrap;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        System.out.println("client: kafka-clients "
            + org.apache.kafka.common.utils.AppInfoParser.getVersion() + " (Java, share consumer)");
        try (Admin admin = Admin.create(properties())) {
            got(admin.updateFeatures(Map.of("share.version",
                new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE)), new UpdateFeaturesOptions()).all());
            got(admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 2))).all());
            ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "java-share");
            got(admin.incrementalAlterConfigs(Map.of(group, List.of(new AlterConfigOp(
                new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET)))).all());
            Thread.sleep(2_000);
            produce();
            try (KafkaShareConsumer<byte[], byte[]> consumer = shareConsumer()) {
                consumer.subscribe(List.of(TOPIC));
                AcknowledgeType[] types = {AcknowledgeType.ACCEPT, AcknowledgeType.RELEASE, AcknowledgeType.REJECT};
                int seen = 0;
                for (int i = 0; i < 20 && seen < 9; i++) {
                    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                        consumer.acknowledge(record, types[seen++ % 3]);
                    }
                    consumer.commitSync();
                }
                got(admin.describeShareGroups(List.of("java-share")).all());
                got(admin.listGroups().all());
                got(admin.listShareGroupOffsets(Map.of("java-share", new ListShareGroupOffsetsSpec())).all());
            }
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            got(admin.alterShareGroupOffsets("java-share", Map.of(partition, 1L)).all());
            got(admin.describeShareGroups(List.of("java-share", "java-missing")).all());
            got(admin.deleteShareGroupOffsets("java-share", Set.of(TOPIC)).all());
            got(admin.deleteShareGroups(List.of("java-share")).all());
            got(admin.listConfigResources().all());
            got(admin.listConfigResources(Set.of(ConfigResource.Type.TOPIC), new ListConfigResourcesOptions()).all());
            got(admin.describeClassicGroups(List.of("java-missing")).all());
        }
        System.exit(0);
    }

    static void produce() {
        Properties properties = properties();
        properties.put("linger.ms", "50");
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(
                properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < 9; i++) {
                producer.send(new ProducerRecord<>(TOPIC, 0, 1_700_000_000_000L, null, ("share " + i).getBytes()));
            }
        }
    }

    static KafkaShareConsumer<byte[], byte[]> shareConsumer() {
        Properties properties = properties();
        properties.put("group.id", "java-share");
        properties.put("share.acknowledgement.mode", "explicit");
        return new KafkaShareConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static Properties properties() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("client.id", "vectors-java-share");
        return properties;
    }

    static void got(KafkaFuture<?> future) {
        try {
            future.get(20, TimeUnit.SECONDS);
        } catch (Exception error) {
            System.err.println("  refused: " + error);
        }
    }
}
