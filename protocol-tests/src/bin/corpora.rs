//! Puts the inputs of fuzz targets where they are wanted: seeds and kept inputs into a folder for
//! the fuzzer, what it found back into the archive that the tests replay. See `docs/fuzzing.md`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use milena_protocol_tests::fuzzing::corpus::{self, CorpusError, Input};
use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator};
use milena_protocol_tests::fuzzing::{TARGETS, Target};

#[global_allocator]
static ALLOCATOR: CountingAllocator = memory::counting_allocator();

#[derive(Parser)]
#[command(about = "Moves the inputs of fuzz targets between archives and folders")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the seeds of a target and the inputs kept for it into a folder.
    Unpack {
        /// The target; all of them if none is named, each in a folder of its own.
        target: Option<String>,
        /// The folder that holds one folder per target.
        #[arg(long, default_value = "fuzz/corpus")]
        folder: PathBuf,
    },
    /// Keeps one input under a name that says what it is, such as one that made a target fail.
    Keep {
        /// The target.
        target: String,
        /// What to call it.
        name: String,
        /// The file that holds it.
        file: PathBuf,
    },
    /// Feeds a target one input, without a fuzzer.
    Run {
        /// The target.
        target: String,
        /// The file that holds it.
        file: PathBuf,
    },
    /// Replaces the inputs kept for a target by the files of a folder. Those with a name that
    /// somebody gave them stay.
    Pack {
        /// The target; all of them if none is named.
        target: Option<String>,
        /// The folder that holds one folder per target.
        #[arg(long, default_value = "fuzz/corpus")]
        folder: PathBuf,
        /// Longer files are left out.
        #[arg(long, default_value_t = 4096)]
        longest: usize,
    },
}

fn main() -> Result<(), CorpusError> {
    match Arguments::parse().command {
        Command::Unpack { target, folder } => {
            for target in chosen(target.as_deref()) {
                let mut inputs = kept(target);
                inputs.extend(
                    (target.seeds)()
                        .into_iter()
                        .enumerate()
                        .map(|(index, bytes)| Input { name: format!("seed-{index}"), bytes }),
                );
                corpus::write_folder(&folder.join(target.name), &inputs)?;
                println!("{}: {} inputs", target.name, inputs.len());
            }
        }
        Command::Keep { target, name, file } => {
            for target in chosen(Some(&target)) {
                let mut inputs = kept(target);
                inputs.push(corpus::read_file(&file, name.clone())?);
                corpus::write_archive(&corpus::archive(target.name), inputs)?;
            }
        }
        Command::Run { target, file } => {
            for target in chosen(Some(&target)) {
                let input = corpus::read_file(&file, target.name.to_owned())?;
                target.run(&input.bytes);
                println!("{}: nothing found", target.name);
            }
        }
        Command::Pack { target, folder, longest } => {
            for target in chosen(target.as_deref()) {
                let mut inputs = corpus::read_folder(&folder.join(target.name))?;
                inputs.retain(|input| input.bytes.len() <= longest && named_by_fuzzer(input));
                inputs.extend(kept(target).into_iter().filter(|input| !named_by_fuzzer(input)));
                println!("{}: {} inputs", target.name, inputs.len());
                corpus::write_archive(&corpus::archive(target.name), inputs)?;
            }
        }
    }
    Ok(())
}

fn chosen(name: Option<&str>) -> impl Iterator<Item = &'static Target> {
    TARGETS.iter().filter(move |target| name.is_none_or(|name| name == target.name))
}

/// What is in the archive of a target; nothing before there is one.
fn kept(target: &Target) -> Vec<Input> {
    corpus::read_archive(&corpus::archive(target.name)).unwrap_or_default()
}

/// The fuzzer names a file by the checksum of its content.
fn named_by_fuzzer(input: &Input) -> bool {
    input.name.len() == 40 && input.name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
