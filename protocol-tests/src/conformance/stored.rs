//! What Apache Kafka answered, kept in files: written by a run against real brokers, read by the
//! suite where there is no Java.

use std::fs;
use std::path::PathBuf;

use super::normalise::normalise;
use super::transcript::Transcript;
use crate::kafka::Version;

/// The stored transcripts of one release.
#[derive(Debug)]
pub struct Stored {
    version: Version,
}

impl Stored {
    /// Those of `version`.
    pub const fn of(version: Version) -> Self {
        Self { version }
    }

    fn directory(&self) -> PathBuf {
        let all = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance");
        all.join(self.version.as_str())
    }

    fn path(&self, case: &str) -> PathBuf {
        self.directory().join(format!("{case}.json"))
    }

    /// The cases of which something is stored, in the order of their names.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn cases(&self) -> std::io::Result<Vec<String>> {
        let mut cases = Vec::new();
        for entry in fs::read_dir(self.directory())? {
            let path = entry?.path();
            cases.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
        cases.sort();
        Ok(cases)
    }

    /// What the release answered in a case, normalised; `None` if it was never asked.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn read(&self, case: &str) -> std::io::Result<Option<Transcript>> {
        match fs::read(self.path(case)) {
            Ok(text) => {
                let mut seen = serde_json::from_slice(&text)?;
                // Rules may have come since it was written.
                normalise(&mut seen);
                Ok(Some(seen))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps what a real broker answered. Takes the normalised transcript, so that the file changes
    /// only when an answer does.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, transcript: &Transcript) -> std::io::Result<()> {
        let path = self.path(&transcript.case);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut text = String::from("{\"case\":");
        text.push_str(&serde_json::to_string(&transcript.case)?);
        text.push_str(",\"steps\":[\n");
        // A line per step: differences between two releases are easy to see.
        let steps: Result<Vec<_>, _> = transcript.steps.iter().map(serde_json::to_string).collect();
        text.push_str(&steps?.join(",\n"));
        text.push_str("\n]}\n");
        fs::write(path, text)
    }
}
