//! AlterPartitionReassignments, versions 0 and 1 (KIP-455, KIP-860): forwarded to the controller.

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
    let request = body!(asked, body, AlterPartitionReassignments);
    forward(process, ctx, asked, RequestKind::AlterPartitionReassignments(request))
}

// Not modelled: replication throttles.
