//! What the guard's walk costs beside the decode it comes before.

use std::hint::black_box;

use bytes::Bytes;
use milena_protocol::Decodable;
use milena_protocol::guard::{self, Limits};
use milena_protocol::messages::{ApiKey, FetchResponse, MetadataResponse};
use milena_protocol::schema;
use milena_protocol_tests::measure::alternate;
use milena_protocol_tests::measure::messages::{
    FETCH_VERSION, METADATA_VERSION, bytes_of, fetched, metadata,
};
use milena_protocol_tests::measure::records::LARGE;

use crate::Measure;
use crate::report::Figure;

pub(crate) const FIGURES: [(&str, Measure); 2] =
    [("guard-metadata", guard_metadata), ("guard-fetch", guard_fetch)];

/// How much of the decode's time the walk may take.
const GOAL: f64 = 0.15;

/// 1,000 partitions.
fn guard_metadata(name: &'static str) -> Result<Figure, String> {
    let bytes = bytes_of(&metadata(10), METADATA_VERSION);
    measure::<MetadataResponse>(name, ApiKey::Metadata, METADATA_VERSION, &bytes)
}

/// 100 partitions with a batch each.
fn guard_fetch(name: &'static str) -> Result<Figure, String> {
    let bytes = bytes_of(&fetched(10, &LARGE.batch()), FETCH_VERSION);
    measure::<FetchResponse>(name, ApiKey::Fetch, FETCH_VERSION, &bytes)
}

fn measure<M: Decodable>(
    name: &'static str,
    key: ApiKey,
    version: i16,
    bytes: &Bytes,
) -> Result<Figure, String> {
    let schema = schema::response(key);
    let walk = || guard::check_whole(schema, version, black_box(bytes), Limits::default());
    let decode = || M::decode(&mut black_box(bytes.clone()), version);
    walk().map_err(|error| error.to_string())?;
    decode().map_err(|error| error.to_string())?;
    let pair = alternate(
        || {
            black_box(walk()).ok();
        },
        || {
            black_box(decode()).ok();
        },
    );
    Ok(Figure::paired(name, pair, "ns", Some(GOAL)))
}
