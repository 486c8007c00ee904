//! The answer that says nothing but an error: what `getErrorResponse` of each request class of
//! Apache Kafka gives.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::{
    self, ApiKey, RequestKind, ResponseKind, alter_client_quotas_response as quotas,
    alter_configs_response as alter, alter_partition_reassignments_response as reassign,
    alter_replica_log_dirs_response as log_dirs, alter_user_scram_credentials_response as scram,
    describe_configs_response as describe, describe_producers_response as producer_states,
    describe_topic_partitions_response as topic_partitions, elect_leaders_response as elect,
    find_coordinator_response as coordinator, incremental_alter_configs_response as incremental,
    update_features_response as features, write_txn_markers_response as markers,
};
use milena_protocol::messages::{
    create_partitions_response as create_partitions, create_topics_response as create_topics,
    delete_records_response as delete_records, delete_topics_response as delete_topics,
    fetch_response as fetch, list_offsets_response as list_offsets, metadata_response as metadata,
    offset_for_leader_epoch_response as epochs, produce_response as produce,
};

/// Whether an error can be answered to requests of an API.
pub(crate) fn has_place(key: ApiKey) -> bool {
    use ApiKey::*;
    matches!(
        key,
        Produce
            | Fetch
            | ListOffsets
            | Metadata
            | FindCoordinator
            | ApiVersions
            | CreateTopics
            | DeleteTopics
            | DeleteRecords
            | InitProducerId
            | OffsetForLeaderEpoch
            | WriteTxnMarkers
            | DescribeConfigs
            | AlterConfigs
            | AlterReplicaLogDirs
            | DescribeLogDirs
            | CreatePartitions
            | ElectLeaders
            | IncrementalAlterConfigs
            | AlterPartitionReassignments
            | ListPartitionReassignments
            | DescribeClientQuotas
            | AlterClientQuotas
            | DescribeUserScramCredentials
            | AlterUserScramCredentials
            | DescribeQuorum
            | UpdateFeatures
            | DescribeCluster
            | DescribeProducers
            | UnregisterBroker
            | ListConfigResources
            | DescribeTopicPartitions
    )
}

/// The error `code` for everything that `request` asks for; `None` where the answer has no place
/// for it.
pub(crate) fn refusal(
    request: &RequestKind,
    version: i16,
    code: ErrorCode,
) -> Option<ResponseKind> {
    let code = code.0;
    written_and_read(request, code)
        .or_else(|| positions(request, code))
        .or_else(|| producers(request, code))
        .or_else(|| topics(request, code))
        .or_else(|| partitions(request, version, code))
        .or_else(|| configs(request, code))
        .or_else(|| logs_and_users(request, code))
        .or_else(|| one_error(request, version, code))
}

fn written_and_read(request: &RequestKind, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::Produce(request) => {
            let topics = request.topic_data.iter().map(|topic| {
                let partition = |index: i32| {
                    produce::PartitionProduceResponse::default()
                        .with_index(index)
                        .with_error_code(code)
                        .with_base_offset(-1)
                        .with_log_append_time_ms(-1)
                        .with_log_start_offset(-1)
                };
                let indices = topic.partition_data.iter().map(|data| data.index);
                produce::TopicProduceResponse::default()
                    .with_name(topic.name.clone())
                    .with_topic_id(topic.topic_id)
                    .with_partition_responses(indices.map(partition).collect())
            });
            let response = messages::ProduceResponse::default();
            ResponseKind::Produce(response.with_responses(topics.collect()))
        }
        RequestKind::Fetch(request) => {
            let topics = request.topics.iter().map(|topic| {
                let indices = topic.partitions.iter().map(|partition| partition.partition);
                fetch::FetchableTopicResponse::default()
                    .with_topic(topic.topic.clone())
                    .with_topic_id(topic.topic_id)
                    .with_partitions(indices.map(|index| unread(index, code)).collect())
            });
            let response = messages::FetchResponse::default().with_error_code(code);
            ResponseKind::Fetch(response.with_responses(topics.collect()))
        }
        _ => return None,
    })
}

fn positions(request: &RequestKind, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::ListOffsets(request) => {
            let topics = request.topics.iter().map(|topic| {
                let partition = |index: i32| {
                    list_offsets::ListOffsetsPartitionResponse::default()
                        .with_partition_index(index)
                        .with_error_code(code)
                };
                let indices = topic.partitions.iter().map(|one| one.partition_index);
                list_offsets::ListOffsetsTopicResponse::default()
                    .with_name(topic.name.clone())
                    .with_partitions(indices.map(partition).collect())
            });
            let response = messages::ListOffsetsResponse::default();
            ResponseKind::ListOffsets(response.with_topics(topics.collect()))
        }
        RequestKind::OffsetForLeaderEpoch(request) => {
            let topics = request.topics.iter().map(|topic| {
                let partition = |index: i32| {
                    epochs::EpochEndOffset::default().with_partition(index).with_error_code(code)
                };
                let indices = topic.partitions.iter().map(|one| one.partition);
                epochs::OffsetForLeaderTopicResult::default()
                    .with_topic(topic.topic.clone())
                    .with_partitions(indices.map(partition).collect())
            });
            let response = messages::OffsetForLeaderEpochResponse::default();
            ResponseKind::OffsetForLeaderEpoch(response.with_topics(topics.collect()))
        }
        RequestKind::DeleteRecords(request) => {
            let topics = request.topics.iter().map(|topic| {
                let partition = |index: i32| {
                    delete_records::DeleteRecordsPartitionResult::default()
                        .with_partition_index(index)
                        .with_low_watermark(-1)
                        .with_error_code(code)
                };
                let indices = topic.partitions.iter().map(|one| one.partition_index);
                delete_records::DeleteRecordsTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_partitions(indices.map(partition).collect())
            });
            let response = messages::DeleteRecordsResponse::default();
            ResponseKind::DeleteRecords(response.with_topics(topics.collect()))
        }
        _ => return None,
    })
}

fn producers(request: &RequestKind, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::DescribeProducers(request) => {
            let topics = request.topics.iter().map(|topic| {
                let partition = |index: &i32| {
                    producer_states::PartitionResponse::default()
                        .with_partition_index(*index)
                        .with_error_code(code)
                };
                producer_states::TopicResponse::default()
                    .with_name(topic.name.clone())
                    .with_partitions(topic.partition_indexes.iter().map(partition).collect())
            });
            let response = messages::DescribeProducersResponse::default();
            ResponseKind::DescribeProducers(response.with_topics(topics.collect()))
        }
        RequestKind::WriteTxnMarkers(request) => {
            let markers = request.markers.iter().map(|marker| {
                let topics = marker.topics.iter().map(|topic| {
                    let partition = |index: &i32| {
                        markers::WritableTxnMarkerPartitionResult::default()
                            .with_partition_index(*index)
                            .with_error_code(code)
                    };
                    markers::WritableTxnMarkerTopicResult::default()
                        .with_name(topic.name.clone())
                        .with_partitions(topic.partition_indexes.iter().map(partition).collect())
                });
                markers::WritableTxnMarkerResult::default()
                    .with_producer_id(marker.producer_id)
                    .with_topics(topics.collect())
            });
            let response = messages::WriteTxnMarkersResponse::default();
            ResponseKind::WriteTxnMarkers(response.with_markers(markers.collect()))
        }
        _ => return None,
    })
}

/// A partition of a fetch that gives an error and no records.
pub(super) fn unread(index: i32, code: i16) -> fetch::PartitionData {
    fetch::PartitionData::default()
        .with_partition_index(index)
        .with_error_code(code)
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_records(Some(bytes::Bytes::new()))
}

fn topics(request: &RequestKind, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::Metadata(request) => {
            let topics = request.topics.iter().flatten().map(|topic| {
                metadata::MetadataResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_topic_id(topic.topic_id)
                    .with_error_code(code)
            });
            let response = messages::MetadataResponse::default();
            ResponseKind::Metadata(response.with_topics(topics.collect()))
        }
        RequestKind::CreateTopics(request) => {
            let topics = request.topics.iter().map(|topic| {
                create_topics::CreatableTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_error_code(code)
            });
            let response = messages::CreateTopicsResponse::default();
            ResponseKind::CreateTopics(response.with_topics(topics.collect()))
        }
        RequestKind::DeleteTopics(request) => {
            let named = request.topic_names.iter().map(|name| {
                delete_topics::DeletableTopicResult::default()
                    .with_name(Some(name.clone()))
                    .with_error_code(code)
            });
            let topics = request.topics.iter().map(|topic| {
                delete_topics::DeletableTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_topic_id(topic.topic_id)
                    .with_error_code(code)
            });
            let response = messages::DeleteTopicsResponse::default();
            ResponseKind::DeleteTopics(response.with_responses(named.chain(topics).collect()))
        }
        _ => return None,
    })
}

fn partitions(request: &RequestKind, version: i16, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::CreatePartitions(request) => {
            let topics = request.topics.iter().map(|topic| {
                create_partitions::CreatePartitionsTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_error_code(code)
            });
            let response = messages::CreatePartitionsResponse::default();
            ResponseKind::CreatePartitions(response.with_results(topics.collect()))
        }
        RequestKind::DescribeTopicPartitions(request) => {
            let topics = request.topics.iter().map(|topic| {
                topic_partitions::DescribeTopicPartitionsResponseTopic::default()
                    .with_name(Some(topic.name.clone()))
                    .with_error_code(code)
            });
            let response = messages::DescribeTopicPartitionsResponse::default();
            ResponseKind::DescribeTopicPartitions(response.with_topics(topics.collect()))
        }
        RequestKind::ElectLeaders(request) => {
            let topics = request.topic_partitions.iter().flatten().map(|topic| {
                let partition = |index: &i32| {
                    elect::PartitionResult::default()
                        .with_partition_id(*index)
                        .with_error_code(code)
                };
                elect::ReplicaElectionResult::default()
                    .with_topic(topic.topic.clone())
                    .with_partition_result(topic.partitions.iter().map(partition).collect())
            });
            let mut response = messages::ElectLeadersResponse::default();
            // KIP-460
            if version >= 1 {
                response.error_code = code;
            }
            ResponseKind::ElectLeaders(response.with_replica_election_results(topics.collect()))
        }
        RequestKind::AlterPartitionReassignments(request) => {
            let topics = request.topics.iter().map(|topic| {
                let partition = |index: i32| {
                    reassign::ReassignablePartitionResponse::default()
                        .with_partition_index(index)
                        .with_error_code(code)
                };
                let indices = topic.partitions.iter().map(|one| one.partition_index);
                reassign::ReassignableTopicResponse::default()
                    .with_name(topic.name.clone())
                    .with_partitions(indices.map(partition).collect())
            });
            let response = messages::AlterPartitionReassignmentsResponse::default();
            let response = response.with_error_code(code).with_responses(topics.collect());
            ResponseKind::AlterPartitionReassignments(response)
        }
        _ => return None,
    })
}

fn configs(request: &RequestKind, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::DescribeConfigs(request) => {
            let results = request.resources.iter().map(|resource| {
                describe::DescribeConfigsResult::default()
                    .with_error_code(code)
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone())
            });
            let response = messages::DescribeConfigsResponse::default();
            ResponseKind::DescribeConfigs(response.with_results(results.collect()))
        }
        RequestKind::AlterConfigs(request) => {
            let responses = request.resources.iter().map(|resource| {
                alter::AlterConfigsResourceResponse::default()
                    .with_error_code(code)
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone())
            });
            let response = messages::AlterConfigsResponse::default();
            ResponseKind::AlterConfigs(response.with_responses(responses.collect()))
        }
        RequestKind::IncrementalAlterConfigs(request) => {
            let responses = request.resources.iter().map(|resource| {
                incremental::AlterConfigsResourceResponse::default()
                    .with_error_code(code)
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name.clone())
            });
            let response = messages::IncrementalAlterConfigsResponse::default();
            ResponseKind::IncrementalAlterConfigs(response.with_responses(responses.collect()))
        }
        _ => return None,
    })
}

fn logs_and_users(request: &RequestKind, code: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::AlterReplicaLogDirs(request) => {
            let results = request.dirs.iter().flat_map(|dir| &dir.topics).map(|topic| {
                let partition = |index: &i32| {
                    log_dirs::AlterReplicaLogDirPartitionResult::default()
                        .with_partition_index(*index)
                        .with_error_code(code)
                };
                log_dirs::AlterReplicaLogDirTopicResult::default()
                    .with_topic_name(topic.name.clone())
                    .with_partitions(topic.partitions.iter().map(partition).collect())
            });
            let response = messages::AlterReplicaLogDirsResponse::default();
            ResponseKind::AlterReplicaLogDirs(response.with_results(results.collect()))
        }
        RequestKind::AlterClientQuotas(request) => {
            let entries = request.entries.iter().map(|entry| {
                let entity = entry.entity.iter().map(|part| {
                    quotas::EntityData::default()
                        .with_entity_type(part.entity_type.clone())
                        .with_entity_name(part.entity_name.clone())
                });
                quotas::EntryData::default().with_error_code(code).with_entity(entity.collect())
            });
            let response = messages::AlterClientQuotasResponse::default();
            ResponseKind::AlterClientQuotas(response.with_entries(entries.collect()))
        }
        RequestKind::AlterUserScramCredentials(request) => {
            let deleted = request.deletions.iter().map(|one| &one.name);
            let users = deleted.chain(request.upsertions.iter().map(|one| &one.name));
            let result = |user: &StrBytes| {
                scram::AlterUserScramCredentialsResult::default()
                    .with_user(user.clone())
                    .with_error_code(code)
            };
            let response = messages::AlterUserScramCredentialsResponse::default();
            let results = users.map(result).collect();
            ResponseKind::AlterUserScramCredentials(response.with_results(results))
        }
        _ => return None,
    })
}

/// Answers with one error for all of the request.
fn one_error(request: &RequestKind, version: i16, code: i16) -> Option<ResponseKind> {
    macro_rules! plain {
        ($kind:ident, $response:ident) => {
            ResponseKind::$kind(messages::$response::default().with_error_code(code))
        };
    }
    Some(match request {
        // KIP-699: one answer for each key since version 4.
        RequestKind::FindCoordinator(request) if version >= 4 => {
            let keys = request.coordinator_keys.iter().map(|key| {
                coordinator::Coordinator::default()
                    .with_key(key.clone())
                    .with_node_id(messages::BrokerId(-1))
                    .with_port(-1)
                    .with_error_code(code)
            });
            let response = messages::FindCoordinatorResponse::default();
            ResponseKind::FindCoordinator(response.with_coordinators(keys.collect()))
        }
        RequestKind::FindCoordinator(_) => ResponseKind::FindCoordinator(
            messages::FindCoordinatorResponse::default()
                .with_error_code(code)
                .with_node_id(messages::BrokerId(-1))
                .with_port(-1),
        ),
        RequestKind::InitProducerId(_) => ResponseKind::InitProducerId(
            messages::InitProducerIdResponse::default()
                .with_error_code(code)
                .with_producer_id(messages::ProducerId(-1))
                .with_producer_epoch(-1),
        ),
        RequestKind::UpdateFeatures(request) => {
            let results = request.feature_updates.iter().map(|update| {
                features::UpdatableFeatureResult::default()
                    .with_feature(update.feature.clone())
                    .with_error_code(code)
            });
            let mut response = messages::UpdateFeaturesResponse::default().with_error_code(code);
            if version < 2 {
                response.results = results.collect();
            }
            ResponseKind::UpdateFeatures(response)
        }
        RequestKind::ApiVersions(_) => plain!(ApiVersions, ApiVersionsResponse),
        RequestKind::ListPartitionReassignments(_) => {
            plain!(ListPartitionReassignments, ListPartitionReassignmentsResponse)
        }
        RequestKind::DescribeLogDirs(_) => plain!(DescribeLogDirs, DescribeLogDirsResponse),
        RequestKind::DescribeClientQuotas(_) => {
            plain!(DescribeClientQuotas, DescribeClientQuotasResponse)
        }
        RequestKind::DescribeUserScramCredentials(_) => {
            plain!(DescribeUserScramCredentials, DescribeUserScramCredentialsResponse)
        }
        RequestKind::DescribeQuorum(_) => plain!(DescribeQuorum, DescribeQuorumResponse),
        RequestKind::DescribeCluster(_) => plain!(DescribeCluster, DescribeClusterResponse),
        RequestKind::UnregisterBroker(_) => plain!(UnregisterBroker, UnregisterBrokerResponse),
        RequestKind::ListConfigResources(_) => {
            plain!(ListConfigResources, ListConfigResourcesResponse)
        }
        _ => return None,
    })
}
