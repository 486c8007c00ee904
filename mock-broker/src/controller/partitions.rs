//! Adds partitions to topics (KIP-195, `ReplicationControlManager.createPartitions`).

use std::collections::BTreeSet;
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use milena_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use milena_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};

use super::mutation_quotas::STRICT_CREATE_PARTITIONS;
use super::topics::{MAX_RECORDS_PER_REQUEST, Refusal, duplicates};
use super::{Controller, MutationQuota, placement};
use crate::context::Context;
use crate::metadata::{PartitionState, Record};

impl Controller {
    pub(super) fn create_partitions(
        &mut self,
        ctx: &mut Context<'_>,
        client: &str,
        version: i16,
        request: &CreatePartitionsRequest,
    ) -> CreatePartitionsResponse {
        let twice = duplicates(request.topics.iter().map(|topic| topic.name.as_str()));
        let mut quota = self.mutation_quota(client, version, STRICT_CREATE_PARTITIONS);
        let mut told = BTreeSet::new();
        let mut response = CreatePartitionsResponse::default();
        for name in &twice {
            let text = "Duplicate topic name.".to_owned();
            response.results.push(result(name, Err((ErrorCode::INVALID_REQUEST, text))));
            told.insert((*name).to_owned());
        }
        let mut records = Vec::new();
        for topic in &request.topics {
            if !told.insert(topic.name.as_str().to_owned()) {
                continue;
            }
            let outcome = self.plan_partitions(ctx, topic, &mut quota, &mut records);
            response.results.push(result(topic.name.as_str(), outcome));
        }
        response.throttle_time_ms = quota.throttle_time_ms();
        if !request.validate_only {
            self.commit(ctx, records);
        }
        response
    }

    /// Adds to `records` what the topic needs, as far as there is room: what does not fit fails the
    /// topic and leaves those before it, which are created.
    fn plan_partitions(
        &mut self,
        ctx: &Context<'_>,
        asked: &CreatePartitionsTopic,
        quota: &mut MutationQuota,
        records: &mut Vec<Record>,
    ) -> Result<(), Refusal> {
        let topic = self
            .image
            .topic_named(asked.name.as_str())
            .cloned()
            .ok_or_else(|| (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, String::new()))?;
        let present = topic.partitions.len();
        let present_count = i32::try_from(present).unwrap_or(i32::MAX);
        let refuse = |text: String| Err((ErrorCode::INVALID_PARTITIONS, text));
        if asked.count == present_count {
            return refuse(format!("Topic already has {present} partition(s)."));
        }
        if asked.count < present_count {
            return refuse(format!(
                "The topic {} currently has {present} partition(s); {} would not be an increase.",
                topic.name, asked.count
            ));
        }
        let additional = usize::try_from(asked.count - present_count).unwrap_or(usize::MAX);
        if let Some(assignments) = &asked.assignments
            && assignments.len() != additional
        {
            let text = format!(
                "Attempted to add {additional} additional partition(s), but only {} assignment(s) \
                 were specified.",
                assignments.len()
            );
            return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
        }
        self.charge_mutations(ctx, quota, additional)?;
        // One more than fit is as good as any number.
        let additional = additional.min(MAX_RECORDS_PER_REQUEST + 1);
        let factor = topic.partitions.first().map_or(1, |state| state.replicas.len());
        let placed = self.placed(asked, additional, factor)?;
        let manual = asked.assignments.is_some();
        for (at, replicas) in placed.into_iter().enumerate() {
            let index = i32::try_from(present + at).unwrap_or(i32::MAX);
            let state: Arc<PartitionState> = self.new_partition(present + at, replicas, manual)?;
            if records.len() == MAX_RECORDS_PER_REQUEST {
                // Nobody expects this exception there.
                return Err((ErrorCode::UNKNOWN_SERVER_ERROR, String::new()));
            }
            let partition = topic.partition(index);
            records.push(Record::Partition { partition, state });
        }
        Ok(())
    }

    fn placed(
        &mut self,
        asked: &CreatePartitionsTopic,
        additional: usize,
        factor: usize,
    ) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        let Some(assignments) = &asked.assignments else {
            return placement::place(&self.image, additional, factor, &mut self.random).map_err(
                |error| {
                    let text =
                        format!("Unable to replicate the partition {factor} time(s): {error}");
                    (ErrorCode::INVALID_REPLICATION_FACTOR, text)
                },
            );
        };
        let manual = assignments.iter().map(|assignment| {
            let replicas: Vec<BrokerId> =
                assignment.broker_ids.iter().map(|id| BrokerId(id.0)).collect();
            self.check_manual_replicas(&replicas, Some(factor))?;
            Ok(replicas)
        });
        manual.collect()
    }
}

fn result(name: &str, outcome: Result<(), Refusal>) -> CreatePartitionsTopicResult {
    let name = milena_protocol::messages::TopicName(StrBytes::from_string(name.to_owned()));
    let result = CreatePartitionsTopicResult::default().with_name(name).with_error_message(None);
    match outcome {
        Ok(()) => result,
        Err((code, text)) => {
            // An exception without words.
            let text = (!text.is_empty()).then(|| StrBytes::from_string(text));
            result.with_error_code(code.0).with_error_message(text)
        }
    }
}
