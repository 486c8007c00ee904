//! Kafka's command line tools, many of them in one JVM.
//!
//! `protocol-tests/java/Tools.java` runs the tools' own main classes, with the arguments that their
//! scripts would hand on, and catches what they print and how they end.

use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::kafka::{Jars, Version};

/// What a tool may print at most.
const MOST_PRINTED: u32 = 16 << 20;

/// One of the scripts in Kafka's `bin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// `kafka-topics.sh`
    Topics,
    /// `kafka-configs.sh`
    Configs,
    /// `kafka-client-metrics.sh`
    ClientMetrics,
    /// `kafka-reassign-partitions.sh`
    ReassignPartitions,
    /// `kafka-leader-election.sh`
    LeaderElection,
    /// `kafka-log-dirs.sh`
    LogDirs,
    /// `kafka-delete-records.sh`
    DeleteRecords,
    /// `kafka-get-offsets.sh`
    GetOffsets,
    /// `kafka-features.sh`
    Features,
    /// `kafka-metadata-quorum.sh`
    MetadataQuorum,
    /// `kafka-cluster.sh`
    Cluster,
    /// `kafka-broker-api-versions.sh`
    BrokerApiVersions,
    /// `kafka-producer-perf-test.sh`
    ProducerPerformance,
    /// `kafka-transactions.sh`
    Transactions,
    /// `kafka-acls.sh`
    Acls,
}

impl Script {
    const fn class(self, version: Version) -> &'static str {
        match (self, version) {
            (Self::Topics, _) => "org.apache.kafka.tools.TopicCommand",
            (Self::Configs, _) => "kafka.admin.ConfigCommand",
            (Self::ClientMetrics, _) => "org.apache.kafka.tools.ClientMetricsCommand",
            (Self::ReassignPartitions, _) => {
                "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"
            }
            (Self::LeaderElection, _) => "org.apache.kafka.tools.LeaderElectionCommand",
            (Self::LogDirs, _) => "org.apache.kafka.tools.LogDirsCommand",
            (Self::DeleteRecords, _) => "org.apache.kafka.tools.DeleteRecordsCommand",
            (Self::GetOffsets, _) => "org.apache.kafka.tools.GetOffsetShell",
            (Self::Features, _) => "org.apache.kafka.tools.FeatureCommand",
            (Self::MetadataQuorum, _) => "org.apache.kafka.tools.MetadataQuorumCommand",
            (Self::Cluster, _) => "org.apache.kafka.tools.ClusterTool",
            (Self::BrokerApiVersions, Version::V3_9_1) => "kafka.admin.BrokerApiVersionsCommand",
            (Self::BrokerApiVersions, Version::V4_1_0) => {
                "org.apache.kafka.tools.BrokerApiVersionsCommand"
            }
            (Self::ProducerPerformance, _) => "org.apache.kafka.tools.ProducerPerformance",
            (Self::Transactions, _) => "org.apache.kafka.tools.TransactionsCommand",
            (Self::Acls, Version::V3_9_1) => "kafka.admin.AclCommand",
            (Self::Acls, Version::V4_1_0) => "org.apache.kafka.tools.AclCommand",
        }
    }
}

/// How a tool ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// The lines of standard output that are not empty, without blanks around them.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    }

    /// Standard output and standard error, for tools that are of two minds about where to complain.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A running JVM with the tools of a release. It ends when dropped.
#[derive(Debug)]
pub struct JavaTools {
    version: Version,
    process: Child,
    questions: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl JavaTools {
    /// Starts one. The program is compiled at its start, so that a JDK is needed.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn start(jars: &Jars) -> io::Result<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/Tools.java");
        let mut process = Command::new("java")
            .args(["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
            .args(["-cp", &jars.class_path()])
            .arg(source)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (questions, answers) = pipes.expect("both were asked for");
        let (questions, answers) = (BufWriter::new(questions), BufReader::new(answers));
        Ok(Self { version: jars.version(), process, questions, answers })
    }

    /// The release of the tools.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Runs a tool to its end. One that takes longer than 90 s is given up, with exit code 124.
    ///
    /// # Errors
    /// The JVM has ended.
    pub fn run(&mut self, script: Script, arguments: &[&str]) -> io::Result<Ended> {
        let command = [&[script.class(self.version)], arguments].concat();
        self.put_number(command.len())?;
        for argument in command {
            self.put_number(argument.len())?;
            self.questions.write_all(argument.as_bytes())?;
        }
        self.questions.flush()?;
        let code = self.number()?;
        let stdout = self.text()?;
        let stderr = self.text()?;
        Ok(Ended { code, stdout, stderr })
    }

    fn put_number(&mut self, number: usize) -> io::Result<()> {
        let number = i32::try_from(number).map_err(io::Error::other)?;
        self.questions.write_all(&number.to_be_bytes())
    }

    fn number(&mut self) -> io::Result<i32> {
        let mut bytes = [0; 4];
        self.answers.read_exact(&mut bytes)?;
        Ok(i32::from_be_bytes(bytes))
    }

    fn text(&mut self) -> io::Result<String> {
        let length = self.number()?.cast_unsigned();
        if length > MOST_PRINTED {
            return Err(io::Error::other(format!("a tool printed {length} bytes")));
        }
        let mut bytes = vec![0; length as usize];
        self.answers.read_exact(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for JavaTools {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
