//! What a deterministic run is made of, besides the network: seeded streams of entropy, a wall
//! clock that follows virtual time, and tasks in groups that can crash.

mod clients;
mod clock;
mod nodes;
mod seed;

pub use clients::ClientProcess;
pub(crate) use clients::Clients;
pub(crate) use clock::BASE_MILLIS;
pub(crate) use seed::{Seed, Stream};
