use milena_protocol::StrBytes;
use milena_protocol::ids::{LeaderEpoch, PartitionIndex, TopicId};
use milena_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};

use super::*;
use crate::machine::image::BrokerNode;

const SECOND: Duration = Duration::from_secs(1);
/// `random % 41 == 20`: no jitter.
pub(super) const NO_JITTER: u64 = 20;

pub(super) fn at(millis: u64) -> MonoTime {
    MonoTime::from_millis(millis)
}

pub(super) fn settings() -> MetadataSettings {
    MetadataSettings {
        max_age: 300 * SECOND,
        max_idle: 300 * SECOND,
        backoff: Backoff::new(Duration::from_millis(100), SECOND),
        recovery: MetadataRecovery::Rebootstrap,
        creation: TopicCreation::Never,
        bootstrap_servers: 1,
    }
}

pub(super) fn name(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

pub(super) fn id(number: u128) -> TopicId {
    TopicId(uuid::Uuid::from_u128(number))
}

/// Brokers 1 to `brokers`, no topics.
pub(super) fn cluster(brokers: i32) -> MetadataResponse {
    let brokers = (1..=brokers).map(|id| {
        MetadataResponseBroker::default()
            .with_node_id(id.into())
            .with_host(StrBytes::from_string(format!("host-{id}")))
            .with_port(9092)
    });
    MetadataResponse::default().with_brokers(brokers.collect())
}

/// A topic with one partition per (leader, epoch).
pub(super) fn topic(name: &str, id: TopicId, leaders: &[(i32, i32)]) -> MetadataResponseTopic {
    let partitions = leaders.iter().enumerate().map(|(index, (leader, epoch))| {
        let missing = if *leader < 0 { ErrorCode::LEADER_NOT_AVAILABLE } else { ErrorCode::NONE };
        MetadataResponsePartition::default()
            .with_error_code(missing.0)
            .with_partition_index(i32::try_from(index).unwrap())
            .with_leader_id((*leader).into())
            .with_leader_epoch(*epoch)
    });
    MetadataResponseTopic::default()
        .with_name(Some(StrBytes::from_string(name.to_owned()).into()))
        .with_topic_id(id.0)
        .with_partitions(partitions.collect())
}

pub(super) fn unknown(name: &str) -> MetadataResponseTopic {
    topic(name, TopicId::ZERO, &[]).with_error_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0)
}

/// A machine whose brokers are all connected.
struct Rig {
    machine: Metadata,
}

impl Rig {
    fn new() -> Self {
        Self { machine: Metadata::new(settings()) }
    }

    /// Knows brokers 1 to 3 and the topic with these leaders.
    fn knowing(leaders: &[(i32, i32)]) -> Self {
        let mut rig = Self::new();
        rig.machine.on_want(at(0), &name("orders"));
        rig.refresh(0, topic("orders", id(1), leaders));
        rig
    }

    fn ask(&mut self, now: u64) -> Option<Ask> {
        self.ask_with(now, |_| NodeState::Ready)
    }

    fn ask_with(&mut self, now: u64, state: impl Fn(BrokerId) -> NodeState) -> Option<Ask> {
        self.machine.poll_ask(at(now), NO_JITTER, state)
    }

    fn answer(&mut self, now: u64, from: BrokerId, answer: &MetadataResponse) {
        self.machine.on_answer(at(now), NO_JITTER, from, answer);
    }

    /// A round that is answered with three brokers and the topic.
    fn refresh(&mut self, now: u64, topic: MetadataResponseTopic) {
        self.machine.on_refresh();
        let ask = self.ask(now).expect("a question is due");
        self.answer(now, ask.to, &cluster(3).with_topics(vec![topic]));
    }

    fn leader(&self, partition: i32) -> (Option<i32>, i32) {
        let partition = self.machine.image().partition("orders", PartitionIndex(partition));
        let partition = partition.expect("the partition is known");
        (partition.leader.map(BrokerId::get), partition.leader_epoch.get())
    }

    fn hint(&mut self, topic_id: TopicId, leader: i32, epoch: i32) -> bool {
        self.machine.on_hints(&[LeaderHint {
            topic: name("orders"),
            topic_id,
            partition: PartitionIndex(0),
            leader: BrokerId(leader),
            epoch: LeaderEpoch(epoch),
            endpoint: Some(BrokerNode {
                id: BrokerId(leader),
                host: Arc::from(format!("new-{leader}")),
                port: 9092,
                rack: None,
            }),
        }])
    }
}

fn asked_topics(ask: &Ask) -> Vec<String> {
    let topics = ask.request.topics.as_ref().expect("never all topics");
    topics.iter().map(|topic| topic.name.as_ref().unwrap().0.to_string()).collect()
}

#[test]
fn a_new_client_asks_a_bootstrap_server_for_brokers_alone() {
    let mut rig = Rig::new();
    let ask = rig.ask(0).unwrap();
    assert_eq!(ask.to, BrokerId(-1));
    assert!(asked_topics(&ask).is_empty());
    assert!(!ask.request.allow_auto_topic_creation);
    assert_eq!(rig.ask(0), None);
}

#[test]
fn topics_are_created_only_by_those_who_say_so() {
    let creation = TopicCreation::Allowed;
    let mut machine = Metadata::new(MetadataSettings { creation, ..settings() });
    let ask = machine.poll_ask(at(0), 0, |_| NodeState::Ready).unwrap();
    assert!(ask.request.allow_auto_topic_creation);
}

#[test]
fn a_leader_epoch_never_goes_backwards() {
    let mut rig = Rig::knowing(&[(1, 5), (2, 5)]);
    rig.refresh(1_000, topic("orders", id(1), &[(3, 4), (3, 6)]));
    assert_eq!(rig.leader(0), (Some(1), 5));
    assert_eq!(rig.leader(1), (Some(3), 6));
}

#[test]
fn an_answer_without_an_epoch_does_not_lower_the_highest_seen() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.refresh(1_000, topic("orders", id(1), &[(2, -1)]));
    assert_eq!(rig.leader(0), (Some(2), -1));
    rig.refresh(2_000, topic("orders", id(1), &[(3, 4)]));
    assert_eq!(rig.leader(0), (Some(2), -1));
}

#[test]
fn a_partition_that_lost_its_leader_keeps_its_epoch() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.refresh(1_000, topic("orders", id(1), &[(-1, 6)]));
    assert_eq!(rig.leader(0), (None, 6));
}

#[test]
fn partitions_do_not_vanish_under_one_id() {
    let mut rig = Rig::knowing(&[(1, 5), (2, 5)]);
    rig.refresh(1_000, topic("orders", id(1), &[(1, 5)]));
    assert_eq!(rig.leader(1), (Some(2), 5));
}

#[test]
fn a_topic_created_anew_starts_with_epochs_of_its_own() {
    let mut rig = Rig::knowing(&[(1, 5), (2, 5)]);
    rig.refresh(1_000, topic("orders", id(2), &[(3, 0)]));
    assert_eq!(rig.leader(0), (Some(3), 0));
    let topic = rig.machine.image().topic("orders").unwrap();
    assert_eq!((topic.id, topic.partitions.len()), (id(2), 1));
}

#[test]
fn a_broker_that_still_names_the_deleted_topic_is_not_believed() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.refresh(1_000, topic("orders", id(2), &[(3, 0)]));
    rig.refresh(2_000, topic("orders", id(1), &[(1, 9)]));
    assert_eq!(rig.machine.image().topic("orders").unwrap().id, id(2));
    assert_eq!(rig.leader(0), (Some(3), 0));
}

#[test]
fn a_topic_that_is_unknown_for_a_moment_keeps_what_was_known() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.refresh(1_000, unknown("orders"));
    let topic = rig.machine.image().topic("orders").unwrap();
    assert_eq!(topic.error, Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    assert_eq!((topic.id, rig.leader(0)), (id(1), (Some(1), 5)));
    rig.refresh(2_000, topic_again());
    assert_eq!(rig.machine.image().topic("orders").unwrap().error, None);
    assert_eq!(rig.leader(0), (Some(1), 5));
}

fn topic_again() -> MetadataResponseTopic {
    topic("orders", id(1), &[(2, 4)])
}

#[test]
fn a_hint_counts_only_with_a_newer_epoch() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    assert!(!rig.hint(id(1), 2, 5));
    assert!(!rig.hint(id(1), 2, 4));
    assert_eq!(rig.leader(0), (Some(1), 5));
    assert!(rig.hint(id(1), 2, 6));
    assert_eq!(rig.leader(0), (Some(2), 6));
    rig.refresh(1_000, topic("orders", id(1), &[(1, 5)]));
    assert_eq!(rig.leader(0), (Some(2), 6));
}

#[test]
fn a_hint_brings_the_endpoint_of_the_leader() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    assert!(rig.hint(TopicId::ZERO, 7, 6));
    assert_eq!(&*rig.machine.image().brokers[&BrokerId(7)].host, "new-7");
}

#[test]
fn a_hint_for_another_incarnation_of_the_topic_is_no_hint() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    assert!(!rig.hint(id(2), 2, 9));
    assert!(!rig.hint(id(1), -1, 9));
    assert_eq!(rig.leader(0), (Some(1), 5));
}

#[test]
fn a_new_topic_is_asked_for_at_once_and_alone() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    assert!(rig.machine.on_want(at(1), &name("bills")));
    assert!(!rig.machine.on_want(at(1), &name("bills")));
    assert_eq!(asked_topics(&rig.ask(1).unwrap()), ["bills"]);
}

#[test]
fn requests_to_refresh_in_quick_succession_lead_to_one_question() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    assert!(rig.machine.on_refresh());
    assert!(!rig.machine.on_refresh());
    assert_eq!(rig.ask(99), None);
    let ask = rig.ask(100).unwrap();
    assert_eq!(asked_topics(&ask), ["orders"]);
    assert_eq!(rig.ask(100), None);
}

#[test]
fn refreshes_that_bring_nothing_new_become_rarer() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    let mut now = 0;
    let mut gaps = Vec::new();
    for _ in 0..7 {
        rig.machine.on_refresh();
        let due = rig.machine.poll_timeout().as_micros() / 1_000;
        gaps.push(due - now);
        now = due;
        rig.refresh(now, topic("orders", id(1), &[(1, 5)]));
    }
    assert_eq!(gaps, [100, 100, 200, 400, 800, 1_000, 1_000]);
    rig.refresh(now + 1_000, topic("orders", id(1), &[(2, 6)]));
    rig.machine.on_refresh();
    assert_eq!(rig.machine.poll_timeout(), at(now + 1_100));
}

#[test]
fn an_error_that_may_pass_is_asked_about_again_unasked() {
    let mut rig = Rig::knowing(&[(-1, 5)]);
    assert_eq!(asked_topics(&rig.ask(100).unwrap()), ["orders"]);
    let mut rig = Rig::new();
    rig.machine.on_want(at(0), &name("orders"));
    rig.refresh(0, unknown("orders"));
    assert_eq!(asked_topics(&rig.ask(100).unwrap()), ["orders"]);
}

#[test]
fn healthy_metadata_are_fetched_again_when_they_are_old() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    assert_eq!(rig.machine.poll_timeout(), at(300_000));
    assert_eq!(rig.ask(299_999), None);
    rig.machine.on_want(at(299_999), &name("orders"));
    assert_eq!(asked_topics(&rig.ask(300_000).unwrap()), ["orders"]);
}

#[test]
fn a_topic_nobody_uses_is_forgotten() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    let ask = rig.ask(300_000).unwrap();
    assert!(asked_topics(&ask).is_empty());
    rig.answer(300_001, ask.to, &cluster(3));
    assert!(rig.machine.image().topic("orders").is_none());
}

#[test]
fn a_broker_that_fails_is_followed_by_the_next_at_once() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.machine.on_refresh();
    let mut asked = BTreeSet::new();
    for _ in 0..3 {
        let ask = rig.ask(100).unwrap();
        asked.insert(ask.to.get());
        rig.machine.on_failure(ask.to);
    }
    assert_eq!(asked, BTreeSet::from([1, 2, 3]));
}

#[test]
fn a_silent_broker_is_overtaken_after_a_second() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.machine.on_refresh();
    let silent = rig.ask(100).unwrap().to;
    assert_eq!(rig.ask(1_099), None);
    assert_eq!(rig.machine.poll_timeout(), at(1_100));
    let other = rig.ask(1_100).unwrap().to;
    assert_ne!(silent, other);
    rig.answer(1_200, other, &cluster(3).with_topics(vec![topic("orders", id(1), &[(2, 6)])]));
    assert_eq!(rig.leader(0), (Some(2), 6));
    // The one that was silent answers in the end, with what it knew.
    rig.answer(1_300, silent, &cluster(3).with_topics(vec![topic("orders", id(1), &[(1, 5)])]));
    assert_eq!(rig.leader(0), (Some(2), 6));
}

#[test]
fn a_broker_that_was_silent_is_asked_last_until_it_speaks() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.machine.on_refresh();
    let silent = rig.ask(100).unwrap().to;
    let other = rig.ask(1_100).unwrap().to;
    rig.answer(1_200, other, &cluster(3));
    for now in [5_000, 10_000, 15_000] {
        rig.machine.on_refresh();
        let ask = rig.ask(now).unwrap();
        assert_ne!(ask.to, silent);
        rig.answer(now, ask.to, &cluster(3));
    }
    rig.answer(16_000, silent, &cluster(3));
    rig.machine.on_refresh();
    assert_eq!(rig.ask(20_000).unwrap().to, silent);
}

#[test]
fn when_every_known_broker_is_gone_the_bootstrap_servers_are_asked_again() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.machine.on_refresh();
    let state = |id: BrokerId| match id.get() {
        1 => NodeState::Ready,
        2 | 3 => NodeState::Backoff,
        _ => NodeState::Idle,
    };
    let ask = rig.ask_with(100, state).unwrap();
    assert_eq!(ask.to, BrokerId(1));
    rig.machine.on_failure(ask.to);
    let ask = rig.ask_with(100, state).unwrap();
    assert_eq!(ask.to, BrokerId(-1));
    rig.answer(200, ask.to, &cluster(1));
    assert_eq!(rig.machine.image().brokers.len(), 1);
}

#[test]
fn recovery_none_keeps_to_the_brokers_last_known() {
    let recovery = MetadataRecovery::None;
    let mut rig = Rig { machine: Metadata::new(MetadataSettings { recovery, ..settings() }) };
    let ask = rig.ask(0).unwrap();
    rig.answer(0, ask.to, &cluster(1));
    rig.machine.on_refresh();
    let ask = rig.ask(100).unwrap();
    rig.machine.on_failure(ask.to);
    assert_eq!(rig.ask(100), None);
    assert_eq!(rig.machine.failures(), 1);
}

#[test]
fn a_broker_that_demands_it_sends_us_to_the_bootstrap_servers() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    rig.machine.on_refresh();
    let ask = rig.ask(100).unwrap();
    let demand = cluster(3).with_error_code(ErrorCode::REBOOTSTRAP_REQUIRED.0);
    rig.answer(100, ask.to, &demand);
    assert_eq!(rig.ask(100).unwrap().to, BrokerId(-1));
}

#[test]
fn rounds_that_nobody_answers_become_rarer() {
    let mut rig = Rig::new();
    let mut now = 0;
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let ask = rig.ask(now).unwrap();
        rig.machine.on_failure(ask.to);
        assert_eq!(rig.ask(now), None);
        let due = rig.machine.poll_timeout().as_micros() / 1_000;
        gaps.push(due - now);
        now = due;
    }
    assert_eq!(gaps, [100, 200, 400, 800, 1_000]);
}

#[test]
fn an_answer_without_brokers_is_no_answer() {
    let mut rig = Rig::new();
    let ask = rig.ask(0).unwrap();
    rig.answer(0, ask.to, &MetadataResponse::default());
    assert_eq!(rig.machine.image().generation, 0);
    assert_eq!(rig.ask(0), None);
    assert_eq!(rig.machine.failures(), 1);
}

#[test]
fn an_equal_answer_makes_no_new_image() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    let before = rig.machine.image().generation;
    rig.refresh(1_000, topic("orders", id(1), &[(1, 5)]));
    assert_eq!(rig.machine.image().generation, before);
    rig.refresh(2_000, topic("orders", id(1), &[(2, 6)]));
    assert_eq!(rig.machine.image().generation, before + 1);
}

#[test]
fn an_absurd_partition_index_is_not_believed() {
    let mut rig = Rig::knowing(&[(1, 5)]);
    let mut odd = topic("orders", id(1), &[(1, 6)]);
    odd.partitions[0].partition_index = i32::MAX;
    rig.refresh(1_000, odd);
    assert_eq!(rig.machine.image().topic("orders").unwrap().partitions.len(), 1);
    assert_eq!(rig.leader(0), (Some(1), 5));
}

#[test]
fn bootstrap_servers_have_negative_numbers() {
    assert_eq!(bootstrap_id(0), BrokerId(-1));
    assert_eq!(bootstrap_index(bootstrap_id(7)), Some(7));
    assert_eq!(bootstrap_index(BrokerId(0)), None);
}

#[test]
fn a_partition_index_beyond_those_listed_takes_no_memory() {
    let mut rig = Rig::knowing(&[(1, 1)]);
    let mut far = topic("orders", id(1), &[(1, 2), (2, 2)]);
    far.partitions[1].partition_index = 900_000;
    rig.machine.on_refresh();
    let ask = rig.machine.poll_ask(at(60_000), NO_JITTER, |_| NodeState::Ready).unwrap();
    rig.machine.on_answer(at(60_000), NO_JITTER, ask.to, &cluster(3).with_topics(vec![far]));
    let image = rig.machine.image();
    assert_eq!(image.topic("orders").unwrap().partitions.len(), 1);
    let leader_epoch = image.partition("orders", PartitionIndex(0)).unwrap().leader_epoch;
    assert_eq!(leader_epoch, LeaderEpoch(2), "the rest of the answer counts");
}
