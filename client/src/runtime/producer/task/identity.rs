//! Getting a producer id.

use milena_protocol::ids::{ProducerEpoch, ProducerId};
use milena_protocol::messages::InitProducerIdRequest;

use super::*;
use crate::error::Hindrance;
use crate::machine::backoff::Backoff;
use crate::runtime::core::Destination;

/// Why there is no producer id.
pub(super) enum IdFailure {
    /// May pass.
    Passing(Hindrance),
    /// Will not.
    Lasting(Hindrance),
}

impl ProducerTask {
    pub(super) fn ask_producer_id(&mut self) {
        self.id_retry_at = None;
        let core = self.core.clone();
        let timeout = self.config.request_timeout;
        self.id_request = Some(Box::pin(async move { fetch_producer_id(&core, timeout).await }));
    }

    pub(super) fn producer_id_came(&mut self, result: Result<Incarnation, IdFailure>) {
        let now = self.shared.now();
        self.id_request = None;
        match result {
            Ok(incarnation) => {
                tracing::debug!(id = %incarnation.id, epoch = %incarnation.epoch, "producer id");
                self.machine.on_producer_id(now, incarnation);
            }
            Err(IdFailure::Passing(why)) => {
                tracing::debug!(%why, "no producer id yet");
                self.id_failures += 1;
                let backoff =
                    Backoff::new(self.config.retry_backoff, self.config.retry_backoff_max);
                let wait = backoff.after(self.id_failures, self.shared.random());
                self.id_retry_at = Some(now + wait);
            }
            Err(IdFailure::Lasting(why)) => self.machine.on_no_producer_id(now, why),
        }
    }

    pub(super) fn retry_producer_id(&mut self, now: MonoTime) {
        if self.id_retry_at.is_some_and(|at| at <= now) {
            self.ask_producer_id();
        }
    }
}

/// One attempt at a producer id (KIP-98).
async fn fetch_producer_id(core: &Core, timeout: Duration) -> Result<Incarnation, IdFailure> {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_transaction_timeout_ms(i32::MAX)
        .with_producer_id(ProducerId::NONE.get().into())
        .with_producer_epoch(ProducerEpoch::NONE.get());
    let answer = core.request(Destination::Any, Purpose::Control, request, timeout).await;
    let response = answer.map_err(|error| {
        let why = Hindrance::Request(error.kind.clone());
        if error.is_retriable() { IdFailure::Passing(why) } else { IdFailure::Lasting(why) }
    })?;
    let code = ErrorCode(response.error_code);
    match code.check() {
        Ok(()) => Ok(Incarnation {
            id: ProducerId(response.producer_id.0),
            epoch: ProducerEpoch(response.producer_epoch),
        }),
        Err(code) if code.is_retriable() => Err(IdFailure::Passing(Hindrance::Code(code))),
        Err(code) => Err(IdFailure::Lasting(Hindrance::Code(code))),
    }
}
