//! What happens to a node's files behind its back: the end of a log that never reached the disk, a
//! directory that is gone.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::KafkaError;

/// Cuts a log before the batch that holds `offset`.
pub(super) fn truncate(
    id: u32,
    data: &[PathBuf],
    log: &str,
    offset: i64,
) -> Result<(), KafkaError> {
    let missing = || KafkaError::NotOnDisk { id, what: format!("log {log}") };
    let folder =
        data.iter().map(|dir| dir.join(log)).find(|dir| dir.is_dir()).ok_or_else(missing)?;
    let mut segments = Vec::new();
    for entry in fs::read_dir(&folder).map_err(KafkaError::io(&folder))? {
        let path = entry.map_err(KafkaError::io(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "log")
            && let Some(base) = path.file_stem().and_then(|stem| stem.to_str()?.parse::<i64>().ok())
        {
            segments.push((base, path));
        }
    }
    segments.sort();
    for (base, path) in segments.iter().skip(1).rev() {
        if *base > offset {
            for extension in ["log", "index", "timeindex", "txnindex", "snapshot"] {
                let file = path.with_extension(extension);
                if file.exists() {
                    fs::remove_file(&file).map_err(KafkaError::io(&file))?;
                }
            }
        }
    }
    let active =
        segments.iter().enumerate().rev().find(|(at, (base, _))| *at == 0 || *base <= offset);
    let (_, (_, active)) = active.ok_or_else(missing)?;
    cut(active, offset).map_err(KafkaError::io(active))
}

/// Cuts a segment's file before the batch that holds `offset`: bytes 0 to 8 of a batch are its
/// base offset, 8 to 12 the length of the rest, 23 to 27 the last offset counted from the base.
fn cut(segment: &Path, offset: i64) -> std::io::Result<()> {
    let mut file = fs::File::options().read(true).write(true).open(segment)?;
    let mut position = 0;
    loop {
        file.seek(SeekFrom::Start(position))?;
        let mut header = [0; 27];
        match file.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let [b0, b1, b2, b3, b4, b5, b6, b7, l0, l1, l2, l3, ..] = header;
        let base = i64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
        let last =
            base + i64::from(i32::from_be_bytes([header[23], header[24], header[25], header[26]]));
        if last >= offset {
            return file.set_len(position);
        }
        position += 12 + u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
    }
}

/// Deletes a log directory; a live node may still write into it while it goes.
pub(super) fn delete(id: u32, data: &[PathBuf], directory: &str) -> Result<(), KafkaError> {
    let missing = || KafkaError::NotOnDisk { id, what: format!("log directory {directory}") };
    let path =
        data.iter().find(|path| path.as_path() == Path::new(directory)).ok_or_else(missing)?;
    let mut last = None;
    for _ in 0..100 {
        match fs::remove_dir_all(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(()), |error| Err(KafkaError::io(path)(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(base: i64, count: i32, payload: usize) -> Vec<u8> {
        let mut bytes = base.to_be_bytes().to_vec();
        bytes.extend_from_slice(&u32::try_from(49 + payload).unwrap().to_be_bytes());
        bytes.extend_from_slice(&[0; 11]);
        bytes.extend_from_slice(&(count - 1).to_be_bytes());
        bytes.resize(61 + payload, 7);
        bytes
    }

    #[test]
    fn a_log_is_cut_before_the_batch_that_holds_the_offset() {
        let home = crate::kafka::target_directory().join("disk-test");
        drop(fs::remove_dir_all(&home));
        let folder = home.join("a-0");
        fs::create_dir_all(&folder).unwrap();
        let first = folder.join("00000000000000000000.log");
        let second = folder.join("00000000000000000005.log");
        let batches = [batch(0, 3, 10), batch(3, 2, 20)].concat();
        fs::write(&first, &batches).unwrap();
        fs::write(&second, batch(5, 1, 5)).unwrap();
        truncate(1, std::slice::from_ref(&home), "a-0", 4).unwrap();
        assert_eq!(fs::read(&first).unwrap().len(), 71);
        assert!(!second.exists());
        assert!(truncate(1, std::slice::from_ref(&home), "b-0", 4).is_err());
        fs::remove_dir_all(&home).unwrap();
    }
}
