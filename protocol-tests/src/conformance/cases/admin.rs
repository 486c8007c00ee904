//! What administrators ask: partitions, records, log directories, the cluster.

use milena_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use milena_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use milena_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use milena_protocol::messages::{
    AlterReplicaLogDirsRequest, BrokerId, CreatePartitionsRequest, DescribeClusterRequest,
    DescribeLogDirsRequest, DescribeQuorumRequest, DescribeTopicPartitionsRequest, TopicName,
    UnregisterBrokerRequest,
};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, delete_until, describe_topics, fetch, list_offsets, produce};

cases! {
    partitions_are_added: Three, "KIP-195";
    partitions_that_cannot_be_added_are_told_why: Three, "ReplicationControlManager.createPartitions";
    records_are_deleted_up_to_an_offset: Three, "KIP-107";
    records_that_cannot_be_deleted_are_told_why: Three, "ReplicaManager.deleteRecordsOnLocalLog";
    topics_are_described_page_by_page: One, "KIP-966, DescribeTopicPartitionsRequestHandler";
    the_cluster_is_described: Three, "KIP-700";
    the_quorum_has_a_leader: One, "KIP-595";
    log_directories_are_described: One, "KIP-113";
    a_replica_moves_to_no_unknown_directory: One, "ReplicaManager.alterReplicaLogDirs";
    a_live_broker_is_unregistered_only_by_id: Three, "ClusterControlManager";
}

pub(super) fn more(
    topic: &str,
    count: i32,
    assignments: Option<&[&[i32]]>,
) -> CreatePartitionsRequest {
    let assignments = assignments.map(|assignments| {
        let assignment = |replicas: &&[i32]| {
            CreatePartitionsAssignment::default()
                .with_broker_ids(replicas.iter().copied().map(BrokerId).collect())
        };
        assignments.iter().map(assignment).collect()
    });
    let topic = CreatePartitionsTopic::default()
        .with_name(TopicName(text(topic)))
        .with_count(count)
        .with_assignments(assignments);
    CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

fn partitions_are_added(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    let request = more(&topic, 3, Some(&[&[2, 3], &[3, 1]]));
    s.ask("only validated", 1, 3, &request.clone().with_validate_only(true))?;
    s.ask("added", 1, 3, &request)?;
    s.wait_until("three partitions", |s| {
        let seen = s.query(1, 12, &super::super::scenario::metadata_of(&[&topic]))?;
        let count = seen.topics.first().map_or(0, |topic| topic.partitions.len());
        Ok((count == 3, format!("{count} partitions")))
    })?;
    s.metadata("all three", 1, &[&topic]).map(drop)
}

fn partitions_that_cannot_be_added_are_told_why(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    for (step, request) in [
        ("as many as there are", more(&topic, 1, None)),
        ("fewer", more(&topic, 0, None)),
        ("a negative number", more(&topic, -3, None)),
        ("no such topic", more("nobody-made-this", 4, None)),
        ("too few assignments", more(&topic, 3, Some(&[&[1, 2]]))),
        ("an unknown broker", more(&topic, 2, Some(&[&[1, 9]]))),
        ("a replica twice", more(&topic, 2, Some(&[&[1, 1]]))),
        ("another replication factor", more(&topic, 2, Some(&[&[1, 2, 3]]))),
        ("no replica", more(&topic, 2, Some(&[&[]]))),
        // Not in earnest: what fits of them would be created.
        ("far too many", more(&topic, 20_000, None).with_validate_only(true)),
    ] {
        s.ask(step, 1, 3, &request)?;
    }
    let mut twice = more(&topic, 2, None);
    twice.topics.push(twice.topics[0].clone());
    s.ask("the same topic twice", 1, 3, &twice)?;
    s.metadata("still one", 1, &[&topic]).map(drop)
}

fn records_are_deleted_up_to_an_offset(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a", "b", "c"]))?;
    s.append(1, &topic, batch(&["d"]))?;
    s.ask("inside of a batch", 1, 2, &delete_until(&topic, 0, 2))?;
    s.ask("the earliest", 1, 9, &list_offsets(&topic, -2))?;
    s.ask("before it", 1, 12, &fetch(&topic, 1))?;
    s.ask("at it", 1, 12, &fetch(&topic, 2))?;
    s.ask("once more", 1, 2, &delete_until(&topic, 0, 2))?;
    s.ask("less than before", 1, 2, &delete_until(&topic, 0, 1))?;
    s.ask("all", 1, 2, &delete_until(&topic, 0, -1))?;
    s.ask("the earliest, then", 1, 9, &list_offsets(&topic, -2))?;
    s.ask("the next record", 1, PRODUCE, &produce(&topic, -1, batch(&["e"])))?;
    s.ask("what there is", 1, 12, &fetch(&topic, 4)).map(drop)
}

fn records_that_cannot_be_deleted_are_told_why(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    let compacted = s.create_on("c", &[1], &[("cleanup.policy", "compact")])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.ask("beyond the end", 1, 2, &delete_until(&topic, 0, 2))?;
    s.ask("a negative offset", 1, 2, &delete_until(&topic, 0, -2))?;
    s.ask("no such partition", 1, 2, &delete_until(&topic, 4, 0))?;
    s.ask("no such topic", 1, 2, &delete_until("nobody-made-this", 0, 0))?;
    s.ask("a compacted topic", 1, 2, &delete_until(&compacted, 0, 0))?;
    s.ask("at a follower", 2, 2, &delete_until(&topic, 0, 1)).map(drop)
}

fn topics_are_described_page_by_page(s: &mut Scenario<'_>) -> Outcome {
    let names: Vec<String> =
        ["a", "b", "c"].iter().map(|name| s.create_on(name, &[1], &[])).collect::<Outcome<_>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all = describe_topics(&names);
    s.ask("all", 1, 0, &all)?;
    let paged = |limit| -> DescribeTopicPartitionsRequest {
        all.clone().with_response_partition_limit(limit)
    };
    let answer = s.ask("the first two", 1, 0, &paged(2))?;
    if let Some(next) = answer.next_cursor {
        let cursor =
            milena_protocol::messages::describe_topic_partitions_request::Cursor::default()
                .with_topic_name(next.topic_name)
                .with_partition_index(next.partition_index);
        s.ask("the rest", 1, 0, &paged(2).with_cursor(Some(cursor)))?;
    }
    s.ask("none at once", 1, 0, &paged(0))?;
    s.ask("no such topic", 1, 0, &describe_topics(&["nobody-made-this"])).map(drop)
}

fn the_cluster_is_described(s: &mut Scenario<'_>) -> Outcome {
    for version in [0, 1] {
        let request = DescribeClusterRequest::default().with_endpoint_type(1);
        s.ask(&format!("v{version}"), 1, version, &request)?;
    }
    let request = DescribeClusterRequest::default().with_endpoint_type(2);
    s.ask("controllers, at a broker", 1, 1, &request)?;
    let request = DescribeClusterRequest::default()
        .with_endpoint_type(1)
        .with_include_cluster_authorized_operations(true);
    s.ask("with operations", 1, 1, &request).map(drop)
}

fn quorum_of(topic: &str, index: i32) -> DescribeQuorumRequest {
    let partition = PartitionData::default().with_partition_index(index);
    let topic = TopicData::default()
        .with_topic_name(TopicName(text(topic)))
        .with_partitions(vec![partition]);
    DescribeQuorumRequest::default().with_topics(vec![topic])
}

fn the_quorum_has_a_leader(s: &mut Scenario<'_>) -> Outcome {
    let answer = s.query(1, 1, &quorum_of("__cluster_metadata", 0))?;
    let seen = answer.topics.iter().flat_map(|topic| &topic.partitions).next().map(|partition| {
        serde_json::json!({
            "error_code": partition.error_code,
            "has_leader": partition.leader_id.0 > 0,
            "voters": partition.current_voters.len(),
        })
    });
    s.record("its leader and voters", serde_json::json!([answer.error_code, seen]));
    s.ask("another topic", 1, 1, &quorum_of("orders", 0)).map(drop)
}

fn log_directories_are_described(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    let wanted =
        milena_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic::default()
            .with_topic(TopicName(text(&topic)))
            .with_partitions(vec![0, 7]);
    let request = DescribeLogDirsRequest::default().with_topics(Some(vec![wanted]));
    s.ask("one topic", 1, 4, &request)?;
    let nothing = DescribeLogDirsRequest::default().with_topics(Some(Vec::new()));
    s.ask("no topic", 1, 4, &nothing).map(drop)
}

fn a_replica_moves_to_no_unknown_directory(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let moved = AlterReplicaLogDirTopic::default()
        .with_name(TopicName(text(&topic)))
        .with_partitions(vec![0, 5]);
    let directory =
        AlterReplicaLogDir::default().with_path(text("/no/such/place")).with_topics(vec![moved]);
    let request = AlterReplicaLogDirsRequest::default().with_dirs(vec![directory]);
    s.ask("an unknown directory", 1, 2, &request).map(drop)
}

fn a_live_broker_is_unregistered_only_by_id(s: &mut Scenario<'_>) -> Outcome {
    let request = UnregisterBrokerRequest::default().with_broker_id(BrokerId(77));
    s.ask("nobody", 1, 0, &request).map(drop)
}
