//! Running a program with its output in a file.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::KafkaError;

/// Starts `command` with stdout and stderr appended to `log`, and no stdin.
pub(super) fn spawn_logged(command: &mut Command, log: &Path) -> Result<Child, KafkaError> {
    let file = File::options().create(true).append(true).open(log).map_err(KafkaError::io(log))?;
    let errors = file.try_clone().map_err(KafkaError::io(log))?;
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|source| KafkaError::Spawn { program, source })
}

/// [`spawn_logged`], and waits for the end.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Result<ExitStatus, KafkaError> {
    let program = command.get_program().to_string_lossy().into_owned();
    spawn_logged(command, log)?.wait().map_err(|source| KafkaError::Spawn { program, source })
}

/// The last lines of a log, or why it cannot be read.
pub(crate) fn log_tail(log: &Path) -> String {
    match fs::read(log) {
        Ok(bytes) => tail(&String::from_utf8_lossy(&bytes)),
        Err(error) => format!("({}: {error})", log.display()),
    }
}

/// The last 30 lines.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
