//! DeleteTopics, versions 1 to 6: forwarded to the controller (KIP-590); by name, and by id since
//! version 6 (KIP-516).

use milena_protocol::messages::RequestKind;

use super::body;
use crate::broker::{Answer, Asked, Forwarded, ForwardedRequest, Process};
use crate::context::Context;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = Box::new(body!(asked, body, DeleteTopics));
    let request = ForwardedRequest::DeleteTopics(request);
    process.forward(ctx, Forwarded { asked: *asked, request });
    Answer::Later
}

// Not modelled: delete.topic.enable=false, quotas on partition changes.
