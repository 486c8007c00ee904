//! Reads everything back, and holds it against what was acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use milena::consumer::{RecordRef, Start};
use milena::{Kafka, Offset, PartitionIndex};
use tokio::time::Instant;

use super::Failure;
use super::produce::{Sent, bar};

/// Records taken at once.
const POLL: usize = 10_000;

/// How long reading may stand still before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was read.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) consumed: u32,
    /// Acknowledged and not there.
    pub(crate) lost: u32,
    /// There more than once.
    pub(crate) duplicated: u32,
    /// After a later one of its partition.
    pub(crate) reordered: u32,
    /// Not where its acknowledgement says, or not a record of this run.
    pub(crate) misplaced: u32,
    pub(crate) took: Duration,
}

pub(crate) async fn run(
    kafka: &Kafka,
    topic: &str,
    partitions: i32,
    sent: &Sent,
) -> Result<Found, Failure> {
    let assignment = (0..partitions).map(|index| (topic, index, Start::Earliest));
    let mut consumer = kafka.assigned_consumer().assign(assignment).build().await?;
    let all: Vec<(&str, i32)> = (0..partitions).map(|index| (topic, index)).collect();
    let ends = consumer.end_offsets(all).await?;

    let progress = bar(sent.records, "reading");
    let started = Instant::now();
    let mut check = Check::new(sent);
    let mut read_at = started;
    loop {
        let mut behind = false;
        for ((topic, partition), end) in &ends {
            behind |= consumer.position(topic, *partition)?.unwrap_or(Offset::ZERO) < *end;
        }
        if !behind {
            break;
        }
        let records = consumer.poll(POLL, Duration::from_millis(500)).await?;
        if records.is_empty() && read_at.elapsed() > PATIENCE {
            return Err(format!("nothing was read for {PATIENCE:?}").into());
        }
        if !records.is_empty() {
            read_at = Instant::now();
        }
        for record in &records {
            check.take(&record);
        }
        progress.set_position(u64::from(check.found.consumed));
    }
    progress.finish_and_clear();
    consumer.close(Duration::from_secs(1)).await;
    Ok(check.end(started.elapsed()))
}

struct Check<'a> {
    sent: &'a Sent,
    seen: Vec<u32>,
    last: BTreeMap<PartitionIndex, u32>,
    found: Found,
}

impl<'a> Check<'a> {
    fn new(sent: &'a Sent) -> Self {
        let seen = vec![0; sent.acknowledged.len()];
        Self { sent, seen, last: BTreeMap::new(), found: Found::default() }
    }

    fn take(&mut self, record: &RecordRef<'_>) {
        self.found.consumed += 1;
        let known = number_of(record.value()).and_then(|number| {
            let acknowledged = *self.sent.acknowledged.get(number as usize)?;
            Some((number, acknowledged))
        });
        let Some((number, acknowledged)) = known else {
            self.found.misplaced += 1;
            return;
        };
        self.seen[number as usize] += 1;
        if let Some((partition, offset)) = acknowledged {
            let elsewhere = offset.is_some_and(|offset| offset != record.offset());
            self.found.misplaced += u32::from(elsewhere || partition != record.partition());
        }
        let last = self.last.entry(record.partition()).or_insert(number);
        if number < *last {
            self.found.reordered += 1;
        } else {
            *last = number;
        }
    }

    fn end(mut self, took: Duration) -> Found {
        for (seen, acknowledged) in self.seen.iter().zip(&self.sent.acknowledged) {
            self.found.lost += u32::from(*seen == 0 && acknowledged.is_some());
            self.found.duplicated += seen.saturating_sub(1);
        }
        self.found.took = took;
        self.found
    }
}

/// The number at the start of a value.
fn number_of(value: Option<&[u8]>) -> Option<u32> {
    let text = std::str::from_utf8(value?).ok()?;
    let (number, _) = text.split_once(':')?;
    number.parse().ok()
}
