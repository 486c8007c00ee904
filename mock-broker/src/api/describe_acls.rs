//! DescribeAcls, versions 1 to 3: SECURITY_DISABLED, as a broker without an authorizer says.
//! The code of UNKNOWN closes the connection.

use milena_protocol::messages::{DescribeAclsResponse, RequestKind, ResponseKind};
use milena_protocol::{ErrorCode, StrBytes};

use super::acl_codes::{self, Codes};
use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

/// Of creating and deleting it says fewer words.
const NO_AUTHORIZER: &str = "No Authorizer is configured on the broker";

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeAcls);
    let codes = Codes {
        resource: request.resource_type_filter,
        pattern: request.pattern_type_filter,
        operation: request.operation,
        permission: request.permission_type,
    };
    if let Err(refused) = acl_codes::check([codes]) {
        return refused;
    }
    let response = DescribeAclsResponse::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(StrBytes::from_static_str(NO_AUTHORIZER)));
    ResponseKind::DescribeAcls(response).into()
}

// Not modelled: an authorizer.
