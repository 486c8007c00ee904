//! CreatePartitions, versions 0 to 3 (KIP-195): forwarded to the controller.

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
    let request = body!(asked, body, CreatePartitions);
    forward(process, ctx, asked, RequestKind::CreatePartitions(request))
}

// Not modelled: nothing is left out.
