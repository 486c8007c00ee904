//! ListPartitionReassignments, version 0 (KIP-455): forwarded to the controller.

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
    let request = body!(asked, body, ListPartitionReassignments);
    forward(process, ctx, asked, RequestKind::ListPartitionReassignments(request))
}

// Not modelled: nothing is left out.
