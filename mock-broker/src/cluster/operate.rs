//! What an operator does to the cluster: processes die and come back, links break and heal.

use std::collections::BTreeMap;
use std::sync::Arc;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::{
    CloseCause, CloseReason, Cluster, ConnectionId, ListenerState, Node, Noted, Operation,
    OperationError, Output, ProcessState, Text, creatable, hand_over,
};
use crate::broker::{BrokerState, Ending};
use crate::controller::Refusal;
use crate::fault::{Effect, InvalidRule, LinkFault, Rule, RuleId};
use crate::message::Message;

impl Cluster {
    pub(super) fn carry_out(&mut self, operation: Operation) -> Result<(), OperationError> {
        let mut ctx = self.split().2;
        match &operation {
            // A test may create thousands of topics, and a text of each would cost as much.
            Operation::CreateTopic(topic) => {
                ctx.trace(Node::Clients, "operator", &[("create topic", topic)]);
            }
            other => {
                ctx.trace(Node::Clients, "operator", &[("", &Text(format_args!("{other:?}")))])
            }
        }
        if ctx.history.is_kept() {
            ctx.note(Node::Clients, Noted::Operated { operation: Box::new(operation.clone()) });
        }
        match operation {
            Operation::Kill(id) => self.kill(id),
            Operation::Restart(id) => self.restart(id),
            Operation::Pause(id) => self.pause(id),
            Operation::Resume(id) => self.resume(id),
            Operation::ShutDown(id) => self.shut_down(id),
            Operation::KillController => self.kill_controller(),
            Operation::RestartController => self.restart_controller(),
            Operation::PauseController => self.pause_controller(),
            Operation::ResumeController => self.resume_controller(),
            Operation::MoveController => self.move_controller(),
            Operation::HoldMetadata(id) => self.hold_metadata(id),
            Operation::ReleaseMetadata(id) => self.release_metadata(id),
            Operation::Cut { from, to } => self.harm(&[(from, to)], &LinkFault::Cut),
            Operation::Delay { from, to, latency } => {
                self.harm(&[(from, to)], &LinkFault::Delay(latency.into()))
            }
            Operation::Harm { links, fault } => self.harm(&links, &fault),
            Operation::Heal { from, to } => {
                self.check_node(from)?;
                self.check_node(to)?;
                self.network.heal(self.now, from, to);
                self.reset_the_dead();
                Ok(())
            }
            Operation::HealAll => {
                self.network.heal_all(self.now);
                self.reset_the_dead();
                Ok(())
            }
            Operation::Declare(rule) => self.declare_now(*rule).map(|_| ()),
            Operation::Withdraw(rule) => match self.rules.withdraw(rule) {
                true => Ok(()),
                false => Err(OperationError::NoSuchRule { rule }),
            },
            Operation::WithdrawAll => {
                self.rules.withdraw_all();
                Ok(())
            }
            Operation::SkewClock { broker, millis } => {
                self.state_of(broker)?;
                if let Some(broker) = self.brokers.get_mut(&broker) {
                    broker.clock_skew = millis;
                }
                Ok(())
            }
            Operation::LosePower(id) => self.lose_power(id),
            Operation::TruncateLog { broker, topic, partition, offset } => {
                self.truncate_log(broker, topic, partition, offset)
            }
            Operation::PaceDisk { broker, pace } => {
                self.with_process(broker, "have a disk", |process, ctx| {
                    process.set_disk_pace(ctx, pace);
                    process.settle(ctx);
                })
            }
            Operation::FillDisk { broker, directory } => self.fill_disk(broker, directory),
            Operation::FlipByte { broker, topic, partition, offset } => {
                self.flip_byte(broker, topic, partition, offset)
            }
            Operation::CleanLogs(id) => self.clean_logs(id),
            Operation::DeleteLogDirectory { broker, directory } => {
                self.delete_log_directory(broker, directory)
            }
            Operation::CreateTopic(spec) => {
                self.check_controller(&spec.name)?;
                let topic = creatable(&spec);
                let (controller, _, mut ctx) = self.split();
                let created = controller.create_topic(&mut ctx, &topic);
                created.map_err(|refusal| topic_error(&spec.name, refusal))
            }
            Operation::DeleteTopic { name } => {
                self.check_controller(&name)?;
                let (controller, _, mut ctx) = self.split();
                let deleted = controller.delete_topic_named(&mut ctx, &name);
                deleted.map_err(|refusal| topic_error(&name, refusal))
            }
        }
    }

    /// [`Operation::Declare`], and the number that the rule got.
    ///
    /// # Errors
    /// If the rule cannot mean anything, or names a broker that there is not.
    pub fn declare(&mut self, now: MonoTime, rule: Rule) -> Result<RuleId, OperationError> {
        self.catch_up(now);
        let mut ctx = self.split().2;
        ctx.trace(Node::Clients, "operator", &[("declare", &Text(format_args!("{rule}")))]);
        let noted = Operation::Declare(Box::new(rule.clone()));
        ctx.note(Node::Clients, Noted::Operated { operation: Box::new(noted) });
        self.declare_now(rule)
    }

    fn declare_now(&mut self, rule: Rule) -> Result<RuleId, OperationError> {
        rule.validate()?;
        if let Some(broker) = rule.filter.broker
            && !self.brokers.contains_key(&broker)
        {
            return Err(InvalidRule::NoSuchBroker { broker }.into());
        }
        let mut images = BTreeMap::new();
        if rule.effect == Effect::StaleImage {
            for (id, broker) in &self.brokers {
                if let Some(process) = broker.process() {
                    images.insert(*id, Arc::new(process.image.clone()));
                }
            }
        }
        let id = self.rules.declare(self.now, rule, images);
        self.look_at_conditions();
        Ok(id)
    }

    pub(super) fn kill(&mut self, id: BrokerId) -> Result<(), OperationError> {
        if self.state_of(id)? == ProcessState::Killed {
            return Err(self.wrong_state(id, "be killed"));
        }
        self.end_process(id, Ending::Killed);
        Ok(())
    }

    /// A broker's process is no more: its connections break, whoever waits for it hears of it.
    pub(super) fn end_process(&mut self, id: BrokerId, ending: Ending) {
        self.forget_held(id);
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        let mut peers: BTreeMap<ConnectionId, String> = broker.end(ending).into_iter().collect();
        if ending == Ending::Killed {
            broker.lose_unflushed(self.config.storage.unflushed);
        }
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
        self.controller.broker_disconnected(id);
        if let Some(held) = self.held_metadata.get_mut(&id) {
            held.clear();
        }
        self.break_connections(Node::Broker(id));
        self.hold_outputs();
    }

    /// Everyone who waits for an answer of a dead node hears that the connection broke.
    pub(super) fn break_connections(&mut self, dead: Node) {
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
        self.forget_held(id);
        let (_, brokers, mut ctx) = self.split();
        let Some(broker) = brokers.get_mut(&id) else { return Ok(()) };
        ctx.clock_skew = broker.clock_skew;
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

    fn harm(&mut self, links: &[(Node, Node)], fault: &LinkFault) -> Result<(), OperationError> {
        for (from, to) in links {
            self.check_node(*from)?;
            self.check_node(*to)?;
        }
        if !fault.is_sound() {
            return Err(OperationError::NoSuchLinkFault { fault: *fault });
        }
        self.network.harm(self.now, links, fault);
        Ok(())
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

    pub(super) fn wrong_state(&self, broker: BrokerId, verb: &'static str) -> OperationError {
        match self.state_of(broker) {
            Ok(state) => OperationError::WrongState { broker, state, verb },
            Err(error) => error,
        }
    }
}

fn topic_error(topic: &str, (code, message): Refusal) -> OperationError {
    OperationError::Topic { topic: topic.to_owned(), code: code.0, message }
}
