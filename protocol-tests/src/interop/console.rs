//! Java's console producer and consumer as running processes, fed and read line by line.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::Instant;

use super::InteropError;
use crate::kafka::{Jars, JavaTool, KafkaError, tail};

/// Longer than a failover and the start of a JVM on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(100);

/// `kafka-console-producer.sh`: lines are records, `name:value,…<tab>key<tab>value`.
#[derive(Debug)]
pub struct ConsoleProducer {
    process: Child,
    stdin: ChildStdin,
}

impl ConsoleProducer {
    /// Starts it with acks=all and patience for a failover.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn start(jars: &Jars, bootstrap: &str, topic: &str) -> Result<Self, InteropError> {
        Self::start_with(jars, bootstrap, topic, "none")
    }

    /// The same, with batches compressed by that codec.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn start_with(
        jars: &Jars,
        bootstrap: &str,
        topic: &str,
        codec: &str,
    ) -> Result<Self, InteropError> {
        let tool = JavaTool::console_producer(jars)
            .args(["--bootstrap-server", bootstrap, "--topic", topic])
            .args(["--property", "parse.key=true", "--property", "parse.headers=true"])
            .args(["--compression-codec", codec])
            .args(["--request-required-acks", "-1", "--message-send-max-retries", "1000"]);
        let mut process = spawn(tool)?;
        let stdin = process.stdin.take().ok_or_else(|| no_pipe("stdin"))?;
        Ok(Self { process, stdin })
    }

    /// Hands records over; they are sent while more follow.
    ///
    /// # Errors
    /// The producer has ended.
    pub async fn send(&mut self, lines: &str) -> Result<(), InteropError> {
        let sent = self.stdin.write_all(lines.as_bytes()).await;
        sent.map_err(|error| unexpected(format!("the console producer reads no more: {error}"), ""))
    }

    /// Ends the input, waits for the producer to send everything and close.
    ///
    /// # Errors
    /// It fails, does not end, or has logged that a record was not delivered (its exit status does
    /// not tell).
    pub async fn finish(self) -> Result<(), InteropError> {
        let Self { process, stdin } = self;
        drop(stdin);
        let output = match tokio::time::timeout(TIMEOUT, process.wait_with_output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(unexpected(error.to_string(), "")),
            Err(_) => return Err(unexpected("the console producer does not end".to_owned(), "")),
        };
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() && !stderr.contains("Error when sending message") {
            return Ok(());
        }
        Err(unexpected(format!("the console producer failed: {}", output.status), &stderr))
    }
}

/// `kafka-console-consumer.sh --partition N --offset earliest`, which prints headers, key and value.
#[derive(Debug)]
pub struct ConsoleConsumer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl ConsoleConsumer {
    /// Starts it on one partition; it ends by itself after `records`.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn start(
        jars: &Jars,
        bootstrap: &str,
        topic: &str,
        partition: i32,
        records: usize,
    ) -> Result<Self, InteropError> {
        let tool = JavaTool::console_consumer(jars)
            .args(["--bootstrap-server", bootstrap, "--topic", topic])
            .args(["--partition", &partition.to_string(), "--offset", "earliest"])
            .args(["--max-messages", &records.to_string()])
            .args(["--property", "print.headers=true", "--property", "print.key=true"]);
        let mut process = spawn(tool)?;
        let stdout = process.stdout.take().ok_or_else(|| no_pipe("stdout"))?;
        Ok(Self { process, lines: BufReader::new(stdout).lines() })
    }

    /// Reads `records` lines and waits for the end: the lines, and how long closing took after the
    /// last of them.
    ///
    /// # Errors
    /// It fails, prints fewer lines, or is silent for too long.
    pub async fn finish(mut self, records: usize) -> Result<(Vec<String>, Duration), InteropError> {
        let mut lines = Vec::with_capacity(records);
        while lines.len() < records {
            match tokio::time::timeout(TIMEOUT, self.lines.next_line()).await {
                Ok(Ok(Some(line))) => lines.push(line),
                Ok(Ok(None)) => return Err(self.failed("ended", lines.len()).await),
                Ok(Err(error)) => return Err(self.failed(&error.to_string(), lines.len()).await),
                Err(_) => return Err(self.failed("is silent", lines.len()).await),
            }
        }
        let last = Instant::now();
        match tokio::time::timeout(TIMEOUT, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => Ok((lines, last.elapsed())),
            _ => Err(self.failed("does not close", lines.len()).await),
        }
    }

    async fn failed(&mut self, what: &str, lines: usize) -> InteropError {
        // Ends it, so that its stderr can be read to the end.
        drop(self.process.kill().await);
        let mut stderr = Vec::new();
        if let Some(mut pipe) = self.process.stderr.take() {
            drop(pipe.read_to_end(&mut stderr).await);
        }
        let what = format!("the console consumer {what} after {lines} records");
        unexpected(what, &String::from_utf8_lossy(&stderr))
    }
}

fn spawn(tool: JavaTool) -> Result<Child, InteropError> {
    let mut command = tokio::process::Command::from(tool.into_command());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let spawned = command.spawn();
    Ok(spawned.map_err(|source| KafkaError::Spawn { program: "java".to_owned(), source })?)
}

fn no_pipe(name: &str) -> InteropError {
    unexpected(format!("java has no {name}"), "")
}

fn unexpected(what: String, log: &str) -> InteropError {
    InteropError::Unexpected { what, tail: tail(log) }
}
