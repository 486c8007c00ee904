//! Apache Kafka's jars: fetched once per release by Maven, kept under `target/kafka/<release>` or
//! `$MILENA_KAFKA_DIR/<release>`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{log_tail, run_logged};
use super::{KafkaError, Version};

/// The class path of one release.
#[derive(Clone, Debug)]
pub struct Jars {
    version: Version,
    libs: PathBuf,
}

impl Jars {
    /// Brings the jars of `version` (about 100, 55 MB) if they are not there yet. Safe to call from
    /// several processes at once.
    ///
    /// # Errors
    /// Maven is missing or fails, or the directory cannot be written.
    pub fn fetch(version: Version) -> Result<Self, KafkaError> {
        let directory = cache_directory().join(version.as_str());
        let jars = Self { version, libs: directory.join("libs") };
        let complete = directory.join("complete");
        if complete.exists() {
            return Ok(jars);
        }
        fs::create_dir_all(&directory).map_err(KafkaError::io(&directory))?;
        let lock_path = directory.join("lock");
        let lock = File::create(&lock_path).map_err(KafkaError::io(&lock_path))?;
        // Held until the file is closed at the end of this function.
        lock.lock().map_err(KafkaError::io(&lock_path))?;
        if complete.exists() {
            return Ok(jars);
        }
        jars.download(&directory)?;
        File::create(&complete).map_err(KafkaError::io(&complete))?;
        Ok(jars)
    }

    /// The release.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The jar of Kafka's module `module`, such as `kafka-clients`.
    pub fn path_of(&self, module: &str) -> PathBuf {
        self.libs.join(format!("{module}-{}.jar", self.version))
    }

    /// What to give to `java -cp`.
    pub(crate) fn class_path(&self) -> String {
        format!("{}/*", self.libs.display())
    }

    fn download(&self, directory: &Path) -> Result<(), KafkaError> {
        let pom = directory.join("pom.xml");
        fs::write(&pom, pom_text(self.version)).map_err(KafkaError::io(&pom))?;
        let log = directory.join("maven.log");
        let mut maven = Command::new("mvn");
        maven
            .current_dir(directory)
            .args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", self.libs.display()));
        let status = run_logged(&mut maven, &log)?;
        if status.success() {
            return Ok(());
        }
        Err(KafkaError::Failed {
            what: format!("mvn, fetching the jars of Apache Kafka {}", self.version),
            status,
            tail: log_tail(&log),
        })
    }
}

fn pom_text(version: Version) -> String {
    // Kafka 3.9 brings a logging binding that needs a configuration file; slf4j-simple logs to
    // stderr without one.
    format!(
        "<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>milena</groupId><artifactId>kafka</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{version}</version>
      <exclusions><exclusion>
        <groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId>
      </exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId>
      <version>{version}</version>
      <exclusions><exclusion>
        <groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId>
      </exclusion></exclusions>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"
    )
}

fn cache_directory() -> PathBuf {
    std::env::var_os("MILENA_KAFKA_DIR")
        .map_or_else(|| target_directory().join("kafka"), PathBuf::from)
}

/// The workspace's target directory: `$CARGO_TARGET_DIR`, else `target` at the workspace root.
pub(crate) fn target_directory() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = workspace.canonicalize().unwrap_or(workspace);
    // A relative CARGO_TARGET_DIR counts from where cargo was called, which is the root.
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |target| workspace.join(target))
}
