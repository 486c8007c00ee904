//! The fields in which two clusters cannot agree, each with its reason. Everything else is compared
//! as it is: error codes, offsets, epochs, leader hints, throttle times and the order of replicas
//! never stand here.

/// What is done to a field before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Replaced by the order of its first appearance among its kind: `topic id 1`. The value given
    /// stands for "none" and is kept.
    Alias { kind: &'static str, none: &'static str },
    /// Only compared as null or not null.
    Presence,
    /// A list without an order of its own.
    AsSet,
    /// A list of structs without an order of its own, ordered by a field of theirs.
    OrderedBy(&'static str),
    /// A list of structs without an order of its own, each told by a field of its own: what one side
    /// lacks does not move the others.
    KeyedBy(&'static str),
    /// Any value is as good as another.
    Any,
    /// A timestamp that a broker's clock gave. Cases write older ones, which are kept.
    BrokersClock,
}

/// From here on a timestamp is a broker's: a case writes what is long past for every subject.
pub(super) const FIRST_OF_A_CLOCK: i64 = 1_740_000_000_000;

/// A field by its name, in one message or (`""`) in all.
pub(super) struct Rule {
    pub(super) message: &'static str,
    pub(super) field: &'static str,
    pub(super) action: Action,
    #[expect(dead_code, reason = "for people who read the table")]
    reason: &'static str,
}

pub(super) const NO_UUID: &str = "00000000000000000000000000000000";

pub(super) const RULES: &[Rule] = &[
    Rule {
        message: "",
        field: "topic_id",
        action: Action::Alias { kind: "topic id", none: NO_UUID },
        reason: "drawn at random when a topic is created",
    },
    Rule {
        message: "",
        field: "cluster_id",
        action: Action::Presence,
        reason: "chosen when the storage is formatted",
    },
    Rule {
        message: "",
        field: "error_message",
        action: Action::Presence,
        reason: "words are not a protocol",
    },
    Rule {
        message: "CreateTopicsResponse",
        field: "configs",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps settings in a hash map",
    },
    Rule {
        message: "ListConfigResourcesResponse",
        field: "config_resources",
        action: Action::OrderedBy("resource_name"),
        reason: "Kafka keeps settings in a hash map",
    },
    Rule {
        message: "ProduceResponse",
        field: "batch_index_error_message",
        action: Action::Presence,
        reason: "words are not a protocol",
    },
    Rule {
        message: "DescribeConfigsResponse",
        field: "documentation",
        action: Action::Presence,
        reason: "words are not a protocol",
    },
    Rule {
        message: "",
        field: "host",
        action: Action::Presence,
        reason: "where the processes happen to run",
    },
    Rule {
        message: "",
        field: "port",
        action: Action::Alias { kind: "port", none: "-1" },
        reason: "where the processes happen to run; the same broker keeps its port",
    },
    Rule {
        message: "",
        field: "producer_id",
        action: Action::Alias { kind: "producer id", none: "-1" },
        reason: "blocks of ids are handed out in the order brokers ask for them",
    },
    Rule {
        message: "FetchResponse",
        field: "session_id",
        action: Action::Alias { kind: "session", none: "0" },
        reason: "drawn at random when a session is opened",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "results",
        action: Action::OrderedBy("log_dir"),
        reason: "Kafka keeps directories in a hash set",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "log_dir",
        action: Action::Alias { kind: "directory", none: "" },
        reason: "where the files happen to be",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "topics",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps logs in a hash map",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps logs in a hash map",
    },
    Rule {
        message: "DeleteRecordsResponse",
        field: "topics",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps topics in a hash map",
    },
    Rule {
        message: "DeleteRecordsResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps partitions in a hash map",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "total_bytes",
        action: Action::Any,
        reason: "the disk of the machine",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "usable_bytes",
        action: Action::Any,
        reason: "the disk of the machine",
    },
    Rule {
        message: "MetadataResponse",
        field: "controller_id",
        action: Action::Any,
        reason: "a random live broker under KRaft (KafkaApis.handleTopicMetadataRequest)",
    },
    Rule {
        message: "DescribeClusterResponse",
        field: "controller_id",
        action: Action::Any,
        reason: "a random live broker under KRaft",
    },
    Rule {
        message: "MetadataResponse",
        field: "brokers",
        action: Action::OrderedBy("node_id"),
        reason: "Kafka keeps brokers in a hash map",
    },
    Rule {
        message: "MetadataResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps partitions in a hash map",
    },
    Rule {
        message: "DescribeConfigsResponse",
        field: "configs",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps settings in a hash map",
    },
    Rule {
        message: "DescribeUserScramCredentialsResponse",
        field: "results",
        action: Action::OrderedBy("user"),
        reason: "Kafka keeps users in a hash map",
    },
    Rule {
        message: "AlterReplicaLogDirsResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps partitions in a hash map",
    },
    Rule {
        message: "DescribeClusterResponse",
        field: "brokers",
        action: Action::OrderedBy("broker_id"),
        reason: "Kafka keeps brokers in a hash map",
    },
    Rule {
        message: "",
        field: "isr_nodes",
        action: Action::AsSet,
        reason: "the ISR is a set; its order tells who joined last",
    },
    Rule {
        message: "",
        field: "eligible_leader_replicas",
        action: Action::AsSet,
        reason: "a set, as the ISR",
    },
    Rule {
        message: "",
        field: "offline_replicas",
        action: Action::AsSet,
        reason: "a set, as the ISR",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "api_keys",
        action: Action::KeyedBy("api_key"),
        reason: "each API stands for itself",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "supported_features",
        action: Action::KeyedBy("name"),
        reason: "Kafka keeps features in a hash map",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "finalized_features",
        action: Action::KeyedBy("name"),
        reason: "Kafka keeps features in a hash map",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "finalized_features_epoch",
        action: Action::Presence,
        reason: "how many records the controller has written, which it also does to pass the time",
    },
    Rule {
        message: "UpdateFeaturesResponse",
        field: "results",
        action: Action::OrderedBy("feature"),
        reason: "3.9 keeps features in a hash map",
    },
    Rule {
        message: "DescribeProducersResponse",
        field: "active_producers",
        action: Action::OrderedBy("producer_id"),
        reason: "Kafka keeps producers in a hash map",
    },
    Rule {
        message: "DescribeProducersResponse",
        field: "last_timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "FetchResponse",
        field: "base_timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "FetchResponse",
        field: "max_timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "FetchResponse",
        field: "timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "ListOffsetsResponse",
        field: "timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "WriteTxnMarkersResponse",
        field: "markers",
        action: Action::OrderedBy("producer_id"),
        reason: "Kafka collects the answers in hash maps",
    },
    Rule {
        message: "WriteTxnMarkersResponse",
        field: "topics",
        action: Action::OrderedBy("name"),
        reason: "Kafka collects the answers in hash maps",
    },
    Rule {
        message: "WriteTxnMarkersResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka collects the answers in hash maps",
    },
    Rule {
        message: "ProduceResponse",
        field: "responses",
        action: Action::OrderedBy("name"),
        reason: "Kafka collects the partitions' answers in a hash map",
    },
    Rule {
        message: "ProduceResponse",
        field: "node_endpoints",
        action: Action::OrderedBy("node_id"),
        reason: "Kafka collects the endpoints in a hash set",
    },
    Rule {
        message: "FetchResponse",
        field: "node_endpoints",
        action: Action::OrderedBy("node_id"),
        reason: "Kafka collects the endpoints in a hash set",
    },
];

/// Settings of brokers that say where the processes happen to run; their values count as present or
/// null.
pub(super) const SETTINGS_OF_THE_PLACE: &[&str] = &[
    "advertised.listeners",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "listeners",
    "log.dir",
    "log.dirs",
];
