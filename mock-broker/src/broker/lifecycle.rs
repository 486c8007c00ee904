//! Registration, heartbeats, and when a broker serves (`BrokerLifecycleManager`).
//!
//! ```text
//!   Registering ──epoch──▶ CatchingUp ──image holds the registration──▶ Serving
//!        │                     │                                          │ asked to shut down
//!        └──────────┬──────────┘                                          ▼
//!                   ▼               the controller lets it go        ShuttingDown
//!                 Ended ◀─────────────────────────────────────────────────┘
//! ```
//!
//! The port opens when the image has caught up; the broker asks to be unfenced at the same moment,
//! and knows of being fenced later only from the answers to its heartbeats.

use milena_protocol::ErrorCode;
use milena_protocol::time::MonoTime;

use super::{CallKind, Process};
use crate::cluster::ListenerState;
use crate::context::Context;
use crate::message::{Heartbeat, HeartbeatReply, RegisterRequest, Request, Wish};

use std::time::Duration;

use rand_core::Rng;

/// How soon a broker asks again the first time that the controller does not let it go yet.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Where a process stands with the controller.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stage {
    #[default]
    Registering,
    CatchingUp {
        epoch: i64,
    },
    Serving {
        epoch: i64,
    },
    /// Serves on, until the controller lets it go, or until it has waited long enough.
    ShuttingDown {
        epoch: i64,
        until: MonoTime,
        asked: u32,
    },
    /// The process may go.
    Ended {
        epoch: i64,
    },
}

/// A process' dealings with the controller.
#[derive(Default, Debug)]
pub(crate) struct Lifecycle {
    stage: Stage,
    incarnation: u64,
    /// The epoch in which the process before this one was shut down in order, -1 if it was not.
    previous_epoch: i64,
    next_call: Option<MonoTime>,
    failures: u32,
    /// How many offline directories the last heartbeat told.
    failed_told: usize,
}

impl Lifecycle {
    /// The broker epoch, -1 before the registration.
    pub(crate) fn epoch(&self) -> i64 {
        match self.stage {
            Stage::Registering => -1,
            Stage::CatchingUp { epoch }
            | Stage::Serving { epoch }
            | Stage::ShuttingDown { epoch, .. }
            | Stage::Ended { epoch } => epoch,
        }
    }

    pub(crate) fn is_serving(&self) -> bool {
        matches!(self.stage, Stage::Serving { .. } | Stage::ShuttingDown { .. })
    }

    /// Whether the process has been shut down in order and may go.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        let until = match self.stage {
            Stage::ShuttingDown { until, .. } => Some(until),
            _ => None,
        };
        self.next_call.into_iter().chain(until).min()
    }
}

impl Process {
    /// The first thing a process does.
    pub(super) fn begin(&mut self, ctx: &mut Context<'_>) {
        self.lifecycle.incarnation = self.random.next_u64();
        // Whatever comes of this process, it is not what the last one left.
        self.lifecycle.previous_epoch = self.disk.shut_down_in.take().unwrap_or(-1);
        self.set_listener(ctx, ListenerState::Refusing);
        self.register(ctx);
        self.fetch_metadata(ctx);
    }

    fn register(&mut self, ctx: &mut Context<'_>) {
        let request = RegisterRequest {
            incarnation: self.lifecycle.incarnation,
            previous_epoch: self.lifecycle.previous_epoch,
            host: self.config.host.clone(),
            port: self.config.port,
            rack: self.config.rack.clone(),
        };
        self.call_controller(ctx, CallKind::Register, Request::Register(request));
    }

    pub(super) fn registered(&mut self, ctx: &mut Context<'_>, outcome: Result<i64, ErrorCode>) {
        match outcome {
            Ok(epoch) => {
                ctx.trace(self.node(), "registered", &[("epoch", &epoch)]);
                self.lifecycle.failures = 0;
                self.lifecycle.stage = Stage::CatchingUp { epoch };
                self.maybe_serve(ctx);
                if !self.lifecycle.is_serving() {
                    self.heartbeat(ctx);
                }
            }
            Err(code) => {
                ctx.trace(self.node(), "registration refused", &[("code", &code)]);
                self.lifecycle_call_failed(ctx);
            }
        }
    }

    /// Opens the port once the image holds this broker's own registration.
    pub(super) fn maybe_serve(&mut self, ctx: &mut Context<'_>) {
        let Stage::CatchingUp { epoch } = self.lifecycle.stage else { return };
        if self.metadata_offset() < epoch {
            return;
        }
        self.lifecycle.stage = Stage::Serving { epoch };
        self.open_replicas(ctx);
        self.set_listener(ctx, ListenerState::Accepting);
        self.heartbeat(ctx);
        self.ask_for_producer_ids(ctx);
    }

    /// Asked to end in order (SIGTERM).
    pub(crate) fn begin_shutdown(&mut self, ctx: &mut Context<'_>) {
        match self.lifecycle.stage {
            Stage::Serving { epoch } => {
                let until = ctx.now + ctx.config.timings.controlled_shutdown_timeout;
                self.lifecycle.stage = Stage::ShuttingDown { epoch, until, asked: 0 };
                self.heartbeat(ctx);
            }
            // Nobody depends on it.
            Stage::Registering | Stage::CatchingUp { .. } => self.end_lifecycle(),
            Stage::ShuttingDown { .. } | Stage::Ended { .. } => {}
        }
    }

    fn end_lifecycle(&mut self) {
        self.lifecycle.stage = Stage::Ended { epoch: self.lifecycle.epoch() };
        self.lifecycle.next_call = None;
    }

    fn heartbeat(&mut self, ctx: &mut Context<'_>) {
        self.lifecycle.next_call = None;
        let request = Request::Heartbeat(Heartbeat {
            epoch: self.lifecycle.epoch(),
            metadata_offset: self.metadata_offset(),
            wants: match self.lifecycle.stage {
                Stage::Registering | Stage::CatchingUp { .. } => Wish::Fenced,
                Stage::Serving { .. } => Wish::Active,
                Stage::ShuttingDown { .. } | Stage::Ended { .. } => Wish::ShutDown,
            },
            failed: self.directories.failed.clone(),
        });
        self.lifecycle.failed_told = self.directories.failed.len();
        self.call_controller(ctx, CallKind::Heartbeat, request);
    }

    /// Tells the controller what cannot wait, unless a heartbeat is on its way: then the next one
    /// follows at once (`BrokerLifecycleManager.propagateDirectoryFailure`).
    pub(super) fn heartbeat_soon(&mut self, ctx: &mut Context<'_>) {
        if self.lifecycle.next_call.is_some() && self.lifecycle.is_serving() {
            self.heartbeat(ctx);
        }
    }

    pub(super) fn heartbeat_answered(
        &mut self,
        ctx: &mut Context<'_>,
        reply: Result<HeartbeatReply, ErrorCode>,
    ) {
        match reply {
            Ok(reply) => {
                self.lifecycle.failures = 0;
                let mut pause = ctx.config.timings.heartbeat_interval;
                if let Stage::ShuttingDown { asked, .. } = &mut self.lifecycle.stage {
                    if reply.shut_down {
                        self.end_lifecycle();
                        return;
                    }
                    if *asked == 0 {
                        pause = pause.min(ASK_AGAIN);
                    }
                    *asked += 1;
                }
                self.lifecycle.next_call = Some(ctx.now + pause);
                if self.lifecycle.failed_told < self.directories.failed.len() {
                    self.heartbeat(ctx);
                }
            }
            Err(_) => self.lifecycle_call_failed(ctx),
        }
    }

    /// Tries again after a pause that doubles up to the session time-out.
    pub(super) fn lifecycle_call_failed(&mut self, ctx: &mut Context<'_>) {
        let timings = &ctx.config.timings;
        let doublings = self.lifecycle.failures.min(16);
        let pause = timings.controller_retry_backoff * (1 << doublings);
        self.lifecycle.failures += 1;
        self.lifecycle.next_call = Some(ctx.now + pause.min(timings.session_timeout));
    }

    pub(super) fn lifecycle_due(&mut self, ctx: &mut Context<'_>) {
        if let Stage::ShuttingDown { until, .. } = self.lifecycle.stage
            && until <= ctx.now
        {
            self.end_lifecycle();
        }
        if self.lifecycle.next_call.is_none_or(|at| at > ctx.now) {
            return;
        }
        self.lifecycle.next_call = None;
        match self.lifecycle.stage {
            Stage::Registering => self.register(ctx),
            Stage::CatchingUp { .. } | Stage::Serving { .. } | Stage::ShuttingDown { .. } => {
                self.heartbeat(ctx);
            }
            Stage::Ended { .. } => {}
        }
    }

    /// The offset of the last metadata record this broker has, -1 before the first.
    fn metadata_offset(&self) -> i64 {
        i64::try_from(self.image.offset).unwrap_or(i64::MAX) - 1
    }

    /// Asks for what comes behind this broker's image.
    pub(super) fn fetch_metadata(&mut self, ctx: &mut Context<'_>) {
        let from = self.image.offset;
        self.call_controller(ctx, CallKind::FetchMetadata, Request::FetchMetadata { from });
    }
}
