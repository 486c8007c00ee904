//! Changes settings (`ControllerApis`, `ConfigurationControlManager`).
//!
//! A resource changes as a whole or not at all; one that cannot be changed leaves the others
//! alone. With eligible leader replicas (KIP-966) `min.insync.replicas` has to be the same on every
//! broker: all of them have a default that cannot be deleted, and none has its own; a change clears
//! the lists of eligible leaders, which were made under the old one.

use std::collections::BTreeSet;
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::messages::alter_configs_response::AlterConfigsResourceResponse as Replaced;
use milena_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use milena_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as Altered;
use milena_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::Controller;
use super::change::EligibleLeaders;
use super::topics::Refusal;
use crate::context::Context;
use crate::metadata::{PartitionState, Record, Resource};
use crate::sabotage::{self, Sabotage};
use crate::settings::{self, Kind, Values};

const MIN_ISR: &str = "min.insync.replicas";

/// `ConfigResource.Type`
pub(crate) const TOPIC: i8 = 2;
pub(crate) const BROKER: i8 = 4;
pub(crate) const BROKER_LOGGER: i8 = 8;
pub(crate) const CLIENT_METRICS: i8 = 16;
pub(crate) const GROUP: i8 = 32;

/// `AlterConfigOp.OpType`
pub(crate) const SET: i8 = 0;
pub(crate) const DELETE: i8 = 1;
pub(crate) const APPEND: i8 = 2;
pub(crate) const SUBTRACT: i8 = 3;

impl Controller {
    pub(super) fn incremental_alter_configs(
        &mut self,
        ctx: &mut Context<'_>,
        request: &IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let operations = request.resources.iter().flat_map(|resource| &resource.configs);
        // Kafka trips over an operation it does not know, and over all that came with it.
        let is_sound = operations
            .into_iter()
            .all(|config| (SET..=SUBTRACT).contains(&config.config_operation));
        let mut records = Vec::new();
        let responses = request.resources.iter().map(|resource| {
            let (kind, name) = (resource.resource_type, resource.resource_name.as_str());
            let outcome = if is_sound {
                let named: Vec<&str> =
                    resource.configs.iter().map(|config| config.name.as_str()).collect();
                self.plan_values(kind, name, &named, |now, is_list| {
                    let replaces = sabotage::is(Sabotage::ChangeReplacesAll);
                    let before = if replaces { Values::new() } else { now.clone() };
                    resource.configs.iter().try_fold(before, |values, config| {
                        changed(values, config, is_list(config.name.as_str()))
                    })
                })
            } else {
                Err((ErrorCode::UNKNOWN_SERVER_ERROR, String::new()))
            };
            let (code, text) = told(outcome, &mut records);
            Altered::default()
                .with_resource_type(kind)
                .with_resource_name(resource.resource_name.clone())
                .with_error_code(code.0)
                .with_error_message(text)
        });
        let response =
            IncrementalAlterConfigsResponse::default().with_responses(responses.collect());
        if !request.validate_only || sabotage::is(Sabotage::TrialIsDone) {
            self.commit(ctx, records);
        }
        response
    }

    pub(super) fn alter_configs(
        &mut self,
        ctx: &mut Context<'_>,
        request: &AlterConfigsRequest,
    ) -> AlterConfigsResponse {
        let mut records = Vec::new();
        let responses = request.resources.iter().map(|resource| {
            let (kind, name) = (resource.resource_type, resource.resource_name.as_str());
            let wanted = resource.configs.iter().filter_map(|config| {
                let value = config.value.as_ref()?;
                Some((config.name.as_str().to_owned(), value.as_str().to_owned()))
            });
            let wanted: Values = wanted.collect();
            let named: Vec<&str> = wanted.keys().map(String::as_str).collect();
            let outcome = self.plan_values(kind, name, &named, |_, _| Ok(wanted.clone()));
            let (code, text) = told(outcome, &mut records);
            Replaced::default()
                .with_resource_type(kind)
                .with_resource_name(resource.resource_name.clone())
                .with_error_code(code.0)
                .with_error_message(text)
        });
        let response = AlterConfigsResponse::default().with_responses(responses.collect());
        if !request.validate_only {
            self.commit(ctx, records);
        }
        response
    }

    /// The records that give a resource what `change` makes of its settings.
    fn plan_values(
        &self,
        kind: i8,
        name: &str,
        named: &[&str],
        change: impl FnOnce(&Values, &dyn Fn(&str) -> IsList) -> Result<Values, Refusal>,
    ) -> Result<Vec<Record>, Refusal> {
        let resource = self.resource(kind, name)?;
        let tables = self.image.settings.tables;
        let is_list = |key: &str| {
            let setting = match kind {
                TOPIC => tables.topic(key),
                BROKER => tables.broker(key),
                _ => None,
            };
            IsList(setting.filter(|setting| setting.kind == Kind::List).map(|s| s.default))
        };
        let nothing = Values::new();
        let now = resource.as_ref().and_then(|of| self.image.values_of(of)).unwrap_or(&nothing);
        let wanted = change(now, &is_list)?;
        self.check_min_isr(resource.as_ref(), named, &wanted)?;
        self.check_values(kind, &wanted)?;
        let Some(resource) = resource else {
            let text = "This server does not host this topic-partition.".to_owned();
            return Err((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text));
        };
        let is_broker = matches!(resource, Resource::AllBrokers | Resource::Broker(_));
        if wanted == *now && !is_broker {
            return Ok(Vec::new());
        }
        let clears = named.contains(&MIN_ISR) || wanted.get(MIN_ISR) != now.get(MIN_ISR);
        let cleared = if clears { self.cleared_elrs(&resource) } else { Vec::new() };
        let mut records = vec![Record::Settings { of: resource, values: Arc::new(wanted) }];
        records.extend(cleared);
        Ok(records)
    }

    /// What a name stands for; nothing if it is a topic that is not there. The latter is told only
    /// after the settings were looked at.
    fn resource(&self, kind: i8, name: &str) -> Result<Option<Resource>, Refusal> {
        let invalid = |text: &str| Err((ErrorCode::INVALID_REQUEST, text.to_owned()));
        Ok(Some(match kind {
            TOPIC if name.is_empty() => {
                return invalid("Default topic resources are not allowed.");
            }
            TOPIC => {
                TopicName::new(name)
                    .map_err(|error| (ErrorCode::INVALID_TOPIC_EXCEPTION, error.to_string()))?;
                return Ok(self.image.topic_named(name).map(|topic| Resource::Topic(topic.id)));
            }
            BROKER if name.is_empty() => Resource::AllBrokers,
            BROKER => match name.parse() {
                Ok(id) if id >= 0 => Resource::Broker(BrokerId(id)),
                _ => return invalid("Unable to parse broker name as a base 10 number."),
            },
            CLIENT_METRICS if name.is_empty() => {
                return invalid("Subscription name can't be empty");
            }
            CLIENT_METRICS => Resource::ClientMetrics(name.to_owned()),
            // Groups have had settings since the new protocol is more than a preview (KIP-848).
            GROUP if self.image.settings.tables.group.is_empty() => {
                return invalid("Unknown resource type");
            }
            GROUP if name.is_empty() => {
                return invalid("Default group resources are not allowed.");
            }
            GROUP => Resource::Group(name.to_owned()),
            _ => return invalid("Unknown resource type"),
        }))
    }

    fn check_values(&self, kind: i8, wanted: &Values) -> Result<(), Refusal> {
        let tables = self.image.settings.tables;
        if sabotage::is(Sabotage::AnySettingTaken) {
            return Ok(());
        }
        let outcome = match kind {
            TOPIC => self.image.settings.check_topic(wanted),
            CLIENT_METRICS => return settings::check_client_metrics(wanted),
            GROUP => settings::check_group(tables, wanted),
            // The broker that handed the change on has looked at it.
            _ => Ok(()),
        };
        outcome.map_err(|error| (ErrorCode::INVALID_CONFIG, error.to_string()))
    }

    /// `ConfigurationControlManager.isDisallowedBrokerMinIsrTransition` and its kin.
    fn check_min_isr(
        &self,
        resource: Option<&Resource>,
        named: &[&str],
        wanted: &Values,
    ) -> Result<(), Refusal> {
        if self.eligible_leaders == EligibleLeaders::NotKept
            || !named.contains(&MIN_ISR)
            || sabotage::is(Sabotage::MinimumOfOneBroker)
        {
            return Ok(());
        }
        let text = match resource {
            Some(Resource::Broker(_)) => {
                "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
            }
            Some(Resource::AllBrokers) if !wanted.contains_key(MIN_ISR) => {
                "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
            }
            _ => return Ok(()),
        };
        Err((ErrorCode::INVALID_CONFIG, text.to_owned()))
    }

    /// Records that clear the eligible leaders of partitions whose minimum changes
    /// (`ClearElrRecord`).
    fn cleared_elrs(&self, resource: &Resource) -> Vec<Record> {
        if self.eligible_leaders == EligibleLeaders::NotKept
            || sabotage::is(Sabotage::MinimumKeepsEligible)
        {
            return Vec::new();
        }
        let topics: BTreeSet<TopicId> = match resource {
            Resource::Topic(id) => BTreeSet::from([*id]),
            Resource::AllBrokers => self.image.topics().map(|topic| topic.id).collect(),
            _ => return Vec::new(),
        };
        let mut records = Vec::new();
        for topic in topics.iter().filter_map(|id| self.image.topic(*id)) {
            for (index, state) in (0..).zip(&topic.partitions) {
                if state.elr.is_empty() && state.last_known_elr.is_empty() {
                    continue;
                }
                let state = Arc::new(PartitionState {
                    elr: Vec::new(),
                    last_known_elr: Vec::new(),
                    partition_epoch: state.partition_epoch + 1,
                    ..PartitionState::clone(state)
                });
                let partition = topic.partition(index);
                records.push(Record::Partition { partition, state });
            }
        }
        records
    }

    /// What a cluster with eligible leaders begins with: `min.insync.replicas` as the default of
    /// all brokers, and as no broker's own, so that it is the same on each
    /// (`ConfigurationControlManager.maybeGenerateElrSafetyRecords`).
    pub(super) fn elr_safety_records(&self) -> Vec<Record> {
        if self.eligible_leaders == EligibleLeaders::NotKept {
            return Vec::new();
        }
        let mut records = Vec::new();
        let settings = &self.image.settings;
        if !settings.of_all().contains_key(MIN_ISR) {
            let minimum = settings.broker_value(MIN_ISR).unwrap_or("1").to_owned();
            let mut values = settings.of_all().clone();
            values.insert(MIN_ISR.to_owned(), minimum);
            records.push(Record::Settings { of: Resource::AllBrokers, values: Arc::new(values) });
        }
        for (of, values) in &self.image.configs {
            if matches!(of, Resource::Broker(_)) && values.contains_key(MIN_ISR) {
                let mut values = Values::clone(values);
                values.remove(MIN_ISR);
                records.push(Record::Settings { of: of.clone(), values: Arc::new(values) });
            }
        }
        records
    }
}

/// Whether a setting takes a list, with the default of that list.
#[derive(Clone, Copy)]
pub(crate) struct IsList(pub(crate) Option<Option<&'static str>>);

/// A resource's values after one change (`KIP-339`).
pub(crate) fn changed(
    mut values: Values,
    config: &AlterableConfig,
    is_list: IsList,
) -> Result<Values, Refusal> {
    let name = config.name.as_str();
    let given = config.value.as_ref().map_or("", |value| value.as_str());
    match config.config_operation {
        SET => {
            values.insert(name.to_owned(), given.to_owned());
        }
        DELETE => {
            values.remove(name);
        }
        operation => {
            let IsList(Some(default)) = is_list else {
                let text = format!("Can't append to or subtract from {name}: it is no list.");
                return Err((ErrorCode::INVALID_CONFIG, text));
            };
            let now = values.get(name).map_or(default.unwrap_or_default(), String::as_str);
            let mut items: Vec<&str> = now.split(',').filter(|item| !item.is_empty()).collect();
            if operation == APPEND {
                for item in given.split(',') {
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
            } else {
                for gone in given.split(',') {
                    if let Some(at) = items.iter().position(|item| *item == gone) {
                        items.remove(at);
                    }
                }
            }
            let joined = items.join(",");
            values.insert(name.to_owned(), joined);
        }
    }
    Ok(values)
}

fn told(
    outcome: Result<Vec<Record>, Refusal>,
    records: &mut Vec<Record>,
) -> (ErrorCode, Option<StrBytes>) {
    match outcome {
        Ok(planned) => {
            records.extend(planned);
            (ErrorCode::NONE, None)
        }
        // An exception without words.
        Err((code, text)) if text.is_empty() => (code, None),
        Err((code, text)) => (code, Some(StrBytes::from_string(text))),
    }
}
