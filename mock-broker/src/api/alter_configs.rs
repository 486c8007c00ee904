//! AlterConfigs, versions 0 to 2 (KIP-133): what is not named is deleted. Checked and forwarded as
//! IncrementalAlterConfigs is (`ConfigAdminManager`).

use milena_protocol::StrBytes;
use milena_protocol::messages::alter_configs_request::AlterConfigsResource;
use milena_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use milena_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, RequestKind, ResponseKind,
};

use super::body;
use super::config_changes::{check_once, check_resource, invalid, pass_on, sort};
use crate::broker::{Answer, Asked, Process, Reassembly};
use crate::context::Context;
use crate::controller::Refusal;
use crate::controller::configs::{BROKER, BROKER_LOGGER};
use crate::settings::{Reach, Values, check_broker_change};

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, AlterConfigs);
    let named = |resource: &AlterConfigsResource| {
        (resource.resource_type, resource.resource_name.to_string())
    };
    let check = |resource: &AlterConfigsResource| preprocess(process, resource).err().map(Err);
    let (told, rest) = sort(request.resources, named, check, answer);
    if rest.is_empty() {
        let responses = told.into_iter().flatten().collect();
        let response = AlterConfigsResponse::default().with_responses(responses);
        return ResponseKind::AlterConfigs(response).into();
    }
    let rest = AlterConfigsRequest::default()
        .with_resources(rest)
        .with_validate_only(request.validate_only);
    pass_on(process, ctx, asked, RequestKind::AlterConfigs(rest), Reassembly::AlterConfigs(told))
}

fn preprocess(process: &Process, resource: &AlterConfigsResource) -> Result<(), Refusal> {
    check_once(resource.configs.iter().map(|config| config.name.as_str()))?;
    if resource.configs.iter().any(|config| config.value.is_none()) {
        return invalid("Null values are not supported.");
    }
    let (kind, name) = (resource.resource_type, resource.resource_name.as_str());
    if kind == BROKER_LOGGER {
        return invalid("Unknown resource type");
    }
    check_resource(process, kind, name)?;
    if kind != BROKER {
        return Ok(());
    }
    let values: Values = resource
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    let reach = if name.is_empty() { Reach::AllBrokers } else { Reach::OneBroker };
    check_broker_change(&process.image.settings, &values, reach)
}

fn answer(
    resource: &AlterConfigsResource,
    outcome: Result<(), Refusal>,
) -> AlterConfigsResourceResponse {
    let told = AlterConfigsResourceResponse::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone())
        .with_error_message(None);
    match outcome {
        Ok(()) => told,
        Err((code, text)) => {
            told.with_error_code(code.0).with_error_message(Some(StrBytes::from_string(text)))
        }
    }
}

// Not modelled: a policy class, new listeners.
