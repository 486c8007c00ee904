//! The frames that passed, and whose they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use milena_protocol::messages::ApiKey;

use crate::vectors::{Direction, Source, Vector};

/// No more frames than this of one speaker, API, version and direction: brokers poll each other for
/// as long as they run.
const MOST_OF_A_KIND: usize = 400;

/// What a client id starts with if it is that of a client started here.
const OURS: &str = "vectors-";

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaker {
    /// A client started for the recording; what follows `vectors-` in its client id.
    Client(String),
    /// A broker or controller, which uses client ids of its own.
    Broker,
    /// Somebody without a client id.
    Nameless,
}

impl Speaker {
    fn of(client_id: Option<&[u8]>) -> Self {
        let Some(id) = client_id else { return Self::Nameless };
        let id = String::from_utf8_lossy(id);
        match id.strip_prefix(OURS) {
            Some(name) => Self::Client(name.to_owned()),
            None => Self::Broker,
        }
    }
}

/// A frame that passed.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Who sent it, or whose request it answers.
    pub speaker: Speaker,
    /// Which way it went.
    pub direction: Direction,
    /// The API key.
    pub key: i16,
    /// The version of the API.
    pub version: i16,
    /// Header and body.
    pub frame: Bytes,
}

impl Recorded {
    /// As a vector without a note; `None` if kafka-protocol does not know the API.
    pub fn to_vector(&self, source: &Arc<Source>) -> Option<Vector> {
        let key = ApiKey::try_from(self.key).ok()?;
        let (source, frame) = (Arc::clone(source), self.frame.clone());
        let Self { direction, version, .. } = *self;
        Some(Vector { source, number: 0, direction, key, version, note: String::new(), frame })
    }
}

/// Keeps what a [`super::Proxy`] sees.
#[derive(Debug, Default)]
pub struct Recorder {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    frames: Vec<Recorded>,
    counts: BTreeMap<(Speaker, i16, i16, Direction), usize>,
}

/// What is known of a request until its answer comes.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    speaker: Speaker,
    key: i16,
    version: i16,
}

impl Recorder {
    /// All frames of `speaker` so far.
    pub fn frames_of(&self, speaker: &Speaker) -> Vec<Recorded> {
        self.state().frames.iter().filter(|frame| frame.speaker == *speaker).cloned().collect()
    }

    /// All frames so far.
    pub fn frames(&self) -> Vec<Recorded> {
        self.state().frames.clone()
    }

    /// Everybody who spoke, and how many frames there are.
    pub fn speakers(&self) -> BTreeMap<Speaker, usize> {
        let mut speakers = BTreeMap::new();
        for frame in &self.state().frames {
            *speakers.entry(frame.speaker.clone()).or_default() += 1;
        }
        speakers
    }

    /// Takes a request and gives its correlation id with what its answer needs; `None` if this is
    /// no request.
    pub(super) fn request(&self, frame: Bytes) -> Option<(i32, Asked)> {
        let (key, rest) = frame.split_first_chunk::<2>()?;
        let (version, rest) = rest.split_first_chunk::<2>()?;
        let (correlation_id, rest) = rest.split_first_chunk::<4>()?;
        // ControlledShutdown v0 alone has no client id, and nobody sends it any more.
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::try_from(i16::from_be_bytes(*length)).ok();
        let asked = Asked {
            speaker: Speaker::of(length.and_then(|length| rest.get(..length))),
            key: i16::from_be_bytes(*key),
            version: i16::from_be_bytes(*version),
        };
        let correlation_id = i32::from_be_bytes(*correlation_id);
        self.keep(&asked, Direction::Request, frame);
        Some((correlation_id, asked))
    }

    /// Takes the answer to `asked`.
    pub(super) fn response(&self, asked: &Asked, frame: Bytes) {
        self.keep(asked, Direction::Response, frame);
    }

    fn keep(&self, asked: &Asked, direction: Direction, frame: Bytes) {
        let Asked { speaker, key, version } = asked.clone();
        let mut state = self.state();
        let count = state.counts.entry((speaker.clone(), key, version, direction)).or_default();
        *count += 1;
        if *count <= MOST_OF_A_KIND {
            state.frames.push(Recorded { speaker, direction, key, version, frame });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while it held the lock has pushed a frame or not; both are good states.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
