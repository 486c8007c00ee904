//! What leaders may ask of the controller, at its own listener: by a broker that nobody runs.

use milena_protocol::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use milena_protocol::messages::broker_registration_request::{Feature, Listener};
use milena_protocol::messages::{
    AlterPartitionRequest, ApiVersionsRequest, BrokerHeartbeatRequest, BrokerId,
    BrokerRegistrationRequest, DescribeClusterRequest, UnregisterBrokerRequest,
};

use serde_json::json;

use super::super::scenario::{metadata_of, text};
use super::super::{CONTROLLER, Outcome, Scenario, Trouble};
use super::support::{PRODUCE, batch, creatable, create, describe_topics, produce, topic_id};

cases! {
    a_follower_that_the_controller_cannot_hear_is_not_in_sync: Apart, "KIP-841";
    changes_of_an_isr_are_refused_with_their_reasons: Apart, "ReplicationControlManager.alterPartition";
    an_isr_change_that_ends_a_reassignment_moves_the_lead: Apart, "NEW_LEADER_ELECTED";
    replicas_of_new_topics_are_spread_over_racks: Apart, "StripedReplicaPlacer";
}

fn a_follower_that_the_controller_cannot_hear_is_not_in_sync(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.cut(3, CONTROLLER)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.ask("acks all", 1, PRODUCE, &produce(&topic, -1, batch(&["a"])))?;
    s.metadata("without it", 1, &[&topic])?;
    s.heal()?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.metadata("with it", 1, &[&topic]).map(drop)
}

/// The id of a broker that this case registers itself, so that it knows its epoch.
pub(super) const OURS: i32 = 4;

/// Registers a broker that nobody runs, and has it unfenced.
pub(super) fn register(s: &mut Scenario<'_>, id: i32, rack: Option<&str>) -> Outcome<i64> {
    let cluster = s.query(1, 1, &DescribeClusterRequest::default())?;
    let versions = ApiVersionsRequest::default()
        .with_client_software_name(text("conformance"))
        .with_client_software_version(text("1"));
    let versions = s.query(1, 3, &versions)?;
    // A broker has to support what is finalised.
    let features = versions.finalized_features.iter().map(|finalized| {
        Feature::default()
            .with_name(finalized.name.clone())
            .with_min_supported_version(finalized.min_version_level.min(1))
            .with_max_supported_version(finalized.max_version_level)
    });
    let listener = Listener::default()
        .with_name(text("INTERNAL"))
        .with_host(text("127.0.0.1"))
        .with_port(9)
        .with_security_protocol(0);
    let plain = listener.clone().with_name(text("PLAINTEXT"));
    let request = BrokerRegistrationRequest::default()
        .with_broker_id(BrokerId(id))
        .with_cluster_id(cluster.cluster_id)
        .with_incarnation_id(uuid::Uuid::from_u64_pair(0x5eed, id.unsigned_abs().into()))
        .with_listeners(vec![plain, listener])
        .with_features(features.collect())
        .with_rack(rack.map(text))
        .with_log_dirs(vec![uuid::Uuid::from_u64_pair(0x5eed, 100 + u64::from(id.unsigned_abs()))])
        .with_previous_broker_epoch(-1);
    let answer = s.query(CONTROLLER, 3, &request)?;
    if answer.error_code != 0 {
        return Err(Trouble::Impossible {
            what: "register a broker".to_owned(),
            reason: format!("error {}", answer.error_code),
        });
    }
    let epoch = answer.broker_epoch;
    s.wait_until("the broker to be unfenced", |s| {
        let fenced = beat(s, id, epoch)?;
        Ok((!fenced, "fenced".to_owned()))
    })?;
    Ok(epoch)
}

/// Sends a heartbeat; whether the broker is fenced.
pub(super) fn beat(s: &mut Scenario<'_>, id: i32, epoch: i64) -> Outcome<bool> {
    let request = BrokerHeartbeatRequest::default()
        .with_broker_id(BrokerId(id))
        .with_broker_epoch(epoch)
        .with_current_metadata_offset(i64::MAX)
        .with_want_fence(false);
    Ok(s.query(CONTROLLER, 1, &request)?.is_fenced)
}

/// Forgets the broker, so that other cases never see it.
pub(super) fn unregister(s: &mut Scenario<'_>) -> Outcome {
    s.query(1, 0, &UnregisterBrokerRequest::default().with_broker_id(BrokerId(OURS)))?;
    s.wait_for_brokers(3)
}

/// Waits until broker 1 lists our broker as the leader of partition 0, with this ISR. Our broker is
/// fenced if it stays silent meanwhile.
fn wait_until_we_lead(s: &mut Scenario<'_>, epoch: i64, topic: &str, isr: &[i32]) -> Outcome {
    s.wait_until(&format!("ISR {isr:?} of {topic}"), |s| {
        beat(s, OURS, epoch)?;
        let seen = s.partition(1, topic)?;
        let mut members: Vec<i32> = seen.isr_nodes.iter().map(|id| id.0).collect();
        members.sort_unstable();
        let leader = seen.leader_id.0;
        Ok((leader == OURS && members == isr, format!("leader {leader}, ISR {members:?}")))
    })
}

/// A topic of one partition with our broker as its leader.
pub(super) fn led_by_us(
    s: &mut Scenario<'_>,
    epoch: i64,
    replicas: &[i32],
) -> Outcome<(String, uuid::Uuid)> {
    let topic = s.topic("a");
    let request = create(vec![creatable(&topic, &[replicas], &[])]);
    s.query(1, super::support::CREATE_TOPICS, &request)?;
    let mut isr = replicas.to_vec();
    isr.sort_unstable();
    wait_until_we_lead(s, epoch, &topic, &isr)?;
    let id = topic_id(s, &topic)?;
    Ok((topic, id))
}

pub(super) struct Proposal {
    pub(super) broker: i32,
    pub(super) broker_epoch: i64,
    pub(super) index: i32,
    pub(super) leader_epoch: i32,
    pub(super) partition_epoch: i32,
    pub(super) recovering: i8,
    pub(super) isr: Vec<(i32, i64)>,
}

pub(super) fn alter(id: uuid::Uuid, proposal: &Proposal) -> AlterPartitionRequest {
    let members = proposal.isr.iter().map(|(id, epoch)| {
        BrokerState::default().with_broker_id(BrokerId(*id)).with_broker_epoch(*epoch)
    });
    let partition = PartitionData::default()
        .with_partition_index(proposal.index)
        .with_leader_epoch(proposal.leader_epoch)
        .with_partition_epoch(proposal.partition_epoch)
        .with_leader_recovery_state(proposal.recovering)
        .with_new_isr_with_epochs(members.collect());
    let topic = TopicData::default().with_topic_id(id).with_partitions(vec![partition]);
    AlterPartitionRequest::default()
        .with_broker_id(BrokerId(proposal.broker))
        .with_broker_epoch(proposal.broker_epoch)
        .with_topics(vec![topic])
}

fn changes_of_an_isr_are_refused_with_their_reasons(s: &mut Scenario<'_>) -> Outcome {
    let epoch = register(s, OURS, None)?;
    let (topic, id) = led_by_us(s, epoch, &[OURS, 1, 2])?;
    let plain = || Proposal {
        broker: OURS,
        broker_epoch: epoch,
        index: 0,
        leader_epoch: 0,
        partition_epoch: 0,
        recovering: 0,
        isr: vec![(OURS, epoch), (1, -1), (2, -1)],
    };
    let refused = [
        ("an old broker epoch", id, Proposal { broker_epoch: epoch - 1, ..plain() }),
        ("no such broker", id, Proposal { broker: 77, ..plain() }),
        ("no such topic", uuid::Uuid::from_u128(77), plain()),
        ("no such partition", id, Proposal { index: 7, ..plain() }),
        ("a leader epoch to come", id, Proposal { leader_epoch: 1, ..plain() }),
        ("a partition epoch to come", id, Proposal { partition_epoch: 1, ..plain() }),
        ("an old leader epoch", id, Proposal { leader_epoch: -1, ..plain() }),
        ("an old partition epoch", id, Proposal { partition_epoch: -1, ..plain() }),
        ("an ISR without its leader", id, Proposal { isr: vec![(1, -1)], ..plain() }),
        ("no ISR", id, Proposal { isr: vec![], ..plain() }),
        ("a member twice", id, Proposal { isr: vec![(OURS, -1), (1, -1), (1, -1)], ..plain() }),
        ("a member that is no replica", id, Proposal { isr: vec![(OURS, -1), (3, -1)], ..plain() }),
        ("recovering with others", id, Proposal { recovering: 1, ..plain() }),
        ("recovering again", id, Proposal { recovering: 1, isr: vec![(OURS, -1)], ..plain() }),
        ("another incarnation", id, Proposal { isr: vec![(OURS, -1), (1, 1 << 40)], ..plain() }),
    ];
    for (step, topic, proposal) in refused {
        beat(s, OURS, epoch)?;
        s.ask(step, CONTROLLER, 3, &alter(topic, &proposal))?;
    }
    s.ask("what it is already", CONTROLLER, 3, &alter(id, &plain()))?;
    let fewer = Proposal { isr: vec![(OURS, epoch), (2, -1)], ..plain() };
    s.ask("a member fewer", CONTROLLER, 3, &alter(id, &fewer))?;
    s.ask("the same again", CONTROLLER, 3, &alter(id, &fewer))?;
    let alone = Proposal { partition_epoch: 1, isr: vec![(OURS, epoch)], ..plain() };
    s.ask("alone", CONTROLLER, 3, &alter(id, &alone))?;
    wait_until_we_lead(s, epoch, &topic, &[OURS])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    let not_ours = Proposal { partition_epoch: 2, ..plain() };
    s.ask("all again", CONTROLLER, 3, &alter(id, &not_ours))?;
    wait_until_we_lead(s, epoch, &topic, &[1, 2, OURS])?;
    unregister(s)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("without our broker", 1, &[&topic])?;
    s.ask("not registered any more", CONTROLLER, 3, &alter(id, &plain())).map(drop)
}

fn an_isr_change_that_ends_a_reassignment_moves_the_lead(s: &mut Scenario<'_>) -> Outcome {
    let epoch = register(s, OURS, None)?;
    let (topic, id) = led_by_us(s, epoch, &[OURS, 1])?;
    s.ask("moved", 1, 0, &super::reassignments::reassign(&topic, 0, Some(&[2, 1])))?;
    beat(s, OURS, epoch)?;
    let joined = Proposal {
        broker: OURS,
        broker_epoch: epoch,
        index: 0,
        leader_epoch: 0,
        partition_epoch: 1,
        recovering: 0,
        isr: vec![(OURS, epoch), (1, -1), (2, -1)],
    };
    s.ask("the new one is in sync", CONTROLLER, 3, &alter(id, &joined))?;
    s.wait_for_isr(1, &topic, 2, &[1, 2])?;
    s.metadata("it leads", 1, &[&topic])?;
    beat(s, OURS, epoch)?;
    let again = Proposal { leader_epoch: 1, partition_epoch: 2, ..joined };
    s.ask("not the leader any more", CONTROLLER, 3, &alter(id, &again))?;
    unregister(s)
}

fn replicas_of_new_topics_are_spread_over_racks(s: &mut Scenario<'_>) -> Outcome {
    // Three brokers without a rack are one rack, and ours is another.
    let epoch = register(s, OURS, Some("far"))?;
    let topic = s.topic("a");
    let wanted = creatable(&topic, &[], &[]).with_num_partitions(6).with_replication_factor(2);
    s.query(1, super::support::CREATE_TOPICS, &create(vec![wanted]))?;
    beat(s, OURS, epoch)?;
    let mut spread = Vec::new();
    s.wait_until("six partitions", |s| {
        beat(s, OURS, epoch)?;
        let answer = s.query(1, 12, &metadata_of(&[&topic]))?;
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        spread = partitions.map(|partition| partition.replica_nodes.clone()).collect();
        Ok((spread.len() == 6, format!("{spread:?}")))
    })?;
    let far = |replicas: &Vec<BrokerId>| replicas.iter().filter(|id| id.0 == OURS).count();
    s.record("in the far rack", json!(spread.iter().map(far).collect::<Vec<_>>()));
    let first = spread.iter().filter(|replicas| replicas[0].0 == OURS).count();
    s.record("leaderships there", json!(first));
    unregister(s)
}
