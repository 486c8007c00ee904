//! `docs/conformance.md`: every rule of Apache Kafka the suite shows, and the cases that show it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{DEVIATIONS, Stored, cases};
use crate::kafka::Version;

const HEAD: &str = "\
# What the cluster is held against

The same scenario runs against Apache Kafka and against our cluster, and every field of every answer
is compared: `cargo run --release -p milena-protocol-tests --bin conform -- --against 4.1.0` (or
`3.9.1`; or `vectors`, which needs no Java and compares with what both have answered before). The
last line sums up, and the run fails if anything differs that is not declared below, or could not be
asked. `--case` chooses by parts of names, and `--part 1/2` every second case of each shape of
cluster: CI holds one half against each release. `--store` keeps what the real brokers answer, and
`--store missing` asks only what nobody has asked yet; an answer that changed has to be explained.
Random scenarios, shortened where the two differ: `conform --random --seeds 0..300 --against 4.1.0`.

That the cases would notice is shown by
`cargo run -p milena-protocol-tests --features sabotage --bin conform -- --sabotage all`: it changes
each kind of field of each message once, breaks each rule of `mock-broker/src/sabotage.rs` by itself,
and says which case turns red. A part of a name in place of `all` breaks only these rules. What nobody
sees from outside is shown by a test of the machine, and counted apart. The rules are broken in
`cargo test -p milena-protocol-tests --features sabotage --test sabotage`, too, each before the one who
is known to notice.

This file is written by `conform --table`. A rule is named by the KIP or the class of Apache Kafka it
is found in; a case, by the function in `protocol-tests/src/conformance/cases`.
";

/// The text of the file.
pub fn table() -> String {
    let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let cases = cases::all();
    for case in &cases {
        rules.entry(case.shows).or_default().push(case.name);
    }
    let mut text = HEAD.to_owned();
    let stored = |release| Stored::of(release).cases().map_or(0, |names| names.len());
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "\n{} cases; answers of 4.1.0 are stored for {}, of 3.9.1 for {}.\n",
        cases.len(),
        stored(Version::V4_1_0),
        stored(Version::V3_9_1)
    );
    text.push_str("| Rule | Cases |\n|---|---|\n");
    for (rule, mut names) in rules {
        names.sort_unstable();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(text, "| {rule} | {} |", names.join("<br>"));
    }
    text.push_str("\n## Cases that differ, and why\n\n");
    if DEVIATIONS.is_empty() {
        text.push_str("None.\n");
    }
    for deviation in DEVIATIONS {
        let releases: Vec<&str> =
            deviation.releases.iter().map(|release| release.as_str()).collect();
        let _ = writeln!(
            text,
            "- `{}` ({}): {}",
            deviation.case,
            releases.join(", "),
            deviation.reason
        );
    }
    text
}
