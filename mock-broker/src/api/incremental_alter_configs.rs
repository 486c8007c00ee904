//! IncrementalAlterConfigs, versions 0 and 1 (KIP-339): checked here as far as this broker is
//! concerned, the rest forwarded to the controller (`ConfigAdminManager`, KIP-590).
//!
//! What this broker refuses does not reach the controller: a resource named twice, a setting named
//! twice, null values, an unknown kind of resource, another broker than this one, and dynamic
//! settings that this broker could not live with.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use milena_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use milena_protocol::messages::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, RequestKind, ResponseKind,
};

use super::body;
use super::config_changes::{check_once, check_resource, invalid, own_values, pass_on, sort};
use crate::broker::{Answer, Asked, Process, Reassembly};
use crate::context::Context;
use crate::controller::Refusal;
use crate::controller::configs::{
    APPEND, BROKER, BROKER_LOGGER, DELETE, IsList, SET, SUBTRACT, changed,
};
use crate::settings::{Kind, Reach, check_broker_change};

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, IncrementalAlterConfigs);
    let named = |resource: &AlterConfigsResource| {
        (resource.resource_type, resource.resource_name.to_string())
    };
    let check = |resource: &AlterConfigsResource| preprocess(process, resource);
    let (told, rest) = sort(request.resources, named, check, answer);
    if rest.is_empty() {
        let responses = told.into_iter().flatten().collect();
        let response = IncrementalAlterConfigsResponse::default().with_responses(responses);
        return ResponseKind::IncrementalAlterConfigs(response).into();
    }
    let rest = IncrementalAlterConfigsRequest::default()
        .with_resources(rest)
        .with_validate_only(request.validate_only);
    pass_on(
        process,
        ctx,
        asked,
        RequestKind::IncrementalAlterConfigs(rest),
        Reassembly::IncrementalAlterConfigs(told),
    )
}

/// What this broker says of a resource; nothing if that is the controller's to say.
fn preprocess(process: &Process, resource: &AlterConfigsResource) -> Option<Result<(), Refusal>> {
    let is_null =
        |config: &AlterableConfig| config.config_operation != DELETE && config.value.is_none();
    let names = resource.configs.iter().map(|config| config.name.as_str());
    let checked = check_once(names).and_then(|()| {
        if resource.configs.iter().any(is_null) {
            return invalid("Null values are not supported.");
        }
        let (kind, name) = (resource.resource_type, resource.resource_name.as_str());
        check_resource(process, kind, name)?;
        if kind == BROKER { check_broker(process, resource) } else { Ok(()) }
    });
    match checked {
        Err(refusal) => Some(Err(refusal)),
        Ok(()) if resource.resource_type == BROKER_LOGGER => Some(check_loggers(resource)),
        Ok(()) => None,
    }
}

fn check_broker(process: &Process, resource: &AlterConfigsResource) -> Result<(), Refusal> {
    let layers = &process.image.settings;
    let name = resource.resource_name.as_str();
    let mut values = own_values(process, name);
    for config in &resource.configs {
        if !(SET..=SUBTRACT).contains(&config.config_operation) {
            return invalid("Unknown operations type");
        }
        let setting = layers.tables.broker(config.name.as_str());
        if setting.is_none() && config.config_operation >= APPEND {
            // A look-up that nobody expected to fail, and an exception without words.
            return Err((ErrorCode::UNKNOWN_SERVER_ERROR, String::new()));
        }
        let list = setting.filter(|setting| setting.kind == Kind::List);
        values = changed(values, config, IsList(list.map(|setting| setting.default)))?;
    }
    let reach = if name.is_empty() { Reach::AllBrokers } else { Reach::OneBroker };
    check_broker_change(layers, &values, reach)
}

/// `RuntimeLoggerManager.validateLogLevelConfigs`: there are no loggers, so that none is known.
fn check_loggers(resource: &AlterConfigsResource) -> Result<(), Refusal> {
    // The first change cannot be made, whatever it is.
    let Some(config) = resource.configs.first() else { return Ok(()) };
    let name = config.name.as_str();
    match config.config_operation {
        SET | DELETE => {
            let text = format!("Logger {name} does not exist, or has no such level.");
            Err((ErrorCode::INVALID_CONFIG, text))
        }
        _ => invalid("This operation is not allowed for BROKER_LOGGER resources"),
    }
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
        Err((code, text)) if text.is_empty() => told.with_error_code(code.0),
        Err((code, text)) => {
            told.with_error_code(code.0).with_error_message(Some(StrBytes::from_string(text)))
        }
    }
}

// Not modelled: loggers, a policy class, new listeners.
