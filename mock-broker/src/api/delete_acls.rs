//! DeleteAcls, versions 1 to 3: SECURITY_DISABLED for each, as a broker without an authorizer says.

use milena_protocol::ErrorCode;
use milena_protocol::messages::delete_acls_response::DeleteAclsFilterResult;
use milena_protocol::messages::{DeleteAclsResponse, RequestKind, ResponseKind};

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
    let request = body!(asked, body, DeleteAcls);
    let codes = request.filters.iter().map(|filter| Codes {
        resource: filter.resource_type_filter,
        pattern: filter.pattern_type_filter,
        operation: filter.operation,
        permission: filter.permission_type,
    });
    if let Err(refused) = acl_codes::check(codes) {
        return refused;
    }
    let refused = DeleteAclsFilterResult::default()
        .with_error_code(ErrorCode::SECURITY_DISABLED.0)
        .with_error_message(Some(no_authorizer()));
    let response =
        DeleteAclsResponse::default().with_filter_results(vec![refused; request.filters.len()]);
    ResponseKind::DeleteAcls(response).into()
}

// Not modelled: an authorizer.
