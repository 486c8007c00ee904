//! CreateDelegationToken, versions 1 to 3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as on a plaintext
//! listener.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::{CreateDelegationTokenResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

/// The first version that tells who asked for the token (KIP-373).
const FIRST_WITH_REQUESTER: i16 = 3;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, CreateDelegationToken);
    let mut response = CreateDelegationTokenResponse::default()
        .with_error_code(ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.0)
        .with_principal_type(StrBytes::from_static_str("User"))
        .with_principal_name(StrBytes::from_static_str("ANONYMOUS"))
        .with_issue_timestamp_ms(-1)
        .with_expiry_timestamp_ms(-1)
        .with_max_timestamp_ms(-1);
    if asked.version >= FIRST_WITH_REQUESTER {
        response = response
            .with_token_requester_principal_type(StrBytes::from_static_str("User"))
            .with_token_requester_principal_name(StrBytes::from_static_str("ANONYMOUS"));
    }
    ResponseKind::CreateDelegationToken(response).into()
}

// Not modelled: delegation tokens, which need SASL or TLS.
