//! The two ways into a cluster: TCP on loopback for any client in any language, and memory for a
//! client in the same process under virtual time.
//!
//! Either owns the machine behind one mutex, shared with the handle and never held across an
//! await. What is read from connections goes in as [`Input`]s, what comes out as [`Output`]s is
//! written, and [`Input::Timeout`] is handed in when the machine asks for it.

use milena_protocol::time::MonoTime;

use crate::cluster::{Cluster, Input, Output};

pub(crate) mod memory;
pub(crate) mod tcp;

/// How often the machine may step without time going by. A healthy cluster needs a few dozen
/// steps for everything that is due at one moment; one that runs in circles is stopped here.
const STEPS_AT_ONE_MOMENT: u32 = 1_000_000;

/// What a transport needs of the cluster. A trait, so that transports are tested against a
/// scripted machine.
pub(crate) trait Machine: Send + 'static {
    /// Takes an input, and does everything that is due by `now`.
    fn step(&mut self, now: MonoTime, input: Input);
    /// What is to be done next.
    fn poll_output(&mut self) -> Option<Output>;
    /// When it wants [`Input::Timeout`] at the latest.
    fn poll_timeout(&self) -> Option<MonoTime>;
}

impl Machine for Cluster {
    fn step(&mut self, now: MonoTime, input: Input) {
        Self::step(self, now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        Self::poll_output(self)
    }

    fn poll_timeout(&self) -> Option<MonoTime> {
        Self::poll_timeout(self)
    }
}

#[cfg(test)]
mod scripted;
