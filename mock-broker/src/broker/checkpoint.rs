//! The checkpoints: all a crash leaves of what a broker knew of high watermarks, and of where
//! deletions let logs start.

use std::collections::BTreeSet;

use super::Process;
use crate::context::Context;
use crate::metadata::Directory;

impl Process {
    pub(super) fn checkpoint_due(&mut self, ctx: &Context<'_>) {
        if self.next_checkpoint > ctx.now {
            return;
        }
        self.next_checkpoint = ctx.now + ctx.config.timings.high_watermark_checkpoint_interval;
        for key in std::mem::take(&mut self.unsaved) {
            if let Some(replica) = self.replicas.get(&key) {
                self.disk.high_watermarks.insert(key, replica.log.high_watermark());
            }
        }
    }

    /// `LogManager.checkpointLogStartOffsets`
    pub(super) fn start_checkpoint_due(&mut self, ctx: &Context<'_>) {
        if self.next_start_checkpoint > ctx.now {
            return;
        }
        self.next_start_checkpoint = ctx.now + ctx.config.storage.start_checkpoint_interval;
        self.save_starts(|_| true);
    }

    /// Whoever deletes a log writes down where the others in its directory start
    /// (`LogManager.asyncDelete`).
    pub(super) fn save_starts_beside(&mut self, deleted: &BTreeSet<Directory>) {
        if !deleted.is_empty() {
            self.save_starts(|directory| deleted.contains(&directory));
        }
    }

    fn save_starts(&mut self, is_written: impl Fn(Directory) -> bool) {
        for (key, replica) in &self.replicas {
            let start = replica.log.start_offset();
            if start > 0 && is_written(self.disk.directory_of(*key)) {
                self.disk.log_starts.insert(*key, start);
            }
        }
    }
}
