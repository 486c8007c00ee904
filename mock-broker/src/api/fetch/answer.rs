//! The answer to a fetch: what was found, partition by partition.

use std::collections::BTreeMap;

use bytes::Bytes;
use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData,
};
use milena_protocol::messages::{self, FetchResponse, ProducerId};
use milena_protocol::response;

use super::{FIRST_FLEXIBLE, FIRST_WITH_HINTS, FIRST_WITH_IDS, FetchPlan, Planned, Reader};
use crate::broker::{Asked, NO_SESSION, Opened, Process, SessionKey, Told};
use crate::context::Context;
use crate::log::{AbortedTxn, EpochEnd};
use crate::release::Release;

/// What was found in one partition.
pub(super) struct Found {
    pub(super) error: ErrorCode,
    pub(super) high_watermark: i64,
    pub(super) last_stable: i64,
    pub(super) log_start: i64,
    pub(super) records: Bytes,
    pub(super) diverging: Option<EpochEnd>,
    /// For readers of committed records: what was aborted of the records.
    pub(super) aborted: Option<Vec<AbortedTxn>>,
    /// Who should be asked instead (KIP-392).
    pub(super) preferred: Option<BrokerId>,
}

impl Found {
    pub(super) fn error(error: ErrorCode) -> Self {
        Self {
            error,
            high_watermark: -1,
            last_stable: -1,
            log_start: -1,
            records: Bytes::new(),
            diverging: None,
            aborted: None,
            preferred: None,
        }
    }

    fn told(&self) -> Told {
        Told {
            high_watermark: self.high_watermark,
            log_start: self.log_start,
            has_records: !self.records.is_empty(),
            has_error: self.error != ErrorCode::NONE,
            diverges: self.diverging.is_some(),
            redirects: self.preferred.is_some(),
        }
    }
}

impl Process {
    pub(super) fn fetch_response(
        &mut self,
        ctx: &mut Context<'_>,
        asked: &Asked,
        plan: &FetchPlan,
    ) -> FetchResponse {
        let mut budget = plan.max_bytes;
        let mut any_records = false;
        let mut found = Vec::with_capacity(plan.partitions.len());
        for planned in &plan.partitions {
            let room = (budget, !any_records);
            let one = self.find(plan, planned, room, ctx.now).unwrap_or_else(Found::error);
            any_records |= !one.records.is_empty();
            budget = budget.saturating_sub(one.records.len());
            found.push((planned, one));
        }
        if let Opened::Incremental { session } = plan.opened {
            let sessions = &self.sessions;
            found.retain(|(planned, one)| sessions.must_tell(session, &planned.name, one.told()));
        }
        let mut response = FetchResponse::default();
        let mut endpoints = BTreeMap::new();
        let mut told = Vec::with_capacity(found.len());
        for (planned, one) in found {
            told.push((planned, one.told()));
            let data = self.partition_data(plan, planned, one, &mut endpoints);
            push(&mut response.responses, &planned.name, data);
        }
        // Followers know where everybody is. Before 4.0 they were told all the same.
        let is_follower = matches!(plan.reader, Reader::Follower { .. });
        if !is_follower || ctx.config.release == Release::V3_9 {
            response.node_endpoints = endpoints.into_values().collect();
        }
        if let Some(throttle) = self.throttle(ctx, asked, plan, &response) {
            let session = match plan.opened {
                Opened::Sessionless | Opened::Full => NO_SESSION,
                Opened::Incremental { session } => session,
            };
            return FetchResponse::default()
                .with_throttle_time_ms(throttle)
                .with_session_id(session);
        }
        response.with_session_id(self.note_in_session(ctx, plan, told))
    }

    /// Counts the answer for the client's quota. What to tell it if that is exceeded.
    fn throttle(
        &mut self,
        ctx: &mut Context<'_>,
        asked: &Asked,
        plan: &FetchPlan,
        response: &FetchResponse,
    ) -> Option<i32> {
        if !self.has_quotas() || matches!(plan.reader, Reader::Follower { .. }) {
            return None;
        }
        let frame = response::encode_message(asked.key, asked.version, 0, response).ok()?;
        // The length and the body count, what stands between them does not (FetchResponse.sizeOf).
        let header = if asked.version >= FIRST_FLEXIBLE { 5 } else { 4 };
        self.charge_fetch(ctx, asked.connection, frame.len() - header)
    }

    /// Opens the session that was asked for, or keeps in mind what it was told. Its id.
    fn note_in_session(
        &mut self,
        ctx: &Context<'_>,
        plan: &FetchPlan,
        told: Vec<(&Planned, Told)>,
    ) -> i32 {
        match plan.opened {
            Opened::Sessionless => NO_SESSION,
            Opened::Full => {
                let slots = ctx.config.max_fetch_sessions;
                let uses_ids = plan.version >= FIRST_WITH_IDS;
                let partitions = told
                    .into_iter()
                    .map(|(planned, told)| (planned.name.clone(), planned.wanted, told));
                self.sessions.create(ctx.now, slots, &mut self.random, uses_ids, partitions)
            }
            Opened::Incremental { session } => {
                for (planned, told) in told {
                    self.sessions.note_told(session, &planned.name, told);
                }
                session
            }
        }
    }

    fn partition_data(
        &self,
        plan: &FetchPlan,
        planned: &Planned,
        found: Found,
        endpoints: &mut BTreeMap<BrokerId, NodeEndpoint>,
    ) -> PartitionData {
        let mut data = PartitionData::default()
            .with_partition_index(planned.name.index())
            .with_error_code(found.error.0)
            .with_high_watermark(found.high_watermark)
            .with_last_stable_offset(found.last_stable)
            .with_log_start_offset(found.log_start)
            .with_aborted_transactions(match found.aborted {
                Some(aborted) => Some(aborted.into_iter().map(aborted_transaction).collect()),
                // A partition that this broker cannot name gets a fresh answer, whose list is empty
                // and not null (FetchResponse.partitionResponse).
                None => planned.key.is_err().then(Vec::new),
            })
            .with_preferred_read_replica(messages::BrokerId(
                found.preferred.map_or(-1, |id| id.get()),
            ))
            .with_records(Some(found.records));
        if let Some(end) = found.diverging {
            data.diverging_epoch =
                EpochEndOffset::default().with_epoch(end.epoch).with_end_offset(end.offset);
        }
        let wrong_broker = matches!(
            found.error,
            ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH
        );
        if let (true, Ok(key)) = (wrong_broker && plan.version >= FIRST_WITH_HINTS, planned.key) {
            let hint = self.leader_hint(key);
            data.current_leader = LeaderIdAndEpoch::default()
                .with_leader_id(messages::BrokerId(hint.leader.get()))
                .with_leader_epoch(hint.epoch);
            if let Some(broker) = self.image.live(hint.leader) {
                let endpoint = NodeEndpoint::default()
                    .with_node_id(messages::BrokerId(hint.leader.get()))
                    .with_host(StrBytes::from_string(broker.host.clone()))
                    .with_port(i32::from(broker.port))
                    .with_rack(broker.rack.clone().map(StrBytes::from_string));
                endpoints.insert(hint.leader, endpoint);
            }
        }
        data
    }
}

fn aborted_transaction(aborted: AbortedTxn) -> AbortedTransaction {
    AbortedTransaction::default()
        .with_producer_id(ProducerId(aborted.producer_id))
        .with_first_offset(aborted.first_offset)
}

/// Adds a partition to the last topic if it is the same one.
fn push(topics: &mut Vec<FetchableTopicResponse>, name: &SessionKey, data: PartitionData) {
    let (topic, id) = match name {
        SessionKey::ById(id, _) => (messages::TopicName::default(), id.0),
        SessionKey::ByName(name, _) => (name.to_wire(), uuid::Uuid::nil()),
    };
    match topics.last_mut() {
        Some(last) if last.topic == topic && last.topic_id == id => last.partitions.push(data),
        _ => topics.push(
            FetchableTopicResponse::default()
                .with_topic(topic)
                .with_topic_id(id)
                .with_partitions(vec![data]),
        ),
    }
}
