//! `throttle_time_ms` of an answer (KIP-219).

use milena_protocol::messages::ResponseKind;

/// Says in `response` that its client is throttled. Whether it could be said: a few answers have
/// no place for it.
pub(crate) fn set_throttle(response: &mut ResponseKind, millis: i32) -> bool {
    macro_rules! say {
        ($($kind:ident)*) => {
            match response {
                $(ResponseKind::$kind(response) => response.throttle_time_ms = millis,)*
                _ => return false,
            }
        };
    }
    say! {
        Produce Fetch ListOffsets Metadata FindCoordinator ApiVersions CreateTopics DeleteTopics
        DeleteRecords InitProducerId OffsetForLeaderEpoch DescribeAcls CreateAcls DeleteAcls
        DescribeConfigs AlterConfigs AlterReplicaLogDirs DescribeLogDirs CreatePartitions
        CreateDelegationToken RenewDelegationToken ExpireDelegationToken DescribeDelegationToken
        ElectLeaders IncrementalAlterConfigs AlterPartitionReassignments ListPartitionReassignments
        DescribeClientQuotas AlterClientQuotas DescribeUserScramCredentials
        AlterUserScramCredentials UpdateFeatures DescribeCluster DescribeProducers UnregisterBroker
        ListConfigResources DescribeTopicPartitions OffsetCommit OffsetFetch JoinGroup Heartbeat
        LeaveGroup SyncGroup DescribeGroups ListGroups DeleteGroups OffsetDelete AddPartitionsToTxn
        AddOffsetsToTxn EndTxn TxnOffsetCommit ConsumerGroupHeartbeat ConsumerGroupDescribe
        DescribeTransactions ListTransactions
    }
    true
}
