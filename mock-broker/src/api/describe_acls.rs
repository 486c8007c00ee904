//! DescribeAcls, versions 1 to 3: SECURITY_DISABLED, as a broker without an authorizer says.

use milena_protocol::ErrorCode;
use milena_protocol::messages::{DescribeAclsResponse, RequestKind, ResponseKind};

use super::{body, no_authorizer};
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, DescribeAcls);
    let response = DescribeAclsResponse::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(no_authorizer()));
    ResponseKind::DescribeAcls(response).into()
}

// Not modelled: an authorizer.
