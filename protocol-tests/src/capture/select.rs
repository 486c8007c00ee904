//! Which of the recorded frames are kept: few, small, and each for something that no other shows.
//!
//! Frames of one API, version and direction are grouped by the error codes they carry; of each group
//! the richest frame is kept that is not too large, and the smallest of all. Where record batches
//! are inside, a frame is kept for each kind of batch and each kind of its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use milena_protocol::decode::DecodeError;
use milena_protocol::messages::{ApiKey, ResponseKind};

use super::{Recorded, shape};
use crate::vectors::record_sets::{self, RecordSet};
use crate::vectors::{Direction, Source, Vector};

/// Larger frames are only kept if there is nothing smaller of their kind.
const LARGE: usize = 1_500;

/// And never above this.
const TOO_LARGE: usize = 12_000;

/// Groups of error codes per API, version and direction.
const MOST_GROUPS: usize = 4;

/// What was kept, and what has to be looked at.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The frames that are kept.
    pub vectors: Vec<Vector>,
    /// Frames that could not be decoded though their version is spoken, and frames of APIs that
    /// kafka-protocol does not know.
    pub complaints: BTreeSet<String>,
}

/// A frame with what the choice is made by.
struct Candidate {
    vector: Vector,
    shape: String,
    batches: BTreeSet<String>,
}

/// The names of topics by their ids, for versions that name a topic by its id only.
#[derive(Clone, Debug, Default)]
pub struct TopicNames(BTreeMap<String, String>);

impl TopicNames {
    /// Those that are told by the answers to Metadata in `frames`.
    pub fn of(frames: &[Recorded]) -> Self {
        let mut names = BTreeMap::new();
        for recorded in frames.iter().filter(|it| it.key == ApiKey::Metadata as i16) {
            let Some(vector) = recorded.to_vector(&Arc::default()) else { continue };
            let Ok(answer) = vector.decode_response() else { continue };
            let ResponseKind::Metadata(answer) = answer.body else { continue };
            for topic in answer.topics {
                let name = topic.name.map(|name| name.to_string()).unwrap_or_default();
                names.insert(topic.topic_id.to_string(), name);
            }
        }
        Self(names)
    }

    /// The name of the internal topic that a record set is of.
    fn internal<'a>(&'a self, set: &'a RecordSet) -> Option<&'a str> {
        let name = self.0.get(&set.topic_id).unwrap_or(&set.topic);
        name.starts_with("__").then_some(name)
    }
}

/// A few words about each batch; of internal topics, which records there are.
fn describe(set: &RecordSet, topics: &TopicNames) -> Vec<String> {
    let words = record_sets::describe(set.records.clone());
    let Some(topic) = topics.internal(set) else { return words };
    let versions = record_sets::key_versions(set.records.clone());
    let versions = versions.iter().map(|version| format!("{topic} with keys v{version}"));
    versions.chain(words.into_iter().filter(|it| it == record_sets::CUT_OFF)).collect()
}

/// Chooses from `frames` of one source.
pub fn select(source: Source, frames: &[Recorded], topics: &TopicNames) -> Selection {
    let source = Arc::new(source);
    let mut selection = Selection::default();
    let mut groups: BTreeMap<(i16, i16, Direction), Vec<Candidate>> = BTreeMap::new();
    for frame in frames {
        match candidate(&source, frame, topics) {
            Ok(candidate) => {
                let Vector { key, version, direction, .. } = candidate.vector;
                groups.entry((key as i16, version, direction)).or_default().push(candidate);
            }
            Err(complaint) => drop(selection.complaints.insert(complaint)),
        }
    }
    let mut seen_batches: BTreeMap<(i16, Direction), BTreeSet<String>> = BTreeMap::new();
    for ((key, version, direction), group) in groups {
        let mut chosen = choose(group, seen_batches.entry((key, direction)).or_default());
        if chosen.is_empty() {
            let complaint = format!("only large frames: {direction} of API {key} v{version}");
            selection.complaints.insert(complaint);
        }
        // The order of the recording would differ from run to run.
        chosen.sort_by_key(|vector| (vector.frame.len(), vector.note.clone()));
        selection.vectors.extend(chosen);
    }
    for (number, vector) in selection.vectors.iter_mut().enumerate() {
        vector.number = number;
    }
    selection
}

fn candidate(
    source: &Arc<Source>,
    recorded: &Recorded,
    topics: &TopicNames,
) -> Result<Candidate, String> {
    let Recorded { direction, key, version, .. } = recorded;
    let mut vector = recorded
        .to_vector(source)
        .ok_or_else(|| format!("{direction} of the unknown API {key} v{version}"))?;
    let (shape, sets) = match vector.direction {
        Direction::Request => match vector.decode_request() {
            Ok(request) => (shape::of(&request.body), record_sets::of_request(&request.body)),
            Err(error) => (older(&vector, &error)?, Vec::new()),
        },
        Direction::Response => match vector.decode_response() {
            Ok(response) => (shape::of(&response.body), record_sets::of_response(&response.body)),
            Err(error) => (older(&vector, &error)?, Vec::new()),
        },
    };
    let batches: BTreeSet<String> = sets.iter().flat_map(|set| describe(set, topics)).collect();
    vector.note = note_of(&shape, &batches);
    Ok(Candidate { vector, shape, batches })
}

/// A version that kafka-protocol does not speak is kept as it is; anything else that cannot be
/// decoded is a finding.
fn older(vector: &Vector, error: &DecodeError) -> Result<String, String> {
    let spoken = milena_protocol::version::spoken_versions(vector.key);
    if spoken.contains(&vector.version) {
        return Err(format!("{vector} cannot be decoded: {error}"));
    }
    Ok("a version that is not spoken".to_owned())
}

fn note_of(shape: &str, batches: &BTreeSet<String>) -> String {
    let codes = shape::error_codes(shape);
    let mut parts = Vec::new();
    if !shape.contains('{') {
        parts.push(shape.to_owned());
    }
    if !codes.is_empty() {
        let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
        parts.push(format!("error {}", codes.join(" ")));
    }
    parts.extend(batches.iter().cloned());
    parts.join("; ")
}

fn choose(group: Vec<Candidate>, seen: &mut BTreeSet<String>) -> Vec<Vector> {
    let smallest = group.iter().map(|it| it.vector.frame.len()).min().unwrap_or(0);
    let limit = if smallest > LARGE { TOO_LARGE } else { LARGE };
    let mut group: Vec<Candidate> =
        group.into_iter().filter(|it| it.vector.frame.len() <= TOO_LARGE).collect();
    group.sort_by_key(|it| it.vector.frame.len());
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    taken.extend((!group.is_empty()).then_some(0));
    let mut by_codes: BTreeMap<BTreeSet<i16>, usize> = BTreeMap::new();
    for (index, it) in group.iter().enumerate().filter(|(_, it)| it.vector.frame.len() <= limit) {
        let richest = by_codes.entry(shape::error_codes(&it.shape)).or_insert(index);
        if group[*richest].shape.len() < it.shape.len() {
            *richest = index;
        }
    }
    taken.extend(by_codes.into_values().take(MOST_GROUPS));
    for (index, it) in group.iter().enumerate() {
        // Sorted by size, so the smallest frame that shows a kind of batch is the one that is kept.
        if it.batches.iter().any(|batch| !seen.contains(batch)) {
            seen.extend(it.batches.iter().cloned());
            taken.insert(index);
        }
    }
    let candidates = group.into_iter().enumerate();
    candidates.filter(|(index, _)| taken.contains(index)).map(|(_, it)| it.vector).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
    use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
    use milena_protocol::messages::{
        ApiVersionsRequest, HeartbeatResponse, ProduceRequest, TopicName,
    };
    use milena_protocol::records::{BatchBuilder, BatchKind, NO_HEADERS, Stamp};
    use milena_protocol::{Request, StrBytes, request, response};

    use super::*;
    use crate::capture::Speaker;

    fn recorded(direction: Direction, key: ApiKey, version: i16, frame: Bytes) -> Recorded {
        let (speaker, key) = (Speaker::Broker, key as i16);
        Recorded { speaker, direction, key, version, frame: frame.slice(4..) }
    }

    fn asked<R: Request>(version: i16, client_id: &'static str, request: &R) -> Recorded {
        let id = StrBytes::from_static_str(client_id);
        let frame = request::encode(1, version, Some(&id), request).unwrap().to_bytes();
        recorded(Direction::Request, ApiKey::try_from(R::KEY).unwrap(), version, frame)
    }

    fn answered(error_code: i16) -> Recorded {
        let answer = HeartbeatResponse::default().with_error_code(error_code);
        let frame = response::encode_message(ApiKey::Heartbeat, 0, 1, &answer).unwrap();
        recorded(Direction::Response, ApiKey::Heartbeat, 0, frame)
    }

    fn produced(kind: BatchKind, value: &[u8]) -> Recorded {
        let mut batch = BatchBuilder::new(0);
        batch.append(0, None, Some(value), NO_HEADERS).unwrap();
        let (producer_id, producer_epoch) = (ProducerId(1), ProducerEpoch(0));
        let stamp = Stamp { producer_id, producer_epoch, base_sequence: Sequence(0), kind };
        let records = batch.seal().stamp(&stamp).to_bytes();
        let partition = PartitionProduceData::default().with_records(Some(records));
        let topic = TopicProduceData::default()
            .with_name(TopicName(StrBytes::from_static_str("orders")))
            .with_partition_data(vec![partition]);
        asked(9, "x", &ProduceRequest::default().with_topic_data(vec![topic]))
    }

    fn selected(frames: &[Recorded]) -> Selection {
        select(Source::default(), frames, &TopicNames::default())
    }

    #[test]
    fn of_frames_of_one_shape_the_smallest_is_kept() {
        let request = ApiVersionsRequest::default();
        let frames = [asked(0, "a longer name", &request), asked(0, "short", &request)];
        let selection = selected(&frames);
        let kept: Vec<&Bytes> = selection.vectors.iter().map(|it| &it.frame).collect();
        assert_eq!(kept, [&frames[1].frame]);
        assert!(selection.complaints.is_empty());
    }

    #[test]
    fn each_error_code_is_kept_and_named() {
        let selection = selected(&[answered(27), answered(0), answered(25), answered(27)]);
        let notes: Vec<&str> = selection.vectors.iter().map(|it| it.note.as_str()).collect();
        assert_eq!(notes, ["", "error 25", "error 27"]);
    }

    #[test]
    fn each_kind_of_batch_is_kept_once() {
        let frames = [
            produced(BatchKind::Plain, b"a"),
            produced(BatchKind::Plain, b"of the same kind"),
            produced(BatchKind::Transactional, b"longer"),
        ];
        let selection = selected(&frames);
        let kept: Vec<&Bytes> = selection.vectors.iter().map(|it| &it.frame).collect();
        assert_eq!(kept, [&frames[0].frame, &frames[2].frame]);
        assert!(selection.vectors[1].note.contains("transactional"));
    }

    #[test]
    fn a_frame_that_cannot_be_decoded_is_a_complaint() {
        let mut broken = answered(0);
        broken.frame.truncate(5);
        let unknown = Recorded { key: 12_345, ..answered(0) };
        let selection = selected(&[broken, unknown]);
        assert!(selection.vectors.is_empty());
        assert_eq!(selection.complaints.len(), 2, "{:?}", selection.complaints);
    }

    #[test]
    fn a_frame_of_a_version_that_is_not_spoken_is_kept() {
        let frame = Bytes::from_static(b"\0\0\0\x0d\0\0\0\x01\0\0\0\x01\0\x01x\0\0");
        let selection = selected(&[recorded(Direction::Request, ApiKey::Produce, 1, frame)]);
        assert_eq!(selection.vectors.len(), 1, "{:?}", selection.complaints);
    }
}
