//! RenewDelegationToken, versions 1 and 2: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as on a plaintext
//! listener.

use milena_protocol::ErrorCode;
use milena_protocol::messages::{RenewDelegationTokenResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, RenewDelegationToken);
    let response = RenewDelegationTokenResponse::default()
        .with_error_code(ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.0)
        .with_expiry_timestamp_ms(-1);
    ResponseKind::RenewDelegationToken(response).into()
}

// Not modelled: delegation tokens, which need SASL or TLS.
