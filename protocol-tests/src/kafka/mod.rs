//! Starts Apache Kafka itself, from the jars on Maven Central: the reference the client and the
//! simulated cluster are held against.
//!
//! One node or several combined broker-controllers, or brokers with a controller of their own, run as child processes on loopback ports that
//! were free a moment ago. What a [`Kafka`] started ends with it, also when a test panics. Kafka's
//! own tools (console producer and consumer, …) run from the same jars through [`JavaTool`].
//!
//! Everything here blocks the calling thread: it waits for processes.

mod disk;
mod gate;
mod jars;
mod links;
mod node;
mod ports;
mod probe;
mod process;
mod properties;
mod relay;
mod shared;
mod tool;
mod wait;

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub use gate::{Tool, interop_asked_for, requires, skip};
pub use jars::Jars;
pub use links::Links;
pub use properties::{Purpose, Timings};
pub use relay::Relay;
pub use shared::SharedKafka;
pub use tool::{JavaTool, ToolOutput};

pub(crate) use jars::target_directory;
use node::Node;
pub(crate) use ports::free as free_ports;
pub(crate) use process::{log_tail, run_logged, tail};
use properties::{NodePorts, Role};

/// A release of Apache Kafka the tests know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 3.9.1: the last line with ZooKeeper in it, and fresh clusters without eligible leader
    /// replicas (KIP-966).
    V3_9_1,
    /// 4.1.0: fresh clusters finalise eligible leader replicas and transaction version 2.
    V4_1_0,
}

impl Version {
    /// As Maven Central writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V3_9_1 => "3.9.1",
            Self::V4_1_0 => "4.1.0",
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why Apache Kafka could not be started or steered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// A file or directory could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program could not be started at all.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// The program's name.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("{what} ended with {status}; its last lines:\n{tail}")]
    Failed {
        /// What the program was to do.
        what: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        tail: String,
    },
    /// Something did not come about in time.
    #[error("{what} within {waited:?}; last lines of the logs:\n{tail}")]
    TimedOut {
        /// What was waited for, and what was seen instead.
        what: String,
        /// How long.
        waited: Duration,
        /// The end of the logs that may tell why.
        tail: String,
    },
    /// The cluster has no node of this id.
    #[error("the cluster has no node {id}; its nodes are {nodes}")]
    UnknownNode {
        /// The id asked for.
        id: u32,
        /// The ids there are.
        nodes: String,
    },
    /// The node is dead (or alive) where the opposite is needed.
    #[error("node {id} is {state}")]
    WrongState {
        /// The node.
        id: u32,
        /// What it is.
        state: &'static str,
    },
    /// A signal could not be sent.
    #[error("cannot signal node {id}: {source}")]
    Signal {
        /// The node.
        id: u32,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A node's disk does not hold what was to be changed on it.
    #[error("node {id} has no {what}")]
    NotOnDisk {
        /// The node.
        id: u32,
        /// The log or directory.
        what: String,
    },
    /// No loopback port was free.
    #[error("no free port on 127.0.0.1")]
    NoPort,
}

impl KafkaError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// Where the controller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    InEachNode,
    Apart,
}

/// The id of a controller that is a process of its own.
pub const CONTROLLER: u32 = 100;

/// How a [`Kafka`] is to be started.
#[derive(Clone, Debug)]
pub struct Builder {
    version: Version,
    nodes: u32,
    controller: Place,
    timings: Timings,
    purpose: Purpose,
    properties: Vec<(String, String)>,
    node_properties: Vec<(u32, String, String)>,
    relay: Option<Arc<dyn Relay>>,
    directory: Option<PathBuf>,
    log_directories: u32,
}

impl Builder {
    /// How many combined broker-controllers; their ids are 1 to `nodes`. Default: 1.
    #[must_use]
    pub fn nodes(mut self, nodes: u32) -> Self {
        self.nodes = nodes.max(1);
        self
    }

    /// Puts the controller into a process of its own, with the id [`CONTROLLER`]; the nodes are
    /// brokers only, and reach each other by a listener of their own. Then more than one of them,
    /// or the controller, may die. Default: each node is both.
    #[must_use]
    pub fn controller_apart(mut self) -> Self {
        self.controller = Place::Apart;
        self
    }

    /// Kafka's own time-outs (the default) or shortened ones.
    #[must_use]
    pub fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// Whether the brokers are tuned to start fast (the default) or to be measured against.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// A line of server.properties for every node; wins over what the harness writes.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }

    /// A line of server.properties for one node; wins over those for every node.
    #[must_use]
    pub fn node_property(
        mut self,
        node: u32,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.node_properties.push((node, key.into(), value.into()));
        self
    }

    /// Puts something in front of every listener: the ports it gives are the ones that clients and
    /// the other nodes are told. With the controller apart, only in front of those by which nodes
    /// reach each other.
    #[must_use]
    pub fn relay(mut self, relay: Arc<dyn Relay>) -> Self {
        self.relay = Some(relay);
        self
    }

    /// How many log directories each node has. Default: 1.
    #[must_use]
    pub fn log_directories(mut self, count: u32) -> Self {
        self.log_directories = count.max(1);
        self
    }

    /// Where the nodes keep their files; brokers tell this path to those who ask for it. Default: a
    /// new directory below `target`.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Fetches the jars if needed, formats and starts the nodes, and waits until every one of them
    /// lists every other as alive.
    ///
    /// # Errors
    /// [`KafkaError`], with the last lines of the logs where a process failed.
    pub fn start(self) -> Result<Kafka, KafkaError> {
        let jars = Jars::fetch(self.version)?;
        // Another process may take a port between the moment it was seen free and the moment Kafka
        // binds it; then new ones are chosen.
        let mut last = None;
        for _ in 0..3 {
            let attempt = Kafka::start_once(&self, &jars);
            match attempt {
                Ok(kafka) => return Ok(kafka),
                Err(error) if error.to_string().contains("Address already in use") => {
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or(KafkaError::NoPort))
    }
}

impl Builder {
    fn plan(&self) -> Result<properties::Plan, KafkaError> {
        let role = match self.controller {
            Place::InEachNode => Role::Combined,
            Place::Apart => Role::Broker,
        };
        let mut roles: Vec<(u32, Role)> = (1..=self.nodes).map(|id| (id, role)).collect();
        if self.controller == Place::Apart {
            roles.push((CONTROLLER, Role::Controller));
        }
        let free = ports::free(roles.len() * 3)?;
        let nodes = roles.into_iter().zip(free.as_chunks::<3>().0);
        let nodes = nodes.map(|((id, role), free)| {
            Ok((id, role, NodePorts::new(id, role, *free, self.relay.as_deref())?))
        });
        Ok(properties::Plan {
            nodes: nodes.collect::<Result<_, KafkaError>>()?,
            timings: self.timings,
            purpose: self.purpose,
            log_directories: self.log_directories,
            extra: self.properties.clone(),
            of_nodes: self.node_properties.clone(),
        })
    }
}

/// A running Apache Kafka cluster. Dropping it ends every process and removes the data (which is
/// kept, and its place printed, when the thread is panicking).
#[derive(Debug)]
pub struct Kafka {
    version: Version,
    jars: Jars,
    directory: PathBuf,
    nodes: Vec<Node>,
}

/// A start on 2 cores takes 10 s for three nodes; a machine that compiles at the same time, more.
const START_TIMEOUT: Duration = Duration::from_secs(120);

impl Kafka {
    /// A cluster of `version` to be configured and started.
    #[must_use]
    pub fn builder(version: Version) -> Builder {
        Builder {
            version,
            nodes: 1,
            controller: Place::InEachNode,
            timings: Timings::Default,
            purpose: Purpose::Test,
            properties: Vec::new(),
            node_properties: Vec::new(),
            relay: None,
            directory: None,
            log_directories: 1,
        }
    }

    fn start_once(builder: &Builder, jars: &Jars) -> Result<Self, KafkaError> {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{run}", std::process::id());
        let directory = match &builder.directory {
            Some(directory) => directory.join(name),
            None => target_directory().join("kafka").join("run").join(name),
        };
        std::fs::create_dir_all(&directory).map_err(KafkaError::io(&directory))?;
        // Built before anything is started, so that an error below ends what was started.
        let mut kafka =
            Self { version: builder.version, jars: jars.clone(), directory, nodes: Vec::new() };
        let plan = builder.plan()?;
        for node in &plan.nodes {
            kafka.nodes.push(Node::create(*node, &plan, &kafka.directory)?);
        }
        node::format_all(&kafka.nodes, &kafka.jars)?;
        for node in &mut kafka.nodes {
            node.spawn(&kafka.jars)?;
        }
        kafka.wait_until_all_serve()?;
        Ok(kafka)
    }

    /// The release that runs.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The jars it runs from, for [`JavaTool`]s of the same release.
    pub fn jars(&self) -> &Jars {
        &self.jars
    }

    /// `127.0.0.1:port,…` of every broker, dead ones included; with a relay, the ports it gave.
    pub fn bootstrap_servers(&self) -> String {
        let brokers = self.nodes.iter().filter(|node| node.is_broker());
        let servers: Vec<String> =
            brokers.map(|node| format!("127.0.0.1:{}", node.advertised())).collect();
        servers.join(",")
    }

    /// Where a node itself listens: a broker for clients, a controller of its own for brokers.
    ///
    /// # Errors
    /// The node is unknown.
    pub fn address(&self, id: u32) -> Result<String, KafkaError> {
        let node = self.nodes.iter().find(|node| node.id() == id);
        let node = node.ok_or_else(|| self.unknown(id))?;
        Ok(format!("127.0.0.1:{}", node.port()))
    }

    /// Ends a node at once (SIGKILL); its log keeps what was in the page cache.
    ///
    /// # Errors
    /// The node is unknown or dead already.
    pub fn kill(&mut self, id: u32) -> Result<(), KafkaError> {
        self.node(id)?.kill()
    }

    /// Asks a node to end (SIGTERM), and waits until its process is gone.
    ///
    /// # Errors
    /// The node is unknown or dead, or does not end within a minute.
    pub fn stop(&mut self, id: u32) -> Result<(), KafkaError> {
        self.node(id)?.stop(Duration::from_secs(60))
    }

    /// Starts a dead node again, and waits for nothing.
    ///
    /// # Errors
    /// The node is unknown or alive.
    pub fn launch(&mut self, id: u32) -> Result<(), KafkaError> {
        let jars = self.jars.clone();
        self.node(id)?.spawn(&jars)
    }

    /// Starts a dead node again on its old ports and directory, and waits until all live nodes list
    /// it as alive.
    ///
    /// # Errors
    /// The node is unknown or alive, or does not come up.
    pub fn restart(&mut self, id: u32) -> Result<(), KafkaError> {
        self.launch(id)?;
        self.wait_until_all_serve()
    }

    /// Stops a node's process without ending it (SIGSTOP): a zombie that accepts and stays silent.
    ///
    /// # Errors
    /// The node is unknown or dead.
    pub fn pause(&mut self, id: u32) -> Result<(), KafkaError> {
        self.node(id)?.signal(rustix::process::Signal::STOP)
    }

    /// Lets a paused node go on (SIGCONT).
    ///
    /// # Errors
    /// The node is unknown or dead.
    pub fn resume(&mut self, id: u32) -> Result<(), KafkaError> {
        self.node(id)?.signal(rustix::process::Signal::CONT)
    }

    /// Takes the end of a log off the disk of a dead node: all batches from the one that holds
    /// `offset`. `log` is the name of its folder, such as `orders-0`.
    ///
    /// # Errors
    /// The node is unknown or alive, or has no such log.
    pub fn truncate_log(&mut self, id: u32, log: &str, offset: i64) -> Result<(), KafkaError> {
        let node = self.node(id)?;
        if node.is_alive() {
            return Err(KafkaError::WrongState { id, state: "alive" });
        }
        disk::truncate(id, node.data(), log, offset)
    }

    /// Deletes one of a node's log directories, given by its absolute path, alive or dead.
    ///
    /// # Errors
    /// The node is unknown, or has no such directory.
    pub fn delete_log_directory(&mut self, id: u32, directory: &str) -> Result<(), KafkaError> {
        let node = self.node(id)?;
        disk::delete(id, node.data(), directory)
    }

    fn node(&mut self, id: u32) -> Result<&mut Node, KafkaError> {
        let unknown = self.unknown(id);
        self.nodes.iter_mut().find(|node| node.id() == id).ok_or(unknown)
    }

    fn unknown(&self, id: u32) -> KafkaError {
        let known: Vec<String> = self.nodes.iter().map(|node| node.id().to_string()).collect();
        KafkaError::UnknownNode { id, nodes: known.join(", ") }
    }

    /// Every running broker answers Metadata with as many brokers as run.
    fn wait_until_all_serve(&mut self) -> Result<(), KafkaError> {
        let serves = |node: &Node| node.is_broker() && node.is_running();
        let alive = self.nodes.iter().filter(|node| serves(node)).count();
        let mut seen = String::new();
        let served = wait::until(START_TIMEOUT, || {
            for node in &mut self.nodes {
                node.check_running()?;
                if !serves(node) {
                    continue;
                }
                match probe::live_brokers(node.port()) {
                    Ok(brokers) if brokers >= alive => {}
                    Ok(brokers) => {
                        seen = format!("node {} lists {brokers} of {alive}", node.id());
                        return Ok(false);
                    }
                    Err(error) => {
                        seen = format!("node {}: {error}", node.id());
                        return Ok(false);
                    }
                }
            }
            Ok::<_, KafkaError>(true)
        })?;
        if served {
            return Ok(());
        }
        let tail: String = self
            .nodes
            .iter()
            .map(|node| format!("--- node {}\n{}\n", node.id(), node.log_tail()))
            .collect();
        Err(KafkaError::TimedOut {
            what: format!("Apache Kafka {} does not serve ({seen})", self.version),
            waited: START_TIMEOUT,
            tail,
        })
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // The processes end with the nodes; their files can only go afterwards.
        self.nodes.clear();
        if std::thread::panicking() {
            gate::say(&format!(
                "the logs of Apache Kafka are kept in {}",
                self.directory.display()
            ));
        } else {
            // A leftover directory in target/ hurts nobody.
            drop(std::fs::remove_dir_all(&self.directory));
        }
    }
}
