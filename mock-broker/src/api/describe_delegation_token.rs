//! DescribeDelegationToken, versions 1 to 3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as on a plaintext
//! listener.

use milena_protocol::ErrorCode;
use milena_protocol::messages::{DescribeDelegationTokenResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, DescribeDelegationToken);
    let response = DescribeDelegationTokenResponse::default()
        .with_error_code(ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED.0);
    ResponseKind::DescribeDelegationToken(response).into()
}

// Not modelled: delegation tokens, which need SASL or TLS.
