//! Writes what is generated from the schemas in Apache Kafka's jars.
//!
//! ```text
//! cargo run -p milena-protocol-tests --bin schemas
//! ```

use std::fs;

use milena_protocol_tests::kafka::Jars;
use milena_protocol_tests::schemas::{RELEASE, SchemaError, generate, output_directory};

fn main() -> Result<(), SchemaError> {
    let files = generate(&Jars::fetch(RELEASE)?)?;
    for (name, content) in files {
        let path = output_directory().join(name);
        let io = |source| SchemaError::Io { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        fs::write(&path, content).map_err(io)?;
        println!("{name}");
    }
    Ok(())
}
