//! The inputs that are kept: one zip archive per target, `protocol-tests/corpora/TARGET.zip`,
//! which any tool can unpack into the folder that the fuzzer wants.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// An input and the name it has in its archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// Its name. The fuzzer names files by their checksum; those added by hand say what they are.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An archive or a folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct CorpusError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Where the archive of a target is kept.
pub fn archive(target: &str) -> PathBuf {
    let corpora = concat!(env!("CARGO_MANIFEST_DIR"), "/corpora");
    Path::new(corpora).join(format!("{target}.zip"))
}

/// Reads an archive.
///
/// # Errors
/// If it is not there or is no zip archive.
pub fn read_archive(path: &Path) -> Result<Vec<Input>, CorpusError> {
    let file = File::open(path).map_err(|error| failed(path, error))?;
    let mut archive = ZipArchive::new(file).map_err(|error| failed(path, error))?;
    let mut inputs = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| failed(path, error))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| failed(path, error))?;
        let name = entry.name().map_err(|error| failed(path, error))?.into_owned();
        inputs.push(Input { name, bytes });
    }
    Ok(inputs)
}

/// Writes an archive. The same inputs give the same bytes.
///
/// # Errors
/// If the file cannot be written.
pub fn write_archive(path: &Path, mut inputs: Vec<Input>) -> Result<(), CorpusError> {
    inputs.sort();
    inputs.dedup_by(|a, b| a.name == b.name);
    let file = File::create(path).map_err(|error| failed(path, error))?;
    let mut archive = ZipWriter::new(file);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for input in inputs {
        archive.start_file(input.name, options).map_err(|error| failed(path, error))?;
        archive.write_all(&input.bytes).map_err(|error| failed(path, error))?;
    }
    archive.finish().map_err(|error| failed(path, error))?;
    Ok(())
}

/// Reads the files of a folder.
///
/// # Errors
/// If the folder or one of its files cannot be read.
pub fn read_folder(path: &Path) -> Result<Vec<Input>, CorpusError> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| failed(path, error))? {
        let entry = entry.map_err(|error| failed(path, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        inputs.push(read_file(&entry.path(), name)?);
    }
    Ok(inputs)
}

/// Reads a file as an input of this name.
///
/// # Errors
/// If it cannot be read.
pub fn read_file(path: &Path, name: String) -> Result<Input, CorpusError> {
    let bytes = fs::read(path).map_err(|error| failed(path, error))?;
    Ok(Input { name, bytes })
}

/// Writes inputs as files into a folder, which is made if it is not there.
///
/// # Errors
/// If one of them cannot be written.
pub fn write_folder(path: &Path, inputs: &[Input]) -> Result<(), CorpusError> {
    fs::create_dir_all(path).map_err(|error| failed(path, error))?;
    for input in inputs {
        let path = path.join(&input.name);
        fs::write(&path, &input.bytes).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

fn failed(path: &Path, error: impl std::fmt::Display) -> CorpusError {
    CorpusError { path: path.to_path_buf(), reason: error.to_string() }
}
