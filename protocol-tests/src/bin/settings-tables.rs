//! Writes the tables of settings from the stored answers of real brokers.
//!
//! ```text
//! cargo run -p milena-protocol-tests --bin settings-tables
//! ```

use std::fs;

use milena_protocol_tests::settings_tables::{RELEASES, generate, output_directory};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    fs::create_dir_all(output_directory())?;
    for (release, suffix) in RELEASES {
        for (name, content) in generate(release, suffix)? {
            fs::write(output_directory().join(&name), content)?;
            println!("{name}");
        }
    }
    Ok(())
}
