//! Which topics and partitions a request names.

use milena_protocol::ids::TopicId;
use milena_protocol::messages::{RequestKind, TopicName};
use uuid::Uuid;

use crate::broker::{FetchSessions, SessionKey};
use crate::metadata::Image;

/// `ConfigResource.Type.TOPIC`
const TOPIC_RESOURCE: i8 = 2;

/// A topic that a request names, or one of its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Empty where the broker does not know the id.
    pub(crate) name: String,
    /// Nil where the broker does not know the name.
    pub(crate) id: Uuid,
    /// `None` where the request names topics as a whole.
    pub(crate) index: Option<i32>,
}

/// All that a request names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    /// It asks for all topics there are.
    pub(crate) every_topic: bool,
    pub(crate) named: Vec<Target>,
}

/// Collects targets, and finds the name to an id and the id to a name.
struct Collector<'a> {
    image: &'a Image,
    targets: Targets,
}

impl Collector<'_> {
    fn add(&mut self, name: &str, id: Uuid, index: Option<i32>) {
        let mut target = Target { name: name.to_owned(), id, index };
        if target.name.is_empty() {
            if let Some(topic) = self.image.topic(TopicId(id)) {
                target.name = topic.name.to_string();
            }
        } else if let Some(topic) = self.image.topic_named(name) {
            target.id = topic.id.0;
        }
        self.targets.named.push(target);
    }

    fn named(&mut self, name: &TopicName, indices: impl IntoIterator<Item = i32>) {
        for index in indices {
            self.add(name, Uuid::nil(), Some(index));
        }
    }

    fn topic(&mut self, name: &TopicName) {
        self.add(name, Uuid::nil(), None);
    }
}

impl Targets {
    /// What `request` names, as a broker with this image and these fetch sessions understands it.
    pub(crate) fn of(request: &RequestKind, image: &Image, sessions: &FetchSessions) -> Self {
        let mut found = Collector { image, targets: Self::default() };
        data_path(request, sessions, &mut found);
        topics(request, &mut found);
        found.targets
    }

    /// Whether the topic and partition of a rule are among them.
    pub(super) fn include(&self, topic: Option<&str>, partition: Option<i32>) -> bool {
        if topic.is_none() && partition.is_none() {
            return true;
        }
        let fits = |target: &Target| {
            topic.is_none_or(|topic| target.name == topic)
                && partition.is_none_or(|index| target.index.is_none_or(|named| named == index))
        };
        self.every_topic || self.named.iter().any(fits)
    }
}

fn data_path(request: &RequestKind, sessions: &FetchSessions, found: &mut Collector<'_>) {
    match request {
        RequestKind::Produce(request) => {
            for topic in &request.topic_data {
                for partition in &topic.partition_data {
                    found.add(&topic.name, topic.topic_id, Some(partition.index));
                }
            }
        }
        RequestKind::Fetch(request) => {
            for topic in &request.topics {
                for partition in &topic.partitions {
                    found.add(&topic.topic, topic.topic_id, Some(partition.partition));
                }
            }
            for key in sessions.held(request.session_id, request.session_epoch) {
                match key {
                    SessionKey::ById(id, index) => found.add("", id.0, Some(*index)),
                    SessionKey::ByName(name, index) => found.add(name, Uuid::nil(), Some(*index)),
                }
            }
        }
        RequestKind::ListOffsets(request) => {
            for topic in &request.topics {
                found.named(&topic.name, topic.partitions.iter().map(|one| one.partition_index));
            }
        }
        RequestKind::OffsetForLeaderEpoch(request) => {
            for topic in &request.topics {
                found.named(&topic.topic, topic.partitions.iter().map(|one| one.partition));
            }
        }
        RequestKind::DeleteRecords(request) => {
            for topic in &request.topics {
                found.named(&topic.name, topic.partitions.iter().map(|one| one.partition_index));
            }
        }
        RequestKind::DescribeProducers(request) => {
            for topic in &request.topics {
                found.named(&topic.name, topic.partition_indexes.iter().copied());
            }
        }
        RequestKind::WriteTxnMarkers(request) => {
            for topic in request.markers.iter().flat_map(|marker| &marker.topics) {
                found.named(&topic.name, topic.partition_indexes.iter().copied());
            }
        }
        _ => {}
    }
}

fn topics(request: &RequestKind, found: &mut Collector<'_>) {
    match request {
        RequestKind::Metadata(request) => match &request.topics {
            None => found.targets.every_topic = true,
            Some(topics) => {
                for topic in topics {
                    let name = topic.name.as_ref().map_or("", |name| name.as_str());
                    found.add(name, topic.topic_id, None);
                }
            }
        },
        RequestKind::CreateTopics(request) => {
            request.topics.iter().for_each(|topic| found.topic(&topic.name));
        }
        RequestKind::DeleteTopics(request) => {
            request.topic_names.iter().for_each(|name| found.topic(name));
            for topic in &request.topics {
                let name = topic.name.as_ref().map_or("", |name| name.as_str());
                found.add(name, topic.topic_id, None);
            }
        }
        RequestKind::CreatePartitions(request) => {
            request.topics.iter().for_each(|topic| found.topic(&topic.name));
        }
        RequestKind::DescribeTopicPartitions(request) => {
            found.targets.every_topic = request.topics.is_empty();
            request.topics.iter().for_each(|topic| found.topic(&topic.name));
        }
        RequestKind::ElectLeaders(request) => match &request.topic_partitions {
            None => found.targets.every_topic = true,
            Some(topics) => {
                topics.iter().for_each(|one| found.named(&one.topic, one.partitions.clone()));
            }
        },
        RequestKind::AlterPartitionReassignments(request) => {
            for topic in &request.topics {
                found.named(&topic.name, topic.partitions.iter().map(|one| one.partition_index));
            }
        }
        RequestKind::ListPartitionReassignments(request) => match &request.topics {
            None => found.targets.every_topic = true,
            Some(topics) => {
                topics.iter().for_each(|one| found.named(&one.name, one.partition_indexes.clone()));
            }
        },
        _ => configs_and_logs(request, found),
    }
}

fn configs_and_logs(request: &RequestKind, found: &mut Collector<'_>) {
    let mut resource = |kind: i8, name: &str| {
        if kind == TOPIC_RESOURCE {
            found.add(name, Uuid::nil(), None);
        }
    };
    match request {
        RequestKind::DescribeConfigs(request) => {
            request
                .resources
                .iter()
                .for_each(|one| resource(one.resource_type, &one.resource_name));
        }
        RequestKind::AlterConfigs(request) => {
            request
                .resources
                .iter()
                .for_each(|one| resource(one.resource_type, &one.resource_name));
        }
        RequestKind::IncrementalAlterConfigs(request) => {
            request
                .resources
                .iter()
                .for_each(|one| resource(one.resource_type, &one.resource_name));
        }
        RequestKind::DescribeLogDirs(request) => match &request.topics {
            None => found.targets.every_topic = true,
            Some(topics) => {
                topics.iter().for_each(|one| found.named(&one.topic, one.partitions.clone()));
            }
        },
        RequestKind::AlterReplicaLogDirs(request) => {
            for topic in request.dirs.iter().flat_map(|dir| &dir.topics) {
                found.named(&topic.name, topic.partitions.iter().copied());
            }
        }
        _ => {}
    }
}
