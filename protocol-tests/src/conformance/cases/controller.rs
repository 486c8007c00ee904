//! What goes on, and what does not, while the controller is dead or cut off.

use std::time::Duration;

use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::{InitProducerIdRequest, MetadataRequest, TopicName};
use serde_json::json;

use super::super::scenario::text;
use super::super::{CONTROLLER, Outcome, Scenario};
use super::support::{CREATE_TOPICS, PRODUCE, batch, creatable, create, fetch, produce};

cases! {
    produce_and_fetch_go_on_without_a_controller: Apart, "KIP-631";
    nobody_replaces_a_dead_leader_without_a_controller: Apart, "KIP-631";
    a_dead_member_holds_up_acks_all_without_a_controller: Apart, "Partition.maybeShrinkIsr";
    a_topic_is_created_when_a_controller_is_back: Apart, "ForwardingManager";
    a_topic_is_not_created_by_asking_without_a_controller: Apart, "DefaultAutoTopicCreationManager";
    producer_ids_end_without_a_controller: Apart, "RPCProducerIdManager";
    a_leader_that_the_controller_cannot_hear_is_replaced: Apart, "QuorumController.maybeFenceReplicas";
    a_leader_that_knows_nothing_takes_records_that_are_lost: Apart, "UnifiedLog.truncateTo";
}

/// Starts the controller, and waits until it has taken over: it answers a request for a topic.
pub(super) fn controller_returns(s: &mut Scenario<'_>) -> Outcome {
    s.launch(CONTROLLER)?;
    let name = s.topic("the-controller-is-back");
    s.wait_until("the controller", |s| {
        let request = create(vec![creatable(&name, &[&[1]], &[])]);
        let answer = s.query(1, CREATE_TOPICS, &request)?;
        let code = answer.topics.first().map_or(-1, |topic| topic.error_code);
        // It may be there from the try before.
        Ok((code == 0 || code == 36, format!("error {code}")))
    })
}

fn produce_and_fetch_go_on_without_a_controller(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 1, 3], &[])?;
    s.kill(CONTROLLER)?;
    s.ask("produce", 2, PRODUCE, &produce(&topic, -1, batch(&["a"])))?;
    s.ask("fetch", 2, 12, &fetch(&topic, 0))?;
    s.metadata("metadata", 1, &[&topic])?;
    controller_returns(s)
}

fn nobody_replaces_a_dead_leader_without_a_controller(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 1, 3], &[])?;
    s.kill(CONTROLLER)?;
    s.kill(2)?;
    s.metadata("it is still listed", 1, &[&topic])?;
    s.ask("it is still named", 1, PRODUCE, &produce(&topic, -1, batch(&["a"])))?;
    controller_returns(s)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.metadata("another leads", 1, &[&topic])?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn a_dead_member_holds_up_acks_all_without_a_controller(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(CONTROLLER)?;
    s.kill(2)?;
    // Long enough for the leader to see that it lags; the old member counts until a controller has
    // committed that it is gone.
    let request = produce(&topic, -1, batch(&["b"])).with_timeout_ms(6_000);
    s.ask("acks all", 1, PRODUCE, &request)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["c"])))?;
    s.ask("not visible", 1, 12, &fetch(&topic, 1))?;
    s.metadata("the ISR as it was", 1, &[&topic])?;
    controller_returns(s)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_for_high_watermark(1, &topic, 3)?;
    s.ask("visible", 1, 12, &fetch(&topic, 1))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])
}

fn a_topic_is_created_when_a_controller_is_back(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.topic("a");
    s.kill(CONTROLLER)?;
    let link = s.connect(1)?;
    // Over before there is a controller, and long enough for a slow one: it counts from there.
    let request = create(vec![creatable(&topic, &[&[1, 2]], &[])]).with_timeout_ms(3_000);
    // The last version that does not tell the topic's settings.
    let pending = s.send(link, 4, &request)?;
    s.sends_nothing_for("it is parked", link, Duration::from_millis(3_500))?;
    s.launch(CONTROLLER)?;
    s.answer("it is created", pending)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])
}

fn a_topic_is_not_created_by_asking_without_a_controller(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.topic("a");
    let asked = MetadataRequestTopic::default().with_name(Some(TopicName(text(&topic))));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![asked]))
        .with_allow_auto_topic_creation(true);
    s.kill(CONTROLLER)?;
    s.ask("unknown at once", 1, 12, &request)?;
    s.ask("and again", 1, 12, &request)?;
    controller_returns(s)
}

fn producer_ids_end_without_a_controller(s: &mut Scenario<'_>) -> Outcome {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000);
    s.wait_until("a producer id", |s| {
        let code = s.query(3, 4, &request)?.error_code;
        Ok((code == 0, format!("error {code}")))
    })?;
    s.kill(CONTROLLER)?;
    // A block has 1,000 ids, and the next may have come already.
    let mut code = 0;
    for _ in 0..2_001 {
        code = s.query(3, 4, &request)?.error_code;
        if code != 0 {
            break;
        }
    }
    s.record("once the last block is used up", json!(code));
    s.ask("no more of them", 3, 4, &request)?;
    controller_returns(s)?;
    s.wait_until("a producer id again", |s| {
        let code = s.query(3, 4, &request)?.error_code;
        Ok((code == 0, format!("error {code}")))
    })
}

fn a_leader_that_the_controller_cannot_hear_is_replaced(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.append(3, &topic, batch(&["a"]))?;
    s.cut(3, CONTROLLER)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("another leads", 1, &[&topic])?;
    // Metadata is fetched, and the controller does not hear that it is asked for.
    s.metadata("it takes itself for the leader", 3, &[&topic])?;
    s.heal()?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.wait_for_isr(3, &topic, 1, &[1, 2, 3])?;
    s.metadata("it follows", 3, &[&topic]).map(drop)
}

fn a_leader_that_knows_nothing_takes_records_that_are_lost(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.append(3, &topic, batch(&["a"]))?;
    s.cut(CONTROLLER, 3)?;
    s.cut(3, CONTROLLER)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("it takes itself for the leader", 3, &[&topic])?;
    s.ask("it takes records", 3, PRODUCE, &produce(&topic, 1, batch(&["lost"])))?;
    let request = produce(&topic, -1, batch(&["lost too"])).with_timeout_ms(300);
    s.ask("nobody follows it", 3, PRODUCE, &request)?;
    s.ask("not visible there", 3, 12, &fetch(&topic, 1))?;
    s.append(1, &topic, batch(&["b"]))?;
    s.heal()?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.ask("the leader has its own", 1, 12, &fetch(&topic, 0))?;
    s.kill(1)?;
    s.kill(2)?;
    s.wait_for_leader(3, &topic, 3)?;
    s.wait_for_high_watermark(3, &topic, 2)?;
    s.ask("what it took is gone", 3, 12, &fetch(&topic, 0))?;
    s.launch(1)?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 3, &[1, 2, 3])
}
