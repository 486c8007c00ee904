//! Ids for idempotent producers (InitProducerId without a transactional id).

use milena_protocol::messages::{InitProducerIdRequest, ProducerId, TransactionalId};
use serde_json::json;

use super::super::scenario::text;
use super::super::{Outcome, Scenario};

cases! {
    a_producer_id_is_given_in_every_version: One, "KIP-98";
    ids_of_a_broker_follow_each_other: One, "RPCProducerIdManager.generateProducerId";
    every_broker_gives_ids_of_its_own: Three, "RPCProducerIdManager";
    a_producer_that_names_its_id_gets_a_new_one: One, "KIP-360";
    half_an_identity_is_refused: One, "KafkaApis.handleInitProducerIdRequest";
}

const INIT: i16 = 4;

fn init() -> InitProducerIdRequest {
    InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(60_000)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1)
}

/// Asks until there is an id: a broker without a block of them has to ask the controller first.
fn id_of(s: &mut Scenario<'_>, broker: i32) -> Outcome<i64> {
    let mut id = -1;
    s.wait_until(&format!("an id of broker {broker}"), |s| {
        let answer = s.query(broker, INIT, &init())?;
        id = answer.producer_id.0;
        Ok((answer.error_code == 0, format!("error {}", answer.error_code)))
    })?;
    Ok(id)
}

fn a_producer_id_is_given_in_every_version(s: &mut Scenario<'_>) -> Outcome {
    id_of(s, 1)?;
    for version in 0..=5 {
        s.ask(&format!("version {version}"), 1, version, &init())?;
    }
    // A time-out is only looked at together with a transactional id.
    for timeout in [0, -1, i32::MAX] {
        let request = init().with_transaction_timeout_ms(timeout);
        s.ask(&format!("a time-out of {timeout} ms"), 1, INIT, &request)?;
    }
    Ok(())
}

fn ids_of_a_broker_follow_each_other(s: &mut Scenario<'_>) -> Outcome {
    let first = id_of(s, 1)?;
    for step in ["the next", "the one after it"] {
        let id = id_of(s, 1)?;
        s.record(step, json!(id - first));
    }
    Ok(())
}

fn every_broker_gives_ids_of_its_own(s: &mut Scenario<'_>) -> Outcome {
    let ids = [id_of(s, 1)?, id_of(s, 2)?, id_of(s, 3)?];
    let blocks = ids.map(|id| id / 1_000);
    let differ = blocks[0] != blocks[1] && blocks[1] != blocks[2] && blocks[0] != blocks[2];
    s.record("of blocks of a thousand, each broker has its own", json!(differ));
    Ok(())
}

fn a_producer_that_names_its_id_gets_a_new_one(s: &mut Scenario<'_>) -> Outcome {
    let id = id_of(s, 1)?;
    for (step, id, epoch) in [
        ("its own id", id, 0),
        ("its own id and a higher epoch", id, 5),
        ("an id nobody was given", 1 << 40, 0),
        ("the last epoch", id, i16::MAX),
    ] {
        let request = init().with_producer_id(ProducerId(id)).with_producer_epoch(epoch);
        s.ask(step, 1, INIT, &request)?;
    }
    Ok(())
}

fn half_an_identity_is_refused(s: &mut Scenario<'_>) -> Outcome {
    id_of(s, 1)?;
    for (step, id, epoch) in [
        ("an epoch without an id", -1, 3),
        ("an id without an epoch", 4_000, -1),
        ("a negative id", -7, 0),
        ("a negative epoch", 4_000, -7),
    ] {
        let request = init().with_producer_id(ProducerId(id)).with_producer_epoch(epoch);
        s.ask(step, 1, INIT, &request)?;
    }
    for version in [1, INIT] {
        let request = init().with_transactional_id(Some(TransactionalId(text(""))));
        s.ask(&format!("an empty transactional id in version {version}"), 1, version, &request)?;
    }
    Ok(())
}
