//! The codec held against frames that real clients and Apache Kafka exchanged.

mod batches;
mod coverage;
mod frames;
mod groups;
mod internal_topics;
mod old_formats;

use milena_protocol_tests::vectors::{self, Vector};

fn all() -> Vec<Vector> {
    let vectors = vectors::all().expect("the vectors can be read");
    assert!(vectors.len() > 500, "only {} vectors", vectors.len());
    vectors
}
