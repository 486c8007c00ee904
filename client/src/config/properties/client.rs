//! The settings every role shares.

use milena_protocol::StrBytes;

use super::{Properties, Taken};
use crate::config::ClientConfig;
use crate::config::client::{MetadataRecovery, TopicCreation};
use crate::error::ConfigError;
use crate::kafka::BootstrapServers;

/// A client's settings, if the properties hold nothing else.
pub(crate) fn client(
    properties: &Properties,
) -> Result<(BootstrapServers, ClientConfig), ConfigError> {
    let mut taken = Taken::from(properties);
    let client = take(&mut taken)?;
    taken.finish()?;
    Ok(client)
}

/// Takes a client's settings and leaves those of its role.
pub(super) fn take(taken: &mut Taken<'_>) -> Result<(BootstrapServers, ClientConfig), ConfigError> {
    let mut config = ClientConfig::default();
    let servers = taken.text("bootstrap.servers").unwrap_or_default();
    let bootstrap = BootstrapServers::from(servers);
    bootstrap.parse()?;
    if let Some(id) = taken.text("client.id") {
        config.client_id = StrBytes::from_string(id.to_owned());
    }
    taken.millis("request.timeout.ms", &mut config.request_timeout)?;
    taken.millis("reconnect.backoff.ms", &mut config.reconnect_backoff)?;
    taken.millis("reconnect.backoff.max.ms", &mut config.reconnect_backoff_max)?;
    taken.millis("retry.backoff.ms", &mut config.retry_backoff)?;
    taken.millis("retry.backoff.max.ms", &mut config.retry_backoff_max)?;
    // Java draws the time for each attempt between the two; ours is the first for all.
    taken.millis("socket.connection.setup.timeout.ms", &mut config.connection_setup_timeout)?;
    let grows = "the time for a connection does not grow here; set the first";
    taken.only("socket.connection.setup.timeout.max.ms", &["30000"], grows)?;
    taken.millis("connections.max.idle.ms", &mut config.connections_max_idle)?;
    taken.millis("metadata.max.age.ms", &mut config.metadata_max_age)?;
    taken.millis("metadata.max.idle.ms", &mut config.metadata_max_idle)?;
    let strategies =
        [("rebootstrap", MetadataRecovery::Rebootstrap), ("none", MetadataRecovery::None)];
    if let Some(strategy) = taken.choice("metadata.recovery.strategy", &strategies)? {
        config.recovery = strategy;
    }
    let creation = [("true", TopicCreation::Allowed), ("false", TopicCreation::Never)];
    if let Some(creation) = taken.choice("allow.auto.create.topics", &creation)? {
        config.topic_creation = creation;
    }
    taken.only("security.protocol", &["PLAINTEXT"], "there is neither TLS nor SASL yet")?;
    let all = "every address of a name is tried, and names are taken as they are";
    taken.only("client.dns.lookup", &["use_all_dns_ips"], all)?;
    taken.only("enable.metrics.push", &["false"], "metrics are not pushed to brokers (KIP-714)")?;
    config.check()?;
    Ok((bootstrap, config))
}

/// What Java's serializers of bytes and strings are called: ours are bytes as they come.
pub(super) fn take_serializers(
    taken: &mut Taken<'_>,
    names: [&'static str; 2],
    suffix: &'static str,
) -> Result<(), ConfigError> {
    let package = "org.apache.kafka.common.serialization.";
    let plain = ["ByteArray", "Bytes", "ByteBuffer", "String"];
    let plain = plain.map(|class| format!("{package}{class}{suffix}"));
    let plain: Vec<_> = plain.iter().map(String::as_str).collect();
    for name in names {
        taken.only(
            name,
            &plain,
            "keys and values are bytes here; convert them before and after",
        )?;
    }
    Ok(())
}
