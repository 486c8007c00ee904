//! Topics: create, delete, list, describe.

use std::collections::BTreeMap;

use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId, TopicName};
use milena_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use milena_protocol::messages::create_topics_response::CreatableTopicResult;
use milena_protocol::messages::delete_topics_request::DeleteTopicState;
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::metadata_response::MetadataResponseTopic;
use milena_protocol::messages::{CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest};
use milena_protocol::{ErrorCode, StrBytes};

use super::{Admin, is_passing, refused};
use crate::error::{AdminError, AdminErrorKind};
use crate::runtime::core::{Destination, Purpose, RefreshReason};

/// The first version of DeleteTopics that names topics by a structure (KIP-516).
const DELETE_BY_STATE: i16 = 6;

/// A topic to be created. What is not set is the cluster's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "hand it to `Admin::create_topics`"]
pub struct NewTopic {
    name: String,
    partitions: i32,
    replication_factor: i16,
    configs: BTreeMap<String, String>,
}

impl NewTopic {
    /// A topic of that name, otherwise with the cluster's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        let configs = BTreeMap::new();
        Self { name: name.into(), partitions: -1, replication_factor: -1, configs }
    }

    /// How many partitions it gets. Default: the cluster's `num.partitions`.
    pub fn partitions(mut self, partitions: i32) -> Self {
        self.partitions = partitions;
        self
    }

    /// How many brokers hold each partition. Default: the cluster's
    /// `default.replication.factor`.
    pub fn replication_factor(mut self, brokers: i16) -> Self {
        self.replication_factor = brokers;
        self
    }

    /// Sets a topic configuration by its Java name, such as `min.insync.replicas`.
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.insert(name.into(), value.into());
        self
    }

    fn to_wire(&self) -> CreatableTopic {
        let configs = self.configs.iter().map(|(name, value)| {
            CreatableTopicConfig::default()
                .with_name(StrBytes::from_string(name.clone()))
                .with_value(Some(StrBytes::from_string(value.clone())))
        });
        CreatableTopic::default()
            .with_name(wire_name(&self.name))
            .with_num_partitions(self.partitions)
            .with_replication_factor(self.replication_factor)
            .with_configs(configs.collect())
    }
}

/// A topic that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedTopic {
    /// Its name.
    pub name: TopicName,
    /// Its id, [`TopicId::ZERO`] from brokers before 2.8.
    pub id: TopicId,
    /// How many partitions it has, if the broker told.
    pub partitions: Option<i32>,
    /// How many brokers hold each, if the broker told.
    pub replication_factor: Option<i16>,
}

/// A topic in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicListing {
    /// Its name.
    pub name: TopicName,
    /// Its id, [`TopicId::ZERO`] from brokers before 2.8.
    pub id: TopicId,
    /// Whether it belongs to the cluster itself, such as `__consumer_offsets`.
    pub is_internal: bool,
}

/// A topic and its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicDescription {
    /// Its name.
    pub name: TopicName,
    /// Its id, [`TopicId::ZERO`] from brokers before 2.8.
    pub id: TopicId,
    /// Whether it belongs to the cluster itself.
    pub is_internal: bool,
    /// Its partitions, by index.
    pub partitions: Vec<PartitionDescription>,
}

/// A partition and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionDescription {
    /// Its index.
    pub index: PartitionIndex,
    /// Its leader, if it has one.
    pub leader: Option<BrokerId>,
    /// The epoch of that leadership, -1 where the broker does not tell.
    pub leader_epoch: LeaderEpoch,
    /// Its replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Its replicas that are in sync.
    pub isr: Vec<BrokerId>,
    /// Its replicas known to be offline.
    pub offline: Vec<BrokerId>,
}

impl Admin {
    /// Creates topics; one result for each, in the order given.
    ///
    /// A topic is known to all brokers only a moment after it was created; producers and
    /// consumers wait for that by themselves.
    ///
    /// # Errors
    /// Per topic: [`AdminErrorKind::IllegalTopicName`] without asking,
    /// [`AdminErrorKind::Refused`] with the cluster's reason, such as TOPIC_ALREADY_EXISTS, or
    /// [`AdminErrorKind::Request`] if no broker answered in time.
    ///
    /// Cancellation: dropping the future leaves open whether the topics are created.
    pub async fn create_topics(
        &self,
        topics: impl IntoIterator<Item = NewTopic>,
    ) -> Vec<Result<CreatedTopic, AdminError>> {
        let topics: Vec<NewTopic> = topics.into_iter().collect();
        let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
        let wire: Vec<CreatableTopic> = topics.iter().map(NewTopic::to_wire).collect();
        let timeout_ms = self.broker_timeout_ms();
        let answered = for_each_legal(&names, async |legal: &[usize]| {
            let asked: Vec<_> = legal.iter().map(|&index| wire[index].clone()).collect();
            let build = move |_| {
                let request = CreateTopicsRequest::default().with_timeout_ms(timeout_ms);
                request.with_topics(asked.clone())
            };
            let answer = self
                .ask(Destination::Controller, Purpose::Admin, build, |answer| {
                    answer.topics.iter().find_map(|topic| is_passing(topic.error_code))
                })
                .await?;
            let results = answer.topics.into_iter();
            Ok(results.map(|topic| (topic.name.0.to_string(), created(&topic))).collect())
        });
        let results = answered.await;
        if results.iter().any(Result::is_ok) {
            self.core.refresh_metadata(RefreshReason::Asked);
        }
        results
    }

    /// Creates one topic. See [`Admin::create_topics`].
    ///
    /// # Errors
    /// As with [`Admin::create_topics`].
    pub async fn create_topic(&self, topic: NewTopic) -> Result<CreatedTopic, AdminError> {
        only(self.create_topics([topic]).await)
    }

    /// Deletes topics; one result for each, in the order given.
    ///
    /// # Errors
    /// Per topic: [`AdminErrorKind::Refused`] with the cluster's reason, such as
    /// UNKNOWN_TOPIC_OR_PARTITION, or [`AdminErrorKind::Request`] if no broker answered in time.
    ///
    /// Cancellation: dropping the future leaves open whether the topics are deleted.
    pub async fn delete_topics<S: Into<String>>(
        &self,
        topics: impl IntoIterator<Item = S>,
    ) -> Vec<Result<(), AdminError>> {
        let names: Vec<String> = topics.into_iter().map(Into::into).collect();
        let timeout_ms = self.broker_timeout_ms();
        let answered = for_each_legal(&names, async |legal: &[usize]| {
            let asked: Vec<_> = legal.iter().map(|&index| wire_name(&names[index])).collect();
            let build = move |version| {
                let request = DeleteTopicsRequest::default().with_timeout_ms(timeout_ms);
                if version < DELETE_BY_STATE {
                    return request.with_topic_names(asked.clone());
                }
                let states = asked.iter().cloned();
                let states = states.map(|name| DeleteTopicState::default().with_name(Some(name)));
                request.with_topics(states.collect())
            };
            let answer = self
                .ask(Destination::Controller, Purpose::Admin, build, |answer| {
                    answer.responses.iter().find_map(|topic| is_passing(topic.error_code))
                })
                .await?;
            let results = answer.responses.into_iter().filter_map(|topic| {
                let outcome = match ErrorCode(topic.error_code).check() {
                    Ok(()) => Ok(()),
                    Err(code) => Err(refused(code, topic.error_message.as_ref())),
                };
                Some((topic.name?.0.to_string(), outcome))
            });
            Ok(results.collect())
        });
        answered.await
    }

    /// Deletes one topic. See [`Admin::delete_topics`].
    ///
    /// # Errors
    /// As with [`Admin::delete_topics`].
    pub async fn delete_topic(&self, topic: impl Into<String>) -> Result<(), AdminError> {
        only(self.delete_topics([topic]).await)
    }

    /// Every topic this client may see, those of the cluster itself included, by name.
    ///
    /// # Errors
    /// If no broker answers within the time-out.
    ///
    /// Cancellation safe.
    pub async fn list_topics(&self) -> Result<Vec<TopicListing>, AdminError> {
        let build =
            |_| MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false);
        let answer = self.ask(Destination::Any, Purpose::Control, build, |_| None).await?;
        let topics = answer.topics.iter().filter(|topic| topic.error_code == 0);
        let mut listed: Vec<_> = topics
            .filter_map(|topic| {
                Some(TopicListing {
                    name: TopicName::from_wire(&topic.name.as_ref()?.0),
                    id: TopicId(topic.topic_id),
                    is_internal: topic.is_internal,
                })
            })
            .collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// The partitions of topics; one result for each, in the order given.
    ///
    /// # Errors
    /// Per topic: [`AdminErrorKind::Refused`] with UNKNOWN_TOPIC_OR_PARTITION if there is none
    /// (or the broker asked does not know it yet), or [`AdminErrorKind::Request`] if no broker
    /// answered in time.
    ///
    /// Cancellation safe.
    pub async fn describe_topics<S: Into<String>>(
        &self,
        topics: impl IntoIterator<Item = S>,
    ) -> Vec<Result<TopicDescription, AdminError>> {
        let names: Vec<String> = topics.into_iter().map(Into::into).collect();
        let answered = for_each_legal(&names, async |legal: &[usize]| {
            let asked = legal.iter().map(|&index| {
                MetadataRequestTopic::default().with_name(Some(wire_name(&names[index])))
            });
            let asked: Vec<_> = asked.collect();
            let build = move |_| {
                MetadataRequest::default()
                    .with_topics(Some(asked.clone()))
                    .with_allow_auto_topic_creation(false)
            };
            let answer = self.ask(Destination::Any, Purpose::Control, build, |_| None).await?;
            let results = answer
                .topics
                .iter()
                .filter_map(|topic| Some((topic.name.as_ref()?.0.to_string(), described(topic))));
            Ok(results.collect())
        });
        answered.await
    }

    /// The partitions of one topic. See [`Admin::describe_topics`].
    ///
    /// # Errors
    /// As with [`Admin::describe_topics`].
    pub async fn describe_topic(
        &self,
        topic: impl Into<String>,
    ) -> Result<TopicDescription, AdminError> {
        only(self.describe_topics([topic]).await)
    }
}

type Answers<T> = BTreeMap<String, Result<T, AdminErrorKind>>;

/// Asks for those topics that can exist, once, and spreads the answers over all of them.
async fn for_each_legal<T: Clone>(
    names: &[String],
    ask: impl AsyncFnOnce(&[usize]) -> Result<Answers<T>, AdminError>,
) -> Vec<Result<T, AdminError>> {
    let legality: Vec<_> = names.iter().map(|name| TopicName::new(name)).collect();
    let legal: Vec<usize> = (0..names.len()).filter(|&index| legality[index].is_ok()).collect();
    let answers = match legal.is_empty() {
        true => Ok(Answers::new()),
        false => ask(&legal).await,
    };
    let of = |(name, legality): (&String, Result<TopicName, _>)| {
        legality.map_err(|error| AdminError::topic(name, error))?;
        match &answers {
            Err(error) => Err(AdminError::topic(name, error.kind.clone())),
            Ok(answers) => match answers.get(name) {
                Some(outcome) => outcome.clone().map_err(|kind| AdminError::topic(name, kind)),
                None => Err(AdminError::topic(name, AdminErrorKind::NotAnswered)),
            },
        }
    };
    names.iter().zip(legality).map(of).collect()
}

fn created(topic: &CreatableTopicResult) -> Result<CreatedTopic, AdminErrorKind> {
    ErrorCode(topic.error_code)
        .check()
        .map_err(|code| refused(code, topic.error_message.as_ref()))?;
    Ok(CreatedTopic {
        name: TopicName::from_wire(&topic.name.0),
        id: TopicId(topic.topic_id),
        partitions: Some(topic.num_partitions).filter(|count| *count > 0),
        replication_factor: Some(topic.replication_factor).filter(|count| *count > 0),
    })
}

fn described(topic: &MetadataResponseTopic) -> Result<TopicDescription, AdminErrorKind> {
    ErrorCode(topic.error_code).check().map_err(|code| refused(code, None))?;
    let ids = |ids: &[milena_protocol::messages::BrokerId]| -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(id.0)).collect()
    };
    let partitions = topic.partitions.iter().map(|partition| PartitionDescription {
        index: PartitionIndex(partition.partition_index),
        leader: (partition.leader_id.0 >= 0).then_some(BrokerId(partition.leader_id.0)),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        replicas: ids(&partition.replica_nodes),
        isr: ids(&partition.isr_nodes),
        offline: ids(&partition.offline_replicas),
    });
    let mut partitions: Vec<_> = partitions.collect();
    partitions.sort_by_key(|partition| partition.index);
    let name = topic.name.as_ref().map(|name| TopicName::from_wire(&name.0));
    Ok(TopicDescription {
        name: name.ok_or(AdminErrorKind::NotAnswered)?,
        id: TopicId(topic.topic_id),
        is_internal: topic.is_internal,
        partitions,
    })
}

fn wire_name(name: &str) -> milena_protocol::messages::TopicName {
    milena_protocol::messages::TopicName(StrBytes::from_string(name.to_owned()))
}

/// The result of a call with one topic.
fn only<T>(results: Vec<Result<T, AdminError>>) -> Result<T, AdminError> {
    let nothing = AdminError { kind: AdminErrorKind::NotAnswered, topic: None };
    results.into_iter().next().unwrap_or(Err(nothing))
}
