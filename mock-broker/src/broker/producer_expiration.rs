//! Forgets producers that have been silent for long (`producer.id.expiration.ms`).
//!
//! Apache Kafka has a timer per log; here one goes over all logs of the broker.

use super::Process;
use crate::context::Context;

impl Process {
    pub(super) fn producer_check_due(&mut self, ctx: &Context<'_>) {
        if self.next_producer_check > ctx.now {
            return;
        }
        self.next_producer_check = ctx.now + ctx.config.producer_id_expiration_check_interval;
        let expiration = self.image.settings.number("producer.id.expiration.ms");
        let expiration = expiration.unwrap_or(i64::MAX);
        for replica in self.replicas.values_mut() {
            replica.log.expire_producers(ctx.wall_millis(), expiration);
        }
    }
}
