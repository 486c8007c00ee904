//! Reads every source of the workspace for what would make two runs of one seed differ, and for
//! dependencies that point the wrong way.
//!
//! Comparing the traces of two runs finds a leak only where its branches have unequal effects on
//! that day; this finds it where it is written.

use std::fmt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

mod sources_scan;

use sources_scan::{Finding, scan};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Every Rust source of the workspace, by its path from the root.
fn sources() -> impl Iterator<Item = (String, String)> {
    let root = workspace();
    let skipped = |name: &str| name == "target" || name == "versus" || name.starts_with('.');
    WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        // The root itself may have any name.
        .filter_entry(move |entry| {
            entry.depth() == 0 || !entry.file_name().to_str().is_some_and(skipped)
        })
        .map(|entry| entry.expect("a directory of the workspace can be read"))
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(move |entry| {
            let path = entry.path().strip_prefix(&root).expect("it was found below the root");
            let text = std::fs::read_to_string(entry.path()).expect("a source is UTF-8");
            (path.to_string_lossy().replace('\\', "/"), text)
        })
}

struct Findings(Vec<(String, Finding)>);

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, finding) in &self.0 {
            writeln!(f, "{path}:{}: {}", finding.line, finding.what)?;
        }
        Ok(())
    }
}

#[test]
fn no_source_leaks_determinism_or_depends_the_wrong_way() {
    let mut findings = Findings(Vec::new());
    let mut files = 0;
    for (path, text) in sources() {
        files += 1;
        match scan(&path, &text) {
            Ok(found) => findings.0.extend(found.into_iter().map(|one| (path.clone(), one))),
            Err(error) => panic!("{path} does not parse: {error}"),
        }
    }
    assert!(files > 30, "only {files} sources were found: the search looks in the wrong place");
    assert!(findings.0.is_empty(), "\n{findings}");
}

/// What is planted, where, and a word of what has to be said about it.
const PLANTED: &[(&str, &str, &str)] = &[
    ("client/src/runtime/x.rs", "fn f() { tokio::select! { a = b() => {} } }", "biased"),
    ("client/src/runtime/x.rs", "fn f() { select! { a = b() => {} } }", "biased"),
    ("client/src/runtime/x.rs", "fn f() { futures::select! { a = b() => {} } }", "futures"),
    (
        "client/src/runtime/x.rs",
        "fn f() { if x { g!(tokio::select! { a = b() => {} }) } }",
        "biased",
    ),
    ("client/src/x.rs", "use tokio::sync::watch;", "watch"),
    ("client/src/x.rs", "use tokio::{sync::{mpsc, watch::channel}, time};", "watch"),
    ("client/src/x.rs", "fn f() { let m = tokio_stream::StreamMap::new(); }", "StreamMap"),
    ("client/src/x.rs", "use std::collections::HashMap;", "HashMap"),
    ("client/src/x.rs", "use std::collections::{BTreeMap, HashSet};", "HashSet"),
    ("client/src/x.rs", "struct S { m: std::collections::HashMap<u8, u8> }", "HashMap"),
    ("client/src/x.rs", "use hashbrown::HashMap;", "HashMap"),
    ("client/src/x.rs", "fn f() { let x: u8 = rand::random(); }", "random"),
    ("client/src/x.rs", "fn f() { tokio::task::spawn_blocking(|| ()); }", "spawn_blocking"),
    ("client/src/x.rs", "use tokio::task::spawn_blocking;", "spawn_blocking"),
    ("client/src/net/x.rs", "fn f() { tokio::net::lookup_host(\"a:1\"); }", "lookup_host"),
    ("client/src/x.rs", "fn f() { std::thread::spawn(|| ()); }", "thread"),
    ("client/src/x.rs", "use std::thread;", "thread"),
    ("client/src/x.rs", "fn f() { let t = std::time::Instant::now(); }", "Instant"),
    ("client/src/x.rs", "use std::time::{Duration, Instant};", "Instant"),
    ("client/src/x.rs", "fn f() { let t = SystemTime::now(); }", "SystemTime"),
    ("client/src/x.rs", "fn f() { let id = tokio::task::id(); }", "task id"),
    ("client/src/x.rs", "fn f(h: JoinHandle<()>) { let t: tokio::task::Id = h.id(); }", "task id"),
    ("client/src/runtime/x.rs", "fn f() { tokio::spawn(async {}); }", "spawn"),
    ("client/src/runtime/x.rs", "fn f() { tokio::task::spawn_local(async {}); }", "spawn"),
    ("client/src/x.rs", "fn f() { debug!(now = ?SystemTime::now()); }", "SystemTime"),
    ("client/src/machine/x.rs", "use tokio::sync::Notify;", "machine"),
    ("client/src/machine/x.rs", "use crate::net::Pool;", "machine"),
    ("client/src/machine/a/b.rs", "use crate::{error::E, runtime::core::Core};", "machine"),
    ("client/src/machine/x.rs", "fn f() { tokio::time::Instant::now(); }", "machine"),
    ("client/protocol/src/x.rs", "use tokio::io::AsyncRead;", "no IO"),
    ("client/src/x.rs", "use milena_mock_broker::MockCluster;", "never depends"),
    ("mock-broker/src/cluster/x.rs", "use milena::Kafka;", "milena"),
    ("mock-broker/src/transport/tcp/x.rs", "fn f() { milena::x(); }", "milena"),
    ("mock-broker/src/cluster/x.rs", "use tokio::time::sleep;", "the pure cluster"),
];

#[test]
fn every_planted_leak_is_found() {
    for (path, text, word) in PLANTED {
        let found = scan(path, text).expect("what is planted parses");
        let told = found.iter().any(|finding| finding.what.contains(word));
        assert!(told, "{text:?} in {path} has to be found; found was only {found:?}");
    }
}

/// What looks like a leak and is none.
const HARMLESS: &[(&str, &str)] = &[
    ("client/src/runtime/x.rs", "fn f() { tokio::select! { biased; a = b() => {} } }"),
    ("client/src/x.rs", "use std::collections::{BTreeMap, BTreeSet}; use std::time::Duration;"),
    (
        "client/src/x.rs",
        "/// Not `HashMap`, nor std::time::Instant::now().\nfn f() { let s = \"HashMap\"; }",
    ),
    ("client/src/x.rs", "use tokio::time::Instant; fn f() { let now = Instant::now(); }"),
    (
        "client/src/environment/x.rs",
        "#[expect(clippy::disallowed_methods, reason = \"here it enters\")] \
         fn f() { SystemTime::now(); tokio::spawn(async {}); }",
    ),
    ("mock-broker/src/transport/memory/x.rs", "use milena::environment::Connector;"),
    ("mock-broker/src/cluster/x.rs", "use milena_protocol::ids::Offset;"),
    ("client/src/machine/x.rs", "use crate::error::E; use super::metadata; fn f(net: u8) {}"),
];

#[test]
fn what_is_harmless_is_left_alone() {
    for (path, text) in HARMLESS {
        let found = scan(path, text).expect("what is harmless parses");
        assert!(found.is_empty(), "{text:?} in {path} is harmless, but found was {found:?}");
    }
}
