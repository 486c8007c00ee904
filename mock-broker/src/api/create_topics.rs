//! CreateTopics, versions 2 to 7: forwarded to the controller (KIP-590).
//!
//! The answer comes once the controller has committed the topics; brokers learn of them a moment
//! later. While the controller cannot be reached the request stays parked, whatever its time-out.

use milena_protocol::messages::RequestKind;

use super::{body, forward};
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, CreateTopics);
    forward(process, ctx, asked, RequestKind::CreateTopics(request))
}

// Not modelled: a policy class.
