//! What the simulated cluster costs while it is used.

use std::time::Duration;

use bytes::Bytes;
use milena_mock_broker::{MockCluster, Topic};
use milena_protocol_tests::measure::cluster::{Driven, acknowledged_offset};
use milena_protocol_tests::measure::thread_time;
use tokio::runtime::Runtime;

use crate::Measure;
use crate::report::Figure;
use crate::startup::paused;

pub(crate) const FIGURES: [(&str, Measure); 2] =
    [("cluster-topics", many_topics), ("cluster-produce", produce_to_all)];

/// Milliseconds of CPU time until three brokers know ten thousand topics.
const TOPICS_GOAL: f64 = 100.0;
const TOPICS: usize = 10_000;
const TOPICS_ROUNDS: usize = 9;

/// Microseconds of CPU time for a record of 1 KiB on three replicas, both followers' fetches and
/// the round of the high watermark included.
const PRODUCE_GOAL: f64 = 8.0;
const REQUESTS: i32 = 2_000;
const PRODUCE_ROUNDS: i32 = 21;

fn many_topics(name: &'static str) -> Result<Figure, String> {
    let runtime: Runtime = paused()?;
    let mut millis = Vec::new();
    for _ in 0..TOPICS_ROUNDS {
        millis.push(runtime.block_on(create_many_topics()).map_err(|error| error.to_string())?);
    }
    Ok(Figure::alone(name, median(millis), "ms", Some(TOPICS_GOAL)))
}

/// Milliseconds of CPU time, the end of the cluster not included.
async fn create_many_topics() -> Result<f64, Box<dyn std::error::Error>> {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    let start = thread_time();
    for index in 0..TOPICS {
        cluster.create_topic(&format!("topic-{index}"), Topic::new().replication_factor(3))?;
    }
    while cluster.brokers().iter().any(|broker| broker.partitions_in_image < TOPICS) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok((thread_time() - start) / 1e6)
}

fn produce_to_all(name: &'static str) -> Result<Figure, String> {
    let mut driven = Driven::start(3);
    driven.create_topic("orders", 1);
    driven.settle();
    let connection = driven.connect_to_leader("orders", 0);
    let mut micros = Vec::new();
    let mut answers: Vec<Bytes> = Vec::new();
    for round in 0..PRODUCE_ROUNDS {
        let requests = driven.produce_requests("orders", round * REQUESTS..(round + 1) * REQUESTS);
        let start = thread_time();
        answers.extend(requests.into_iter().map(|request| driven.ask(connection, request)));
        micros.push((thread_time() - start) / 1e3 / f64::from(REQUESTS));
    }
    for (offset, answer) in (0..).zip(answers) {
        if acknowledged_offset(answer) != offset {
            return Err(format!("the record at {offset} was not acknowledged there"));
        }
    }
    Ok(Figure::alone(name, median(micros), "us/request", Some(PRODUCE_GOAL)))
}

/// The middle value. There is at least one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
