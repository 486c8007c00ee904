//! What is done to a request that a rule meets.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::messages::ApiKey;

use super::Corruption;
use super::rule::InvalidRule;

/// What happens to the answer of a request that was handled. See
/// [`On::apply_then`](super::On::apply_then).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The answer says this error for what the rule is about, although it was done.
    Answer(ErrorCode),
    /// The connection is closed in place of the answer.
    Disconnect,
    /// The answer gets lost. The connection stays open and is silent from then on: a broker
    /// handles nothing else on it before it has answered, and no answer can overtake another.
    Silence,
    /// Only the first bytes of the answer's frame are written, then the connection is closed.
    CutFrame {
        /// How many, the four bytes of the length included. At least the frame's last byte is cut.
        after: usize,
    },
    /// Bytes of the answer are changed on their way.
    Corrupt(Corruption),
}

/// How long something is put off: always the same, or drawn anew each time between two bounds.
///
/// ```
/// # use std::time::Duration;
/// use milena_mock_broker::fault::Delay;
///
/// let steady = Delay::from(Duration::from_millis(50));
/// let with_jitter = Delay::from(Duration::from_millis(20)..=Duration::from_millis(80));
/// # let _ = (steady, with_jitter);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

impl From<Duration> for Delay {
    fn from(delay: Duration) -> Self {
        Self { least: delay, most: delay }
    }
}

impl From<RangeInclusive<Duration>> for Delay {
    fn from(between: RangeInclusive<Duration>) -> Self {
        Self { least: *between.start(), most: *between.end() }
    }
}

impl Delay {
    pub(crate) const ZERO: Self = Self { least: Duration::ZERO, most: Duration::ZERO };

    pub(crate) fn is_sound(self) -> bool {
        self.least <= self.most
    }

    /// One of its durations, by a number drawn at random.
    pub(crate) fn pick(self, drawn: u64) -> Duration {
        let spread = u64::try_from(self.most.saturating_sub(self.least).as_nanos());
        let spread = spread.unwrap_or(u64::MAX);
        self.least
            + Duration::from_nanos(if spread == 0 { 0 } else { drawn % spread.saturating_add(1) })
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.least == self.most {
            true => write!(f, "{:?}", self.least),
            false => write!(f, "{:?} to {:?}", self.least, self.most),
        }
    }
}

/// A corruption, and what was drawn for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Corrupt {
    pub(crate) corruption: Corruption,
    pub(crate) drawn: u64,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Answers an error; nothing is applied.
    Answer(ErrorCode),
    /// Closes the connection; nothing is applied.
    Disconnect,
    /// Neither handles nor answers it.
    Ignore,
    ApplyThen(Fault),
    DelayRequest(Delay),
    DelayAnswer(Delay),
    CorruptRequest(Corruption),
    Throttle(Duration),
    /// Handles it with the metadata that the broker had when the rule was declared.
    StaleImage,
}

/// What becomes of a request, where a rule decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answer(ErrorCode),
    Disconnect,
    Ignore,
    ApplyThen(Fault, u64),
}

impl Effect {
    pub(super) fn validate(&self, key: Option<ApiKey>) -> Result<(), InvalidRule> {
        match self {
            Self::Answer(code) | Self::ApplyThen(Fault::Answer(code)) => match key {
                _ if *code == ErrorCode::NONE => Err(InvalidRule::NoError),
                Some(key) if !super::refusal::has_place(key) => {
                    Err(InvalidRule::NoPlaceForAnError { key })
                }
                _ => Ok(()),
            },
            Self::DelayRequest(delay) | Self::DelayAnswer(delay) if !delay.is_sound() => {
                Err(InvalidRule::Delay)
            }
            Self::CorruptRequest(corruption) | Self::ApplyThen(Fault::Corrupt(corruption))
                if !corruption.changes_something() =>
            {
                Err(InvalidRule::NoCorruption)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(code) => write!(f, "answer {} instead", code.name()),
            Self::Disconnect => f.write_str("disconnect instead"),
            Self::Ignore => f.write_str("ignore"),
            Self::ApplyThen(fault) => write!(f, "apply, then {fault}"),
            Self::DelayRequest(delay) => write!(f, "delay the request by {delay}"),
            Self::DelayAnswer(delay) => write!(f, "delay the answer by {delay}"),
            Self::CorruptRequest(corruption) => write!(f, "corrupt {corruption} of the request"),
            Self::Throttle(time) => write!(f, "throttle for {time:?}"),
            Self::StaleImage => f.write_str("answer from a stale image"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(code) => write!(f, "answer {}", code.name()),
            Self::Disconnect => f.write_str("disconnect"),
            Self::Silence => f.write_str("lose the answer"),
            Self::CutFrame { after } => write!(f, "cut the answer after {after} bytes"),
            Self::Corrupt(corruption) => write!(f, "corrupt {corruption} of the answer"),
        }
    }
}
