//! Several log directories, one of which fails (KIP-112, KIP-113, KIP-858).

use milena_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use milena_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use milena_protocol::messages::{AlterReplicaLogDirsRequest, DescribeLogDirsRequest, TopicName};

use super::super::scenario::text;
use super::super::{Outcome, Scenario, Trouble};
use super::support::{
    LIST_OFFSETS, PRODUCE, batch, creatable, create, delete_until, describe_topics, fetch,
    list_offsets, produce, topic_id,
};

cases! {
    a_directory_chosen_beforehand_is_where_a_replica_is_created: Storage, "ReplicaManager.alterReplicaLogDirs";
    a_replica_moves_to_another_directory: Storage, "KIP-113";
    directories_that_cannot_be_chosen_are_told_why: Storage, "ReplicaManager.alterReplicaLogDirs";
    a_replica_in_a_failed_directory_is_offline_and_another_leads: Storage, "KIP-112, KIP-858";
    a_lone_replica_in_a_failed_directory_leaves_its_partition_without_a_leader: Storage, "KIP-858";
}

const KEPT: (&str, &str) = ("retention.ms", "-1");

fn describe(topic: &str) -> DescribeLogDirsRequest {
    let wanted = DescribableLogDirTopic::default()
        .with_topic(TopicName(text(topic)))
        .with_partitions(vec![0]);
    DescribeLogDirsRequest::default().with_topics(Some(vec![wanted]))
}

fn move_to(topic: &str, directory: &str, partitions: &[i32]) -> AlterReplicaLogDirsRequest {
    let moved = AlterReplicaLogDirTopic::default()
        .with_name(TopicName(text(topic)))
        .with_partitions(partitions.to_vec());
    let directory =
        AlterReplicaLogDir::default().with_path(text(directory)).with_topics(vec![moved]);
    AlterReplicaLogDirsRequest::default().with_dirs(vec![directory])
}

/// A broker's directories, in order.
fn directories(s: &mut Scenario<'_>, broker: i32) -> Outcome<Vec<String>> {
    let answer = s.query(broker, 4, &describe("nobody-made-this"))?;
    let mut names: Vec<String> =
        answer.results.iter().map(|result| result.log_dir.to_string()).collect();
    names.sort();
    Ok(names)
}

/// The directory that holds a replica, and nothing of it that is still to be moved.
fn directory_of(s: &mut Scenario<'_>, broker: i32, topic: &str) -> Outcome<Option<String>> {
    let answer = s.query(broker, 4, &describe(topic))?;
    let held = answer.results.iter().filter(|result| !result.topics.is_empty());
    let names: Vec<String> = held.map(|result| result.log_dir.to_string()).collect();
    Ok(match names.as_slice() {
        [name] => Some(name.clone()),
        _ => None,
    })
}

fn wait_for_directory(s: &mut Scenario<'_>, broker: i32, topic: &str, directory: &str) -> Outcome {
    s.wait_until(&format!("{topic} in {directory}"), |s| {
        let seen = directory_of(s, broker, topic)?;
        Ok((seen.as_deref() == Some(directory), format!("{seen:?}")))
    })
}

impl Scenario<'_> {
    /// Waits until a broker tells this size of partition 0.
    ///
    /// # Errors
    /// If it never does.
    pub(super) fn wait_for_size(&mut self, broker: i32, topic: &str, bytes: i64) -> Outcome {
        self.wait_until(&format!("{bytes} bytes of {topic}"), |s| {
            let answer = s.query(broker, 4, &describe(topic))?;
            let topics = answer.results.iter().flat_map(|result| &result.topics);
            let sizes: Vec<i64> =
                topics.flat_map(|topic| &topic.partitions).map(|it| it.partition_size).collect();
            Ok((sizes == [bytes], format!("{sizes:?} bytes")))
        })
    }
}

/// A topic whose replica at `broker` is in its second directory; that one's name.
fn in_the_second(s: &mut Scenario<'_>, broker: i32, replicas: &[i32]) -> Outcome<(String, String)> {
    let topic = s.create_on("a", replicas, &[KEPT])?;
    let second = directories(s, broker)?.pop().ok_or_else(|| Trouble::Impossible {
        what: "name a directory".to_owned(),
        reason: "the broker has none".to_owned(),
    })?;
    s.query(broker, 2, &move_to(&topic, &second, &[0]))?;
    wait_for_directory(s, broker, &topic, &second)?;
    Ok((topic, second))
}

fn a_directory_chosen_beforehand_is_where_a_replica_is_created(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.topic("a");
    let names = directories(s, 2)?;
    for (partition, name) in [(0, &names[1]), (1, &names[0]), (2, &names[1])] {
        let step = format!("partition {partition}, not there yet");
        s.ask(&step, 2, 2, &move_to(&topic, name, &[partition]))?;
    }
    s.query(1, 7, &create(vec![creatable(&topic, &[&[2], &[2], &[2]], &[KEPT])]))?;
    s.wait_for_high_watermark(2, &topic, 0)?;
    s.append(2, &topic, batch(&["a"]))?;
    let mut request = describe(&topic);
    if let Some(topics) = &mut request.topics {
        topics[0].partitions = vec![0, 1, 2];
    }
    s.wait_until("all three", |s| {
        let answer = s.query(2, 4, &request)?;
        let topics = answer.results.iter().flat_map(|result| &result.topics);
        let count = topics.map(|topic| topic.partitions.len()).sum::<usize>();
        Ok((count == 3, format!("{count} replicas")))
    })?;
    for version in [1, 2, 3, 4] {
        s.ask(&format!("described, v{version}"), 2, version, &request)?;
    }
    Ok(())
}

fn a_replica_moves_to_another_directory(s: &mut Scenario<'_>) -> Outcome {
    let (topic, _) = in_the_second(s, 2, &[2])?;
    s.append(2, &topic, batch(&["a", "b"]))?;
    let names = directories(s, 2)?;
    s.ask("to where it is", 2, 2, &move_to(&topic, &names[1], &[0]))?;
    s.ask("to the first", 2, 2, &move_to(&topic, &names[0], &[0]))?;
    wait_for_directory(s, 2, &topic, &names[0])?;
    s.ask("described", 2, 4, &describe(&topic))?;
    s.ask("its records", 2, 12, &fetch(&topic, 0))?;
    s.append(2, &topic, batch(&["c"]))?;
    s.kill(2)?;
    s.start(2)?;
    s.wait_for_high_watermark(2, &topic, 3)?;
    s.ask("described after a restart", 2, 4, &describe(&topic)).map(drop)
}

fn directories_that_cannot_be_chosen_are_told_why(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[KEPT])?;
    let names = directories(s, 1)?;
    s.ask("an unknown directory", 1, 2, &move_to(&topic, "/no/such/place", &[0]))?;
    s.ask("a relative one", 1, 2, &move_to(&topic, "data", &[0]))?;
    s.ask("no such partition", 1, 2, &move_to(&topic, &names[0], &[7]))?;
    s.ask("no such topic", 1, 2, &move_to("nobody-made-this", &names[0], &[0]))?;
    let elsewhere = directories(s, 2)?;
    let request = move_to(&topic, &elsewhere[0], &[0]);
    s.wait_for_leader(2, &topic, 1)?;
    s.ask("at a broker without a replica", 2, 2, &request).map(drop)
}

fn a_replica_in_a_failed_directory_is_offline_and_another_leads(s: &mut Scenario<'_>) -> Outcome {
    let (topic, second) = in_the_second(s, 3, &[3, 1])?;
    let id = topic_id(s, &topic)?;
    s.append(3, &topic, batch(&["a"]))?;
    s.wait_for_held(1, &topic, (0, 1))?;
    s.delete_log_directory(3, &second)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_for_high_watermark(1, &topic, 1)?;
    s.wait_until("the failed broker to know", |s| {
        let seen = s.partition(3, &topic)?;
        Ok((seen.leader_id.0 == 1, format!("leader {}", seen.leader_id.0)))
    })?;
    s.metadata("metadata", 1, &[&topic])?;
    s.metadata("metadata of the failed broker", 3, &[&topic])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    for version in [9, 12] {
        let step = format!("produce v{version} to the failed broker");
        s.ask(&step, 3, version, &produce(&topic, -1, batch(&["b"])))?;
    }
    for version in [4, 5, 6, 12] {
        s.ask(&format!("fetch v{version} from it"), 3, version, &fetch(&topic, 0))?;
    }
    let mut by_id = fetch(&topic, 0);
    by_id.topics[0].topic_id = id;
    s.ask("fetch v16 from it", 3, 16, &by_id)?;
    s.ask("list offsets of it", 3, LIST_OFFSETS, &list_offsets(&topic, -1))?;
    s.ask("delete records of it", 3, 2, &delete_until(&topic, 0, 0))?;
    s.ask("move it", 3, 2, &move_to(&topic, &second, &[0]))?;
    s.ask("its directories", 3, 4, &describe(&topic))?;
    s.ask("the new leader", 1, PRODUCE, &produce(&topic, -1, batch(&["b"])))?;
    // A new disk: the replica is copied anew.
    s.kill(3)?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_held(3, &topic, (0, 2))?;
    s.metadata("with a new disk", 1, &[&topic]).map(drop)
}

fn a_lone_replica_in_a_failed_directory_leaves_its_partition_without_a_leader(
    s: &mut Scenario<'_>,
) -> Outcome {
    let (topic, second) = in_the_second(s, 3, &[3])?;
    s.append(3, &topic, batch(&["a"]))?;
    s.delete_log_directory(3, &second)?;
    s.wait_until("no leader", |s| {
        let seen = s.partition(1, &topic)?;
        Ok((seen.leader_id.0 == -1, format!("leader {}", seen.leader_id.0)))
    })?;
    s.metadata("metadata", 1, &[&topic])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("produce", 3, PRODUCE, &produce(&topic, -1, batch(&["b"])))?;
    // A new disk for the cases to come.
    s.kill(3)?;
    s.start(3)
}
