//! CreateAcls, versions 1 to 3: SECURITY_DISABLED for each, as a broker without an authorizer says.

use milena_protocol::ErrorCode;
use milena_protocol::messages::create_acls_response::AclCreationResult;
use milena_protocol::messages::{CreateAclsResponse, RequestKind, ResponseKind};

use super::acl_codes::{self, Codes};
use super::{body, no_authorizer};
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, CreateAcls);
    let codes = request.creations.iter().map(|creation| Codes {
        resource: creation.resource_type,
        pattern: creation.resource_pattern_type,
        operation: creation.operation,
        permission: creation.permission_type,
    });
    if let Err(refused) = acl_codes::check(codes) {
        return refused;
    }
    let refused = AclCreationResult::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(no_authorizer()));
    let response =
        CreateAclsResponse::default().with_results(vec![refused; request.creations.len()]);
    ResponseKind::CreateAcls(response).into()
}

// Not modelled: an authorizer.
