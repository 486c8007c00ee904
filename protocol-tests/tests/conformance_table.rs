//! docs/conformance.md says what the suite shows now.

use milena_protocol_tests::conformance::table;

#[test]
fn the_table_of_rules_and_cases_is_the_one_that_is_generated() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/conformance.md");
    let written = std::fs::read_to_string(path).expect("docs/conformance.md can be read");
    assert!(
        written == table(),
        "write it anew: cargo run -p milena-protocol-tests --bin conform -- --table > \
         docs/conformance.md"
    );
}
