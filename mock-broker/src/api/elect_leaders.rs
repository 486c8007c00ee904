//! ElectLeaders, versions 0 to 2 (KIP-460): forwarded to the controller.

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
    let request = body!(asked, body, ElectLeaders);
    forward(process, ctx, asked, RequestKind::ElectLeaders(request))
}

// Not modelled: nothing is left out.
