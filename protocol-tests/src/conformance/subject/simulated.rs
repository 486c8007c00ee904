//! Our cluster: the pure machine, in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use milena_mock_broker::Release;
use milena_mock_broker::cluster::{
    BrokerView, Cluster, ConnectionId, Input, Node, Operation, Output, ProcessState,
};
use milena_mock_broker::config::{ClusterConfig, ConfigError, ReplicaSelector};
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::super::{CONTROLLER, Outcome, Shape, Trouble};
use super::{Link, Received, Subject};
use crate::kafka::Version;

/// How far time goes on between two looks at a state.
const LOOK: Duration = Duration::from_millis(20);

/// What a case may take of our cluster. It is counted in what the cluster does and not in time, so
/// that a run ends, or is broken off, in the same place on every machine.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// Messages that arrive, and timers that are due.
    events: u64,
    /// How often it is stepped.
    steps: u64,
}

/// Far more than any case takes: the longest have a thousand events, and are stepped six thousand
/// times while they wait for a minute in vain.
const BUDGET: Budget = Budget { events: 200_000, steps: 200_000 };

/// One step is over long before the budget of all.
const EVENTS_PER_STEP: usize = 20_000;

/// Our cluster and its clock.
#[derive(Debug)]
pub struct Simulated {
    cluster: Cluster,
    now: MonoTime,
    links: BTreeMap<Link, Inbox>,
    last_link: u64,
    budget: Budget,
    steps: u64,
}

#[derive(Debug, Default)]
struct Inbox {
    frames: VecDeque<Bytes>,
    is_closed: bool,
}

impl Simulated {
    /// A cluster of the shape, with the time-outs the real brokers are given.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    pub fn start(shape: Shape) -> Result<Self, ConfigError> {
        Self::start_as(Version::V4_1_0, shape)
    }

    /// As [`Simulated::start`], in the profile of a release.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    pub fn start_as(release: Version, shape: Shape) -> Result<Self, ConfigError> {
        Self::of(Self::config(release, shape))
    }

    /// As [`Simulated::start_as`], at a time of day in milliseconds since 1970.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    pub fn start_at(release: Version, shape: Shape, moment: i64) -> Result<Self, ConfigError> {
        let mut config = Self::config(release, shape);
        config.epoch_millis = moment;
        Self::of(config)
    }

    /// As [`Simulated::start_as`], with a defect.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    #[cfg(feature = "sabotage")]
    pub fn start_with(
        release: Version,
        shape: Shape,
        defect: milena_mock_broker::sabotage::Sabotage,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::config(release, shape);
        config.sabotage = Some(defect);
        Self::of(config)
    }

    fn config(release: Version, shape: Shape) -> ClusterConfig {
        let mut config = ClusterConfig::with_brokers(shape.brokers() as usize);
        config.release = match release {
            Version::V3_9_1 => Release::V3_9,
            Version::V4_1_0 => Release::V4_1,
        };
        config.timings.heartbeat_interval = Duration::from_millis(500);
        config.timings.session_timeout = Duration::from_secs(3);
        config.timings.replica_lag_time_max = Duration::from_secs(3);
        let given = properties(shape).into_iter();
        config.properties = given.map(|(name, value)| (name.to_owned(), value)).collect();
        // What Apache Kafka is given, too: see `Apache::start`.
        if shape == Shape::Storage {
            let often = Duration::from_millis(300);
            config.storage.log_dirs = vec!["/data-1".to_owned(), "/data-2".to_owned()];
            config.storage.retention_check_interval = often;
            config.storage.cleaner_backoff = often;
        }
        config.transaction_partition_verification = false;
        // A rough measure of real brokers; it matters where a quota bounds it.
        config.request_time = Duration::from_micros(500);
        config.events_per_step = EVENTS_PER_STEP;
        for broker in &mut config.brokers {
            broker.rack = shape.rack(broker.id.get());
        }
        if shape == Shape::Racks {
            config.replica_selector = ReplicaSelector::RackAware;
        }
        config
    }

    fn of(config: ClusterConfig) -> Result<Self, ConfigError> {
        let cluster = Cluster::new(config, 1, MonoTime::ZERO)?;
        let links = BTreeMap::new();
        let mut subject =
            Self { cluster, now: MonoTime::ZERO, links, last_link: 0, budget: BUDGET, steps: 0 };
        subject.step(Input::Timeout);
        subject.let_pass(Duration::from_secs(1));
        Ok(subject)
    }

    /// Whether the cluster may go on.
    fn within_budget(&self) -> Outcome {
        let (events, steps) = (self.cluster.events(), self.steps);
        if events <= self.budget.events && steps <= self.budget.steps {
            return Ok(());
        }
        Err(Trouble::Endless { events, steps, passed: self.now.since_origin() })
    }

    fn step(&mut self, input: Input) {
        self.steps += 1;
        self.cluster.step(self.now, input);
        self.collect();
    }

    fn operate(&mut self, what: &str, operation: Operation) -> Outcome {
        self.within_budget()?;
        let done = self.cluster.operate(self.now, operation);
        self.collect();
        done.map_err(|error| Trouble::Impossible {
            what: what.to_owned(),
            reason: error.to_string(),
        })
    }

    fn collect(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Send { connection, frame } => {
                    if let Some(inbox) = self.links.get_mut(&Link(connection.0)) {
                        inbox.frames.push_back(frame.slice(4..));
                    }
                }
                Output::Close { connection, .. } => {
                    if let Some(inbox) = self.links.get_mut(&Link(connection.0)) {
                        inbox.is_closed = true;
                    }
                }
                // Sockets opening, closing and being read are not the machine's to wait for.
                _ => {}
            }
        }
    }

    /// Lets time pass, stopping at each of the machine's timers, as far as the budget goes: whoever
    /// uses the cluster next is told.
    fn let_pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.within_budget().is_ok() && self.next_event(end) {}
    }

    /// Goes to the machine's next timer, or to `end`; whether `end` is still ahead.
    fn next_event(&mut self, end: MonoTime) -> bool {
        let next = self.cluster.poll_timeout().filter(|at| *at < end);
        self.now = self.now.max(next.unwrap_or(end));
        self.step(Input::Timeout);
        next.is_some()
    }

    fn inbox(&mut self, link: Link) -> Outcome<&mut Inbox> {
        self.links.get_mut(&link).ok_or_else(|| Trouble::Impossible {
            what: format!("use connection {}", link.0),
            reason: "it was never opened, or closed".to_owned(),
        })
    }
}

/// What the real brokers are told and describe. What a shape asks for has an effect here, too.
fn properties(shape: Shape) -> Vec<(&'static str, String)> {
    let factor = shape.brokers().min(3);
    let roles = match shape {
        Shape::One | Shape::Three | Shape::Narrow | Shape::Storage => "broker,controller",
        Shape::Apart | Shape::Balanced | Shape::Racks => "broker",
    };
    let initial_task_delay = if shape == Shape::Storage { "300" } else { "86400000" };
    let own = [
        ("auto.leader.rebalance.enable", (shape == Shape::Balanced).to_string()),
        ("controller.quorum.election.timeout.ms", "500".to_owned()),
        ("controller.quorum.fetch.timeout.ms", "1500".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("leader.imbalance.check.interval.seconds", "1".to_owned()),
        ("log.initial.task.delay.ms", initial_task_delay.to_owned()),
        ("offsets.topic.num.partitions", "5".to_owned()),
        ("offsets.topic.replication.factor", factor.to_string()),
        ("process.roles", roles.to_owned()),
        ("transaction.state.log.min.isr", factor.min(2).to_string()),
        ("transaction.state.log.num.partitions", "5".to_owned()),
        ("transaction.state.log.replication.factor", factor.to_string()),
        ("unclean.leader.election.interval.ms", "1000".to_owned()),
    ];
    let narrow = shape.properties().iter().map(|(name, value)| (*name, (*value).to_owned()));
    own.into_iter().chain(narrow).collect()
}

impl Subject for Simulated {
    fn connect(&mut self, broker: i32) -> Outcome<Link> {
        self.within_budget()?;
        self.last_link += 1;
        let link = Link(self.last_link);
        self.links.insert(link, Inbox::default());
        self.step(Input::Connected {
            connection: ConnectionId(link.0),
            broker: BrokerId(broker),
            peer: format!("conformance-{}", link.0),
        });
        if self.inbox(link)?.is_closed {
            return Err(Trouble::Connection { broker, what: "connection refused".to_owned() });
        }
        Ok(link)
    }

    fn send(&mut self, link: Link, frame: Bytes) -> Outcome {
        if !self.inbox(link)?.is_closed {
            self.step(Input::Frame { connection: ConnectionId(link.0), frame });
        }
        Ok(())
    }

    fn receive(&mut self, link: Link, limit: Duration) -> Outcome<Received> {
        let end = self.now + limit;
        loop {
            self.within_budget()?;
            let inbox = self.inbox(link)?;
            if let Some(frame) = inbox.frames.pop_front() {
                return Ok(Received::Frame(frame));
            }
            if inbox.is_closed {
                return Ok(Received::Closed);
            }
            if self.now >= end {
                return Ok(Received::Silence);
            }
            self.next_event(end);
        }
    }

    fn close(&mut self, link: Link) {
        if self.links.remove(&link).is_some_and(|inbox| !inbox.is_closed) {
            self.step(Input::Disconnected { connection: ConnectionId(link.0) });
        }
    }

    fn pause_between_looks(&mut self) {
        self.let_pass(LOOK);
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn kill(&mut self, broker: i32) -> Outcome {
        let operation = match broker {
            CONTROLLER => Operation::KillController,
            broker => Operation::Kill(BrokerId(broker)),
        };
        self.operate("kill", operation)
    }

    fn stop(&mut self, broker: i32) -> Outcome {
        self.operate("stop", Operation::ShutDown(BrokerId(broker)))?;
        let end = self.now + self.patience();
        let runs =
            |view: Option<BrokerView>| view.is_some_and(|view| view.state != ProcessState::Killed);
        while runs(self.cluster.broker(BrokerId(broker))) {
            self.within_budget()?;
            if self.now >= end {
                return Err(Trouble::Impossible {
                    what: format!("stop broker {broker}"),
                    reason: "it goes on".to_owned(),
                });
            }
            self.next_event(end);
        }
        Ok(())
    }

    fn start(&mut self, broker: i32) -> Outcome {
        self.launch(broker)
    }

    fn launch(&mut self, broker: i32) -> Outcome {
        let operation = match broker {
            CONTROLLER => Operation::RestartController,
            broker => Operation::Restart(BrokerId(broker)),
        };
        self.operate("start", operation)
    }

    fn freeze(&mut self, broker: i32) -> Outcome {
        let operation = match broker {
            CONTROLLER => Operation::PauseController,
            broker => Operation::Pause(BrokerId(broker)),
        };
        self.operate("freeze", operation)
    }

    fn thaw(&mut self, broker: i32) -> Outcome {
        let operation = match broker {
            CONTROLLER => Operation::ResumeController,
            broker => Operation::Resume(BrokerId(broker)),
        };
        self.operate("thaw", operation)
    }

    fn cut(&mut self, from: i32, to: i32) -> Outcome {
        self.operate("cut", Operation::Cut { from: node(from), to: node(to) })
    }

    fn heal(&mut self) -> Outcome {
        self.operate("heal", Operation::HealAll)
    }

    fn truncate_log(&mut self, broker: i32, topic: &str, partition: i32, offset: i64) -> Outcome {
        let (broker, topic) = (BrokerId(broker), topic.to_owned());
        self.operate("truncate", Operation::TruncateLog { broker, topic, partition, offset })
    }

    fn delete_log_directory(&mut self, broker: i32, directory: &str) -> Outcome {
        let (broker, directory) = (BrokerId(broker), directory.to_owned());
        self.operate("delete", Operation::DeleteLogDirectory { broker, directory })
    }
}

fn node(id: i32) -> Node {
    if id == CONTROLLER { Node::Controller } else { Node::Broker(BrokerId(id)) }
}

#[cfg(test)]
mod tests {
    use super::super::super::Scenario;
    use super::*;

    fn spent() -> Simulated {
        let mut cluster = Simulated::start(Shape::One).expect("one broker starts");
        cluster.budget.events = cluster.cluster.events();
        cluster.let_pass(Duration::from_secs(60));
        cluster
    }

    #[test]
    fn a_cluster_beyond_its_budget_is_stepped_no_more_and_says_so() {
        let mut cluster = spent();
        let events = cluster.cluster.events();
        cluster.pause_between_looks();
        assert_eq!(cluster.cluster.events(), events);
        assert!(matches!(cluster.connect(1), Err(Trouble::Endless { .. })));
        assert!(matches!(cluster.kill(1), Err(Trouble::Endless { .. })));
    }

    #[test]
    fn a_state_is_not_waited_for_beyond_the_budget() {
        let mut cluster = spent();
        let mut scenario = Scenario::named("spent", Shape::One, &mut cluster, Version::V4_1_0);
        let mut looks = 0;
        let outcome = scenario.wait_until("anything", |s| {
            looks += 1;
            s.connect(1).map(|_| (false, String::new()))
        });
        assert!(matches!(outcome, Err(Trouble::Endless { .. })), "{outcome:?}");
        assert_eq!(looks, 1);
    }
}
