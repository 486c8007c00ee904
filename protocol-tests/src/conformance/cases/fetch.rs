//! Fetch: offsets, epochs, limits.

use super::super::{Outcome, Scenario};
use super::support::{FETCH, batch, fetch, fetch_with};

cases! {
    an_offset_outside_of_the_log_is_out_of_range: One, "UnifiedLog.read";
    a_leader_epoch_is_fenced_below_and_unknown_above: One, "Partition.checkCurrentLeaderEpoch";
    a_last_fetched_epoch_that_does_not_match_diverges: One, "KIP-595, Partition.readRecords";
    the_first_batch_comes_whole_whatever_the_limit: One, "KIP-74";
}

fn an_offset_outside_of_the_log_is_out_of_range(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for offset in [2, 3, -1, i64::MAX] {
        s.ask(&format!("offset {offset}"), 1, FETCH, &fetch(&topic, offset))?;
    }
    Ok(())
}

fn a_leader_epoch_is_fenced_below_and_unknown_above(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    for epoch in [-1, 0, 1, 5] {
        let request = fetch_with(&topic, 0, |p| p.with_current_leader_epoch(epoch));
        s.ask(&format!("epoch {epoch}"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn a_last_fetched_epoch_that_does_not_match_diverges(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for (offset, epoch) in [(1, 0), (1, 3), (2, 0), (5, 0), (0, -1)] {
        let request = fetch_with(&topic, offset, |p| p.with_last_fetched_epoch(epoch));
        s.ask(&format!("offset {offset} after epoch {epoch}"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn the_first_batch_comes_whole_whatever_the_limit(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let value = "v".repeat(500);
    for _ in 0..3 {
        s.append(1, &topic, batch(&[value.as_str()]))?;
    }
    for limit in [0, 1, 600, 1_200, 100_000] {
        let request = fetch_with(&topic, 0, |p| p.with_partition_max_bytes(limit));
        s.ask(&format!("{limit} bytes of the partition"), 1, FETCH, &request)?;
        let request = fetch(&topic, 0).with_max_bytes(limit);
        s.ask(&format!("{limit} bytes in all"), 1, FETCH, &request)?;
    }
    Ok(())
}
