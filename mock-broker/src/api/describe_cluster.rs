//! DescribeCluster, versions 0 to 2 (KIP-700, KIP-919, KIP-1073): this broker's image of the
//! brokers.
//!
//! The controller is some live broker, because under KRaft a broker forwards what is meant for it.
//! Fenced brokers are listed on demand. Asking a broker for controllers (endpoint type 2) is
//! refused with MISMATCHED_ENDPOINT_TYPE.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use milena_protocol::messages::{BrokerId, DescribeClusterResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;

/// `EndpointType.BROKER` and `EndpointType.CONTROLLER`
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Every operation on the cluster, as a bit each, which is what everybody may do where nobody
/// checks (`AclEntry.supportedOperations`).
const EVERY_CLUSTER_OPERATION: i32 = 0b1_1111_1010_0000;

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeCluster);
    let refuse = |code: ErrorCode, text: &'static str| {
        let response = DescribeClusterResponse::default()
            .with_error_code(code.0)
            .with_error_message(Some(StrBytes::from_static_str(text)));
        ResponseKind::DescribeCluster(response).into()
    };
    match request.endpoint_type {
        BROKERS => {}
        CONTROLLERS => {
            let text = "The request was sent to an endpoint of the wrong type.";
            return refuse(ErrorCode::MISMATCHED_ENDPOINT_TYPE, text);
        }
        _ => return refuse(ErrorCode::UNSUPPORTED_ENDPOINT_TYPE, "Unsupported endpoint type"),
    }
    let brokers = process
        .image
        .brokers
        .iter()
        .filter(|(_, broker)| !broker.is_fenced() || request.include_fenced_brokers)
        .map(|(id, broker)| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(id.get()))
                .with_host(StrBytes::from_string(broker.host.clone()))
                .with_port(i32::from(broker.port))
                .with_rack(broker.rack.clone().map(StrBytes::from_string))
                .with_is_fenced(broker.is_fenced())
        })
        .collect();
    let response = DescribeClusterResponse::default()
        .with_endpoint_type(BROKERS)
        .with_cluster_id(StrBytes::from_string(process.cluster_id().to_owned()))
        .with_controller_id(BrokerId(process.some_live_broker()))
        .with_brokers(brokers)
        .with_cluster_authorized_operations(if request.include_cluster_authorized_operations {
            EVERY_CLUSTER_OPERATION
        } else {
            i32::MIN
        });
    ResponseKind::DescribeCluster(response).into()
}

// Not modelled: an authorizer.
