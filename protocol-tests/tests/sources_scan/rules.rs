//! What may not be named, and where.

use syn::Attribute;
use syn::punctuated::Punctuated;

/// What an `#[expect(clippy::disallowed_.., reason = "..")]` around a place lets it do: the few
/// places that touch the outside world say so, and clippy tells when they no longer do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exemption {
    pub(crate) methods: bool,
    pub(crate) types: bool,
}

impl Exemption {
    /// What a whole file may do by its place.
    pub(crate) fn of_file(file: &str) -> Self {
        Self { methods: FOREIGN_PROCESSES.iter().any(|part| file.starts_with(part)), types: false }
    }

    pub(crate) fn of(attributes: &[Attribute]) -> Self {
        let mut exemption = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("expect")) {
            let lints = attribute
                .parse_args_with(Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
                .unwrap_or_default();
            for lint in &lints {
                let name = lint.path().segments.last().map(|segment| segment.ident.to_string());
                match name.as_deref() {
                    Some("disallowed_methods") => exemption.methods = true,
                    Some("disallowed_types") => exemption.types = true,
                    _ => {}
                }
            }
        }
        exemption
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self { methods: self.methods || other.methods, types: self.types || other.types }
    }
}

/// Where other people's brokers and clients are started and watched, in real time.
const FOREIGN_PROCESSES: &[&str] = &["protocol-tests/src/kafka", "protocol-tests/src/interop"];

/// How a path has to look for a rule to apply.
#[derive(Clone, Copy)]
enum Form {
    /// It starts with these segments.
    Starts(&'static [&'static str]),
    /// It ends with these.
    Ends(&'static [&'static str]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Method,
    Type,
    /// Never exempt.
    Always,
}

use Form::{Ends, Starts};

const LEAKS: &[(Form, Kind, &str)] = &[
    (Ends(&["SystemTime", "now"]), Kind::Method, "SystemTime::now: take WallClock"),
    (
        Starts(&["std", "time", "Instant", "now"]),
        Kind::Method,
        "std's Instant::now cannot be paused",
    ),
    (Starts(&["tokio", "spawn"]), Kind::Method, "tokio::spawn: tasks are spawned by Spawner"),
    (Starts(&["tokio", "task", "spawn"]), Kind::Method, "spawn: tasks are spawned by Spawner"),
    (Starts(&["tokio", "task", "spawn_local"]), Kind::Method, "spawn_local: take Spawner"),
    (Ends(&["spawn_blocking"]), Kind::Method, "spawn_blocking runs on a thread of its own"),
    (Ends(&["block_in_place"]), Kind::Method, "block_in_place moves tasks between threads"),
    (Ends(&["lookup_host"]), Kind::Method, "lookup_host: names are resolved by Connector"),
    (Starts(&["std", "thread", "spawn"]), Kind::Method, "a thread is not scheduled by the seed"),
    (Starts(&["std", "thread", "Builder"]), Kind::Method, "a thread is not scheduled by the seed"),
    (Starts(&["std", "thread", "scope"]), Kind::Method, "a thread is not scheduled by the seed"),
    (Starts(&["std", "thread", "sleep"]), Kind::Method, "a thread's sleep cannot be simulated"),
    (Starts(&["rand", "random"]), Kind::Method, "rand::random: take Entropy"),
    (Starts(&["rand", "rng"]), Kind::Method, "rand's random generator: take Entropy"),
    (Starts(&["rand", "thread_rng"]), Kind::Method, "rand's random generator: take Entropy"),
    (Starts(&["tokio", "task", "id"]), Kind::Always, "a task id differs from run to run"),
    (Starts(&["tokio", "task", "try_id"]), Kind::Always, "a task id differs from run to run"),
    (Starts(&["tokio", "task", "Id"]), Kind::Always, "a task id differs from run to run"),
    (Starts(&["std", "collections", "HashMap"]), Kind::Type, "HashMap iterates at random"),
    (Starts(&["std", "collections", "HashSet"]), Kind::Type, "HashSet iterates at random"),
    (Starts(&["std", "collections", "hash_map"]), Kind::Type, "HashMap iterates at random"),
    (Starts(&["std", "collections", "hash_set"]), Kind::Type, "HashSet iterates at random"),
    (Starts(&["hashbrown"]), Kind::Type, "hashbrown's HashMap iterates in no fixed order"),
    (Ends(&["RandomState"]), Kind::Type, "RandomState is seeded by the system"),
    (Starts(&["tokio", "sync", "watch"]), Kind::Type, "watch wakes its receivers at random"),
    (Ends(&["StreamMap"]), Kind::Always, "StreamMap polls its streams at random"),
    (Ends(&["StreamMap", "new"]), Kind::Always, "StreamMap polls its streams at random"),
];

/// Imports that are told where they are written, in the libraries: what is not there is not used.
const IMPORTS: &[(&[&str], Kind, &str)] = &[
    (&["std", "thread"], Kind::Method, "a thread is not scheduled by the seed"),
    (&["std", "time", "Instant"], Kind::Method, "std's Instant cannot be paused: tokio::time"),
];

/// Which parts may not name which crates and modules.
const LAYERS: &[(&str, &[&str], &str)] = &[
    ("client/src/machine/", &["tokio"], "a machine never imports tokio"),
    ("client/src/machine/", &["crate", "net"], "a machine never imports net"),
    ("client/src/machine/", &["crate", "runtime"], "a machine never imports the runtime"),
    ("client/src/machine/", &["std", "time", "Instant"], "a machine never reads a clock"),
    ("client/src/machine/", &["std", "net"], "a machine does no IO"),
    ("client/protocol/src/", &["tokio"], "the wire layer does no IO"),
    ("client/protocol/src/", &["std", "net"], "the wire layer does no IO"),
    ("client/protocol/src/", &["std", "fs"], "the wire layer does no IO"),
    ("client/", &["milena_mock_broker"], "the client never depends on the cluster"),
];

/// The parts of the cluster that may name `milena`, whose environment they implement.
const MAY_NAME_MILENA: &[&str] =
    &["mock-broker/src/transport/memory", "mock-broker/src/simulation", "mock-broker/examples/"];

/// The parts of the cluster that are no pure machine.
const OUTSIDE: &[&str] = &[
    "mock-broker/src/transport",
    "mock-broker/src/simulation",
    "mock-broker/src/handle",
    "mock-broker/src/builder",
    "mock-broker/src/main.rs",
];

/// What is wrong with naming `path` in the source `file`.
pub(crate) fn judge_path(file: &str, path: &[String], exemption: Exemption) -> Option<String> {
    let leak = LEAKS.iter().find(|(form, kind, _)| {
        let matched = match form {
            Form::Starts(start) => starts(path, start),
            Form::Ends(end) => path.len() >= end.len() && path[path.len() - end.len()..] == **end,
        };
        matched && !exempt(*kind, exemption)
    });
    leak.map(|(_, _, why)| (*why).to_owned()).or_else(|| misplaced(file, path))
}

/// What is wrong with importing `path` in the source `file`.
pub(crate) fn judge_import(file: &str, path: &[String], exemption: Exemption) -> Option<String> {
    let library = ["client/src/", "client/protocol/src/", "mock-broker/src/"];
    let told = IMPORTS.iter().find(|(start, kind, _)| {
        library.iter().any(|part| file.starts_with(part))
            && starts(path, start)
            && !exempt(*kind, exemption)
    });
    // A type that is exempt where it is used has to be imported somewhere.
    let used = Exemption { types: true, methods: exemption.methods };
    let exempt_by_use = !library.iter().any(|part| file.starts_with(part));
    let judged = judge_path(file, path, if exempt_by_use { used } else { exemption });
    told.map(|(_, _, why)| (*why).to_owned()).or(judged)
}

fn exempt(kind: Kind, exemption: Exemption) -> bool {
    match kind {
        Kind::Method => exemption.methods,
        Kind::Type => exemption.types,
        Kind::Always => false,
    }
}

fn starts(path: &[String], start: &[&str]) -> bool {
    path.len() >= start.len() && path[..start.len()] == *start
}

fn misplaced(file: &str, path: &[String]) -> Option<String> {
    let layer =
        LAYERS.iter().find(|(part, start, _)| file.starts_with(part) && starts(path, start));
    if let Some((_, _, why)) = layer {
        return Some((*why).to_owned());
    }
    let cluster = file.starts_with("mock-broker/src/");
    if cluster && starts(path, &["milena"]) && !MAY_NAME_MILENA.iter().any(|p| file.starts_with(p))
    {
        return Some("only the memory transport and the simulation may name milena".to_owned());
    }
    if cluster && starts(path, &["tokio"]) && !OUTSIDE.iter().any(|p| file.starts_with(p)) {
        return Some("the pure cluster never imports tokio".to_owned());
    }
    None
}
