//! The settings of a producer and its client.

use milena_protocol::compression::{Codec, Compression};

use super::{Properties, Taken, client};
use crate::config::ClientConfig;
use crate::config::producer::{Acks, Idempotence, MAX_IN_FLIGHT_IDEMPOTENT, ProducerConfig};
use crate::error::ConfigError;
use crate::kafka::{BootstrapServers, KafkaBuilder};

/// A producer's settings and those of its client, by their Java names.
///
/// ```no_run
/// # async fn example(properties: milena::config::Properties) -> Result<(), Box<dyn std::error::Error>> {
/// use milena::config::ProducerProperties;
///
/// let settings = ProducerProperties::from_properties(&properties)?;
/// let kafka = settings.client().connect().await?;
/// let producer = kafka.producer().properties(&settings).build().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ProducerProperties {
    bootstrap: BootstrapServers,
    client: ClientConfig,
    pub(crate) producer: ProducerConfig,
}

impl ProducerProperties {
    /// Reads and checks the settings. Connects to nobody.
    ///
    /// As in Java, idempotence is off if `enable.idempotence` is not given and `acks`,
    /// `max.in.flight.requests.per.connection` or `retries` exclude it; if it is given, they
    /// contradict it. Serializers of bytes and strings are accepted and mean nothing, since keys
    /// and values are bytes here.
    ///
    /// # Errors
    /// [`ConfigError`], which names the setting: unknown, without a counterpart here, with a value
    /// that cannot be, or in contradiction to another.
    pub fn from_properties(properties: &Properties) -> Result<Self, ConfigError> {
        let mut taken = Taken::from(properties);
        let (bootstrap, client) = client::take(&mut taken)?;
        let producer = take(&mut taken, &client)?;
        taken.finish()?;
        Ok(Self { bootstrap, client, producer })
    }

    /// The client these settings describe, to be connected.
    pub fn client(&self) -> KafkaBuilder {
        KafkaBuilder::of(self.bootstrap.clone(), self.client.clone())
    }
}

fn take(taken: &mut Taken<'_>, client: &ClientConfig) -> Result<ProducerConfig, ConfigError> {
    let mut config = ProducerConfig::of(client);
    let acks = [("all", Acks::All), ("-1", Acks::All), ("1", Acks::Leader), ("0", Acks::None)];
    if let Some(acks) = taken.choice("acks", &acks)? {
        config.acks = acks;
    }
    config.compression = take_compression(taken)?;
    taken.millis("linger.ms", &mut config.linger)?;
    // Java: 0 means that every record gets a batch of its own, and so does 1.
    taken.count("batch.size", 0, &mut config.batch_size)?;
    config.batch_size = config.batch_size.max(1);
    taken.count("buffer.memory", 0, &mut config.buffer_memory)?;
    taken.count("max.request.size", 0, &mut config.max_request_size)?;
    taken.count("max.in.flight.requests.per.connection", 1, &mut config.max_in_flight)?;
    taken.millis("delivery.timeout.ms", &mut config.delivery_timeout)?;
    taken.millis("max.block.ms", &mut config.max_block)?;
    take_idempotence(taken, &mut config)?;
    client::take_serializers(taken, ["key.serializer", "value.serializer"], "Serializer")?;
    config.check()?;
    Ok(config)
}

/// The level of a codec that is not chosen only has to be a number, as in Java.
fn take_compression(taken: &mut Taken<'_>) -> Result<Compression, ConfigError> {
    let codecs = Codec::ALL.map(|codec| (codec.name(), codec));
    let codec = taken.choice("compression.type", &codecs)?.unwrap_or_default();
    let mut chosen = Compression::of(codec);
    let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
    for (name, of) in [
        ("compression.gzip.level", Codec::Gzip),
        ("compression.lz4.level", Codec::Lz4),
        ("compression.zstd.level", Codec::Zstd),
    ] {
        let Some(level) = taken.number(name, least, most)? else { continue };
        if of == codec {
            let level = i32::try_from(level).unwrap_or(i32::MAX);
            chosen = chosen
                .with_level(level)
                .map_err(|error| ConfigError::invalid(name, level, error.to_string()))?;
        }
    }
    Ok(chosen)
}

fn take_idempotence(taken: &mut Taken<'_>, config: &mut ProducerConfig) -> Result<(), ConfigError> {
    let retries = "a record is sent again until delivery.timeout.ms; set that instead";
    taken.only("retries", &["2147483647"], retries)?;
    let choices = [("true", Idempotence::On), ("false", Idempotence::Off)];
    config.idempotence = match taken.choice("enable.idempotence", &choices)? {
        Some(chosen) => chosen,
        // `ProducerConfig.postProcessAndValidateIdempotenceConfigs`.
        None if config.acks != Acks::All || config.max_in_flight > MAX_IN_FLIGHT_IDEMPOTENT => {
            Idempotence::Off
        }
        None => Idempotence::On,
    };
    Ok(())
}
