//! What the simulated cluster costs before a test does anything: its start, and its first record.

use std::time::Duration;

use bytes::Bytes;
use milena::{Kafka, Record};
use milena_mock_broker::{MockCluster, Topic};
use milena_protocol::messages::{ApiKey, MetadataRequest};
use milena_protocol::{decode, request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use crate::Measure;
use crate::report::Figure;

type Outcome = Result<(), Box<dyn std::error::Error>>;

pub(crate) const FIGURES: [(&str, Measure); 3] = [
    ("cluster-start-memory", start_in_memory),
    ("cluster-start-tcp", start_over_tcp),
    ("first-produce-memory", first_produce_in_memory),
];

/// The first runs fill caches and are not counted.
const WARM_UP: usize = 5;
const ROUNDS: usize = 51;
const METADATA_VERSION: i16 = 12;

fn start_in_memory(name: &'static str) -> Result<Figure, String> {
    let millis = median(&paused()?, start_until_metadata_in_memory)?;
    Ok(Figure::alone(name, millis, "ms", Some(0.1)))
}

fn start_over_tcp(name: &'static str) -> Result<Figure, String> {
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(text)?;
    let millis = median(&runtime, start_until_metadata_over_tcp)?;
    Ok(Figure::alone(name, millis, "ms", None))
}

fn first_produce_in_memory(name: &'static str) -> Result<Figure, String> {
    let millis = median(&paused()?, start_until_first_acknowledgement)?;
    Ok(Figure::alone(name, millis, "ms", Some(5.0)))
}

/// Without IO and under paused time, as a simulation runs.
pub(crate) fn paused() -> Result<Runtime, String> {
    Builder::new_current_thread().enable_time().start_paused(true).build().map_err(text)
}

/// The median of real time in milliseconds.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
fn median<F: Future<Output = Outcome>>(
    runtime: &Runtime,
    work: impl Fn() -> F,
) -> Result<f64, String> {
    let mut millis = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UP + ROUNDS {
        let start = std::time::Instant::now();
        runtime.block_on(work()).map_err(text)?;
        if round >= WARM_UP {
            millis.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    millis.sort_by(f64::total_cmp);
    Ok(millis[ROUNDS / 2])
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

async fn start_until_metadata_in_memory() -> Outcome {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    let environment = cluster.environment();
    let connector = environment.connector();
    let addresses = connector.resolve("broker-1", 9092).await?;
    let address = addresses.first().ok_or("broker-1 has no address")?;
    three_brokers_in_metadata(connector.connect(*address).await?).await
}

async fn start_until_metadata_over_tcp() -> Outcome {
    let cluster = MockCluster::builder().brokers(3).start().await?;
    let servers = cluster.bootstrap_servers();
    let first = servers.split(',').next().unwrap_or_default();
    three_brokers_in_metadata(TcpStream::connect(first).await?).await
}

/// Asks until three unfenced brokers are listed, with no client in the way.
async fn three_brokers_in_metadata(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Outcome {
    loop {
        let question = MetadataRequest::default().with_topics(None);
        let frame = request::encode(1, METADATA_VERSION, None, &question)?;
        for part in frame.parts() {
            stream.write_all(part).await?;
        }
        let mut answer = vec![0; usize::try_from(stream.read_i32().await?)?];
        stream.read_exact(&mut answer).await?;
        let mut answer = Bytes::from(answer);
        decode::response_header(ApiKey::Metadata, METADATA_VERSION, &mut answer)?;
        let answer = decode::response::<MetadataRequest>(METADATA_VERSION, answer)?;
        if answer.brokers.len() == 3 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn start_until_first_acknowledgement() -> Outcome {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    cluster.create_topic("orders", Topic::new().replication_factor(3))?;
    let kafka = Kafka::builder(cluster.bootstrap_servers()).environment(cluster.environment());
    let kafka = kafka.connect().await?;
    let producer = kafka.producer().linger(Duration::ZERO).build().await?;
    producer.send(Record::to("orders").key("42").value("paid")).await?;
    Ok(())
}
