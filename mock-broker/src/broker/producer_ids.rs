//! Hands out producer ids from blocks the controller gives (`RPCProducerIdManager`).
//!
//! A block belongs to one process, so ids are unique across brokers and restarts. The first block
//! is asked for when the broker begins to serve (Apache Kafka waits for the first client, which
//! then has to try again), the next when a tenth of the current one is left.

use milena_protocol::ErrorCode;
use milena_protocol::time::MonoTime;

use super::{CallKind, Process};
use crate::context::Context;
use crate::message::{ProducerIdBlock, Request};

/// What is left of a block when the next is asked for (`PID_PREFETCH_THRESHOLD`).
const PREFETCH_AT: i64 = 100;

/// The ids of one process.
#[derive(Default, Debug)]
pub(super) struct ProducerIds {
    current: Option<ProducerIdBlock>,
    next: Option<ProducerIdBlock>,
    asking: bool,
    not_before: Option<MonoTime>,
}

impl ProducerIds {
    fn take(&mut self) -> Option<i64> {
        if self.current.is_none_or(|block| block.count == 0) {
            self.current = self.next.take();
        }
        let block = self.current.as_mut().filter(|block| block.count > 0)?;
        let id = block.first;
        block.first += 1;
        block.count -= 1;
        Some(id)
    }

    fn wants_block(&self, now: MonoTime) -> bool {
        let left = self.current.map_or(0, |block| block.count);
        left <= PREFETCH_AT
            && self.next.is_none()
            && !self.asking
            && self.not_before.is_none_or(|at| at <= now)
    }

    pub(super) fn failed(&mut self, again_at: MonoTime) {
        self.asking = false;
        self.not_before = Some(again_at);
    }
}

impl Process {
    /// A producer id, or nothing while the controller has not given a block.
    pub(crate) fn take_producer_id(&mut self, ctx: &mut Context<'_>) -> Option<i64> {
        let id = self.producer_ids.take();
        self.ask_for_producer_ids(ctx);
        id
    }

    pub(super) fn ask_for_producer_ids(&mut self, ctx: &mut Context<'_>) {
        if self.producer_ids.wants_block(ctx.now) {
            self.producer_ids.asking = true;
            self.producer_ids.not_before = None;
            let body = Request::AllocateProducerIds { epoch: self.broker_epoch() };
            self.call_controller(ctx, CallKind::AllocateProducerIds, body);
        }
    }

    pub(super) fn producer_ids_answered(
        &mut self,
        ctx: &Context<'_>,
        block: Result<ProducerIdBlock, ErrorCode>,
    ) {
        match block {
            Ok(block) => {
                self.producer_ids.asking = false;
                self.producer_ids.next = Some(block);
            }
            Err(_) => {
                let again_at = ctx.now + ctx.config.timings.controller_retry_backoff;
                self.producer_ids.failed(again_at);
            }
        }
    }
}
