//! AlterClientQuotas, versions 0 and 1 (KIP-546): forwarded to the controller.

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
    let request = body!(asked, body, AlterClientQuotas);
    forward(process, ctx, asked, RequestKind::AlterClientQuotas(request))
}

// Not modelled: the throttling they cause.
