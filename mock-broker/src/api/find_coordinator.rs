//! FindCoordinator, versions 0 to 6: nobody coordinates groups or transactions yet.
//!
//! Each key is answered with COORDINATOR_NOT_AVAILABLE, as by a broker whose internal topic is not
//! there.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::find_coordinator_response::Coordinator;
use milena_protocol::messages::{BrokerId, FindCoordinatorResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

/// The first version that asks for several keys (KIP-699).
const FIRST_WITH_KEYS: i16 = 4;

pub(super) fn handle(
    _process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, FindCoordinator);
    let code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
    let text = || Some(StrBytes::from_static_str("The coordinator is not available."));
    let mut response = FindCoordinatorResponse::default();
    if asked.version < FIRST_WITH_KEYS {
        response.error_code = code.0;
        response.error_message = text();
        response.node_id = BrokerId(-1);
        response.port = -1;
    } else {
        let none = |key: &StrBytes| {
            Coordinator::default()
                .with_key(key.clone())
                .with_node_id(BrokerId(-1))
                .with_port(-1)
                .with_error_code(code.0)
                .with_error_message(text())
        };
        response.coordinators = request.coordinator_keys.iter().map(none).collect();
    }
    ResponseKind::FindCoordinator(response).into()
}

// Not modelled: coordinators, and the creation of their internal topics.
