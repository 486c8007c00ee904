//! The Go program beside this package: franz-go, used where Go is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Builds the program, or says why it cannot be used.
pub fn build() -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = package.join("target").join("versus-franz");
    let output = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(package.join("franz"))
        .output()
        .context("no go")?;
    ensure!(
        output.status.success(),
        "go build failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(program)
}
