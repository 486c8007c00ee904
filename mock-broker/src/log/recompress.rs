//! Writes a batch anew in the codec that its topic wants
//! (`LogValidator.buildRecordsAndAssignOffsets`).
//!
//! Records keep their timestamps, keys, values and headers, the batch its producer; offsets follow
//! each other from the first on.

use milena_protocol::ErrorCode;
use milena_protocol::compression::Codec;
use milena_protocol::records::{Batch, BatchBuilder, BatchKind, HeaderRef, Stamp};

use super::Refused;

pub(super) fn rebuilt(plain: &Batch, codec: Codec) -> Result<Batch, Refused> {
    // The records were read once already, and a codec that is not built in is none a topic can
    // have.
    let unfit =
        |text: String| Refused { message: Some(text), ..ErrorCode::UNKNOWN_SERVER_ERROR.into() };
    let mut builder = BatchBuilder::new(plain.size());
    for record in plain.records().map_err(|error| unfit(error.to_string()))? {
        let record = record.map_err(|error| unfit(error.to_string()))?;
        let headers: Vec<HeaderRef<'_>> = record.headers().collect();
        builder
            .append(record.timestamp, record.key, record.value, &headers)
            .map_err(|error| unfit(error.to_string()))?;
    }
    let stamp = Stamp {
        producer_id: plain.header.producer_id,
        producer_epoch: plain.header.producer_epoch,
        base_sequence: plain.header.base_sequence,
        kind: if plain.is_transactional() { BatchKind::Transactional } else { BatchKind::Plain },
    };
    let sealed = builder.seal_compressed(codec.into()).map_err(|error| unfit(error.to_string()))?;
    sealed.stamp(&stamp).to_batch().map_err(|error| unfit(error.to_string()))
}
