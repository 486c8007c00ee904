//! Whether a test that needs foreign tools may run: rules about skipping.
//!
//! A newcomer's `cargo test` stays offline and short, so nothing foreign runs unless
//! `MILENA_INTEROP=1` is set; where it is set (as CI does) a missing tool is a failure, not a skip.

use std::io::Write;
use std::path::PathBuf;

/// A foreign program some tests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// A Java runtime, 17 or newer.
    Java,
    /// The compiler that belongs to it, which a program in one source file needs to start.
    JavaCompiler,
    /// Maven, which fetches the jars.
    Maven,
    /// Python 3 with `venv`.
    Python,
}

impl Tool {
    /// The program's name on `PATH`.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Java => "java",
            Self::JavaCompiler => "javac",
            Self::Maven => "mvn",
            Self::Python => "python3",
        }
    }

    fn is_there(self) -> bool {
        find_program(self.program()).is_some()
    }
}

/// True where `MILENA_INTEROP=1` asks for the tests that start foreign programs.
pub fn interop_asked_for() -> bool {
    std::env::var_os("MILENA_INTEROP").is_some_and(|value| value == "1")
}

/// Whether the calling test may go on: `if !requires(&[Tool::Java]) { return; }`. Where it may not,
/// the reason has been printed.
///
/// # Panics
/// If `MILENA_INTEROP=1` asks for the test and a tool is missing.
pub fn requires(tools: &[Tool]) -> bool {
    let missing = tools.iter().find(|tool| !tool.is_there());
    match (missing, interop_asked_for()) {
        (Some(tool), true) => {
            panic!("no {} on PATH, and MILENA_INTEROP=1 asks for this test", tool.program())
        }
        (Some(tool), false) => {
            skip(&format!("no {}", tool.program()));
            false
        }
        (None, false) => {
            skip("MILENA_INTEROP is not set");
            false
        }
        (None, true) => true,
    }
}

/// Prints `skipped: reason` where a person sees it.
pub fn skip(reason: &str) {
    say(&format!("skipped: {reason}"));
}

/// Writes past the test runner's capture, which would swallow a passing test's words.
pub(super) fn say(line: &str) {
    // Nobody can be told if stderr is closed.
    drop(writeln!(std::io::stderr(), "{line}"));
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}
