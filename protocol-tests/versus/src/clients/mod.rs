//! One module per client: how it sends and how it reads.

mod deliveries;
mod krafka;
mod milena;
mod rdkafka;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::WorkerArguments;
use crate::workload::Direction;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Client {
    Milena,
    /// librdkafka through its callbacks (BaseProducer, BaseConsumer).
    RdkafkaCallback,
    /// librdkafka through rust-rdkafka's futures and streams.
    RdkafkaFuture,
    Krafka,
    /// The Go program beside this one.
    FranzGo,
}

impl Client {
    pub fn name(self) -> &'static str {
        match self {
            Self::Milena => "milena",
            Self::RdkafkaCallback => "rdkafka-callback",
            Self::RdkafkaFuture => "rdkafka-future",
            Self::Krafka => "krafka",
            Self::FranzGo => "franz-go",
        }
    }
}

/// Runs one worker to its end and prints its line.
pub fn run(arguments: &WorkerArguments) -> Result<()> {
    match (arguments.client, arguments.workload.direction()) {
        (Client::Milena, Direction::Produce) => on_tokio(milena::produce(arguments)),
        (Client::Milena, Direction::Consume) => on_tokio(milena::consume(arguments)),
        (Client::RdkafkaCallback, Direction::Produce) => rdkafka::produce_callback(arguments),
        (Client::RdkafkaCallback, Direction::Consume) => rdkafka::consume_poll(arguments),
        (Client::RdkafkaFuture, Direction::Produce) => on_tokio(rdkafka::produce_future(arguments)),
        (Client::RdkafkaFuture, Direction::Consume) => on_tokio(rdkafka::consume_stream(arguments)),
        (Client::Krafka, Direction::Produce) => on_tokio(krafka::produce(arguments)),
        (Client::Krafka, Direction::Consume) => on_tokio(krafka::consume(arguments)),
        (Client::FranzGo, _) => anyhow::bail!("franz-go runs as the Go program"),
    }
}

/// The multi-thread runtime a service would use.
fn on_tokio(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// What a consumer has seen so far; every byte is accounted for.
struct Seen<'a> {
    arguments: &'a WorkerArguments,
    records: u64,
    bytes: u64,
}

impl<'a> Seen<'a> {
    fn new(arguments: &'a WorkerArguments) -> Self {
        Self { arguments, records: 0, bytes: 0 }
    }

    fn record(&mut self, value: &[u8]) {
        self.records += 1;
        self.bytes += value.len() as u64;
    }

    fn is_complete(&self) -> bool {
        self.records >= self.arguments.records
    }

    fn check(&self) -> Result<()> {
        let expected = self.arguments.records * self.arguments.workload.value_bytes() as u64;
        ensure!(
            self.records == self.arguments.records && self.bytes == expected,
            "read {} records of {} bytes, expected {} of {expected}",
            self.records,
            self.bytes,
            self.arguments.records,
        );
        Ok(())
    }
}
