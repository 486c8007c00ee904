//! AddRaftVoter, version 0 (KIP-853): forwarded to the controller, which refuses.

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
    let request = body!(asked, body, AddRaftVoter);
    forward(process, ctx, asked, RequestKind::AddRaftVoter(request))
}

// Not modelled: a quorum whose voters may change (kraft.version 1).
