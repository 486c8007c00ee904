//! The settings of a consumer and its client.

use super::{Properties, Taken, client};
use crate::config::ClientConfig;
use crate::config::consumer::{FetchConfig, IsolationLevel, OffsetReset};
use crate::error::ConfigError;
use crate::kafka::{BootstrapServers, KafkaBuilder};

/// The settings of a consumer without a group and those of its client, by their Java names.
///
/// ```no_run
/// # async fn example(properties: milena::config::Properties) -> Result<(), Box<dyn std::error::Error>> {
/// use milena::Start;
/// use milena::config::ConsumerProperties;
///
/// let settings = ConsumerProperties::from_properties(&properties)?;
/// let kafka = settings.client().connect().await?;
/// let orders = [("orders", 0, Start::Earliest)];
/// let consumer = kafka.assigned_consumer().properties(&settings).assign(orders).build().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ConsumerProperties {
    bootstrap: BootstrapServers,
    client: ClientConfig,
    pub(crate) fetch: FetchConfig,
}

impl ConsumerProperties {
    /// Reads and checks the settings. Connects to nobody.
    ///
    /// Those of consumer groups are refused, but for `enable.auto.commit=false`. Deserializers of
    /// bytes and strings are accepted and mean nothing, since keys and values are bytes here.
    ///
    /// # Errors
    /// [`ConfigError`], which names the setting: unknown, without a counterpart here, with a value
    /// that cannot be, or in contradiction to another.
    pub fn from_properties(properties: &Properties) -> Result<Self, ConfigError> {
        let mut taken = Taken::from(properties);
        let (bootstrap, client) = client::take(&mut taken)?;
        let fetch = take(&mut taken, &client)?;
        taken.finish()?;
        Ok(Self { bootstrap, client, fetch })
    }

    /// The client these settings describe, to be connected.
    pub fn client(&self) -> KafkaBuilder {
        KafkaBuilder::of(self.bootstrap.clone(), self.client.clone())
    }
}

fn take(taken: &mut Taken<'_>, client: &ClientConfig) -> Result<FetchConfig, ConfigError> {
    let mut config = FetchConfig::of(client);
    taken.count("fetch.min.bytes", 0, &mut config.min_bytes)?;
    taken.count("fetch.max.bytes", 0, &mut config.max_bytes)?;
    taken.millis("fetch.max.wait.ms", &mut config.max_wait)?;
    taken.count("max.partition.fetch.bytes", 0, &mut config.partition_max_bytes)?;
    taken.millis("default.api.timeout.ms", &mut config.api_timeout)?;
    let levels = [
        ("read_uncommitted", IsolationLevel::ReadUncommitted),
        ("read_committed", IsolationLevel::ReadCommitted),
    ];
    if let Some(level) = taken.choice("isolation.level", &levels)? {
        config.isolation = level;
    }
    let resets = [
        ("earliest", OffsetReset::Earliest),
        ("latest", OffsetReset::Latest),
        ("none", OffsetReset::Fail),
    ];
    if let Some(reset) = taken.choice("auto.offset.reset", &resets)? {
        config.reset = reset;
    }
    if let Some(rack) = taken.text("client.rack") {
        config.rack = rack.to_owned();
    }
    let group = "there are no consumer groups yet, and offsets are not committed without one";
    taken.only("enable.auto.commit", &["false"], group)?;
    taken.only("check.crcs", &["true"], "the checksum of every batch is checked")?;
    client::take_serializers(taken, ["key.deserializer", "value.deserializer"], "Deserializer")?;
    config.check()?;
    Ok(config)
}
