//! Who may not be a member of an ISR, whoever asks for it (KIP-841): a broker that shuts down, and
//! one that is fenced. Asked by brokers that nobody runs.

use milena_protocol::messages::{BrokerHeartbeatRequest, BrokerId, UnregisterBrokerRequest};
use serde_json::json;

use super::super::{CONTROLLER, Outcome, Scenario};
use super::alter_partition::{OURS, Proposal, alter, beat, led_by_us, register, unregister};
use super::support::{CREATE_TOPICS, creatable, create};

cases! {
    a_member_that_shuts_down_or_is_fenced_is_refused: Apart, "KIP-841, ReplicationControlManager.ineligibleReplicasForIsr";
}

/// The second broker of the case.
const SECOND: i32 = 5;

/// Tells that the second broker wants to shut down; whether it may end at once.
fn shut_down(s: &mut Scenario<'_>, epoch: i64) -> Outcome<bool> {
    let request = BrokerHeartbeatRequest::default()
        .with_broker_id(BrokerId(SECOND))
        .with_broker_epoch(epoch)
        .with_current_metadata_offset(i64::MAX)
        .with_want_shut_down(true);
    Ok(s.query(CONTROLLER, 1, &request)?.should_shut_down)
}

fn a_member_that_shuts_down_or_is_fenced_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let epoch = register(s, OURS, None)?;
    let second = register(s, SECOND, None)?;
    beat(s, OURS, epoch)?;
    let (_, id) = led_by_us(s, epoch, &[OURS, SECOND, 1])?;
    // It leads something, or it would be let go before it had shut down.
    let led = s.topic("led");
    s.query(1, CREATE_TOPICS, &create(vec![creatable(&led, &[&[SECOND]], &[])]))?;
    s.wait_for_leader(1, &led, SECOND)?;
    beat(s, OURS, epoch)?;
    let ends = shut_down(s, second)?;
    s.record("it is let go", json!(ends));
    let with_it = Proposal {
        broker: OURS,
        broker_epoch: epoch,
        index: 0,
        leader_epoch: 0,
        partition_epoch: 1,
        recovering: 0,
        isr: vec![(OURS, epoch), (SECOND, second), (1, -1)],
    };
    s.ask("it shuts down", CONTROLLER, 3, &alter(id, &with_it))?;
    s.wait_until("the second broker to be let go", |s| {
        beat(s, OURS, epoch)?;
        Ok((shut_down(s, second)?, "not yet".to_owned()))
    })?;
    s.ask("it is fenced", CONTROLLER, 3, &alter(id, &with_it))?;
    s.query(1, 0, &UnregisterBrokerRequest::default().with_broker_id(BrokerId(SECOND)))?;
    unregister(s)
}
