//! ListOffsets and OffsetForLeaderEpoch.

use super::super::{Outcome, Scenario};
use super::support::{LIST_OFFSETS, TIMESTAMP, batch, list_offsets};

cases! {
    special_timestamps_name_the_ends_of_the_log: One, "ListOffsetsRequest";
}

fn special_timestamps_name_the_ends_of_the_log(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for timestamp in [-1, -2, -3, -4, -5, 0] {
        let request = list_offsets(&topic, timestamp);
        s.ask(&format!("{timestamp}, empty"), 1, LIST_OFFSETS, &request)?;
    }
    s.append(1, &topic, batch(&["a", "b"]))?;
    for timestamp in [-1, -2, -3, -4, -5, 0, TIMESTAMP, TIMESTAMP + 1] {
        let request = list_offsets(&topic, timestamp);
        s.ask(&format!("{timestamp}, two records"), 1, LIST_OFFSETS, &request)?;
    }
    Ok(())
}
