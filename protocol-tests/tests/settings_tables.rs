//! The cluster's tables of settings are what real brokers listed.

use std::fs;

use milena_protocol_tests::settings_tables::{RELEASES, generate, output_directory};

#[test]
fn the_tables_of_settings_are_what_a_broker_listed() {
    for (release, suffix) in RELEASES {
        for (name, content) in generate(release, suffix).unwrap() {
            let checked_in = fs::read_to_string(output_directory().join(&name)).unwrap();
            assert!(
                checked_in == content,
                "{name}: cargo run -p milena-protocol-tests --bin settings-tables",
            );
        }
    }
}
