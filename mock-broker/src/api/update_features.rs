//! UpdateFeatures, versions 0 to 2 (KIP-584, KIP-1022): forwarded to the controller.

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
    let request = body!(asked, body, UpdateFeatures);
    forward(process, ctx, asked, RequestKind::UpdateFeatures(request))
}

// Not modelled: levels that depend on those of other features, which no level that is supported
// here can contradict; a level that one of the nodes does not support.
