//! Recording what clients and Apache Kafka say to each other: where the vectors come from.
//!
//! A [`Proxy`] stands in front of every listener of a cluster, those of the controllers included, so
//! that what the brokers say to each other is recorded too. Who spoke is told by the client id:
//! the clients started here have ids that start with `vectors-`; all others are brokers.
//!
//! Of thousands of frames few are kept, see [`select`].

mod clients;
mod proxy;
mod recorder;
mod select;
mod shape;
mod sweep;

pub use clients::{CaptureError, Client};
pub use proxy::Proxy;
pub use recorder::{Recorded, Recorder, Speaker};
pub use select::{Selection, TopicNames, select};
pub use sweep::every_version;
