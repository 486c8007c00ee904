//! A partition's log as a broker keeps it, as far as a producer can tell.

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;

use super::{Part, numbers};

/// Accepts batches by the rules of `ProducerStateEntry` and `ProducerAppendInfo`.
#[derive(Clone, Default)]
pub(super) struct Log {
    pub(super) values: Vec<String>,
    producers: BTreeMap<i64, State>,
}

#[derive(Clone)]
struct State {
    epoch: i16,
    /// Base sequence, last sequence and base offset of the last five batches.
    batches: Vec<(i32, i32, i64)>,
}

impl Log {
    pub(super) fn append(&mut self, part: &Part) -> Result<i64, ErrorCode> {
        let (epoch, base, count) = numbers(part);
        let last = part.stamp.base_sequence.plus(count as i32 - 1).get();
        let id = part.stamp.producer_id.get();
        if let Some(state) = self.producers.get(&id) {
            let same = |batch: &&(i32, i32, i64)| (batch.0, batch.1) == (base, last);
            if state.epoch == epoch
                && let Some((.., offset)) = state.batches.iter().find(same)
            {
                return Ok(*offset);
            }
            if epoch < state.epoch {
                return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
            }
            let expected = match (epoch > state.epoch, state.batches.last()) {
                (true, _) | (false, None) => 0,
                (false, Some((_, last, _))) => last.wrapping_add(1) & i32::MAX,
            };
            if base != expected {
                return Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
            }
        }
        let offset = self.values.len() as i64;
        let state = self.producers.entry(id).or_insert(State { epoch, batches: Vec::new() });
        if state.epoch != epoch {
            *state = State { epoch, batches: Vec::new() };
        }
        state.batches.push((base, last, offset));
        if state.batches.len() > 5 {
            state.batches.remove(0);
        }
        let batch = part.batch.to_batch().expect("a batch");
        for record in batch.records().expect("records") {
            let value = record.expect("a record").value.expect("a value").to_vec();
            self.values.push(String::from_utf8(value).expect("text"));
        }
        Ok(offset)
    }
}
