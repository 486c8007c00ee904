//! Closes connections on which nothing happens (`connections.max.idle.ms`,
//! `Selector.IdleExpiryManager`).
//!
//! A connection is looked at once per interval; what happened meanwhile only leaves its time, so
//! that a busy connection costs nothing. One that waits for an answer is as idle as any other.

use milena_protocol::time::MonoTime;

use super::Process;
use crate::cluster::{CloseCause, ConnectionId};
use crate::context::Context;
use crate::sabotage::{self, Sabotage};

impl Process {
    /// Looks at a connection once it may have been idle for too long.
    pub(super) fn watch_idle(&mut self, ctx: &Context<'_>, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.next_look = connection.last_active + ctx.config.timings.connections_max_idle;
        if !sabotage::is(Sabotage::IdleNeverClosed) {
            self.idle.insert((connection.next_look, id));
        }
    }

    pub(super) fn idle_timeout(&self) -> Option<MonoTime> {
        self.idle.first().map(|(at, _)| *at)
    }

    pub(super) fn close_idle(&mut self, ctx: &mut Context<'_>) {
        let limit = ctx.config.timings.connections_max_idle;
        while let Some((_, id)) = self.idle.first().copied().filter(|(at, _)| *at <= ctx.now) {
            self.idle.pop_first();
            let Some(connection) = self.connections.get(&id) else { continue };
            if connection.last_active + limit <= ctx.now {
                self.close(ctx, id, CloseCause::Idle);
            } else {
                self.watch_idle(ctx, id);
            }
        }
    }
}
