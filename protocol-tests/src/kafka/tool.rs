//! Kafka's own command line tools, run from the jars.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::process::tail;
use super::{Jars, KafkaError, Version, wait};

/// One of Kafka's tools with its arguments.
#[derive(Debug)]
pub struct JavaTool {
    name: &'static str,
    command: Command,
}

/// What a tool that succeeded has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOutput {
    /// Standard output.
    pub stdout: String,
    /// Standard error, the log included.
    pub stderr: String,
}

impl JavaTool {
    /// `kafka-topics.sh`.
    #[must_use]
    pub fn topics(jars: &Jars) -> Self {
        Self::new(jars, "kafka-topics", "org.apache.kafka.tools.TopicCommand")
    }

    /// `kafka-console-producer.sh`.
    #[must_use]
    pub fn console_producer(jars: &Jars) -> Self {
        let class = match jars.version() {
            Version::V3_9_1 => "kafka.tools.ConsoleProducer",
            Version::V4_1_0 => "org.apache.kafka.tools.ConsoleProducer",
        };
        Self::new(jars, "kafka-console-producer", class)
    }

    /// `kafka-console-consumer.sh`.
    #[must_use]
    pub fn console_consumer(jars: &Jars) -> Self {
        let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
        Self::new(jars, "kafka-console-consumer", class)
    }

    /// `kafka-verifiable-producer.sh`.
    #[must_use]
    pub fn verifiable_producer(jars: &Jars) -> Self {
        let class = "org.apache.kafka.tools.VerifiableProducer";
        Self::new(jars, "kafka-verifiable-producer", class)
    }

    /// A program of one source file, compiled as it is started (JEP 330).
    #[must_use]
    pub fn source(jars: &Jars, source: &Path) -> Self {
        let mut command = java(jars);
        command.arg(source);
        Self { name: "a program in Java", command }
    }

    fn new(jars: &Jars, name: &'static str, class: &str) -> Self {
        let mut command = java(jars);
        command.arg(class);
        Self { name, command }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.command.args(args);
        self
    }

    /// For callers that talk to the tool while it runs.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs the tool with `input` as its standard input.
    ///
    /// # Errors
    /// The tool cannot be started, fails, or takes longer than `timeout` (it is ended then).
    pub fn run(self, input: &str, timeout: Duration) -> Result<ToolOutput, KafkaError> {
        run(self.command, self.name, input, timeout)
    }
}

fn java(jars: &Jars) -> Command {
    let mut command = Command::new("java");
    command
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .args(["-cp", &jars.class_path()]);
    command
}

/// Runs `command` to its end with `input` as its standard input.
fn run(
    mut command: Command,
    name: &str,
    input: &str,
    timeout: Duration,
) -> Result<ToolOutput, KafkaError> {
    let spawn_error = |source| KafkaError::Spawn { program: name.to_owned(), source };
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(spawn_error)?;
    let (status, stdout, stderr) = converse(&mut process, input, timeout).map_err(spawn_error)?;
    let Some(status) = status else {
        return Err(KafkaError::TimedOut {
            what: format!("{name} does not end"),
            waited: timeout,
            tail: tail(&format!("{stdout}\n{stderr}")),
        });
    };
    if status.success() {
        return Ok(ToolOutput { stdout, stderr });
    }
    let tail = tail(&format!("{stdout}\n{stderr}"));
    Err(KafkaError::Failed { what: name.to_owned(), status, tail })
}

type Ended = (Option<std::process::ExitStatus>, String, String);

/// Feeds and drains the three pipes at once: a full one would block the process for good.
fn converse(process: &mut Child, input: &str, timeout: Duration) -> std::io::Result<Ended> {
    let (stdin, stdout, stderr) =
        (process.stdin.take(), process.stdout.take(), process.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A tool that ends without reading its input says why on stderr.
                drop(stdin.write_all(input.as_bytes()));
            }
        });
        let stdout = scope.spawn(move || read_all(stdout));
        let stderr = scope.spawn(move || read_all(stderr));
        let mut status = None;
        let ended = wait::until(timeout, || {
            status = process.try_wait()?;
            Ok::<_, std::io::Error>(status.is_some())
        });
        if !matches!(ended, Ok(true)) {
            // Frees the readers too: the pipes close with the process.
            drop(process.kill());
            drop(process.wait());
        }
        ended?;
        Ok((status, stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default()))
    })
}

fn read_all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What could be read before an error is all there is to show.
        drop(pipe.read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
