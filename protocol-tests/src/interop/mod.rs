//! Other people's clients, as child processes, against the simulated cluster (and against Apache
//! Kafka, which shows that a scenario asks for nothing Kafka would not do).

mod console;
mod python;
mod tools;

pub use console::{ConsoleConsumer, ConsoleProducer};
pub(crate) use python::environment as python_interpreter;
pub use python::{Event, InteropError, Library, Reading, Report, Session};
pub use tools::{Ended, JavaTools, Script};
