//! The controller's process: it is killed and started, stopped and let go on, or moved; and what
//! brokers and clients say to it meanwhile.
//!
//! What it committed outlives the process. Sessions of brokers and whoever waited for an answer do
//! not: a controller that takes over gives every broker a whole session.

use std::collections::VecDeque;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::{
    CloseCause, CloseReason, Cluster, ConnectionId, Node, OperationError, Output, ProcessState,
};
use crate::broker::{BrokerState, Held};
use crate::message::{Message, Response};

/// What the controller's process does.
#[derive(Default, Debug)]
pub(super) enum Presence {
    #[default]
    Up,
    /// What happened meanwhile waits in order.
    Paused { held: VecDeque<Held> },
    /// Nobody listens, until another takes over by itself if there is a time for that.
    Gone { until: Option<MonoTime> },
}

impl Cluster {
    pub(super) fn controller_state(&self) -> ProcessState {
        match self.presence {
            Presence::Up => ProcessState::Running,
            Presence::Paused { .. } => ProcessState::Paused,
            Presence::Gone { .. } => ProcessState::Killed,
        }
    }

    pub(super) fn kill_controller(&mut self) -> Result<(), OperationError> {
        self.controller_goes(None)
    }

    /// The controller is gone, and another takes over after the configured time.
    pub(super) fn move_controller(&mut self) -> Result<(), OperationError> {
        let until = self.now + self.config.timings.controller_failover;
        self.controller_goes(Some(until))
    }

    fn controller_goes(&mut self, until: Option<MonoTime>) -> Result<(), OperationError> {
        if let Presence::Gone { .. } = self.presence {
            return Err(self.wrong_controller_state("be killed"));
        }
        let held = match std::mem::replace(&mut self.presence, Presence::Gone { until }) {
            Presence::Paused { held } => held,
            Presence::Up | Presence::Gone { .. } => VecDeque::new(),
        };
        self.controller.lose_memory();
        let mut clients = self.controller.drop_clients();
        for said in held {
            match said {
                Held::Connected { connection, peer } => {
                    clients.insert(connection, peer);
                }
                Held::Disconnected { connection } => {
                    clients.remove(&connection);
                }
                Held::Message { .. } | Held::Frame { .. } => {}
            }
        }
        for (connection, peer) in clients {
            self.refuse_client(connection, peer, CloseCause::BrokerKilled);
        }
        self.break_connections(Node::Controller);
        self.hold_outputs();
        Ok(())
    }

    pub(super) fn restart_controller(&mut self) -> Result<(), OperationError> {
        match self.presence {
            Presence::Gone { .. } => {
                self.controller_takes_over();
                Ok(())
            }
            Presence::Up | Presence::Paused { .. } => {
                Err(self.wrong_controller_state("be restarted"))
            }
        }
    }

    fn controller_takes_over(&mut self) {
        self.presence = Presence::Up;
        self.split().2.trace(Node::Controller, "takes over", &[]);
        self.controller.take_over(self.now);
    }

    pub(super) fn pause_controller(&mut self) -> Result<(), OperationError> {
        match self.presence {
            Presence::Up => {
                self.presence = Presence::Paused { held: VecDeque::new() };
                Ok(())
            }
            Presence::Paused { .. } | Presence::Gone { .. } => {
                Err(self.wrong_controller_state("be paused"))
            }
        }
    }

    pub(super) fn resume_controller(&mut self) -> Result<(), OperationError> {
        let Presence::Paused { held } = &mut self.presence else {
            return Err(self.wrong_controller_state("be resumed"));
        };
        let held = std::mem::take(held);
        self.presence = Presence::Up;
        // What is due comes first: a process that slept does not know why nobody was heard
        // (`KafkaEventQueue` runs deferred events that are due before all others).
        let (controller, _, mut ctx) = self.split();
        controller.on_timeout(&mut ctx);
        for said in held {
            self.tell_controller(said);
        }
        self.hold_outputs();
        Ok(())
    }

    /// When the controller does something by itself.
    pub(super) fn next_of_controller(&self) -> Option<MonoTime> {
        match self.presence {
            Presence::Up => self.controller.poll_timeout(&self.config),
            Presence::Paused { .. } => None,
            Presence::Gone { until } => until,
        }
    }

    pub(super) fn run_controller(&mut self) {
        if self.next_of_controller().is_none_or(|at| at > self.now) {
            return;
        }
        match self.presence {
            Presence::Gone { .. } => self.controller_takes_over(),
            Presence::Up => {
                let (controller, _, mut ctx) = self.split();
                controller.on_timeout(&mut ctx);
            }
            Presence::Paused { .. } => {}
        }
    }

    /// Something reached the controller's process, or the place where it was.
    pub(super) fn reach_controller(&mut self, said: Held) {
        match &mut self.presence {
            Presence::Up => self.tell_controller(said),
            Presence::Paused { held } => held.push_back(said),
            Presence::Gone { .. } => match said {
                Held::Message { from, message: Message::Request { id, .. } } => {
                    self.split().2.send(Node::Controller, from, Message::Disconnected { id });
                }
                Held::Connected { connection, peer } => {
                    self.refuse_client(connection, peer, CloseCause::NotListening);
                }
                Held::Message { .. } | Held::Frame { .. } | Held::Disconnected { .. } => {}
            },
        }
    }

    fn tell_controller(&mut self, said: Held) {
        let (controller, _, mut ctx) = self.split();
        match said {
            Held::Message { from, message } => controller.receive(&mut ctx, from, message),
            Held::Connected { connection, peer } => controller.connected(connection, peer),
            Held::Frame { connection, frame } => controller.frame(&mut ctx, connection, frame),
            Held::Disconnected { connection } => controller.disconnected(connection),
        }
    }

    fn refuse_client(&mut self, connection: ConnectionId, peer: String, cause: CloseCause) {
        let reason = CloseReason { broker: self.config.controller_id, peer, cause };
        self.fresh.push_back(Output::Close { connection, reason });
    }

    /// The controller, or why it cannot be asked now.
    pub(super) fn check_controller(&self, topic: &str) -> Result<(), OperationError> {
        match self.presence {
            Presence::Up => Ok(()),
            Presence::Paused { .. } | Presence::Gone { .. } => Err(OperationError::Topic {
                topic: topic.to_owned(),
                code: ErrorCode::BROKER_NOT_AVAILABLE.0,
                message: "the controller is not there".to_owned(),
            }),
        }
    }

    fn wrong_controller_state(&self, verb: &'static str) -> OperationError {
        let broker = self.config.controller_id;
        OperationError::WrongState { broker, state: self.controller_state(), verb }
    }

    // ---- what a broker is kept from learning

    /// Keeps new metadata from a broker, which goes on with what it knows.
    pub(super) fn hold_metadata(&mut self, id: BrokerId) -> Result<(), OperationError> {
        self.state_of(id)?;
        self.held_metadata.entry(id).or_default();
        Ok(())
    }

    /// Lets it have what was kept.
    pub(super) fn release_metadata(&mut self, id: BrokerId) -> Result<(), OperationError> {
        self.state_of(id)?;
        let to = Node::Broker(id);
        for message in self.held_metadata.remove(&id).unwrap_or_default() {
            self.split().2.send(Node::Controller, to, message);
        }
        Ok(())
    }

    /// Puts aside a message to a broker that is kept from learning. A broker asks for more only when
    /// it has an answer, so there is never more than one.
    pub(super) fn keep_metadata(&mut self, to: Node, message: Message) -> Option<Message> {
        let is_metadata = matches!(
            message,
            Message::Response { body: Response::FetchMetadata { .. } | Response::Snapshot(_), .. }
        );
        let Node::Broker(id) = to else { return Some(message) };
        match self.held_metadata.get_mut(&id) {
            Some(held) if is_metadata => {
                held.push(message);
                None
            }
            _ => Some(message),
        }
    }

    // ---- brokers that end in order

    /// Asks a broker's process to end in order (SIGTERM).
    pub(super) fn shut_down(&mut self, id: BrokerId) -> Result<(), OperationError> {
        match self.state_of(id)? {
            ProcessState::Running | ProcessState::Starting => {}
            ProcessState::Killed | ProcessState::Paused => {
                return Err(self.wrong_state(id, "be shut down"));
            }
        }
        let (_, brokers, mut ctx) = self.split();
        if let Some(broker) = brokers.get_mut(&id)
            && let BrokerState::Up(process) = &mut broker.state
        {
            process.begin_shutdown(&mut ctx);
        }
        self.end_if_over(id);
        Ok(())
    }

    /// Ends the process of a broker that may go.
    pub(super) fn end_if_over(&mut self, id: BrokerId) {
        let over = self.brokers.get(&id).is_some_and(
            |broker| matches!(&broker.state, BrokerState::Up(process) if process.has_ended()),
        );
        if over {
            self.split().2.trace(Node::Broker(id), "ended", &[]);
            self.end_process(id, crate::broker::Ending::InOrder);
        }
    }
}
