//! DescribeQuorum, versions 0 to 2 (KIP-595): forwarded to the controller, which is all of the quorum.

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
    let request = body!(asked, body, DescribeQuorum);
    forward(process, ctx, asked, RequestKind::DescribeQuorum(request))
}

// Not modelled: a quorum of several controllers, their directories and endpoints (KIP-853).
