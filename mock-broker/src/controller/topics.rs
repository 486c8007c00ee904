//! Creates and deletes topics (`ControllerApis`, `ReplicationControlManager`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use milena_protocol::messages::delete_topics_request::DeleteTopicState;
use milena_protocol::messages::delete_topics_response::DeletableTopicResult;
use milena_protocol::messages::{
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
};

use super::mutation_quotas::{STRICT_CREATE_TOPICS, STRICT_DELETE_TOPICS};
use super::{Controller, MutationQuota, placement, unified};
use crate::context::Context;
use crate::metadata::{PartitionState, Record, Resource, TopicNumber, TopicPartition};
use crate::settings::{Source, Values};
use crate::topic_names;

/// The most records one request may write, and the most partitions one may ask for
/// (`QuorumController.MAX_RECORDS_PER_USER_OP`, `MAX_PARTITIONS_PER_BATCH`).
pub(super) const MAX_RECORDS_PER_REQUEST: usize = 10_000;

/// A refusal: Kafka's code and a text for people.
pub(crate) type Refusal = (ErrorCode, String);

/// The internal metadata topic, which exists outside the metadata.
pub(super) const METADATA_TOPIC: &str = "__cluster_metadata";

/// What a topic is to become.
pub(crate) struct Planned {
    name: TopicName,
    id: TopicId,
    /// What was set.
    values: Arc<Values>,
    partitions: Vec<Arc<PartitionState>>,
}

impl Planned {
    /// How many records Kafka writes for it: one for the topic, one for each setting and for each
    /// partition.
    fn weight(&self) -> usize {
        1 + self.values.len() + self.partitions.len()
    }

    /// Adds its records; the first gives it its number.
    fn write(&self, topic: TopicNumber, records: &mut Vec<Record>) {
        records.push(Record::Topic { name: self.name.clone(), id: self.id });
        if !self.values.is_empty() {
            let values = Arc::clone(&self.values);
            records.push(Record::Settings { of: Resource::Topic(self.id), values });
        }
        for (index, state) in self.partitions.iter().enumerate() {
            let index = i32::try_from(index).unwrap_or(i32::MAX);
            let partition = TopicPartition { topic, index };
            records.push(Record::Partition { partition, state: Arc::clone(state) });
        }
    }
}

impl Controller {
    /// All topics of a request are one operation: what does not fit into it is refused whole.
    pub(crate) fn create_topics(
        &mut self,
        ctx: &mut Context<'_>,
        client: &str,
        version: i16,
        request: &CreateTopicsRequest,
    ) -> CreateTopicsResponse {
        let mut quota = self.mutation_quota(client, version, STRICT_CREATE_TOPICS);
        let duplicates = duplicates(request.topics.iter().map(|topic| topic.name.as_str()));
        let single = |topic: &&CreatableTopic| !duplicates.contains(topic.name.as_str());
        let counted = request.topics.iter().filter(single);
        let wanted: usize =
            counted.map(|topic| wanted_partitions(ctx.config.num_partitions, topic)).sum();
        if wanted > MAX_RECORDS_PER_REQUEST {
            return self.refused_whole(version, request);
        }
        let mut response = CreateTopicsResponse::default();
        let mut told = BTreeSet::new();
        let (mut weight, mut records) = (0, Vec::new());
        for topic in &request.topics {
            let name = topic.name.as_str();
            if !told.insert(name) {
                continue;
            }
            let outcome = if duplicates.contains(name) {
                Err((ErrorCode::INVALID_REQUEST, "Duplicate topic name.".to_owned()))
            } else {
                self.plan_within(ctx, topic, &mut quota)
            };
            if let Ok(planned) = &outcome {
                weight += planned.weight();
                if weight > MAX_RECORDS_PER_REQUEST {
                    return self.refused_whole(version, request);
                }
                planned.write(self.image.topic_behind(records.len()), &mut records);
            }
            response.topics.push(self.told_created(version, topic, outcome));
        }
        response.throttle_time_ms = quota.throttle_time_ms();
        if !request.validate_only {
            self.commit(ctx, records);
        }
        response
    }

    /// Plans a topic, as far as the client's quota reaches.
    fn plan_within(
        &mut self,
        ctx: &Context<'_>,
        topic: &CreatableTopic,
        quota: &mut MutationQuota,
    ) -> Result<Planned, Refusal> {
        let planned = self.plan(ctx, topic)?;
        self.charge_mutations(ctx, quota, planned.partitions.len())?;
        Ok(planned)
    }

    /// Creates one topic of any size.
    pub(crate) fn create_topic(
        &mut self,
        ctx: &mut Context<'_>,
        topic: &CreatableTopic,
    ) -> Result<(), Refusal> {
        let planned = self.plan(ctx, topic)?;
        let mut records = Vec::new();
        planned.write(self.image.topic_behind(0), &mut records);
        self.commit(ctx, records);
        Ok(())
    }

    pub(crate) fn delete_topics(
        &mut self,
        ctx: &mut Context<'_>,
        client: &str,
        version: i16,
        request: &DeleteTopicsRequest,
    ) -> DeleteTopicsResponse {
        let mut response = DeleteTopicsResponse::default();
        let mut quota = self.mutation_quota(client, version, STRICT_DELETE_TOPICS);
        let states: Vec<DeleteTopicState> = if version >= 6 {
            request.topics.clone()
        } else {
            let by_name = |name: &milena_protocol::messages::TopicName| {
                DeleteTopicState::default().with_name(Some(name.clone()))
            };
            request.topic_names.iter().map(by_name).collect()
        };
        let duplicate_names =
            duplicates(states.iter().filter_map(|state| state.name.as_ref()).map(|n| n.as_str()));
        let duplicate_ids = duplicates(
            states.iter().filter(|state| state.name.is_none()).map(|state| state.topic_id),
        );
        let by_id = |state: &&DeleteTopicState| state.name.is_none() && !state.topic_id.is_nil();
        let ids: BTreeSet<_> = states.iter().filter(by_id).map(|state| state.topic_id).collect();
        // Topics that are named and numbered in one request: neither counts, and the name is told.
        let both: BTreeMap<_, _> = states
            .iter()
            .filter(|state| state.topic_id.is_nil())
            .filter_map(|state| self.image.topic_named(state.name.as_ref()?.as_str()))
            .filter(|topic| ids.contains(&topic.id.0))
            .map(|topic| (topic.name.to_string(), topic.id.0))
            .collect();
        let mut told = BTreeSet::new();
        for state in &states {
            if by_id(&state)
                && !duplicate_ids.contains(&state.topic_id)
                && both.values().any(|id| *id == state.topic_id)
            {
                continue;
            }
            if !told.insert((state.name.clone().map(|name| name.to_string()), state.topic_id)) {
                continue;
            }
            let twice = match &state.name {
                Some(name) => duplicate_names.contains(name.as_str()),
                None => duplicate_ids.contains(&state.topic_id),
            };
            let named = state.name.as_ref().filter(|_| state.topic_id.is_nil());
            let numbered_too = named.and_then(|name| both.get(name.as_str())).copied();
            let outcome = if twice {
                Err((ErrorCode::INVALID_REQUEST, "Duplicate topic.".to_owned()))
            } else if let Some(id) = numbered_too {
                let refusal = (
                    ErrorCode::INVALID_REQUEST,
                    "The name is that of an id in the same request.".to_owned(),
                );
                let state = state.clone().with_topic_id(id);
                response.responses.push(deleted(&state, Err(refusal)));
                continue;
            } else {
                self.delete_topic(ctx, state, &mut quota)
            };
            response.responses.push(deleted(state, outcome));
        }
        response.throttle_time_ms = quota.throttle_time_ms();
        response
    }

    /// Deletes the topic of this name.
    pub(crate) fn delete_topic_named(
        &mut self,
        ctx: &mut Context<'_>,
        name: &str,
    ) -> Result<(), Refusal> {
        let name = milena_protocol::messages::TopicName(StrBytes::from_string(name.to_owned()));
        let state = DeleteTopicState::default().with_name(Some(name));
        self.delete_topic(ctx, &state, &mut MutationQuota::unbounded()).map(|_| ())
    }

    fn delete_topic(
        &mut self,
        ctx: &mut Context<'_>,
        state: &DeleteTopicState,
        quota: &mut MutationQuota,
    ) -> Result<(TopicId, TopicName), Refusal> {
        let by_id = !state.topic_id.is_nil();
        let topic = match (&state.name, by_id) {
            (Some(_), true) => {
                let text = "You may not specify both topic name and topic id.";
                return Err((ErrorCode::INVALID_REQUEST, text.to_owned()));
            }
            (None, false) => {
                let text = "Neither topic name nor id were specified.";
                return Err((ErrorCode::INVALID_REQUEST, text.to_owned()));
            }
            (Some(name), false) => self.image().topic_named(name.as_str()),
            (None, true) => self.image().topic(TopicId(state.topic_id)),
        };
        let Some(topic) = topic else {
            let code = if by_id {
                ErrorCode::UNKNOWN_TOPIC_ID
            } else {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            };
            return Err((code, "This server does not host this topic.".to_owned()));
        };
        let (id, name, partitions) = (topic.id, topic.name.clone(), topic.partitions.len());
        self.charge_mutations(ctx, quota, partitions)?;
        self.commit(ctx, vec![Record::RemoveTopic { id }]);
        Ok((id, name))
    }

    /// The name, if a topic of that name can be created.
    fn new_name(&self, name: &str) -> Result<TopicName, Refusal> {
        let name =
            topic_names::legal(name).map_err(|text| (ErrorCode::INVALID_TOPIC_EXCEPTION, text))?;
        if self.image().topic_named(&name).is_some() || &*name == METADATA_TOPIC {
            let text = format!("Topic '{name}' already exists.");
            return Err((ErrorCode::TOPIC_ALREADY_EXISTS, text));
        }
        let alike = self.unified.get(&unified(&name)).filter(|_| name.contains(['.', '_']));
        if let Some(other) = alike.and_then(BTreeSet::first) {
            let text = format!("Topic '{name}' collides with existing topic: {other}");
            return Err((ErrorCode::INVALID_TOPIC_EXCEPTION, text));
        }
        Ok(name)
    }

    fn plan(&mut self, ctx: &Context<'_>, topic: &CreatableTopic) -> Result<Planned, Refusal> {
        let name = self.new_name(topic.name.as_str())?;
        let values = self.plan_settings(topic)?;
        let assignments = if topic.assignments.is_empty() {
            self.plan_placement(ctx, topic)?
        } else {
            self.plan_manual(topic)?
        };
        let manual = !topic.assignments.is_empty();
        let partitions = assignments
            .into_iter()
            .enumerate()
            .map(|(index, replicas)| self.new_partition(index, replicas, manual))
            .collect::<Result<_, _>>()?;
        Ok(Planned { name, id: self.new_topic_id(), values: Arc::new(values), partitions })
    }

    fn plan_settings(&self, topic: &CreatableTopic) -> Result<Values, Refusal> {
        let mut values = Values::new();
        for config in &topic.configs {
            let name = config.name.as_str().to_owned();
            let Some(value) = &config.value else {
                let text = format!("Null value not supported for topic configs: {name}");
                return Err((ErrorCode::INVALID_CONFIG, text));
            };
            values.insert(name, value.as_str().to_owned());
        }
        self.image
            .settings
            .check_topic(&values)
            .map_err(|error| (ErrorCode::INVALID_CONFIG, error.to_string()))?;
        Ok(values)
    }

    /// Every topic is refused, those that are named twice as often as they are named.
    fn refused_whole(&self, version: i16, request: &CreateTopicsRequest) -> CreateTopicsResponse {
        let topics = request.topics.iter().map(|topic| {
            let text = "Unable to perform excessively large batch operation.".to_owned();
            self.told_created(version, topic, Err((ErrorCode::POLICY_VIOLATION, text)))
        });
        CreateTopicsResponse::default().with_topics(topics.collect())
    }

    fn told_created(
        &self,
        version: i16,
        topic: &CreatableTopic,
        outcome: Result<Planned, Refusal>,
    ) -> CreatableTopicResult {
        let mut result =
            CreatableTopicResult::default().with_name(topic.name.clone()).with_error_message(None);
        match outcome {
            Ok(Planned { id, partitions, values, .. }) => {
                let factor = partitions.first().map_or(0, |state| state.replicas.len());
                result.topic_id = id.0;
                result.error_message = None;
                result.num_partitions = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
                result.replication_factor = i16::try_from(factor).unwrap_or(i16::MAX);
                result.configs = (version >= 5).then(|| self.effective(&values));
            }
            Err((code, text)) => {
                result.error_code = code.0;
                result.error_message = Some(StrBytes::from_string(text));
                result.num_partitions = -1;
                result.replication_factor = -1;
            }
        }
        result
    }

    /// All settings of a topic that sets these (`KafkaConfigSchema.resolveEffectiveTopicConfigs`).
    fn effective(&self, values: &Values) -> Vec<CreatableTopicConfigs> {
        let layers = &self.image.settings;
        let told = layers.tables.topic.iter().map(|setting| {
            let (value, source) = match values.get(setting.name) {
                Some(value) => (value.clone(), Source::Topic),
                None => layers.effective_default(setting),
            };
            CreatableTopicConfigs::default()
                .with_name(StrBytes::from_static_str(setting.name))
                .with_value(Some(StrBytes::from_string(value)))
                .with_config_source(source.id())
        });
        told.collect()
    }

    fn plan_placement(
        &mut self,
        ctx: &Context<'_>,
        topic: &CreatableTopic,
    ) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        let factor = match topic.replication_factor {
            -1 => ctx.config.default_replication_factor,
            factor => factor,
        };
        if factor < 1 {
            let text = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err((ErrorCode::INVALID_REPLICATION_FACTOR, text.to_owned()));
        }
        let partitions = match topic.num_partitions {
            -1 => ctx.config.num_partitions,
            partitions => partitions,
        };
        if partitions < 1 {
            let text = "Number of partitions was set to an invalid non-positive value.";
            return Err((ErrorCode::INVALID_PARTITIONS, text.to_owned()));
        }
        let (count, replicas) =
            (usize::try_from(partitions).unwrap_or(1), usize::try_from(factor).unwrap_or(1));
        placement::place(&self.image, count, replicas, &mut self.random).map_err(|error| {
            let text = format!("Unable to replicate the partition {factor} time(s): {error}");
            (ErrorCode::INVALID_REPLICATION_FACTOR, text)
        })
    }

    fn plan_manual(&self, topic: &CreatableTopic) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        if topic.replication_factor != -1 || topic.num_partitions != -1 {
            let text = "A manual partition assignment was specified, but partitions or \
                        replication factor was not set to -1.";
            return Err((ErrorCode::INVALID_REQUEST, text.to_owned()));
        }
        let refuse = |text: String| Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
        let mut assignments: BTreeMap<i32, Vec<BrokerId>> = BTreeMap::new();
        for assignment in &topic.assignments {
            let replicas: Vec<BrokerId> =
                assignment.broker_ids.iter().map(|id| BrokerId(id.0)).collect();
            let factor = assignments.values().next().map(Vec::len);
            self.check_manual_replicas(&replicas, factor)?;
            let index = assignment.partition_index;
            if assignments.insert(index, replicas).is_some() {
                return refuse(format!(
                    "Found multiple manual partition assignments for partition {index}"
                ));
            }
        }
        if assignments.keys().zip(0..).any(|(index, expected)| *index != expected) {
            return refuse("partitions should be a consecutive 0-based integer sequence".into());
        }
        Ok(assignments.into_values().collect())
    }

    /// `ReplicationControlManager.validateManualPartitionAssignment`
    pub(super) fn check_manual_replicas(
        &self,
        replicas: &[BrokerId],
        factor: Option<usize>,
    ) -> Result<(), Refusal> {
        let refuse = |text: String| Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
        if replicas.is_empty() {
            return refuse(
                "The manual partition assignment includes an empty replica list.".into(),
            );
        }
        if let Some(unknown) = replicas.iter().find(|id| !self.image.brokers.contains_key(id)) {
            return refuse(format!(
                "The manual partition assignment includes broker {unknown}, but no such broker is \
                 registered."
            ));
        }
        if !duplicates(replicas.iter().copied()).is_empty() {
            return refuse(
                "The manual partition assignment includes a broker more than once.".into(),
            );
        }
        if factor.is_some_and(|factor| factor != replicas.len()) {
            return refuse(
                "The manual partition assignment includes a partition with another replication \
                 factor than the others."
                    .into(),
            );
        }
        Ok(())
    }

    /// A partition at its birth: every live replica is in sync, the first of them leads.
    pub(super) fn new_partition(
        &self,
        index: usize,
        replicas: Vec<BrokerId>,
        manual: bool,
    ) -> Result<Arc<PartitionState>, Refusal> {
        let isr: Vec<BrokerId> =
            replicas.iter().copied().filter(|id| self.image.is_active(*id)).collect();
        let Some(leader) = isr.first().copied() else {
            let text = format!("All brokers of partition {index} are currently fenced.");
            let code = if manual {
                ErrorCode::INVALID_REPLICA_ASSIGNMENT
            } else {
                ErrorCode::INVALID_REPLICATION_FACTOR
            };
            return Err((code, text));
        };
        Ok(Arc::new(PartitionState::new(replicas, isr, leader)))
    }
}

fn wanted_partitions(default: i32, topic: &CreatableTopic) -> usize {
    match (topic.assignments.len(), topic.num_partitions) {
        (0, -1) => usize::try_from(default).unwrap_or(0),
        (0, partitions) => usize::try_from(partitions).unwrap_or(0),
        (manual, _) => manual,
    }
}

pub(super) fn duplicates<T: Ord>(items: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(item, _)| item).collect()
}

fn deleted(
    state: &DeleteTopicState,
    outcome: Result<(TopicId, TopicName), Refusal>,
) -> DeletableTopicResult {
    let result =
        DeletableTopicResult::default().with_name(state.name.clone()).with_topic_id(state.topic_id);
    match outcome {
        Ok((id, name)) => {
            result.with_name(Some(name.to_wire())).with_topic_id(id.0).with_error_message(None)
        }
        Err((code, text)) => {
            result.with_error_code(code.0).with_error_message(Some(StrBytes::from_string(text)))
        }
    }
}
