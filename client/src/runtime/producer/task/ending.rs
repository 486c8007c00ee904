//! Flushing and closing.

use super::*;

impl ProducerTask {
    pub(super) fn flush(&mut self, now: MonoTime, reply: Reply) {
        self.take_everything(now);
        let (parked, oldest) = self.shared.parking.lock().numbers();
        let stage = match oldest {
            Some(_) => FlushStage::Parked(parked),
            None => self.next_generation(),
        };
        self.flushes.push(PendingFlush { stage, reply });
    }

    /// What is taken from now on belongs to another generation.
    pub(super) fn next_generation(&mut self) -> FlushStage {
        let current = self.generation;
        self.generation += 1;
        FlushStage::Batches(current)
    }

    pub(super) fn answer_flushes(&mut self, now: MonoTime) {
        if self.flushes.is_empty() {
            return;
        }
        let (_, oldest_parked) = self.shared.parking.lock().numbers();
        for mut flush in std::mem::take(&mut self.flushes) {
            if let FlushStage::Parked(number) = flush.stage
                && oldest_parked.is_none_or(|oldest| oldest > number)
            {
                self.take_everything(now);
                self.carry_out(now);
                flush.stage = self.next_generation();
            }
            let open = self.outstanding.first_key_value().map(|(generation, _)| *generation);
            match flush.stage {
                FlushStage::Batches(until) if open.is_none_or(|oldest| oldest > until) => {
                    // Whoever asked may be gone.
                    let _ = flush.reply.send(self.shared.failures.take());
                }
                FlushStage::Batches(_) | FlushStage::Parked(_) => self.flushes.push(flush),
            }
        }
    }

    pub(super) fn close(&mut self, now: MonoTime, by: MonoTime, done: Reply) {
        self.shared.parking.lock().refuse_more();
        self.take_everything(now);
        match &mut self.phase {
            Phase::Closing { by: earlier, replies } => {
                *earlier = by.min(*earlier);
                replies.push(done);
            }
            Phase::Open | Phase::Orphaned => {
                self.phase = Phase::Closing { by, replies: vec![done] };
            }
        }
    }

    pub(super) fn is_finished(&mut self, now: MonoTime) -> bool {
        let idle = !self.shared.has_mail()
            && self.outstanding.is_empty()
            && self.lingering.is_empty()
            && self.ripe.is_empty()
            && self.shared.parking.lock().is_empty();
        match &mut self.phase {
            Phase::Open => false,
            Phase::Orphaned => idle,
            Phase::Closing { by, .. } if !idle && *by > now => {
                // Parked records may have been put into lanes meanwhile.
                self.take_everything(now);
                false
            }
            Phase::Closing { replies, .. } => {
                let replies = std::mem::take(replies);
                self.end(&ProduceErrorKind::Closed);
                let mut result = self.shared.failures.take();
                for reply in replies {
                    let _ = reply.send(result.clone());
                    result = result.and(Ok(()));
                }
                true
            }
        }
    }

    /// Ends everything that is still here.
    pub(super) fn end(&mut self, kind: &ProduceErrorKind) {
        let parked = self.shared.parking.lock().close();
        for parked in parked {
            let mut error = ProduceError::new(kind.clone());
            if let crate::record::TopicRef::Named(name) = &parked.record.topic {
                error = error.in_topic(name.clone());
            }
            self.fail_parked(parked, error);
        }
        let now = self.shared.now();
        let lanes: Vec<_> = self.registry.lanes().cloned().collect();
        for lane in lanes {
            let rest = lane.close();
            self.seal(now, lane.id, rest);
        }
        self.machine.fail_everything(kind);
        while let Some(effect) = self.machine.poll_effect(now) {
            if let Effect::Complete { span, outcome } = effect {
                self.complete(span, outcome);
            }
        }
    }
}
