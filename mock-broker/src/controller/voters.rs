//! Voters of the quorum (KIP-853, `KafkaRaftClient`): they are those of
//! `controller.quorum.voters`, under kraft.version 0, and stay.

use milena_protocol::messages::{
    AddRaftVoterRequest, AddRaftVoterResponse, RemoveRaftVoterRequest, RemoveRaftVoterResponse,
};
use milena_protocol::{ErrorCode, StrBytes};

use super::Controller;

/// The default listener of the quorum: the first of `controller.listener.names`.
const LISTENER: &str = "CONTROLLER";

impl Controller {
    pub(super) fn add_voter(&self, request: &AddRaftVoterRequest) -> AddRaftVoterResponse {
        let names_listener =
            request.listeners.iter().any(|listener| listener.name.as_str() == LISTENER);
        let (code, text) = if !self.is_own(request.cluster_id.as_ref()) {
            (ErrorCode::INCONSISTENT_CLUSTER_ID, "The request is for another cluster.")
        } else if request.voter_id < 0 || request.voter_directory_id.is_nil() {
            (ErrorCode::INVALID_REQUEST, "The request names no voter.")
        } else if !names_listener {
            (ErrorCode::INVALID_REQUEST, "The request names no default listener.")
        } else {
            (ErrorCode::UNSUPPORTED_VERSION, "The voters of this quorum are static.")
        };
        AddRaftVoterResponse::default()
            .with_error_code(code.0)
            .with_error_message(Some(StrBytes::from_static_str(text)))
    }

    pub(super) fn remove_voter(&self, request: &RemoveRaftVoterRequest) -> RemoveRaftVoterResponse {
        let (code, text) = if !self.is_own(request.cluster_id.as_ref()) {
            (ErrorCode::INCONSISTENT_CLUSTER_ID, "The request is for another cluster.")
        } else if request.voter_id < 0 || request.voter_directory_id.is_nil() {
            (ErrorCode::INVALID_REQUEST, "The request names no voter.")
        } else {
            (ErrorCode::UNSUPPORTED_VERSION, "The voters of this quorum are static.")
        };
        RemoveRaftVoterResponse::default()
            .with_error_code(code.0)
            .with_error_message(Some(StrBytes::from_static_str(text)))
    }

    /// A request need not name the cluster; if it does, it has to be this one.
    fn is_own(&self, cluster_id: Option<&StrBytes>) -> bool {
        cluster_id.is_none_or(|id| id.as_str() == self.cluster_id)
    }
}
