//! UnregisterBroker, version 0 (KIP-631): forwarded to the controller.

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
    let request = body!(asked, body, UnregisterBroker);
    forward(process, ctx, asked, RequestKind::UnregisterBroker(request))
}

// Not modelled: nothing is left out.
