//! How a client finds and reaches the brokers of an in-memory cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use milena::environment::{BoxFuture, Connector, Transport};
use milena_protocol::ids::BrokerId;

use super::super::Machine;
use super::stream::MemoryStream;
use super::{Memory, address_of};

/// Connects one client's process to the cluster.
pub(crate) struct MemoryConnector<M> {
    memory: Arc<Memory<M>>,
    client: u32,
    names: Arc<BTreeMap<String, BrokerId>>,
}

impl<M> MemoryConnector<M> {
    /// `names` are the hosts by which brokers are known.
    pub(crate) fn new(
        memory: Arc<Memory<M>>,
        client: u32,
        names: Arc<BTreeMap<String, BrokerId>>,
    ) -> Self {
        Self { memory, client, names }
    }

    fn broker_at(&self, ip: IpAddr) -> Option<BrokerId> {
        self.names.values().copied().find(|broker| address_of(*broker, 0).ip() == ip)
    }
}

impl<M> fmt::Debug for MemoryConnector<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryConnector").field("client", &self.client).finish_non_exhaustive()
    }
}

impl<M: Machine> Connector for MemoryConnector<M> {
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<io::Result<Vec<SocketAddr>>> {
        let known = self.names.get(host).copied();
        let literal = host.parse().ok().and_then(|ip| self.broker_at(ip));
        let found =
            known.or(literal).map(|broker| vec![address_of(broker, port)]).ok_or_else(|| {
                let text = format!("the simulated network has no host named {host}");
                io::Error::new(ErrorKind::NotFound, text)
            });
        Box::pin(async move { found })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<io::Result<Box<dyn Transport>>> {
        let broker = self.broker_at(address.ip());
        let (memory, client) = (Arc::clone(&self.memory), self.client);
        Box::pin(async move {
            let Some(broker) = broker else {
                let text = format!("the simulated network has no broker at {address}");
                return Err(io::Error::new(ErrorKind::AddrNotAvailable, text));
            };
            let id = memory.at_client(|world, now| world.connect(now, client, broker));
            let stream = MemoryStream::new(memory, id);
            stream.connected().await?;
            Ok(Box::new(stream) as Box<dyn Transport>)
        })
    }
}
