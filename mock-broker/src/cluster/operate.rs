//! What an operator does to the cluster: processes die and come back, links break and heal.

use std::collections::BTreeMap;

use milena_protocol::ids::BrokerId;

use super::{
    CloseCause, CloseReason, Cluster, ConnectionId, ListenerState, Node, Operation, OperationError,
    Output, ProcessState, creatable, hand_over,
};
use crate::broker::BrokerState;
use crate::controller::Refusal;
use crate::message::Message;

impl Cluster {
    pub(super) fn carry_out(&mut self, operation: Operation) -> Result<(), OperationError> {
        self.split().2.trace(Node::Clients, "operator", format_args!("{operation:?}"));
        match operation {
            Operation::Kill(id) => self.kill(id),
            Operation::Restart(id) => self.restart(id),
            Operation::Pause(id) => self.pause(id),
            Operation::Resume(id) => self.resume(id),
            Operation::Cut { from, to } => {
                self.check_node(from)?;
                self.check_node(to)?;
                self.network.cut(from, to);
                Ok(())
            }
            Operation::Heal { from, to } => {
                self.check_node(from)?;
                self.check_node(to)?;
                self.network.heal(self.now, from, to);
                self.let_clients_go_on();
                Ok(())
            }
            Operation::HealAll => {
                self.network.heal_all(self.now);
                self.let_clients_go_on();
                Ok(())
            }
            Operation::Delay { from, to, latency } => {
                self.check_node(from)?;
                self.check_node(to)?;
                self.network.delay(from, to, latency);
                Ok(())
            }
            Operation::CreateTopic(spec) => {
                let topic = creatable(&spec);
                let (controller, _, mut ctx) = self.split();
                let created = controller.create_topic(&mut ctx, &topic, false);
                created.map(|_| ()).map_err(|refusal| topic_error(&spec.name, refusal))
            }
            Operation::DeleteTopic { name } => {
                let (controller, _, mut ctx) = self.split();
                let deleted = controller.delete_topic_named(&mut ctx, &name);
                deleted.map_err(|refusal| topic_error(&name, refusal))
            }
        }
    }

    fn kill(&mut self, id: BrokerId) -> Result<(), OperationError> {
        if self.state_of(id)? == ProcessState::Killed {
            return Err(self.wrong_state(id, "be killed"));
        }
        let Some(broker) = self.brokers.get_mut(&id) else { return Ok(()) };
        let mut peers: BTreeMap<ConnectionId, String> = broker.kill().into_iter().collect();
        // Connections whose opening the broker never saw are broken as well.
        let open = self.connections.iter().filter(|(_, broker)| **broker == id);
        for (connection, _) in open {
            peers.entry(*connection).or_default();
        }
        self.fresh.push_back(Output::Listener { broker: id, state: ListenerState::Refusing });
        for (connection, peer) in peers {
            let reason = CloseReason { broker: id, peer, cause: CloseCause::BrokerKilled };
            self.fresh.push_back(Output::Close { connection, reason });
        }
        self.to_brokers.remove(&id);
        self.controller.broker_disconnected(id);
        self.break_connections(id);
        self.hold_outputs();
        Ok(())
    }

    /// Everyone who waits for an answer of a dead broker hears that the connection broke.
    fn break_connections(&mut self, id: BrokerId) {
        let dead = Node::Broker(id);
        self.network.drop_held(dead);
        let (_, brokers, mut ctx) = self.split();
        for (other, broker) in brokers.iter() {
            let Some(process) = broker.process() else { continue };
            for call in process.calls_to(dead) {
                ctx.send(dead, Node::Broker(*other), Message::Disconnected { id: call });
            }
        }
    }

    fn restart(&mut self, id: BrokerId) -> Result<(), OperationError> {
        if self.state_of(id)? != ProcessState::Killed {
            return Err(self.wrong_state(id, "be restarted"));
        }
        self.start_broker(id);
        Ok(())
    }

    fn pause(&mut self, id: BrokerId) -> Result<(), OperationError> {
        match self.state_of(id)? {
            ProcessState::Running | ProcessState::Starting => {}
            ProcessState::Killed | ProcessState::Paused => {
                return Err(self.wrong_state(id, "be paused"));
            }
        }
        let Some(broker) = self.brokers.get_mut(&id) else { return Ok(()) };
        let state = std::mem::replace(&mut broker.state, BrokerState::Killed(Default::default()));
        broker.state = match state {
            BrokerState::Up(process) => {
                if process.is_serving() {
                    let state = ListenerState::Silent;
                    self.fresh.push_back(Output::Listener { broker: id, state });
                }
                BrokerState::Paused { process, held: Default::default() }
            }
            other => other,
        };
        self.hold_outputs();
        Ok(())
    }

    fn resume(&mut self, id: BrokerId) -> Result<(), OperationError> {
        if self.state_of(id)? != ProcessState::Paused {
            return Err(self.wrong_state(id, "be resumed"));
        }
        let (_, brokers, mut ctx) = self.split();
        let Some(broker) = brokers.get_mut(&id) else { return Ok(()) };
        let state = std::mem::replace(&mut broker.state, BrokerState::Killed(Default::default()));
        broker.state = match state {
            BrokerState::Paused { mut process, held } => {
                if process.is_serving() {
                    let state = ListenerState::Accepting;
                    ctx.outputs.push_back(Output::Listener { broker: id, state });
                }
                for said in held {
                    hand_over(&mut process, &mut ctx, said);
                }
                BrokerState::Up(process)
            }
            other => other,
        };
        self.hold_outputs();
        Ok(())
    }

    /// Hands on what was held on links that are not cut any more.
    fn let_clients_go_on(&mut self) {
        let ids: Vec<BrokerId> = self.brokers.keys().copied().collect();
        for id in ids {
            if !self.network.is_cut(Node::Broker(id), Node::Clients) {
                self.outputs.extend(self.to_clients.remove(&id).unwrap_or_default());
            }
            if !self.network.is_cut(Node::Clients, Node::Broker(id)) {
                for said in self.to_brokers.remove(&id).unwrap_or_default() {
                    self.client_says(id, said);
                }
            }
        }
    }

    fn check_node(&self, node: Node) -> Result<(), OperationError> {
        match node {
            Node::Broker(id) => self.state_of(id).map(|_| ()),
            Node::Controller | Node::Clients => Ok(()),
        }
    }

    pub(super) fn state_of(&self, id: BrokerId) -> Result<ProcessState, OperationError> {
        let broker = self.brokers.get(&id).ok_or(OperationError::NoSuchBroker { broker: id })?;
        Ok(match &broker.state {
            BrokerState::Killed(_) => ProcessState::Killed,
            BrokerState::Paused { .. } => ProcessState::Paused,
            BrokerState::Up(process) if process.is_serving() => ProcessState::Running,
            BrokerState::Up(_) => ProcessState::Starting,
        })
    }

    fn wrong_state(&self, broker: BrokerId, verb: &'static str) -> OperationError {
        match self.state_of(broker) {
            Ok(state) => OperationError::WrongState { broker, state, verb },
            Err(error) => error,
        }
    }
}

fn topic_error(topic: &str, (code, message): Refusal) -> OperationError {
    OperationError::Topic { topic: topic.to_owned(), code: code.0, message }
}
