//! What is generated from the schemas in Apache Kafka's jars is what is checked in.

use std::fs;

use milena_protocol_tests::kafka::{Jars, Tool, requires};
use milena_protocol_tests::schemas::{RELEASE, generate, output_directory};

#[test]
fn the_generated_files_are_what_the_jars_say() {
    if !requires(&[Tool::Maven]) {
        return;
    }
    let files = generate(&Jars::fetch(RELEASE).unwrap()).unwrap();
    for (name, content) in files {
        let checked_in = fs::read_to_string(output_directory().join(name)).unwrap();
        assert!(
            checked_in == content,
            "{name} is not what the schemas say: cargo run -p milena-protocol-tests --bin schemas",
        );
    }
}
