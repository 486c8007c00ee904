//! Requests of clients that brokers hand on to the controller (KIP-590): one line each.

use milena_protocol::messages::{RequestKind, ResponseKind};

use super::{Controller, deadline};
use crate::context::Context;

impl Controller {
    /// The answer, or nothing for a request that no broker hands on.
    pub(super) fn forwarded(
        &mut self,
        ctx: &mut Context<'_>,
        client: &str,
        version: i16,
        request: &RequestKind,
    ) -> Option<ResponseKind> {
        if let Some(answer) = deadline::passed(version, request) {
            return Some(answer);
        }
        Some(match request {
            RequestKind::CreateTopics(request) => {
                ResponseKind::CreateTopics(self.create_topics(ctx, client, version, request))
            }
            RequestKind::DeleteTopics(request) => {
                ResponseKind::DeleteTopics(self.delete_topics(ctx, client, version, request))
            }
            RequestKind::CreatePartitions(request) => {
                let answer = self.create_partitions(ctx, client, version, request);
                ResponseKind::CreatePartitions(answer)
            }
            RequestKind::ElectLeaders(request) => {
                ResponseKind::ElectLeaders(self.elect_leaders(ctx, request))
            }
            RequestKind::AlterPartitionReassignments(request) => {
                ResponseKind::AlterPartitionReassignments(self.alter_reassignments(ctx, request))
            }
            RequestKind::ListPartitionReassignments(request) => {
                ResponseKind::ListPartitionReassignments(self.list_reassignments(request))
            }
            RequestKind::AlterUserScramCredentials(request) => {
                ResponseKind::AlterUserScramCredentials(self.alter_scram(ctx, request))
            }
            RequestKind::AlterClientQuotas(request) => {
                ResponseKind::AlterClientQuotas(self.alter_quotas(ctx, request))
            }
            RequestKind::IncrementalAlterConfigs(request) => {
                let answer = self.incremental_alter_configs(ctx, request);
                ResponseKind::IncrementalAlterConfigs(answer)
            }
            RequestKind::AlterConfigs(request) => {
                ResponseKind::AlterConfigs(self.alter_configs(ctx, request))
            }
            RequestKind::DescribeQuorum(request) => {
                ResponseKind::DescribeQuorum(self.describe_quorum(ctx, request))
            }
            RequestKind::UnregisterBroker(request) => {
                ResponseKind::UnregisterBroker(self.unregister_broker(ctx, request))
            }
            RequestKind::UpdateFeatures(request) => {
                ResponseKind::UpdateFeatures(self.update_features(ctx, version, request))
            }
            RequestKind::AddRaftVoter(request) => {
                ResponseKind::AddRaftVoter(self.add_voter(request))
            }
            RequestKind::RemoveRaftVoter(request) => {
                ResponseKind::RemoveRaftVoter(self.remove_voter(request))
            }
            _ => return None,
        })
    }
}
