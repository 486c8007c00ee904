//! ExpireDelegationToken, versions 1 and 2: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as on a plaintext
//! listener.

use milena_protocol::ErrorCode;
use milena_protocol::messages::{ExpireDelegationTokenResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, ExpireDelegationToken);
    let response = ExpireDelegationTokenResponse::default()
        .with_error_code(ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.0)
        .with_expiry_timestamp_ms(-1);
    ResponseKind::ExpireDelegationToken(response).into()
}

// Not modelled: delegation tokens, which need SASL or TLS.
