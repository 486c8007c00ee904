//! Deletes old segments and compacts in the background (`LogManager.cleanupLogs`, `LogCleaner`). A
//! test sees it by waiting for `log.retention.check.interval.ms` or `log.cleaner.backoff.ms`, or has
//! it done at once by [`Operation::CleanLogs`](crate::cluster::Operation::CleanLogs).

use super::Process;
use crate::cluster::Node;
use crate::context::Context;
use crate::metadata::TopicPartition;
use crate::replication::Replica;

impl Process {
    pub(super) fn retention_due(&mut self, ctx: &mut Context<'_>) {
        if self.next_retention > ctx.now {
            return;
        }
        self.next_retention = ctx.now + ctx.config.storage.retention_check_interval;
        // Logs that are compacted are the cleaner's.
        self.shorten(ctx, |replica| !replica.settings.compacted);
    }

    pub(super) fn cleaning_due(&mut self, ctx: &mut Context<'_>) {
        if self.next_cleaning > ctx.now {
            return;
        }
        self.next_cleaning = ctx.now + self.image.settings.millis("log.cleaner.backoff.ms");
        self.compact(ctx);
        self.shorten(ctx, |replica| replica.settings.compacted);
    }

    /// Does at once what is done in the background.
    pub(crate) fn clean_logs(&mut self, ctx: &mut Context<'_>) {
        self.compact(ctx);
        self.shorten(ctx, |_| true);
        self.settle(ctx);
    }

    fn compact(&mut self, ctx: &mut Context<'_>) {
        let wall_millis = ctx.wall_millis();
        for (key, replica) in &mut self.replicas {
            if replica.log.compact_if_due(&replica.settings.compaction(), wall_millis) {
                let (topic, size) = (&replica.topic, replica.log.size());
                let node = Node::Broker(self.id);
                ctx.trace(
                    node,
                    "compacted",
                    &[("topic", topic), ("partition", &key.index), ("bytes", &size)],
                );
            }
        }
    }

    /// Deletes the old segments of some logs.
    fn shorten(&mut self, ctx: &mut Context<'_>, which: impl Fn(&Replica) -> bool) {
        let wall_millis = ctx.wall_millis();
        let mut shortened = Vec::new();
        for (key, replica) in self.replicas.iter_mut().filter(|(_, replica)| which(replica)) {
            let before = replica.log.start_offset();
            replica.log.delete_old_segments(replica.settings.retention(), wall_millis);
            let start = replica.log.start_offset();
            if start != before {
                let (node, topic) = (Node::Broker(self.id), &replica.topic);
                ctx.trace(
                    node,
                    "retention",
                    &[("topic", topic), ("partition", &key.index), ("start", &start)],
                );
                shortened.push(*key);
            }
        }
        for key in shortened {
            self.log_start_moved(key);
        }
    }

    /// A log starts later than before: followers hear of it with their next answer, which this
    /// alone does not bring about.
    pub(crate) fn log_start_moved(&mut self, key: TopicPartition) {
        for session in self.followers.values_mut() {
            session.touch(key);
        }
        if self.deletes.awaits(key) {
            self.moved.insert(key);
        }
    }
}
