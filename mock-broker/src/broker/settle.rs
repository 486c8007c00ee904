//! Runs a broker until nothing is left to do at this moment.
//!
//! Handlers only note what changed; everything that follows from it (completed produces and
//! fetches, woken followers, the next request of a connection) happens here, in one order.

use super::Process;
use crate::context::Context;

impl Process {
    pub(crate) fn settle(&mut self, ctx: &mut Context<'_>) {
        loop {
            if !self.moved.is_empty() || !self.appended.is_empty() {
                self.follow_up(ctx);
            }
            if let Some(connection) = self.runnable.pop_front() {
                self.run(ctx, connection);
            } else if let Some(follower) = self.awake.pop_first() {
                self.answer_follower(ctx, follower, false);
            } else if self.moved.is_empty() && self.appended.is_empty() {
                break;
            }
        }
        self.propose_isrs(ctx);
        self.send_fetches(ctx);
    }

    /// Wakes whoever waits for what was noted.
    fn follow_up(&mut self, ctx: &mut Context<'_>) {
        let (moved, appended) = (self.moved.take(), self.appended.take());
        for (id, session) in &mut self.followers {
            for key in moved.iter().chain(&appended) {
                if session.touch(*key) {
                    self.awake.insert(*id);
                }
            }
        }
        for key in &moved {
            self.complete_produces(ctx, *key);
            self.complete_fetches(ctx, *key);
            self.complete_deletes(ctx, *key);
        }
        self.moved.give_back(moved);
        self.appended.give_back(appended);
    }
}
