//! ListConfigResources, versions 0 and 1 (KIP-714, KIP-1142): what has settings, or may have.
//!
//! Version 0 asks for subscriptions to client metrics alone. Topics and brokers are listed whether
//! they have settings of their own or not, groups and subscriptions only if they have.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::list_config_resources_response::ConfigResource;
use milena_protocol::messages::{ListConfigResourcesResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::controller::configs::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::metadata::Resource;

/// Every kind, in the order of Kafka's answer.
const KINDS: [i8; 5] = [GROUP, CLIENT_METRICS, BROKER_LOGGER, BROKER, TOPIC];

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, ListConfigResources);
    let wanted = match (asked.version, request.resource_types.is_empty()) {
        (0, _) => vec![CLIENT_METRICS],
        (_, true) => KINDS.to_vec(),
        (_, false) => request.resource_types,
    };
    let mut response = ListConfigResourcesResponse::default();
    if wanted.iter().all(|kind| KINDS.contains(kind)) {
        let kinds = KINDS.into_iter().filter(|kind| wanted.contains(kind));
        response.config_resources = kinds.flat_map(|kind| resources(process, kind)).collect();
    } else {
        response.error_code = ErrorCode::UNSUPPORTED_VERSION.0;
    }
    ResponseKind::ListConfigResources(response).into()
}

fn resources(process: &Process, kind: i8) -> Vec<ConfigResource> {
    let image = &process.image;
    let names: Vec<String> = match kind {
        TOPIC => image.topics().map(|topic| topic.name.to_string()).collect(),
        BROKER | BROKER_LOGGER => image.live_brokers().map(|(id, _)| id.to_string()).collect(),
        _ => {
            let name = |resource: &Resource| match (kind, resource) {
                (CLIENT_METRICS, Resource::ClientMetrics(name))
                | (GROUP, Resource::Group(name)) => Some(name.clone()),
                _ => None,
            };
            image.configs.keys().filter_map(name).collect()
        }
    };
    let told = |name| {
        ConfigResource::default()
            .with_resource_name(StrBytes::from_string(name))
            .with_resource_type(kind)
    };
    names.into_iter().map(told).collect()
}

// Not modelled: nothing is left out.
