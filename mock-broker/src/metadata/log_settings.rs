//! How a topic's logs are kept: when segments are closed, what retention and compaction leave
//! (`LogConfig`).

use super::TopicSettings;
use crate::log::{Compaction, Retention, SegmentLimits};

impl TopicSettings {
    /// `segment.bytes` and `segment.ms`
    pub(crate) fn segments(&self) -> SegmentLimits {
        SegmentLimits { bytes: self.segment_bytes.unsigned_abs(), millis: self.segment_ms }
    }

    /// `cleanup.policy`, `retention.ms` and `retention.bytes`
    pub(crate) fn retention(&self) -> Retention {
        Retention { deletes: self.deleted, millis: self.retention_ms, bytes: self.retention_bytes }
    }

    /// `cleanup.policy` again, and what says how far compaction goes.
    pub(crate) fn compaction(&self) -> Compaction {
        Compaction {
            compacts: self.compacted,
            min_dirty_ratio: self.min_cleanable_dirty_ratio,
            delete_retention: self.delete_retention_ms,
            min_lag: self.min_compaction_lag_ms,
            max_lag: self.max_compaction_lag_ms,
            segment_bytes: self.segment_bytes.unsigned_abs(),
        }
    }
}
