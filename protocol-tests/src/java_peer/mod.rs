//! Apache Kafka's own classes behind a pipe: they read our bytes, and write theirs for us.
//!
//! `protocol-tests/java/Peer.java` runs in one JVM per test with the jars of a release. It is asked
//! many things at once, because a question costs a write and a read of a pipe.

mod batches;
mod items;
mod messages;

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bytes::{BufMut, Bytes, BytesMut};

pub use batches::{BatchToWrite, JavaBatch, JavaRecord, Level};
pub use messages::{JavaMessage, Route};

use crate::kafka::Jars;

/// Questions are cut into parts of about this many bytes.
const PART: usize = 4 << 20;

/// Kafka's classes could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The program cannot be started, or has ended; its stderr tells why.
    #[error("the Java peer: {0}")]
    Pipe(#[from] std::io::Error),
    /// An answer is not of the form that was agreed.
    #[error("the Java peer's answer is malformed: {0}")]
    Answer(String),
}

/// Kafka's classes do not accept something, and why: an exception's class, text and place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Question {
    Message,
    ReadBatches,
    WriteBatch,
}

impl Question {
    const fn letter(self) -> u8 {
        match self {
            Self::Message => b'M',
            Self::ReadBatches => b'R',
            Self::WriteBatch => b'W',
        }
    }
}

/// A running JVM with Kafka's classes. Ends when dropped.
#[derive(Debug)]
pub struct JavaPeer {
    process: Child,
    questions: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl JavaPeer {
    /// Starts one with the classes of `jars`. It is compiled at its start, so that a JDK is needed.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn start(jars: &Jars) -> Result<Self, PeerError> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("java/Peer.java");
        let mut process = Command::new("java")
            .args(["-Xmx512m", "-XX:+UseSerialGC"])
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .args(["-cp", &jars.class_path()])
            .arg(source)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (questions, answers) = pipes.expect("both were asked for");
        let (questions, answers) = (BufWriter::new(questions), BufReader::new(answers));
        Ok(Self { process, questions, answers })
    }

    /// Asks about all `items`, in parts. The answers are in their order.
    fn ask(
        &mut self,
        question: Question,
        items: &[Bytes],
    ) -> Result<Vec<Result<Bytes, Refusal>>, PeerError> {
        let mut answers = Vec::with_capacity(items.len());
        let mut rest = items;
        while !rest.is_empty() {
            let mut size = 0;
            let fitting = rest.iter().take_while(|item| {
                let fits = size < PART;
                size += item.len();
                fits
            });
            let (part, later) = rest.split_at(fitting.count());
            self.ask_part(question, part, &mut answers)?;
            rest = later;
        }
        Ok(answers)
    }

    /// The peer reads a question to its end before it answers, so the pipes cannot fill up against
    /// each other.
    fn ask_part(
        &mut self,
        question: Question,
        part: &[Bytes],
        answers: &mut Vec<Result<Bytes, Refusal>>,
    ) -> Result<(), PeerError> {
        let mut asked = BytesMut::new();
        asked.put_u8(question.letter());
        items::put_count(&mut asked, part.len());
        for item in part {
            items::put_bytes(&mut asked, Some(item));
        }
        let length = u32::try_from(asked.len()).expect("a part is a few MiB");
        self.questions.write_all(&length.to_be_bytes())?;
        self.questions.write_all(&asked)?;
        self.questions.flush()?;

        let mut length = [0; 4];
        self.answers.read_exact(&mut length)?;
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.answers.read_exact(&mut answer)?;
        let mut answer = items::Reader::new(Bytes::from(answer));
        for _ in part {
            let status = answer.u8()?;
            let result = answer.bytes()?;
            answers.push(match status {
                0 => Ok(result),
                _ => Err(Refusal(String::from_utf8_lossy(&result).into_owned())),
            });
        }
        answer.end()
    }
}

impl Drop for JavaPeer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
