//! The records field of a fetch response: batches, records, headers.

use bytes::Bytes;
use milena_protocol::records;

use super::{Target, samples};

/// Record batches as a consumer reads them.
pub const TARGET: Target =
    Target { name: "record_batches", cap: 64 * 1024, exercise, seeds: samples::batches };

fn exercise(input: &[u8]) {
    for batch in records::batches(Bytes::copy_from_slice(input)) {
        let Ok(batch) = batch else { continue };
        let _ = batch.verify_crc();
        let _ = batch.control_type();
        let Ok(records) = batch.records() else { continue };
        for record in records {
            let Ok(record) = record else { break };
            for (key, value) in record.headers() {
                std::hint::black_box((key, value));
            }
        }
    }
}
