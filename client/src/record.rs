//! What a producer is given to send.

use std::fmt;

use bytes::Bytes;
use milena_protocol::ids::{PartitionIndex, TopicName};

/// Bytes that are borrowed from the caller or owned.
///
/// A producer copies them into the batch before `enqueue` returns, so borrowing costs nothing.
#[derive(Clone)]
pub enum Data<'a> {
    /// Borrowed until the record is encoded.
    Borrowed(&'a [u8]),
    /// Owned, or shared with others.
    Owned(Bytes),
}

impl Data<'_> {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }

    /// The same bytes, owned.
    pub fn into_owned(self) -> Data<'static> {
        match self {
            Self::Borrowed(bytes) => Data::Owned(Bytes::copy_from_slice(bytes)),
            Self::Owned(bytes) => Data::Owned(bytes),
        }
    }
}

impl fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Bytes::copy_from_slice(self.as_slice()), f)
    }
}

impl AsRef<[u8]> for Data<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for Data<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Data<'_> {}

impl<'a> From<&'a [u8]> for Data<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Data<'a> {
    #[inline]
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a> From<&'a str> for Data<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Data<'a> {
    #[inline]
    fn from(text: &'a String) -> Self {
        Self::Borrowed(text.as_bytes())
    }
}

impl<'a> From<&'a Vec<u8>> for Data<'a> {
    #[inline]
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a> From<&'a Bytes> for Data<'a> {
    #[inline]
    fn from(bytes: &'a Bytes) -> Self {
        Self::Borrowed(bytes)
    }
}

impl From<String> for Data<'_> {
    fn from(text: String) -> Self {
        Self::Owned(text.into())
    }
}

impl From<Vec<u8>> for Data<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes.into())
    }
}

impl From<Bytes> for Data<'_> {
    fn from(bytes: Bytes) -> Self {
        Self::Owned(bytes)
    }
}

/// The name of the topic a record goes to.
#[derive(Clone, Debug)]
pub enum TopicRef<'a> {
    /// Borrowed; looked up, and checked only if no such topic is known yet.
    Borrowed(&'a str),
    /// A name that was checked before.
    Named(TopicName),
}

impl TopicRef<'_> {
    /// The name.
    #[inline]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(name) => name,
            Self::Named(name) => name,
        }
    }
}

impl<'a> From<&'a str> for TopicRef<'a> {
    #[inline]
    fn from(name: &'a str) -> Self {
        Self::Borrowed(name)
    }
}

impl<'a> From<&'a String> for TopicRef<'a> {
    #[inline]
    fn from(name: &'a String) -> Self {
        Self::Borrowed(name)
    }
}

impl From<TopicName> for TopicRef<'_> {
    fn from(name: TopicName) -> Self {
        Self::Named(name)
    }
}

impl<'a> From<&'a TopicName> for TopicRef<'a> {
    #[inline]
    fn from(name: &'a TopicName) -> Self {
        Self::Borrowed(name)
    }
}

/// A header of a record: a key and a value that may be null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHeader<'a> {
    /// The key. Keys may repeat, and need not be UTF-8.
    pub key: Data<'a>,
    /// The value; `None` is Kafka's null.
    pub value: Option<Data<'a>>,
}

/// A record to send.
///
/// ```
/// use milena::Record;
///
/// let record = Record::to("orders").key("42").value("paid").header("source", "till 7");
/// # let _ = record;
/// ```
///
/// Building one allocates nothing, headers apart.
#[derive(Clone, Debug)]
#[must_use = "a record does nothing until it is given to a producer"]
pub struct Record<'a> {
    pub(crate) topic: TopicRef<'a>,
    pub(crate) partition: Option<PartitionIndex>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Data<'a>>,
    pub(crate) value: Option<Data<'a>>,
    pub(crate) headers: Vec<RecordHeader<'a>>,
}

impl<'a> Record<'a> {
    /// A record for a topic, with a null key and a null value so far.
    #[inline]
    pub fn to(topic: impl Into<TopicRef<'a>>) -> Self {
        Self {
            topic: topic.into(),
            partition: None,
            timestamp: None,
            key: None,
            value: None,
            headers: Vec::new(),
        }
    }

    /// The key. Without [`partition`](Self::partition) it chooses the partition, by the same hash
    /// as Java's producer. Default: null, and then the producer spreads records batch by batch.
    #[inline]
    pub fn key(mut self, key: impl Into<Data<'a>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The value. Default: null, which deletes the key in a compacted topic.
    #[inline]
    pub fn value(mut self, value: impl Into<Data<'a>>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Adds a header. Headers keep their order, and keys may repeat.
    pub fn header(mut self, key: impl Into<Data<'a>>, value: impl Into<Data<'a>>) -> Self {
        self.headers.push(RecordHeader { key: key.into(), value: Some(value.into()) });
        self
    }

    /// Adds a header whose value is null.
    pub fn null_header(mut self, key: impl Into<Data<'a>>) -> Self {
        self.headers.push(RecordHeader { key: key.into(), value: None });
        self
    }

    /// Sends the record to this partition, whatever its key.
    #[inline]
    pub fn partition(mut self, partition: impl Into<PartitionIndex>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// The record's timestamp in milliseconds since 1970-01-01 UTC. Default: the time at which the
    /// record was enqueued, at most about a millisecond old.
    #[inline]
    pub fn timestamp(mut self, millis: i64) -> Self {
        self.timestamp = Some(millis);
        self
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        self.topic.as_str()
    }

    /// What the record weighs before it is encoded: its key, value and headers.
    pub(crate) fn payload_bytes(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|h| h.key.as_slice().len() + h.value.as_ref().map_or(0, |v| v.as_slice().len()))
            .sum();
        self.key.as_ref().map_or(0, |k| k.as_slice().len())
            + self.value.as_ref().map_or(0, |v| v.as_slice().len())
            + headers
    }

    /// A copy of the record without borrows, for a topic whose name was checked.
    pub(crate) fn to_owned_in(&self, topic: TopicName) -> Record<'static> {
        let own = |data: &Data<'_>| data.clone().into_owned();
        let headers = self.headers.iter();
        Record {
            topic: TopicRef::Named(topic),
            partition: self.partition,
            timestamp: self.timestamp,
            key: self.key.as_ref().map(own),
            value: self.value.as_ref().map(own),
            headers: headers
                .map(|h| RecordHeader { key: own(&h.key), value: h.value.as_ref().map(own) })
                .collect(),
        }
    }
}
