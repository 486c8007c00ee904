//! SaslAuthenticate, versions 0 to 2: ILLEGAL_SASL_STATE, as on a listener without SASL.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::{RequestKind, ResponseKind, SaslAuthenticateResponse};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let _ = body!(asked, body, SaslAuthenticate);
    let why = "There was no SaslHandshake before: this listener does not speak SASL.";
    let response = SaslAuthenticateResponse::default()
        .with_error_code(ErrorCode::ILLEGAL_SASL_STATE.0)
        .with_error_message(Some(StrBytes::from_static_str(why)));
    ResponseKind::SaslAuthenticate(response).into()
}

// Not modelled: SASL.
