//! The Python clients: pinned releases in a virtual environment of their own, and the scenario
//! scripts beside this file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::kafka::{KafkaError, log_tail, run_logged, target_directory};

/// The last three are what kafka-python compresses with.
const REQUIREMENTS: [&str; 5] = [
    "kafka-python==3.0.12",
    "confluent-kafka==2.16.1",
    "python-snappy==0.7.3",
    "lz4==4.4.5",
    "zstandard==0.25.0",
];

/// No step of a scenario takes longer, the failover included.
const STEP_TIMEOUT: Duration = Duration::from_secs(100);

/// A Python client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// kafka-python: its own implementation of the protocol.
    KafkaPython,
    /// confluent-kafka: librdkafka.
    ConfluentKafka,
}

impl Library {
    const fn script(self) -> &'static str {
        match self {
            Self::KafkaPython => "with_kafka_python.py",
            Self::ConfluentKafka => "with_confluent_kafka.py",
        }
    }
}

/// What went wrong with a foreign client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InteropError {
    /// A program could not be run.
    #[error(transparent)]
    Process(#[from] KafkaError),
    /// It said something that is no event, nothing at all in time, or ended too early.
    #[error("{what}; last lines of its log:\n{tail}")]
    Unexpected {
        /// What it did.
        what: String,
        /// The end of its stderr.
        tail: String,
    },
}

/// What a script tells while it runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Half of the records are sent; `leader` leads partition 0.
    Half {
        /// The broker's id.
        leader: i32,
    },
    /// Every record has an outcome.
    Acknowledged,
    /// The end.
    Report(Report),
}

/// What a scenario saw.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// Records whose delivery was confirmed.
    pub acknowledged: u64,
    /// Records whose delivery failed.
    pub failures: Vec<String>,
    /// What the reader saw that ran along with the writer.
    pub live: Reading,
    /// What a second reader saw afterwards.
    pub again: Reading,
    /// How many seconds each client took to close.
    pub closes: BTreeMap<String, f64>,
}

/// What one reader saw.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reading {
    /// All records it read.
    pub consumed: u64,
    /// Records it never read.
    pub lost: u64,
    /// Records it read more than once.
    pub duplicated: u64,
    /// Records that came after a later one of their key.
    pub out_of_order: u64,
    /// Wrong keys, headers, offsets; the first few.
    pub wrong: Vec<String>,
}

/// A running script. It ends when this is dropped.
#[derive(Debug)]
pub struct Session {
    process: Child,
    events: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Session {
    /// Installs the libraries if needed and starts the scenario.
    ///
    /// # Errors
    /// The virtual environment cannot be made, or Python not started.
    pub fn start(
        library: Library,
        bootstrap: &str,
        topic: &str,
        records: u64,
    ) -> Result<Self, InteropError> {
        let python = environment()?;
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/interop/scripts");
        let log = log_path(topic)?;
        let stderr = File::create(&log).map_err(KafkaError::io(&log))?;
        let mut process = tokio::process::Command::new(python)
            .arg("-B") // leaves no __pycache__ among the sources
            .arg(scripts.join(library.script()))
            .args(["--bootstrap", bootstrap, "--topic", topic])
            .args(["--records", &records.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| KafkaError::Spawn { program: "python".to_owned(), source })?;
        let Some(stdout) = process.stdout.take() else {
            return Err(unexpected("the script has no stdout".to_owned(), &log));
        };
        Ok(Self { process, events: BufReader::new(stdout).lines(), log })
    }

    /// The next thing the script tells.
    ///
    /// # Errors
    /// It tells nothing in time, something that is no event, or has ended.
    pub async fn event(&mut self) -> Result<Event, InteropError> {
        let line = match tokio::time::timeout(STEP_TIMEOUT, self.events.next_line()).await {
            Ok(Ok(Some(line))) => line,
            Ok(Ok(None)) => {
                let status = self.process.wait().await;
                return Err(unexpected(format!("the script has ended: {status:?}"), &self.log));
            }
            Ok(Err(error)) => return Err(unexpected(error.to_string(), &self.log)),
            Err(_) => {
                let what = format!("the script is silent for {STEP_TIMEOUT:?}");
                return Err(unexpected(what, &self.log));
            }
        };
        serde_json::from_str(&line)
            .map_err(|error| unexpected(format!("{line:?} is no event: {error}"), &self.log))
    }

    /// The end of what the client logged.
    pub fn log_tail(&self) -> String {
        log_tail(&self.log)
    }
}

fn unexpected(what: String, log: &Path) -> InteropError {
    InteropError::Unexpected { what, tail: log_tail(log) }
}

fn log_path(topic: &str) -> Result<PathBuf, KafkaError> {
    let directory = target_directory().join("interop");
    fs::create_dir_all(&directory).map_err(KafkaError::io(&directory))?;
    Ok(directory.join(format!("{topic}-{}.log", std::process::id())))
}

/// The interpreter of the virtual environment with the pinned libraries, made if needed.
pub(crate) fn environment() -> Result<PathBuf, KafkaError> {
    let directory = target_directory().join("python-venv");
    let python = directory.join("bin").join("python");
    let stamp = directory.join("milena-requirements");
    let wanted = REQUIREMENTS.join("\n");
    let lock_path = target_directory().join("python-venv.lock");
    fs::create_dir_all(target_directory()).map_err(KafkaError::io(target_directory()))?;
    let lock = File::create(&lock_path).map_err(KafkaError::io(&lock_path))?;
    // Tests of several binaries may come here at once; released when the file is closed.
    lock.lock().map_err(KafkaError::io(&lock_path))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let log = target_directory().join("python-venv.log");
    install(Command::new("python3").args(["-m", "venv"]).arg(&directory), &log)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    install(Command::new(&python).args(pip).args(REQUIREMENTS), &log)?;
    fs::write(&stamp, wanted).map_err(KafkaError::io(&stamp))?;
    Ok(python)
}

fn install(command: &mut Command, log: &Path) -> Result<(), KafkaError> {
    let status = run_logged(command, log)?;
    if status.success() {
        return Ok(());
    }
    let what = "setting up the Python clients".to_owned();
    Err(KafkaError::Failed { what, status, tail: log_tail(log) })
}
