//! Errors that rules answer in place of what was asked.

use milena_protocol::ErrorCode;
use milena_protocol::messages::*;
use milena_protocol::version::spoken_versions;

use crate::Release;
use crate::api::APIS;
use crate::fault::refusal;

/// A request of every API.
macro_rules! requests {
    ($($kind:ident $request:ident)*) => {
        [$((ApiKey::$kind, RequestKind::$kind($request::default())),)*]
    };
}

#[test]
fn an_error_can_be_answered_to_every_api_at_every_version_that_has_a_place_for_it() {
    let requests = requests! {
        Produce ProduceRequest
        Fetch FetchRequest
        ListOffsets ListOffsetsRequest
        Metadata MetadataRequest
        FindCoordinator FindCoordinatorRequest
        ApiVersions ApiVersionsRequest
        CreateTopics CreateTopicsRequest
        DeleteTopics DeleteTopicsRequest
        InitProducerId InitProducerIdRequest
        OffsetForLeaderEpoch OffsetForLeaderEpochRequest
        CreatePartitions CreatePartitionsRequest
        ElectLeaders ElectLeadersRequest
        AlterPartitionReassignments AlterPartitionReassignmentsRequest
        ListPartitionReassignments ListPartitionReassignmentsRequest
        DescribeClientQuotas DescribeClientQuotasRequest
        AlterClientQuotas AlterClientQuotasRequest
        DescribeUserScramCredentials DescribeUserScramCredentialsRequest
        AlterUserScramCredentials AlterUserScramCredentialsRequest
        DescribeQuorum DescribeQuorumRequest
        DescribeCluster DescribeClusterRequest
        DescribeProducers DescribeProducersRequest
        UnregisterBroker UnregisterBrokerRequest
        DescribeTopicPartitions DescribeTopicPartitionsRequest
    };
    for (key, request) in requests {
        let api = APIS.iter().find(|api| api.key == key).expect("it is served");
        let (min, max) = api.advertised(Release::V4_1).expect("it is offered");
        let spoken = spoken_versions(key);
        for version in (min..=max).filter(|version| spoken.contains(version)) {
            let response = refusal(&request, version, ErrorCode::UNKNOWN_SERVER_ERROR)
                .unwrap_or_else(|| panic!("{key:?} has no place for an error"));
            let encoded = milena_protocol::response::encode(key, version, 1, &response);
            assert!(encoded.is_ok(), "{key:?} v{version}: {encoded:?}");
        }
    }
}
