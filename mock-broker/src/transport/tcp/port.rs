//! A broker's port: reserved for the whole life of the cluster, listened on while the broker runs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Connections the kernel completes before they are accepted.
const BACKLOG: i32 = 1024;

/// The pause after a failed accept, which is the process being out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// A port that belongs to a broker.
#[derive(Debug)]
pub(crate) struct Port {
    broker: BrokerId,
    address: SocketAddr,
    /// Bound and never listened on. It keeps the number while the broker is down: the port
    /// refuses, nobody is given it as a free one, and no client that connects to it from the
    /// same host is given it as its own and talks to itself.
    _reservation: Option<Socket>,
    listening: Option<Listening>,
}

#[derive(Debug)]
struct Listening {
    listener: Arc<TcpListener>,
    task: AbortHandle,
}

impl Port {
    /// Reserves `address`; port 0 takes a free one.
    pub(crate) fn reserve(broker: BrokerId, address: SocketAddr) -> io::Result<Self> {
        let socket = if address.port() == 0 { free(address)? } else { checked(address)? };
        let address = socket
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::other("an internet socket has no internet address"))?;
        // Elsewhere than on Linux two sockets cannot be bound to one address, one of them idle.
        let reservation = cfg!(target_os = "linux").then_some(socket);
        Ok(Self { broker, address, _reservation: reservation, listening: None })
    }

    pub(crate) fn broker(&self) -> BrokerId {
        self.broker
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens from now on, if it does not yet, and gives connections to `accepted`.
    pub(super) fn listen(
        &mut self,
        runtime: &Handle,
        accepted: impl Fn(TcpStream, SocketAddr) + Send + Sync + 'static,
    ) -> io::Result<()> {
        if self.listening.is_some() {
            return Ok(());
        }
        let socket = bound(self.address)?;
        socket.set_nonblocking(true)?;
        socket.listen(BACKLOG)?;
        let _entered = runtime.enter();
        let listener = Arc::new(TcpListener::from_std(socket.into())?);
        let task = runtime.spawn(accept(Arc::clone(&listener), accepted)).abort_handle();
        self.listening = Some(Listening { listener, task });
        Ok(())
    }

    /// Refuses connections from now on: when this returns, the next one is refused.
    pub(super) fn refuse(&mut self) {
        let Some(listening) = self.listening.take() else { return };
        // The task lets go of the listener only when it is next polled. On Linux a shut-down
        // listener refuses at once; elsewhere this does nothing.
        let _ = SockRef::from(&*listening.listener).shutdown(std::net::Shutdown::Both);
        listening.task.abort();
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.refuse();
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of the broker's last life may linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Bound to a free port. Without SO_REUSEADDR at first: with it, the kernel may hand out a port
/// that another cluster has reserved.
fn free(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&address.into())?;
    socket.set_reuse_address(true)?;
    Ok(socket)
}

/// Bound to a given port, once it is clear that one can listen there.
fn checked(address: SocketAddr) -> io::Result<Socket> {
    bound(address)?.listen(BACKLOG)?;
    bound(address)
}

async fn accept(
    listener: Arc<TcpListener>,
    accepted: impl Fn(TcpStream, SocketAddr) + Send + Sync + 'static,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
                }
                accepted(stream, peer);
            }
            // It was shut down: the broker is gone, and this task is about to be aborted.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}
