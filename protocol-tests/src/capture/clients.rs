//! The clients that are recorded, each a program that goes through its scenario and ends.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::interop::python_interpreter;
use crate::kafka::{Jars, JavaTool, KafkaError};

/// A scenario that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(400);

/// A client and its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// The Java producer, consumer and admin client, of the release that the broker is of.
    Java,
    /// What only the Java clients from 4.1 on have: share groups.
    JavaShare,
    /// librdkafka through confluent-kafka.
    Librdkafka,
    /// kafka-python.
    KafkaPython,
    /// franz-go.
    Franz,
}

/// A client could not be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// A program could not be run.
    #[error(transparent)]
    Process(#[from] KafkaError),
    /// It did not say which version it is of.
    #[error("{0:?} has not named itself; it said:\n{1}")]
    Nameless(Client, String),
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Java, Self::JavaShare, Self::Librdkafka, Self::KafkaPython, Self::Franz];

    /// What its client ids end with, and the files are named after.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Java => "java",
            Self::JavaShare => "java-share",
            Self::Librdkafka => "librdkafka",
            Self::KafkaPython => "kafka-python",
            Self::Franz => "franz-go",
        }
    }

    /// Goes through the scenario and gives the client's name and version. What the program has to
    /// complain about is printed: a refused call is part of a recording.
    ///
    /// # Errors
    /// If the program cannot be run or fails.
    pub fn run(self, jars: &Jars, bootstrap: &str) -> Result<String, CaptureError> {
        let output = match self {
            Self::Java => run_java(jars, "Scenarios.java", bootstrap)?,
            Self::JavaShare => run_java(jars, "ShareScenarios.java", bootstrap)?,
            Self::Librdkafka => run_python("with_confluent_kafka.py", bootstrap)?,
            Self::KafkaPython => run_python("with_kafka_python.py", bootstrap)?,
            Self::Franz => run_franz(bootstrap)?,
        };
        let name = output.lines().find_map(|line| line.strip_prefix("client: "));
        name.map(str::to_owned).ok_or(CaptureError::Nameless(self, output.clone()))
    }
}

fn sources() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run_java(jars: &Jars, program: &str, bootstrap: &str) -> Result<String, KafkaError> {
    let source = sources().join("java").join(program);
    let output = JavaTool::source(jars, &source).args([bootstrap]).run("", TIMEOUT)?;
    for line in output.stderr.lines().filter(|line| !line.starts_with("Note: ")) {
        eprintln!("    {line}");
    }
    Ok(output.stdout)
}

fn run_python(script: &str, bootstrap: &str) -> Result<String, KafkaError> {
    let mut command = Command::new(python_interpreter()?);
    command.arg("-B").arg(sources().join("src/capture/scripts").join(script)).arg(bootstrap);
    run(command, script)
}

fn run_franz(bootstrap: &str) -> Result<String, KafkaError> {
    let mut command = Command::new("go");
    let directory: PathBuf = sources().join("versus/franz");
    command.current_dir(directory).args(["run", "./vectors", bootstrap]);
    run(command, "franz-go")
}

/// Runs a program whose stderr a person may read along.
fn run(mut command: Command, what: &str) -> Result<String, KafkaError> {
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let spawn_error = |source| KafkaError::Spawn { program: what.to_owned(), source };
    let mut process = spawned.map_err(spawn_error)?;
    let mut stdout = String::new();
    if let Some(mut pipe) = process.stdout.take() {
        pipe.read_to_string(&mut stdout).map_err(spawn_error)?;
    }
    let status = process.wait().map_err(spawn_error)?;
    if status.success() {
        return Ok(stdout);
    }
    Err(KafkaError::Failed { what: what.to_owned(), status, tail: stdout })
}
