//! What stands in a node's server.properties.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::{KafkaError, Relay};

/// Which of Kafka's time-outs the nodes run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timings {
    /// Kafka's own defaults.
    Default,
    /// A dead broker is noticed after 3 s instead of 9 s, a lagging replica after 3 s instead of
    /// 30 s, so that a test of a failover does not wait.
    Short,
}

/// What the cluster is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Starts fast: a small heap and only the first JIT stage.
    Test,
    /// Is measured against: Java's own defaults for the JIT, a larger heap, and deleted topics
    /// leave the disk at once.
    Measure,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct NodePorts {
    pub(super) broker: u16,
    pub(super) controller: u16,
    /// What clients and the other brokers are told.
    pub(super) advertised_broker: u16,
    /// What the other controllers and the brokers are told.
    pub(super) advertised_controller: u16,
    /// The listener that brokers reach each other by, and where the others find it. Only where the
    /// controller is a process of its own.
    pub(super) internal: u16,
    pub(super) advertised_internal: u16,
}

/// What a node is (`process.roles`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Combined,
    Broker,
    Controller,
}

impl NodePorts {
    pub(super) fn new(
        id: u32,
        role: Role,
        [broker, controller, internal]: [u16; 3],
        relay: Option<&dyn Relay>,
    ) -> Result<Self, KafkaError> {
        let advertised = |port| match relay {
            Some(relay) => relay.in_front_of(id, port).map_err(KafkaError::io("127.0.0.1")),
            None => Ok(port),
        };
        // Ways that nobody takes need nothing in front of them. Clients go straight to brokers that
        // have another listener for each other.
        let (clients, controllers, brokers) = match role {
            Role::Combined => (advertised(broker)?, advertised(controller)?, internal),
            Role::Broker => (broker, controller, advertised(internal)?),
            Role::Controller => (broker, advertised(controller)?, internal),
        };
        Ok(Self {
            broker,
            controller,
            advertised_broker: clients,
            advertised_controller: controllers,
            internal,
            advertised_internal: brokers,
        })
    }
}

/// The whole cluster, as every node's properties need it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) nodes: Vec<(u32, Role, NodePorts)>,
    pub(super) timings: Timings,
    pub(super) purpose: Purpose,
    pub(super) log_directories: u32,
    pub(super) extra: Vec<(String, String)>,
    /// The same for single nodes.
    pub(super) of_nodes: Vec<(u32, String, String)>,
}

impl Plan {
    /// server.properties of a node, its data in `data`. With several directories the controller's
    /// log is in none of them, so that any of them may fail.
    pub(super) fn text(
        &self,
        (id, role, ports): (u32, Role, NodePorts),
        data: &[PathBuf],
        metadata: &Path,
    ) -> String {
        let voters: Vec<String> = self
            .nodes
            .iter()
            .filter(|(_, role, _)| *role != Role::Broker)
            .map(|(voter, _, node)| format!("{voter}@127.0.0.1:{}", node.advertised_controller))
            .collect();
        let NodePorts { broker, controller, advertised_broker, .. } = ports;
        let NodePorts { internal, advertised_internal, advertised_controller, .. } = ports;
        let listeners = match role {
            Role::Combined => format!(
                "process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised_broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
            ),
            Role::Broker => format!(
                "process.roles=broker
listeners=PLAINTEXT://127.0.0.1:{broker},INTERNAL://127.0.0.1:{internal}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised_broker},\
INTERNAL://127.0.0.1:{advertised_internal}
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT"
            ),
            Role::Controller => format!(
                "process.roles=controller
listeners=CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CONTROLLER://127.0.0.1:{advertised_controller}
listener.security.protocol.map=CONTROLLER:PLAINTEXT"
            ),
        };
        let brokers = self.nodes.iter().filter(|(_, role, _)| *role != Role::Controller).count();
        let factor = brokers.min(3);
        let min_isr = factor.min(2);
        let mut text = format!(
            "node.id={id}
controller.quorum.voters={voters}
{listeners}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor={factor}
offsets.topic.num.partitions=5
transaction.state.log.replication.factor={factor}
transaction.state.log.num.partitions=5
transaction.state.log.min.isr={min_isr}
group.initial.rebalance.delay.ms=0
",
            voters = voters.join(","),
            data = data.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(","),
        );
        if data.len() > 1 {
            line(&mut text, "metadata.log.dir", &metadata.display().to_string());
        }
        let timings: &[(&str, &str)] = match self.timings {
            Timings::Default => &[],
            Timings::Short => &[
                ("broker.heartbeat.interval.ms", "500"),
                ("broker.session.timeout.ms", "3000"),
                ("replica.lag.time.max.ms", "3000"),
                ("controller.quorum.election.timeout.ms", "500"),
                ("controller.quorum.fetch.timeout.ms", "1500"),
                ("leader.imbalance.check.interval.seconds", "1"),
                ("unclean.leader.election.interval.ms", "1000"),
            ],
        };
        let purpose: &[(&str, &str)] = match self.purpose {
            Purpose::Test => &[],
            Purpose::Measure => &[("log.segment.delete.delay.ms", "1000")],
        };
        for (key, value) in timings.iter().chain(purpose) {
            line(&mut text, key, value);
        }
        for (key, value) in &self.extra {
            line(&mut text, key, value);
        }
        for (_, key, value) in self.of_nodes.iter().filter(|(node, ..)| *node == id) {
            line(&mut text, key, value);
        }
        text
    }
}

fn line(text: &mut String, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{key}={value}");
}
