//! DescribeConfigs, versions 1 to 4 (KIP-133, KIP-226): from this broker's image and what it was
//! started with (`ConfigHelper`).
//!
//! A broker describes itself and the default of all brokers, no other broker. Values come with
//! where they come from, the one that counts first; sensitive ones are not told. An unknown kind of
//! resource refuses the whole request, anything else only its own resource.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::describe_configs_request::DescribeConfigsResource;
use milena_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use milena_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, RequestKind, ResponseKind,
};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::controller::Refusal;
use crate::controller::configs::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::metadata::Resource;
use crate::settings::{Kind, Layers, Setting, Source, Synonym};
use crate::topic_names;

/// What a request asks about every setting.
#[derive(Clone, Copy)]
struct Wanted {
    synonyms: bool,
    documentation: bool,
}

/// A setting as it is told.
struct Entry<'a> {
    name: &'a str,
    kind: Kind,
    value: Option<String>,
    is_sensitive: bool,
    is_read_only: bool,
    /// The one that counts first.
    synonyms: Vec<Synonym>,
    /// Where it comes from if there is no synonym.
    source: Source,
}

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeConfigs);
    let has_groups = !process.image.settings.tables.group.is_empty();
    let is_known = |resource: &DescribeConfigsResource| match resource.resource_type {
        TOPIC | BROKER | BROKER_LOGGER | CLIENT_METRICS => true,
        GROUP => has_groups,
        _ => false,
    };
    let are_known = request.resources.iter().all(is_known);
    let wanted = wanted(asked.version, &request);
    let results = request.resources.iter().map(|resource| {
        let outcome = if are_known {
            describe(process, resource, wanted)
        } else {
            invalid("Unexpected resource type".to_owned())
        };
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match outcome {
            Ok(configs) => {
                result.with_error_message(Some(StrBytes::default())).with_configs(configs)
            }
            Err((code, text)) => {
                result.with_error_code(code.0).with_error_message(Some(StrBytes::from_string(text)))
            }
        }
    });
    let response = DescribeConfigsResponse::default().with_results(results.collect());
    ResponseKind::DescribeConfigs(response).into()
}

fn wanted(version: i16, request: &DescribeConfigsRequest) -> Wanted {
    Wanted {
        synonyms: request.include_synonyms,
        documentation: version >= 3 && request.include_documentation,
    }
}

fn invalid<T>(text: String) -> Result<T, Refusal> {
    Err((ErrorCode::INVALID_REQUEST, text))
}

fn describe(
    process: &Process,
    resource: &DescribeConfigsResource,
    wanted: Wanted,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let name = resource.resource_name.as_str();
    let layers = &process.image.settings;
    let entries = match resource.resource_type {
        TOPIC => topic(process, name)?,
        BROKER if name.is_empty() => of_all_brokers(layers),
        BROKER if broker_id(name)? == process.id.get() => of_broker(layers),
        BROKER_LOGGER if name.is_empty() => {
            return invalid("Broker id must not be empty".to_owned());
        }
        // This broker logs through its host's subscriber, which has no loggers by name.
        BROKER_LOGGER if broker_id(name)? == process.id.get() => Vec::new(),
        CLIENT_METRICS if name.is_empty() => {
            return invalid("Client metrics subscription name must not be empty".to_owned());
        }
        CLIENT_METRICS => client_metrics(process, name),
        GROUP if name.is_empty() => {
            return invalid("Group name must not be empty".to_owned());
        }
        GROUP => group(process, name),
        _ => {
            let text = format!("Unexpected broker id, expected {}, received {name}", process.id);
            return invalid(text);
        }
    };
    // Before 4.0 whoever asked for client metrics was told all that was set, in few words.
    let tells_all =
        resource.resource_type == CLIENT_METRICS && layers.tables.client_metrics.is_empty();
    let keys = resource.configuration_keys.as_ref();
    let keys = keys.filter(|keys| !keys.is_empty() && !tells_all);
    let entries = entries
        .into_iter()
        .filter(|entry| keys.is_none_or(|keys| keys.iter().any(|key| key.as_str() == entry.name)));
    let told = entries.map(|entry| told(entry, wanted));
    if tells_all {
        let no_words = Some(StrBytes::default());
        return Ok(told.map(|entry| entry.with_documentation(no_words.clone())).collect());
    }
    Ok(told.collect())
}

fn broker_id(name: &str) -> Result<i32, Refusal> {
    name.parse().or_else(|_| invalid(format!("Broker id must be an integer, but it is: {name}")))
}

fn topic<'a>(process: &'a Process, name: &str) -> Result<Vec<Entry<'a>>, Refusal> {
    topic_names::legal(name).map_err(|text| (ErrorCode::INVALID_TOPIC_EXCEPTION, text))?;
    let unknown = || (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, String::new());
    let topic = process.image.topic_named(name).ok_or_else(unknown)?;
    let (layers, own) = (&process.image.settings, &topic.settings.overrides);
    let hidden = own.keys().filter_map(|name| layers.tables.topic(name));
    let hidden = hidden.filter(|setting| !layers.tables.topic.contains(setting));
    let entry = |setting: &'a Setting| {
        let mut synonyms = setting.synonym.map(|name| layers.synonyms(name)).unwrap_or_default();
        let value = match own.get(setting.name) {
            Some(value) => {
                let value = setting.canonical(value);
                synonyms.insert(0, own_synonym(setting.name, &value, Source::Topic));
                value
            }
            None => layers.topic_default(setting),
        };
        Entry {
            name: setting.name,
            kind: setting.kind,
            value: Some(value),
            is_sensitive: setting.sensitive,
            is_read_only: false,
            synonyms,
            source: Source::Default,
        }
    };
    Ok(layers.tables.topic.iter().chain(hidden).map(entry).collect())
}

fn own_synonym(name: &str, value: &str, source: Source) -> Synonym {
    Synonym { name: name.to_owned(), value: Some(value.to_owned()), source }
}

fn of_broker(layers: &Layers) -> Vec<Entry<'_>> {
    let entries = layers.broker_names().map(|name| {
        let value = layers.broker_value(name);
        broker_entry(layers, name, value, layers.synonyms(name))
    });
    entries.collect()
}

fn of_all_brokers(layers: &Layers) -> Vec<Entry<'_>> {
    let entries = layers.of_all().iter().map(|(name, value)| {
        let mut synonyms = layers.synonyms(name);
        synonyms.retain(|synonym| synonym.source == Source::AllBrokers);
        broker_entry(layers, name, Some(value), synonyms)
    });
    entries.collect()
}

fn broker_entry<'a>(
    layers: &Layers,
    name: &'a str,
    value: Option<&str>,
    synonyms: Vec<Synonym>,
) -> Entry<'a> {
    let setting = layers.tables.broker(name);
    // What nobody knows may be a secret.
    let is_sensitive = setting.is_none_or(|setting| setting.sensitive);
    let value = setting.and_then(|setting| value.map(|value| setting.canonical(value)));
    Entry {
        name,
        kind: setting.map_or(Kind::Unknown, |setting| setting.kind),
        value: value.filter(|_| !is_sensitive),
        is_sensitive,
        is_read_only: setting.is_none_or(|setting| setting.read_only),
        synonyms,
        source: Source::Default,
    }
}

fn client_metrics<'a>(process: &'a Process, name: &str) -> Vec<Entry<'a>> {
    let resource = Resource::ClientMetrics(name.to_owned());
    let table = process.image.settings.tables.client_metrics;
    if !table.is_empty() {
        let mut entries = of_table(process, table, &resource, Source::ClientMetrics);
        for entry in entries.iter_mut().filter(|entry| entry.source == Source::Default) {
            entry.synonyms.clear();
        }
        return entries;
    }
    let entry = |(name, value): (&'a String, &'a String)| Entry {
        name: name.as_str(),
        kind: Kind::Unknown,
        value: Some(value.clone()),
        is_sensitive: false,
        is_read_only: false,
        synonyms: Vec::new(),
        source: Source::ClientMetrics,
    };
    process.image.values_of(&resource).into_iter().flatten().map(entry).collect()
}

fn group<'a>(process: &'a Process, name: &str) -> Vec<Entry<'a>> {
    let table = process.image.settings.tables.group;
    of_table(process, table, &Resource::Group(name.to_owned()), Source::Group)
}

/// What is set, and the defaults of the rest.
fn of_table<'a>(
    process: &'a Process,
    table: &'static [Setting],
    resource: &Resource,
    set: Source,
) -> Vec<Entry<'a>> {
    let own = process.image.values_of(resource);
    let entry = |setting: &'a Setting| {
        let (value, source) = match own.and_then(|own| own.get(setting.name)) {
            Some(value) => (setting.canonical(value), set),
            None => (setting.default.unwrap_or_default().to_owned(), Source::Default),
        };
        Entry {
            name: setting.name,
            kind: setting.kind,
            is_sensitive: setting.sensitive,
            is_read_only: false,
            synonyms: vec![own_synonym(setting.name, &value, source)],
            value: Some(value),
            source,
        }
    };
    table.iter().map(entry).collect()
}

fn told(entry: Entry<'_>, wanted: Wanted) -> DescribeConfigsResourceResult {
    let text = |text: String| StrBytes::from_string(text);
    let source = entry.synonyms.first().map_or(entry.source, |synonym| synonym.source);
    let synonym = |synonym: Synonym| {
        DescribeConfigsSynonym::default()
            .with_name(text(synonym.name))
            .with_value(synonym.value.map(text))
            .with_source(synonym.source.id())
    };
    let synonyms = entry.synonyms.into_iter().filter(|_| wanted.synonyms).map(synonym);
    let documentation = wanted
        .documentation
        .then(|| text(format!("{}: see the documentation of Apache Kafka.", entry.name)));
    DescribeConfigsResourceResult::default()
        .with_name(text(entry.name.to_owned()))
        .with_value(entry.value.map(text))
        .with_read_only(entry.is_read_only)
        .with_config_source(source.id())
        .with_is_sensitive(entry.is_sensitive)
        .with_synonyms(synonyms.collect())
        .with_config_type(entry.kind.id())
        .with_documentation(documentation)
}

// Not modelled: Kafka's own words about each setting; loggers.
