//! The Produce request without a copy of its records.
//!
//! The generated encoder copies every batch into the frame. [`ProduceSkeleton`] writes everything
//! around the payloads itself, byte for byte what the generated encoder writes, and hands the
//! payloads on as parts of a vectored write.

use bytes::{BufMut, BytesMut};

use crate::ids::{PartitionIndex, TopicId};
use crate::messages::ApiKey;
use crate::records::StampedBatch;
use crate::request::{EncodeError, EncodedRequest, max_prefix, write_header_prefix};
use crate::version::spoken_versions;
use crate::{HeaderVersion, StrBytes, messages};

/// The first version with compact fields and tags (KIP-482).
const FLEXIBLE: i16 = 9;

/// The first version that names topics by id instead of name (KIP-516).
const TOPIC_IDS: i16 = 13;

/// A Produce request around batches that stay where they are.
///
/// ```
/// use milena_protocol::ids::{PartitionIndex, TopicId};
/// use milena_protocol::produce::{PartitionBatch, ProduceSkeleton, TopicBatches};
/// use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
///
/// let mut builder = BatchBuilder::new(64);
/// builder.append(0, None, Some(b"paid"), NO_HEADERS)?;
/// let batch = builder.seal().stamp(&Stamp::default());
/// let request = ProduceSkeleton {
///     transactional_id: None,
///     acks: -1,
///     timeout_ms: 30_000,
///     topics: vec![TopicBatches {
///         name: "orders",
///         id: TopicId::ZERO,
///         partitions: vec![PartitionBatch { index: PartitionIndex(0), batch: &batch }],
///     }],
/// };
/// let encoded = request.encode(12, 1, None)?;
/// assert_eq!(encoded.parts()[1], batch.payload);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProduceSkeleton<'a> {
    /// The transactional id, if there is one.
    pub transactional_id: Option<&'a str>,
    /// How many replicas have to have the records: 0, 1, or -1 for all in sync.
    pub acks: i16,
    /// How long the broker may wait for the replicas, in milliseconds.
    pub timeout_ms: i32,
    /// The batches by topic, each topic once.
    pub topics: Vec<TopicBatches<'a>>,
}

/// The batches for one topic.
#[derive(Clone, Debug)]
pub struct TopicBatches<'a> {
    /// The topic's name: written up to version 12.
    pub name: &'a str,
    /// The topic's id: written from version 13 on.
    pub id: TopicId,
    /// Its batches, each partition once.
    pub partitions: Vec<PartitionBatch<'a>>,
}

/// The batch for one partition.
#[derive(Clone, Copy, Debug)]
pub struct PartitionBatch<'a> {
    /// The partition.
    pub index: PartitionIndex,
    /// Its batch.
    pub batch: &'a StampedBatch,
}

impl ProduceSkeleton<'_> {
    /// Encodes the request as a whole frame: what stands before, between and after the payloads
    /// is one buffer cut into slices, each payload a part of its own.
    ///
    /// # Errors
    /// If the version is not one of 3 to 13, or a length is more than the version can express.
    pub fn encode(
        &self,
        version: i16,
        correlation_id: i32,
        client_id: Option<&StrBytes>,
    ) -> Result<EncodedRequest, EncodeError> {
        let spoken = spoken_versions(ApiKey::Produce);
        if !spoken.contains(&version) {
            let reason = format!("versions {} to {} exist", spoken.start(), spoken.end());
            return Err(EncodeError::Message { api: "Produce".to_owned(), version, reason });
        }
        let flexible = version >= FLEXIBLE;
        debug_assert_eq!(flexible, messages::ProduceRequest::header_version(version) == 2);
        // The frame's length comes first, so the body is written before the prefix.
        let mut body = Skeleton {
            meta: BytesMut::with_capacity(self.meta_capacity()),
            cuts: Vec::with_capacity(self.topics.len()),
            payload_len: 0,
            version,
        };
        self.put_body(&mut body)?;
        let Skeleton { mut meta, cuts, payload_len, .. } = body;
        let mut prefix = BytesMut::with_capacity(max_prefix(client_id) + meta.len());
        let body_len = meta.len() + payload_len;
        let key = ApiKey::Produce as i16;
        write_header_prefix(&mut prefix, key, version, correlation_id, client_id, body_len)?;

        let mut parts = Vec::with_capacity(2 * cuts.len() + 1);
        let mut written = 0;
        for (at, payload) in cuts {
            let before = meta.split_to(at - written);
            written = at;
            if parts.is_empty() {
                prefix.extend_from_slice(&before);
                parts.push(prefix.split().freeze());
            } else {
                parts.push(before.freeze());
            }
            if !payload.is_empty() {
                parts.push(payload);
            }
        }
        if parts.is_empty() {
            prefix.extend_from_slice(&meta);
            parts.push(prefix.freeze());
        } else if !meta.is_empty() {
            parts.push(meta.freeze());
        }
        Ok(EncodedRequest::from_parts(parts))
    }

    fn put_body(&self, out: &mut Skeleton) -> Result<(), EncodeError> {
        out.put_nullable_string("transactional id", self.transactional_id)?;
        out.meta.put_i16(self.acks);
        out.meta.put_i32(self.timeout_ms);
        out.put_count(self.topics.len())?;
        for topic in &self.topics {
            if out.version >= TOPIC_IDS {
                out.meta.put_slice(topic.id.0.as_bytes());
            } else {
                out.put_nullable_string("topic name", Some(topic.name))?;
            }
            out.put_count(topic.partitions.len())?;
            for partition in &topic.partitions {
                out.meta.put_i32(partition.index.get());
                out.put_batch(partition.batch)?;
                out.put_no_tags();
            }
            out.put_no_tags();
        }
        out.put_no_tags();
        Ok(())
    }

    /// An upper bound of everything but the payloads, so that the buffer never grows.
    fn meta_capacity(&self) -> usize {
        let topics: usize = self
            .topics
            .iter()
            .map(|topic| topic.name.len().max(16) + 16 + topic.partitions.len() * (61 + 16))
            .sum();
        32 + self.transactional_id.map_or(0, str::len) + topics
    }
}

/// Everything but the payloads, and where they belong.
struct Skeleton {
    meta: BytesMut,
    cuts: Vec<(usize, bytes::Bytes)>,
    payload_len: usize,
    version: i16,
}

impl Skeleton {
    fn flexible(&self) -> bool {
        self.version >= FLEXIBLE
    }

    fn put_nullable_string(&mut self, what: &str, text: Option<&str>) -> Result<(), EncodeError> {
        let length = text.map_or(0, str::len);
        // Compact lengths could express more, but no broker accepts more.
        let Ok(classic) = i16::try_from(length) else {
            return Err(self.too_long(what, length));
        };
        match (self.flexible(), text) {
            (true, None) => self.meta.put_u8(0),
            (true, Some(_)) => self.put_unsigned(length as u32 + 1),
            (false, None) => self.meta.put_i16(-1),
            (false, Some(_)) => self.meta.put_i16(classic),
        }
        self.meta.put_slice(text.unwrap_or_default().as_bytes());
        Ok(())
    }

    fn put_count(&mut self, count: usize) -> Result<(), EncodeError> {
        let Ok(classic) = i32::try_from(count) else { return Err(self.too_long("array", count)) };
        if self.flexible() {
            self.put_unsigned(classic as u32 + 1);
        } else {
            self.meta.put_i32(classic);
        }
        Ok(())
    }

    fn put_batch(&mut self, batch: &StampedBatch) -> Result<(), EncodeError> {
        let size = batch.size();
        let Ok(classic) = i32::try_from(size) else { return Err(self.too_long("batch", size)) };
        if self.flexible() {
            self.put_unsigned(classic as u32 + 1);
        } else {
            self.meta.put_i32(classic);
        }
        self.meta.put_slice(&batch.header);
        self.payload_len += batch.payload.len();
        self.cuts.push((self.meta.len(), batch.payload.clone()));
        Ok(())
    }

    fn put_no_tags(&mut self) {
        if self.flexible() {
            self.meta.put_u8(0);
        }
    }

    fn put_unsigned(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.meta.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.meta.put_u8(value as u8);
    }

    fn too_long(&self, what: &str, length: usize) -> EncodeError {
        let reason = format!("a length of {length} is too much for a {what}");
        EncodeError::Message { api: "Produce".to_owned(), version: self.version, reason }
    }
}
