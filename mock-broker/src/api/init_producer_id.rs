//! InitProducerId, versions 0 to 5: ids for idempotent producers.
//!
//! Any broker hands out an id with epoch 0, unique across brokers and restarts. While the
//! controller has not given a block of ids the answer is COORDINATOR_LOAD_IN_PROGRESS.
//! A transactional id needs its coordinator, which nobody is: COORDINATOR_NOT_AVAILABLE; an empty
//! one is an INVALID_REQUEST, and so is a producer id without an epoch or an epoch without an id
//! (KIP-360). Without a transactional id a producer that names its own id gets a new one.

use milena_protocol::ErrorCode;
use milena_protocol::messages::{InitProducerIdResponse, ProducerId, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, InitProducerId);
    let is_half = (request.producer_id.0 == -1) != (request.producer_epoch == -1);
    let id = match &request.transactional_id {
        _ if is_half => Err(ErrorCode::INVALID_REQUEST),
        Some(id) if id.is_empty() => Err(ErrorCode::INVALID_REQUEST),
        Some(_) => Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
        None => process.take_producer_id(ctx).ok_or(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
    };
    let response = InitProducerIdResponse::default();
    let response = match id {
        Ok(id) => response.with_producer_id(ProducerId(id)).with_producer_epoch(0),
        Err(code) => response
            .with_error_code(code.0)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1),
    };
    ResponseKind::InitProducerId(response).into()
}

// Not modelled: transactional ids.
