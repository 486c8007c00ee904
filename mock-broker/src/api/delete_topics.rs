//! DeleteTopics, versions 1 to 6: forwarded to the controller (KIP-590); by name, and by id since
//! version 6 (KIP-516).

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
    let request = body!(asked, body, DeleteTopics);
    forward(process, ctx, asked, RequestKind::DeleteTopics(request))
}

// Not modelled: delete.topic.enable=false.
