//! What Kafka's tools are asked to do, and what they have to say about it.

pub(crate) mod elections;
pub(crate) mod logs;
pub(crate) mod producers;
pub(crate) mod quorum;
pub(crate) mod reassignments;
pub(crate) mod settings;
pub(crate) mod topics;
pub(crate) mod users;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use milena_protocol_tests::interop::{Ended, JavaTools, Script};
use milena_protocol_tests::kafka::{Jars, Version};

/// How often a state is looked at before it is given up. In a warm JVM each look takes some tens of
/// milliseconds, and a real broker some seconds to start.
const LOOKS: usize = 3_000;

pub(crate) type Scenario = fn(&mut Ground<'_>);

/// Where a scenario takes place: three brokers, and a JVM.
pub(crate) struct Ground<'a> {
    pub(crate) tools: Borrowed,
    pub(crate) servers: String,
    pub(crate) kill: Box<dyn Fn(i32) + 'a>,
    pub(crate) restart: Box<dyn Fn(i32) + 'a>,
}

/// The JVM of a release, for as long as a scenario takes.
pub(crate) struct Borrowed(MutexGuard<'static, Option<JavaTools>>);

/// Borrows the one JVM of a release, which the first that asks starts.
pub(crate) fn tools(version: Version) -> Borrowed {
    static OF_3_9_1: Mutex<Option<JavaTools>> = Mutex::new(None);
    static OF_4_1_0: Mutex<Option<JavaTools>> = Mutex::new(None);
    let place = match version {
        Version::V3_9_1 => &OF_3_9_1,
        Version::V4_1_0 => &OF_4_1_0,
    };
    // A scenario that failed left no question half asked.
    let mut tools = place.lock().unwrap_or_else(PoisonError::into_inner);
    if tools.is_none() {
        let jars = Jars::fetch(version).expect("the jars are there");
        *tools = Some(JavaTools::start(&jars).expect("Java starts"));
    }
    Borrowed(tools)
}

impl Ground<'_> {
    pub(crate) fn version(&self) -> Version {
        self.tools.0.as_ref().expect("it was started").version()
    }

    /// Runs a tool with arguments that are parted by blanks.
    pub(crate) fn run(&mut self, script: Script, arguments: &str) -> Ended {
        let servers = self.servers.clone();
        let arguments: Vec<&str> = match script {
            // Their first argument says what to do.
            Script::Cluster => {
                let (command, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
                let rest = rest.split_whitespace();
                [command, "--bootstrap-server", &servers].into_iter().chain(rest).collect()
            }
            Script::ProducerPerformance => arguments.split_whitespace().collect(),
            _ => ["--bootstrap-server", &servers]
                .into_iter()
                .chain(arguments.split_whitespace())
                .collect(),
        };
        let tools = self.tools.0.as_mut().expect("it was started");
        tools.run(script, &arguments).expect("the JVM goes on")
    }

    /// Runs a tool that has to succeed. Returns the lines it printed.
    #[track_caller]
    pub(crate) fn ok(&mut self, script: Script, arguments: &str) -> Vec<String> {
        let ended = self.run(script, arguments);
        assert_eq!(ended.code, 0, "{script:?} {arguments}: {ended}");
        ended.lines().into_iter().map(str::to_owned).collect()
    }

    /// Runs a tool that has to fail, and to say why.
    #[track_caller]
    pub(crate) fn fails(&mut self, script: Script, arguments: &str, why: &str) {
        let ended = self.run(script, arguments);
        assert_eq!(ended.code, 1, "{script:?} {arguments}: {ended}");
        assert!(ended.said().contains(why), "{script:?} {arguments}, {why:?}: {ended}");
    }

    /// Runs a tool until it prints what it should.
    #[track_caller]
    pub(crate) fn until(
        &mut self,
        script: Script,
        arguments: &str,
        is_it: impl Fn(&[String]) -> bool,
    ) -> Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..LOOKS {
            let ended = self.run(script, arguments);
            seen = ended.lines().into_iter().map(str::to_owned).collect();
            if ended.code == 0 && is_it(&seen) {
                return seen;
            }
        }
        panic!("{script:?} {arguments}: {seen:#?}");
    }

    /// Creates a topic whose partitions lie where they are told: `1:2:3,2:3:1`.
    #[track_caller]
    pub(crate) fn create(&mut self, topic: &str, assignment: &str) {
        let arguments = format!("--create --topic {topic} --replica-assignment {assignment}");
        let said = self.ok(Script::Topics, &arguments);
        assert_eq!(said.last().map(String::as_str), Some(&*format!("Created topic {topic}.")));
        // The brokers learn of it after that.
        let count = assignment.split(',').count();
        self.until(Script::Topics, &format!("--describe --topic {topic}"), |seen| {
            let led = |line: &&String| line.contains("Leader: ") && !line.contains("Leader: none");
            seen.iter().filter(led).count() == count
        });
    }

    /// Writes records of 100 bytes into a topic.
    #[track_caller]
    pub(crate) fn write(&mut self, topic: &str, records: usize) -> String {
        self.write_with(topic, records, "")
    }

    /// The same with more properties of the producer. Returns what is said at the end.
    #[track_caller]
    pub(crate) fn write_with(&mut self, topic: &str, records: usize, properties: &str) -> String {
        let servers = &self.servers;
        let arguments = format!(
            "--topic {topic} --num-records {records} --record-size 100 --throughput -1 \
             --producer-props bootstrap.servers={servers} acks=all {properties}"
        );
        let said = self.ok(Script::ProducerPerformance, &arguments);
        said.last().cloned().unwrap_or_default()
    }
}

/// A new file with this content.
pub(crate) fn file(content: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tool-{}-{count}.json", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("the target folder can be written");
    path.into_os_string().into_string().expect("the target folder has a name in UTF-8")
}

/// The fields of a line of `kafka-topics --describe`: `Leader: 1` and its like.
pub(crate) fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let mut parts = line.split('\t').map(str::trim);
    parts.find_map(|part| part.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
