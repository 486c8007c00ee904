//! From a host and port to a connection that takes requests: every address is tried.

use std::sync::Arc;

use super::clock::Clock;
use super::link::Link;
use super::slot::Slot;
use crate::environment::Environment;
use crate::error::connect::{ConnectionStage, EndpointFailure, PeerFailure};
use crate::machine::connection::ConnectionSettings;

/// What dialling needs to know.
pub(super) struct Dialler<'a> {
    pub(super) environment: &'a Environment,
    pub(super) clock: &'a Clock,
    pub(super) settings: &'a ConnectionSettings,
}

impl Dialler<'_> {
    /// Resolves the name and tries its addresses in order, until one speaks Kafka. Progress and
    /// failures are noted in the slot as they come, so that they can be told while it goes on.
    pub(super) async fn dial(
        &self,
        slot: &Slot,
        host: &Arc<str>,
        port: u16,
    ) -> Result<Link, Arc<EndpointFailure>> {
        slot.set_dialling(self.clock.now(), host, port);
        match self.try_all(slot, host, port).await {
            Some(link) => Ok(link),
            None => {
                let nothing = || EndpointFailure::new(None, host, port);
                Err(Arc::new(slot.attempt().unwrap_or_else(nothing)))
            }
        }
    }

    async fn try_all(&self, slot: &Slot, host: &Arc<str>, port: u16) -> Option<Link> {
        let setup = self.settings.setup_timeout;
        let resolving = self.environment.connector().resolve(host, port);
        let addresses = match tokio::time::timeout(setup, resolving).await {
            Ok(Ok(addresses)) if addresses.is_empty() => {
                let message = "no address".into();
                slot.set_resolution(PeerFailure::Resolution { message });
                return None;
            }
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => {
                let message = error.to_string().into();
                slot.set_resolution(PeerFailure::Resolution { message });
                return None;
            }
            Err(_) => {
                let during = ConnectionStage::Resolving;
                slot.set_resolution(PeerFailure::TimedOut { after: setup, during });
                return None;
            }
        };
        for address in addresses {
            slot.set_progress(self.clock.now(), address, ConnectionStage::Connecting);
            let connecting = self.environment.connector().connect(address);
            let stream = match tokio::time::timeout(setup, connecting).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    slot.add_failure(address, PeerFailure::io(&error));
                    continue;
                }
                Err(_) => {
                    let during = ConnectionStage::Connecting;
                    slot.add_failure(address, PeerFailure::TimedOut { after: setup, during });
                    continue;
                }
            };
            slot.set_progress(self.clock.now(), address, ConnectionStage::Negotiating);
            let (settings, clock) = (self.settings.clone(), self.clock.clone());
            let mut link = Link::new(stream, address, settings, clock, slot.purpose);
            match link.establish().await {
                Ok(()) => return Some(link),
                Err(failure) => slot.add_failure(address, failure),
            }
        }
        None
    }
}
