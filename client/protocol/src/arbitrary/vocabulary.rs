//! Values that mean something to whoever reads a message.

use ::arbitrary::{Result, Unstructured};
use bytes::Bytes;

/// Where a value stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The field whose struct it is in, or the message.
    pub within: &'static str,
    /// The field, in snake case: `partition_index`.
    pub field: &'static str,
}

/// Knows values that make sense to the reader of a message, such as the topics that a service has.
///
/// Arbitrary text is hardly ever the name of a topic, so most of what a service does with a request
/// is behind a door that arbitrary content does not find. A vocabulary says what to write instead,
/// field by field; `None` stands for anything.
///
/// ```
/// use arbitrary::{Result, Unstructured};
/// use milena_protocol::arbitrary::{ArbitraryRequest, Place, Vocabulary};
/// use milena_protocol::messages::{ApiKey, RequestKind};
///
/// struct OneTopic;
///
/// impl Vocabulary for OneTopic {
///     fn text(&self, place: Place, _: &mut Unstructured<'_>) -> Result<Option<String>> {
///         Ok((place.within == "topics").then(|| "orders".to_owned()))
///     }
/// }
///
/// let mut unstructured = Unstructured::new(&[0xff; 100]);
/// let request = ArbitraryRequest::in_words(&OneTopic, ApiKey::ListOffsets, 7, &mut unstructured)?;
/// let RequestKind::ListOffsets(body) = request.decoded() else { unreachable!() };
/// assert!(body.topics.iter().all(|topic| topic.name.as_str() == "orders"));
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub trait Vocabulary {
    /// A number. It is cut to the size of its field.
    ///
    /// # Errors
    /// Those of the bytes it draws from.
    fn integer(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<i64>> {
        let _ = (place, u);
        Ok(None)
    }

    /// Text.
    ///
    /// # Errors
    /// Those of the bytes it draws from.
    fn text(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<String>> {
        let _ = (place, u);
        Ok(None)
    }

    /// Sixteen bytes, such as a topic's id.
    ///
    /// # Errors
    /// Those of the bytes it draws from.
    fn uuid(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<[u8; 16]>> {
        let _ = (place, u);
        Ok(None)
    }

    /// Record batches.
    ///
    /// # Errors
    /// Those of the bytes it draws from.
    fn records(&self, place: Place, u: &mut Unstructured<'_>) -> Result<Option<Bytes>> {
        let _ = (place, u);
        Ok(None)
    }
}
