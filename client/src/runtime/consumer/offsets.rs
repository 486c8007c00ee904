//! Looking up the ends of partitions on behalf of a caller, with retries.

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, Offset, PartitionIndex, TopicName};
use milena_protocol::messages::ListOffsetsResponse;
use tokio::sync::mpsc::unbounded_channel;

use super::ask;
use crate::config::consumer::FetchConfig;
use crate::consumer::Offsets;
use crate::error::consume::ConsumeError;
use crate::error::{ConfigError, RequestError};
use crate::machine::fetch::{
    LookupDisposition, OffsetLookup, Target, TopicPartition, Wanted, disposition_of_lookup,
};
use crate::runtime::core::{Core, RefreshReason};

/// A partition by names the caller gave.
pub(crate) fn name(topic: &str, partition: PartitionIndex) -> Result<TopicPartition, ConsumeError> {
    let topic = TopicName::new(topic)
        .map_err(|error| ConfigError::invalid("topic", topic, error.reason.to_string()))?;
    Ok(TopicPartition { topic, partition })
}

/// Asks the leaders, again and again until each partition is answered or time is up.
pub(crate) async fn look_up(
    core: &Core,
    config: &FetchConfig,
    names: Vec<TopicPartition>,
    target: Target,
) -> Result<Offsets, ConsumeError> {
    let started = tokio::time::Instant::now();
    let (found, last) = (Offsets::new(), None);
    let mut search = Search { core, config, target, open: names, found, last, started };
    let ended = tokio::time::timeout(config.api_timeout, search.run()).await;
    match ended {
        Ok(Ok(())) => Ok(search.found),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ConsumeError::TimedOut {
            after: config.api_timeout,
            last: search.last.map(Box::new),
        }),
    }
}

struct Search<'a> {
    core: &'a Core,
    config: &'a FetchConfig,
    target: Target,
    open: Vec<TopicPartition>,
    found: Offsets,
    last: Option<ConsumeError>,
    started: tokio::time::Instant,
}

impl Search<'_> {
    async fn run(&mut self) -> Result<(), ConsumeError> {
        let mut watch = self.core.metadata_watch();
        let mut round = 0_u32;
        while !self.open.is_empty() {
            if round > 0 {
                self.core.refresh_metadata(RefreshReason::StaleLeader);
                // Newer metadata are worth another round at once.
                let pause = self.config.backoff(round);
                drop(tokio::time::timeout(pause, watch.changed()).await);
            }
            round = round.saturating_add(1);
            self.round().await?;
        }
        Ok(())
    }

    async fn round(&mut self) -> Result<(), ConsumeError> {
        let image = self.core.image();
        let mut lookups: BTreeMap<BrokerId, OffsetLookup> = BTreeMap::new();
        for name in &self.open {
            self.core.want_topic(&name.topic);
            let found = image.partition(&name.topic, name.partition);
            let Some((leader, leader_epoch)) =
                found.and_then(|p| Some((p.leader?, p.leader_epoch)))
            else {
                let (topic, partition) = (name.topic.clone(), name.partition);
                self.last = Some(match found {
                    Some(_) => ConsumeError::Refused {
                        topic,
                        partition,
                        broker: None,
                        code: ErrorCode::LEADER_NOT_AVAILABLE,
                    },
                    None => ConsumeError::UnknownPartition {
                        topic,
                        partition,
                        waited: self.started.elapsed(),
                    },
                });
                continue;
            };
            let isolation = self.config.isolation;
            let lookup = lookups.entry(leader).or_insert_with(|| OffsetLookup {
                broker: leader,
                isolation,
                wanted: Vec::new(),
            });
            let target = self.target;
            lookup.wanted.push(Wanted { name: name.clone(), target, leader_epoch, stamp: 0 });
        }
        // All brokers at once, so that a silent one does not delay the others.
        let (sender, mut answers) = unbounded_channel();
        for (broker, lookup) in lookups {
            let sender = sender.clone();
            let timeout = self.core.config().request_timeout;
            let request = lookup.to_request();
            ask::ask_plainly(self.core, broker, request, timeout, move |answer| {
                drop(sender.send((lookup, answer)));
            });
        }
        drop(sender);
        while let Some((lookup, answer)) = answers.recv().await {
            self.on_answer(&lookup, answer)?;
        }
        Ok(())
    }

    fn on_answer(
        &mut self,
        lookup: &OffsetLookup,
        answer: Result<ListOffsetsResponse, RequestError>,
    ) -> Result<(), ConsumeError> {
        let response = match answer {
            Ok(response) => response,
            Err(error) if error.is_retriable() => {
                self.last = Some(error.into());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        for (wanted, answer) in lookup.answers(&response) {
            let Some(answer) = answer else { continue };
            let TopicPartition { topic, partition } = &wanted.name;
            let refused = || ConsumeError::Refused {
                topic: topic.clone(),
                partition: *partition,
                broker: Some(lookup.broker),
                code: answer.code,
            };
            match disposition_of_lookup(answer.code) {
                LookupDisposition::Accept => {
                    let offset = answer.offset.unwrap_or(Offset(-1));
                    self.found.insert((topic.clone(), *partition), offset);
                    self.open.retain(|name| name != &wanted.name);
                }
                LookupDisposition::LearnLeader | LookupDisposition::RetryLater => {
                    self.last = Some(refused());
                }
                LookupDisposition::Refuse => return Err(refused()),
            }
        }
        Ok(())
    }
}
