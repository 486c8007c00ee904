//! Something that stands in front of every listener: who connects to the cluster, and who connects
//! from node to node, passes through it.

use std::fmt;
use std::io;

/// Stands in front of the listeners of a cluster, see [`super::Builder::relay`].
pub trait Relay: fmt::Debug + Send + Sync {
    /// A port that leads to `port` of this node, which nobody listens on yet.
    ///
    /// # Errors
    /// If there is none.
    fn in_front_of(&self, node: u32, port: u16) -> io::Result<u16>;
}
