//! The way of a record up to its sealed batch, without network and task, for benches of this
//! crate. No part of the API: it changes without notice.

use crate::config::producer::ProducerConfig;
use crate::environment::Environment;
use crate::producer::{Delivery, Producer};
use crate::record::Record;
use crate::runtime::producer::accumulator::Shared;
use crate::runtime::producer::bench::Lanes;

/// The accumulator of a producer, with a broker that acknowledges everything at once.
pub struct Accumulator {
    producer: Producer,
    lanes: Lanes,
}

impl Accumulator {
    /// For a topic of so many partitions.
    pub fn new(topic: &str, partitions: u32, batch_size: usize) -> Self {
        let config = ProducerConfig { batch_size, ..ProducerConfig::default() };
        let origin = tokio::time::Instant::now();
        let shared = Shared::new(&config, Environment::tokio(), origin, None);
        let lanes = Lanes::new(&shared, topic, partitions);
        Self { producer: Producer::new(shared, config.max_block), lanes }
    }

    /// Puts a record into its batch.
    ///
    /// # Panics
    /// If the buffer is full: acknowledge more often.
    #[inline]
    pub fn enqueue(&self, record: Record<'_>) -> Delivery {
        match self.producer.try_enqueue(record) {
            Ok(delivery) => delivery,
            Err(error) => panic!("{error}"),
        }
    }

    /// Seals and acknowledges everything that is full.
    pub fn acknowledge_full(&self) {
        self.lanes.acknowledge_full();
    }

    /// Seals and acknowledges everything.
    pub fn acknowledge_all(&self) {
        self.lanes.acknowledge_all();
    }
}
