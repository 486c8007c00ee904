//! Observes the outcomes of clients that hand out a future per record, in the order of sending.
//!
//! A second task awaits them, so that sending never waits for an outcome; deliveries cross over in
//! chunks, because a channel message per record would cost more than some clients do.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::WorkerArguments;
use crate::measure::AckTimes;

/// The sending side.
pub struct Deliveries<F> {
    chunk: Vec<F>,
    chunk_len: usize,
    sender: mpsc::Sender<Vec<F>>,
    observer: JoinHandle<Result<u64>>,
    pub acks: Arc<AckTimes>,
    records: u64,
}

impl<F, T, E> Deliveries<F>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Into<anyhow::Error> + Send + 'static,
{
    pub fn new(arguments: &WorkerArguments) -> Self {
        let every = arguments.workload.sample_every();
        let acks = Arc::new(AckTimes::new(arguments.records, every));
        // Room for more deliveries than any client's buffer holds records, so that the client's
        // buffer is what bounds it.
        let (sender, mut receiver) = mpsc::channel::<Vec<F>>(2048);
        let times = Arc::clone(&acks);
        let observer = tokio::spawn(async move {
            let mut index = 0;
            while let Some(chunk) = receiver.recv().await {
                for delivery in chunk {
                    delivery.await.map_err(Into::into)?;
                    times.acknowledged(index);
                    index += 1;
                }
            }
            Ok(index)
        });
        Self {
            chunk: Vec::new(),
            chunk_len: every as usize,
            sender,
            observer,
            acks,
            records: arguments.records,
        }
    }

    pub async fn push(&mut self, delivery: F) -> Result<()> {
        self.chunk.push(delivery);
        if self.chunk.len() < self.chunk_len {
            return Ok(());
        }
        let next = Vec::with_capacity(self.chunk_len);
        self.hand_over(next).await
    }

    async fn hand_over(&mut self, next: Vec<F>) -> Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, next);
        // The observer stops at the first failed record; its error says more than the channel's.
        if self.sender.send(chunk).await.is_err() {
            let observed = (&mut self.observer).await.context("observer")?;
            observed?;
        }
        Ok(())
    }

    /// Waits for the last outcome.
    pub async fn finish(mut self) -> Result<Arc<AckTimes>> {
        self.hand_over(Vec::new()).await?;
        drop(self.sender);
        let observed = self.observer.await.context("observer")??;
        ensure!(observed == self.records, "{observed} outcomes of {}", self.records);
        Ok(self.acks)
    }
}
