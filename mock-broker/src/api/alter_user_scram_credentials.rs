//! AlterUserScramCredentials, version 0 (KIP-554): forwarded to the controller.

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
    let request = body!(asked, body, AlterUserScramCredentials);
    forward(process, ctx, asked, RequestKind::AlterUserScramCredentials(request))
}

// Not modelled: authentication with them.
