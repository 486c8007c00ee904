//! SaslHandshake, versions 0 and 1: ILLEGAL_SASL_STATE, as on a listener without SASL.

use milena_protocol::ErrorCode;
use milena_protocol::messages::{RequestKind, ResponseKind, SaslHandshakeResponse};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, SaslHandshake);
    let response =
        SaslHandshakeResponse::default().with_error_code(ErrorCode::ILLEGAL_SASL_STATE.0);
    ResponseKind::SaslHandshake(response).into()
}

// Not modelled: SASL.
