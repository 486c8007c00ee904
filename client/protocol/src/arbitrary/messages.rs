//! Whole requests and responses, for those who fuzz something that speaks the protocol.

use ::arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

use super::vocabulary::Vocabulary;
use super::wire::Generator;
use crate::decode;
use crate::messages::{ApiKey, RequestKind};
use crate::schema::{self, MessageSchema};
use crate::version::spoken_versions;

/// A well-formed request of any API at any version, with arbitrary content.
///
/// Well formed means that a broker can read it, not that it makes sense: names of topics may be any
/// text, offsets any number. What has a meaning of its own to the decoder does not: record batches
/// are valid more often than not.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use milena_protocol::arbitrary::ArbitraryRequest;
/// use milena_protocol::decode;
///
/// let mut unstructured = Unstructured::new(b"whatever a fuzzer comes up with");
/// let request = ArbitraryRequest::arbitrary(&mut unstructured)?;
/// let decoded = decode::request(request.frame())?;
/// assert_eq!((decoded.key, decoded.version), (request.key(), request.version()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArbitraryRequest {
    key: ApiKey,
    version: i16,
    header: Bytes,
    body: Bytes,
}

/// A well-formed response of any API at any version, with arbitrary content.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use milena_protocol::arbitrary::ArbitraryResponse;
/// use milena_protocol::messages::{ApiKey, FetchRequest};
/// use milena_protocol::decode;
///
/// let mut unstructured = Unstructured::new(b"whatever a fuzzer comes up with");
/// let response = ArbitraryResponse::of(ApiKey::Fetch, 12, &mut unstructured)?;
/// let mut frame = response.frame();
/// decode::response_header(ApiKey::Fetch, 12, &mut frame)?;
/// let decoded = decode::response::<FetchRequest>(12, frame)?;
/// println!("{} topics", decoded.responses.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArbitraryResponse {
    key: ApiKey,
    version: i16,
    header: Bytes,
    body: Bytes,
}

impl ArbitraryRequest {
    /// A request of this API at this version.
    ///
    /// # Errors
    /// [`::arbitrary::Error::IncorrectFormat`] for a version that this crate does not know.
    pub fn of(key: ApiKey, version: i16, u: &mut Unstructured<'_>) -> Result<Self> {
        Self::in_words(&AnyWords, key, version, u)
    }

    /// A request of this API at this version, with values that somebody knows to make sense.
    ///
    /// # Errors
    /// Those of [`ArbitraryRequest::of`] and of the vocabulary.
    pub fn in_words(
        vocabulary: &dyn Vocabulary,
        key: ApiKey,
        version: i16,
        u: &mut Unstructured<'_>,
    ) -> Result<Self> {
        let body = body(vocabulary, key, schema::request(key), version, u)?;
        let header = Generator::new(&schema::REQUEST_HEADER, key.request_header_version(version));
        let header = header.in_words(vocabulary, u)?.bytes;
        let named = [(key as i16).to_be_bytes(), version.to_be_bytes()].concat();
        let header = [&named, &header[named.len()..]].concat().into();
        Ok(Self { key, version, header, body })
    }

    /// The API.
    pub fn key(&self) -> ApiKey {
        self.key
    }

    /// The version.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Its bytes without a header.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Its bytes with a header, but without the length that stands before a frame.
    pub fn frame(&self) -> Bytes {
        [&self.header[..], &self.body].concat().into()
    }

    /// The request as a broker sees it.
    ///
    /// # Panics
    /// If it cannot be decoded, which would be a fault of this crate.
    pub fn decoded(&self) -> RequestKind {
        decode::request(self.frame()).expect("what is generated is well formed").body
    }
}

impl<'a> Arbitrary<'a> for ArbitraryRequest {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let key = any_key(u)?;
        let version = any_version(key, u)?;
        Self::of(key, version, u)
    }
}

impl ArbitraryResponse {
    /// A response to this API at this version.
    ///
    /// # Errors
    /// [`::arbitrary::Error::IncorrectFormat`] for a version that this crate does not know.
    pub fn of(key: ApiKey, version: i16, u: &mut Unstructured<'_>) -> Result<Self> {
        let body = body(&AnyWords, key, schema::response(key), version, u)?;
        let header = Generator::new(&schema::RESPONSE_HEADER, key.response_header_version(version));
        Ok(Self { key, version, header: header.arbitrary(u)?.bytes, body })
    }

    /// The API.
    pub fn key(&self) -> ApiKey {
        self.key
    }

    /// The version.
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Its bytes without a header.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Its bytes with a header, but without the length that stands before a frame.
    pub fn frame(&self) -> Bytes {
        [&self.header[..], &self.body].concat().into()
    }
}

impl<'a> Arbitrary<'a> for ArbitraryResponse {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let key = any_key(u)?;
        let version = any_version(key, u)?;
        Self::of(key, version, u)
    }
}

/// Everything may be anything.
struct AnyWords;

impl Vocabulary for AnyWords {}

fn body(
    vocabulary: &dyn Vocabulary,
    key: ApiKey,
    schema: &'static MessageSchema,
    version: i16,
    u: &mut Unstructured<'_>,
) -> Result<Bytes> {
    // Some responses have versions that no request asks for.
    if !spoken_versions(key).contains(&version) {
        return Err(::arbitrary::Error::IncorrectFormat);
    }
    Ok(Generator::new(schema, version).in_words(vocabulary, u)?.bytes)
}

fn any_key(u: &mut Unstructured<'_>) -> Result<ApiKey> {
    let at = u.int_in_range(0..=ApiKey::iter().count() - 1)?;
    Ok(ApiKey::iter().nth(at).expect("it is below their number"))
}

fn any_version(key: ApiKey, u: &mut Unstructured<'_>) -> Result<i16> {
    u.int_in_range(spoken_versions(key))
}
