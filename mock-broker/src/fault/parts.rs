//! Errors for some of what a request asks for: APIs that answer topics or partitions one by one.
//!
//! A request that only reads is handled as it is, and the error is written over a part of its
//! answer. Of one that changes something, the part that gets the error is taken out before.

use milena_protocol::ErrorCode;
use milena_protocol::messages::fetch_response::FetchableTopicResponse;
use milena_protocol::messages::{self, FetchResponse, RequestKind, ResponseKind};
use uuid::Uuid;

use super::refusal::unread;
use super::{Target, Targets};

/// KIP-516
const FIRST_FETCH_WITH_IDS: i16 = 13;

/// The topics and partitions that an error is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    topic: Option<(String, Uuid)>,
    partition: Option<i32>,
    /// What the request names of it.
    named: Vec<Target>,
}

impl Scope {
    /// The part of a request's targets that a rule about `topic` and `partition` is about.
    pub(super) fn new(topic: Option<&str>, partition: Option<i32>, targets: &Targets) -> Self {
        let mut scope = Self { topic: None, partition, named: Vec::new() };
        let named = |target: &&Target| topic.is_none_or(|topic| target.name == topic);
        if let Some(topic) = topic {
            let id = targets.named.iter().find(named).map_or(Uuid::nil(), |target| target.id);
            scope.topic = Some((topic.to_owned(), id));
        }
        let covered = targets.named.iter().filter(named);
        let covered = covered.filter(|target| scope.covers_index(target.index));
        scope.named = covered.cloned().collect();
        scope
    }

    fn is_everything(&self) -> bool {
        self.topic.is_none() && self.partition.is_none()
    }

    fn covers_index(&self, index: Option<i32>) -> bool {
        match (self.partition, index) {
            (Some(partition), Some(index)) => partition == index,
            _ => true,
        }
    }

    fn covers_topic(&self, name: &str, id: Uuid) -> bool {
        match &self.topic {
            None => true,
            Some((topic, known)) => name == topic || (!id.is_nil() && id == *known),
        }
    }

    fn covers(&self, name: &str, id: Uuid, index: i32) -> bool {
        self.covers_index(Some(index)) && self.covers_topic(name, id)
    }
}

/// Writes an error over what `scope` covers of an answer. False where the API does not answer topic
/// by topic.
pub(crate) fn overwrite(
    response: &mut ResponseKind,
    version: i16,
    scope: &Scope,
    code: ErrorCode,
) -> bool {
    let code = code.0;
    let nil = Uuid::nil();
    match response {
        ResponseKind::Produce(response) => {
            for topic in &mut response.responses {
                for told in &mut topic.partition_responses {
                    if scope.covers(&topic.name, topic.topic_id, told.index) {
                        told.error_code = code;
                        (told.base_offset, told.log_append_time_ms) = (-1, -1);
                        told.log_start_offset = -1;
                    }
                }
            }
        }
        ResponseKind::Fetch(response) => overwrite_fetch(response, version, scope, code),
        ResponseKind::ListOffsets(response) => {
            for topic in &mut response.topics {
                for told in &mut topic.partitions {
                    if scope.covers(&topic.name, nil, told.partition_index) {
                        told.error_code = code;
                        (told.timestamp, told.offset, told.leader_epoch) = (-1, -1, -1);
                    }
                }
            }
        }
        ResponseKind::OffsetForLeaderEpoch(response) => {
            for topic in &mut response.topics {
                for told in &mut topic.partitions {
                    if scope.covers(&topic.topic, nil, told.partition) {
                        told.error_code = code;
                        (told.leader_epoch, told.end_offset) = (-1, -1);
                    }
                }
            }
        }
        ResponseKind::DeleteRecords(response) => {
            for topic in &mut response.topics {
                for told in &mut topic.partitions {
                    if scope.covers(&topic.name, nil, told.partition_index) {
                        told.error_code = code;
                        told.low_watermark = -1;
                    }
                }
            }
        }
        other => return overwrite_topics(other, scope, code),
    }
    true
}

fn overwrite_topics(response: &mut ResponseKind, scope: &Scope, code: i16) -> bool {
    let nil = Uuid::nil();
    match response {
        ResponseKind::Metadata(response) => {
            for topic in &mut response.topics {
                let name = topic.name.as_ref().map_or("", |name| name.as_str());
                if !scope.covers_topic(name, topic.topic_id) {
                    continue;
                }
                match scope.partition {
                    None => {
                        topic.error_code = code;
                        topic.partitions.clear();
                    }
                    Some(index) => {
                        let partitions = topic.partitions.iter_mut();
                        for told in partitions.filter(|told| told.partition_index == index) {
                            told.error_code = code;
                            told.leader_id = messages::BrokerId(-1);
                        }
                    }
                }
            }
        }
        ResponseKind::CreateTopics(response) => {
            let covered = |topic: &&mut messages::create_topics_response::CreatableTopicResult| {
                scope.covers_topic(&topic.name, nil)
            };
            for topic in response.topics.iter_mut().filter(covered) {
                topic.error_code = code;
                (topic.num_partitions, topic.replication_factor) = (-1, -1);
                topic.configs = Some(Vec::new());
                topic.topic_id = nil;
            }
        }
        ResponseKind::DeleteTopics(response) => {
            for topic in &mut response.responses {
                let name = topic.name.as_ref().map_or("", |name| name.as_str());
                if scope.covers_topic(name, topic.topic_id) {
                    topic.error_code = code;
                }
            }
        }
        ResponseKind::CreatePartitions(response) => {
            for topic in &mut response.results {
                if scope.covers_topic(&topic.name, nil) {
                    topic.error_code = code;
                }
            }
        }
        _ => return false,
    }
    true
}

/// An incremental answer leaves out partitions without news: those get a place for the error.
fn overwrite_fetch(response: &mut FetchResponse, version: i16, scope: &Scope, code: i16) {
    if is_about_sessions(code) && scope.is_everything() {
        response.responses.clear();
        response.session_id = 0;
        response.error_code = code;
        return;
    }
    for topic in &mut response.responses {
        let (name, id) = (topic.topic.clone(), topic.topic_id);
        for told in &mut topic.partitions {
            if scope.covers(&name, id, told.partition_index) {
                *told = unread(told.partition_index, code);
            }
        }
    }
    for target in &scope.named {
        let Some(index) = target.index else { continue };
        let mut place = FetchableTopicResponse::default();
        if version >= FIRST_FETCH_WITH_IDS {
            place.topic_id = target.id;
        } else {
            let name = milena_protocol::StrBytes::from_string(target.name.clone());
            place.topic = messages::TopicName(name);
        }
        let same = |topic: &&mut FetchableTopicResponse| {
            topic.topic == place.topic && topic.topic_id == place.topic_id
        };
        match response.responses.iter_mut().find(same) {
            Some(topic) => {
                if topic.partitions.iter().all(|told| told.partition_index != index) {
                    topic.partitions.push(unread(index, code));
                }
            }
            None => response.responses.push(place.with_partitions(vec![unread(index, code)])),
        }
    }
}

fn is_about_sessions(code: i16) -> bool {
    matches!(
        ErrorCode(code),
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
    )
}

/// What was taken out of a request.
pub(crate) struct TakenOut {
    pub(crate) part: RequestKind,
    /// Whether the request asks for anything still.
    pub(crate) rest: Rest,
}

/// Whether something of a request is left to be handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    Something,
    Nothing,
}

/// Takes out of a request that changes something what `scope` covers. `None` where the API does
/// not take topics one by one.
pub(crate) fn take_out(request: &mut RequestKind, scope: &Scope) -> Option<TakenOut> {
    let nil = Uuid::nil();
    let (part, is_empty) = match request {
        RequestKind::Produce(request) => {
            let mut part = request.clone();
            let covered = |topic: &messages::produce_request::TopicProduceData, index: i32| {
                scope.covers(&topic.name, topic.topic_id, index)
            };
            for (kept, data) in [(true, &mut part.topic_data), (false, &mut request.topic_data)] {
                for topic in data.iter_mut() {
                    let whole = topic.clone();
                    topic.partition_data.retain(|one| covered(&whole, one.index) == kept);
                }
                data.retain(|topic| !topic.partition_data.is_empty());
            }
            (RequestKind::Produce(part), request.topic_data.is_empty())
        }
        RequestKind::DeleteRecords(request) => {
            let mut part = request.clone();
            for (kept, topics) in [(true, &mut part.topics), (false, &mut request.topics)] {
                for topic in topics.iter_mut() {
                    let name = topic.name.clone();
                    let covered = |index| scope.covers(&name, nil, index);
                    topic.partitions.retain(|one| covered(one.partition_index) == kept);
                }
                topics.retain(|topic| !topic.partitions.is_empty());
            }
            (RequestKind::DeleteRecords(part), request.topics.is_empty())
        }
        RequestKind::CreateTopics(request) => {
            let mut part = request.clone();
            part.topics.retain(|topic| scope.covers_topic(&topic.name, nil));
            request.topics.retain(|topic| !scope.covers_topic(&topic.name, nil));
            (RequestKind::CreateTopics(part), request.topics.is_empty())
        }
        RequestKind::DeleteTopics(request) => {
            let mut part = request.clone();
            let covers = |topic: &messages::delete_topics_request::DeleteTopicState| {
                let name = topic.name.as_ref().map_or("", |name| name.as_str());
                scope.covers_topic(name, topic.topic_id)
            };
            part.topics.retain(covers);
            part.topic_names.retain(|name| scope.covers_topic(name, nil));
            request.topics.retain(|topic| !covers(topic));
            request.topic_names.retain(|name| !scope.covers_topic(name, nil));
            let is_empty = request.topics.is_empty() && request.topic_names.is_empty();
            (RequestKind::DeleteTopics(part), is_empty)
        }
        RequestKind::CreatePartitions(request) => {
            let mut part = request.clone();
            part.topics.retain(|topic| scope.covers_topic(&topic.name, nil));
            request.topics.retain(|topic| !scope.covers_topic(&topic.name, nil));
            (RequestKind::CreatePartitions(part), request.topics.is_empty())
        }
        _ => return None,
    };
    Some(TakenOut { part, rest: if is_empty { Rest::Nothing } else { Rest::Something } })
}

/// Adds the refusal of what was taken out to the answer to the rest.
pub(crate) fn put_together(response: &mut ResponseKind, refused: ResponseKind) {
    match (response, refused) {
        (ResponseKind::Produce(response), ResponseKind::Produce(refused)) => {
            for topic in refused.responses {
                let same = response
                    .responses
                    .iter_mut()
                    .find(|told| told.name == topic.name && told.topic_id == topic.topic_id);
                match same {
                    Some(told) => told.partition_responses.extend(topic.partition_responses),
                    None => response.responses.push(topic),
                }
            }
        }
        (ResponseKind::DeleteRecords(response), ResponseKind::DeleteRecords(refused)) => {
            for topic in refused.topics {
                match response.topics.iter_mut().find(|told| told.name == topic.name) {
                    Some(told) => told.partitions.extend(topic.partitions),
                    None => response.topics.push(topic),
                }
            }
        }
        (ResponseKind::CreateTopics(response), ResponseKind::CreateTopics(refused)) => {
            response.topics.extend(refused.topics);
        }
        (ResponseKind::DeleteTopics(response), ResponseKind::DeleteTopics(refused)) => {
            response.responses.extend(refused.responses);
        }
        (ResponseKind::CreatePartitions(response), ResponseKind::CreatePartitions(refused)) => {
            response.results.extend(refused.results);
        }
        _ => {}
    }
}
