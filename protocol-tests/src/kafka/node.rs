//! One node, a broker, a controller or both: its files and its process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::process::{log_tail, spawn_logged};
use super::properties::{NodePorts, Plan, Purpose, Role};
use super::wait;
use super::{Jars, KafkaError};

/// Any base64 UUID will do, as long as all nodes of a cluster have the same.
const CLUSTER_ID: &str = "4L6g3nShT-eMCtK--X86sw";

#[derive(Debug)]
pub(super) struct Node {
    id: u32,
    role: Role,
    ports: NodePorts,
    purpose: Purpose,
    properties: PathBuf,
    data: Vec<PathBuf>,
    log: PathBuf,
    process: Option<Running>,
    is_paused: bool,
}

/// A node's process and the watchdog that ends it when this process dies without dropping it, as
/// on SIGTERM: the watchdog waits for the end of its input, which comes with our end.
#[derive(Debug)]
struct Running {
    java: Child,
    watchdog: Child,
}

const WATCHDOG: &str = "read -r _; kill -9 \"$0\"";

impl Running {
    fn watch(java: Child) -> Result<Self, KafkaError> {
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, &java.id().to_string()])
            .stdin(Stdio::piped())
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { java, watchdog }),
            Err(source) => {
                let mut java = java;
                // Nobody would end it later.
                drop(java.kill().and_then(|()| java.wait()));
                Err(KafkaError::Spawn { program: "sh".to_owned(), source })
            }
        }
    }

    /// The watchdog goes first: it must not end another process that got the id.
    fn end(mut self) -> std::io::Result<()> {
        self.watchdog.kill()?;
        self.watchdog.wait()?;
        self.java.kill()?;
        self.java.wait()?;
        Ok(())
    }
}

impl Node {
    /// Writes the node's properties below `directory`; starts nothing.
    pub(super) fn create(
        (id, role, ports): (u32, Role, NodePorts),
        plan: &Plan,
        directory: &Path,
    ) -> Result<Self, KafkaError> {
        let home = directory.join(format!("node-{id}"));
        fs::create_dir_all(&home).map_err(KafkaError::io(&home))?;
        let properties = home.join("server.properties");
        let data: Vec<PathBuf> = match plan.log_directories {
            1 => vec![home.join("data")],
            count => (1..=count).map(|number| home.join(format!("data-{number}"))).collect(),
        };
        let text = plan.text((id, role, ports), &data, &home.join("metadata"));
        fs::write(&properties, text).map_err(KafkaError::io(&properties))?;
        let log = home.join("log.txt");
        Ok(Self {
            id,
            role,
            ports,
            purpose: plan.purpose,
            properties,
            data,
            log,
            process: None,
            is_paused: false,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Its log directories.
    pub(super) fn data(&self) -> &[PathBuf] {
        &self.data
    }

    /// Where it listens for clients; a controller, for brokers.
    pub(super) fn port(&self) -> u16 {
        match self.role {
            Role::Combined | Role::Broker => self.ports.broker,
            Role::Controller => self.ports.controller,
        }
    }

    pub(super) fn is_broker(&self) -> bool {
        self.role != Role::Controller
    }

    /// Its process is there and goes on.
    pub(super) fn is_running(&self) -> bool {
        self.is_alive() && !self.is_paused
    }

    /// Where others find it.
    pub(super) fn advertised(&self) -> u16 {
        self.ports.advertised_broker
    }

    pub(super) fn is_alive(&self) -> bool {
        self.process.is_some()
    }

    pub(super) fn log_tail(&self) -> String {
        log_tail(&self.log)
    }

    pub(super) fn spawn(&mut self, jars: &Jars) -> Result<(), KafkaError> {
        if self.is_alive() {
            return Err(KafkaError::WrongState { id: self.id, state: "alive" });
        }
        if self.data.iter().any(|directory| !directory.exists()) {
            // A new disk in the place of one that failed: a broker does not start on a directory
            // that is not formatted.
            self.wait_for_format(self.format(jars)?)?;
        }
        let mut java = Command::new("java");
        match self.purpose {
            Purpose::Test => java.args(["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]),
            Purpose::Measure => java.args(["-Xms1g", "-Xmx1g", "-XX:+UseG1GC"]),
        };
        java.arg("-Dorg.slf4j.simpleLogger.showDateTime=true")
            .args(["-cp", &jars.class_path(), "kafka.Kafka"])
            .arg(&self.properties);
        self.process = Some(Running::watch(spawn_logged(&mut java, &self.log)?)?);
        self.is_paused = false;
        Ok(())
    }

    /// Begins to format what is not formatted of its directories.
    fn format(&self, jars: &Jars) -> Result<Child, KafkaError> {
        let mut java = Command::new("java");
        java.args(["-XX:TieredStopAtLevel=1", "-cp", &jars.class_path()])
            .args(["kafka.tools.StorageTool", "format", "--ignore-formatted"])
            .args(["-t", CLUSTER_ID, "-c"])
            .arg(&self.properties);
        spawn_logged(&mut java, &self.log)
    }

    fn wait_for_format(&self, mut process: Child) -> Result<(), KafkaError> {
        let status = process.wait().map_err(KafkaError::io(&self.log))?;
        if status.success() {
            return Ok(());
        }
        let what = format!("formatting node {} of Apache Kafka", self.id);
        Err(KafkaError::Failed { what, status, tail: self.log_tail() })
    }

    /// An error if the process has ended by itself.
    pub(super) fn check_running(&mut self) -> Result<(), KafkaError> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let ended = process.java.try_wait().map_err(KafkaError::io(&self.log))?;
        let Some(status) = ended else { return Ok(()) };
        self.kill()?;
        Err(KafkaError::Failed {
            what: format!("node {} of Apache Kafka", self.id),
            status,
            tail: self.log_tail(),
        })
    }

    pub(super) fn kill(&mut self) -> Result<(), KafkaError> {
        let Some(process) = self.process.take() else {
            return Err(KafkaError::WrongState { id: self.id, state: "dead" });
        };
        process.end().map_err(|source| KafkaError::Signal { id: self.id, source })
    }

    /// Asks the process to end (SIGTERM) and waits until it has.
    pub(super) fn stop(&mut self, limit: Duration) -> Result<(), KafkaError> {
        self.signal(Signal::TERM)?;
        let Some(process) = &mut self.process else { return Ok(()) };
        let ended = wait::until(limit, || process.java.try_wait().map(|status| status.is_some()))
            .map_err(KafkaError::io(&self.log))?;
        self.kill()?;
        if ended {
            return Ok(());
        }
        Err(KafkaError::TimedOut {
            what: format!("node {} did not end", self.id),
            waited: limit,
            tail: self.log_tail(),
        })
    }

    pub(super) fn signal(&mut self, signal: Signal) -> Result<(), KafkaError> {
        let Some(process) = &self.process else {
            return Err(KafkaError::WrongState { id: self.id, state: "dead" });
        };
        kill_process(Pid::from_child(&process.java), signal)
            .map_err(|errno| KafkaError::Signal { id: self.id, source: errno.into() })?;
        match signal {
            Signal::STOP => self.is_paused = true,
            Signal::CONT => self.is_paused = false,
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.is_alive() {
            // A process that cannot be killed is one that has ended.
            drop(self.kill());
        }
    }
}

/// Formats the directories of all `nodes`, side by side: each is a start of the JVM.
pub(super) fn format_all(nodes: &[Node], jars: &Jars) -> Result<(), KafkaError> {
    let mut running = Vec::new();
    for node in nodes {
        running.push((node, node.format(jars)?));
    }
    let mut first_error = None;
    // All are waited for, so that none outlives an error.
    for (node, process) in running {
        if let Err(error) = node.wait_for_format(process) {
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}
