//! The ways between the nodes of a cluster, each direction by itself: cut, healed, delayed.
//!
//! A [`Relay`] in front of the listeners by which nodes reach each other. Who connects is known from
//! the client id of its first request: every client inside of Apache Kafka has its node's id in it
//! (`broker-1-fetcher-0`, `raft-client-1`, `1`). What is sent on a way that is cut stays where it is
//! until the way heals, as on a TCP connection through a network that is down for a while.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Relay, ports};

/// Stands in front of the nodes' listeners. Dropping the last of its copies lets everything through
/// that waits, and takes no connection any more.
#[derive(Debug, Default)]
pub struct Links {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By sender and receiver.
    ways: BTreeMap<(u32, u32), Way>,
    /// The ports that were given.
    listening: Vec<u16>,
    is_over: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Way {
    is_cut: bool,
    delay: Duration,
}

impl Links {
    /// Stops what `from` sends to `to`.
    pub fn cut(&self, from: u32, to: u32) {
        self.shared.lock().ways.entry((from, to)).or_default().is_cut = true;
    }

    /// Holds each piece of what `from` sends to `to` back for this long.
    pub fn delay(&self, from: u32, to: u32, delay: Duration) {
        self.shared.lock().ways.entry((from, to)).or_default().delay = delay;
    }

    /// Ends all cuts and delays: what waited is sent.
    pub fn heal(&self) {
        self.shared.lock().ways.clear();
        self.shared.changed.notify_all();
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        state.ways.clear();
        self.shared.changed.notify_all();
        for port in std::mem::take(&mut state.listening) {
            // Wakes the thread that waits for connections, if it is still there.
            drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
        }
    }
}

impl Relay for Links {
    fn in_front_of(&self, node: u32, port: u16) -> io::Result<u16> {
        let given = ports::free(1).map_err(io::Error::other)?[0];
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, given))?;
        self.shared.lock().listening.push(given);
        let shared = Arc::clone(&self.shared);
        start(move || accept(&listener, node, port, &shared));
        Ok(given)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left a map that is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the way is open, and gives how long it takes.
    fn wait_for(&self, from: u32, to: u32) -> Duration {
        let way = |state: &State| state.ways.get(&(from, to)).copied().unwrap_or_default();
        let state = self
            .changed
            .wait_while(self.lock(), |state| way(state).is_cut)
            .unwrap_or_else(PoisonError::into_inner);
        way(&state).delay
    }
}

#[expect(clippy::disallowed_methods, reason = "sockets between foreign processes; nothing of ours")]
fn start(run: impl FnOnce() + Send + 'static) {
    std::thread::spawn(run);
}

fn accept(listener: &TcpListener, node: u32, port: u16, shared: &Arc<Shared>) {
    while let Ok((client, _)) = listener.accept() {
        if shared.lock().is_over {
            return;
        }
        let shared = Arc::clone(shared);
        start(move || {
            // A dead node, or one that closed: the client sees its connection closed.
            drop(pass(client, node, port, &shared));
        });
    }
}

/// Passes bytes both ways until both sides have ended.
fn pass(mut client: TcpStream, node: u32, port: u16, shared: &Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut first = Vec::new();
    let from = loop {
        if let Some(from) = sender(&first) {
            break from;
        }
        let mut piece = [0; 4096];
        match client.read(&mut piece)? {
            0 => return Ok(()),
            count => first.extend_from_slice(&piece[..count]),
        }
    };
    let (back_from, back_to, behind) =
        (server.try_clone()?, client.try_clone()?, Arc::clone(shared));
    start(move || pump(Vec::new(), back_from, back_to, (node, from), &behind));
    pump(first, client, server, (from, node), shared);
    Ok(())
}

fn pump(
    first: Vec<u8>,
    mut from: TcpStream,
    mut to: TcpStream,
    way: (u32, u32),
    shared: &Arc<Shared>,
) {
    let mut piece = first;
    loop {
        if !piece.is_empty() {
            let delay = shared.wait_for(way.0, way.1);
            if !delay.is_zero() {
                pause(delay);
            }
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        piece.resize(64 * 1024, 0);
        match from.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => piece.truncate(count),
        }
    }
    // Either side may be gone already.
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}

#[expect(clippy::disallowed_methods, reason = "delays what real processes say to each other")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// The node whose client sent this request: the first number in its client id; 0 if it has none.
/// `None` while the header is not whole.
fn sender(request: &[u8]) -> Option<u32> {
    // Length, key, version, correlation id; then the client id with its length.
    let (length, id) = request.get(12..)?.split_first_chunk::<2>()?;
    let id = id.get(..usize::from(u16::from_be_bytes(*length)))?;
    let number = id.iter().skip_while(|byte| !byte.is_ascii_digit());
    let digits = number.take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number: u32, digit| {
        number.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_the_first_number_of_its_client_id() {
        let request = |id: &[u8]| {
            let mut request = vec![0; 12];
            request.extend_from_slice(&u16::try_from(id.len()).unwrap().to_be_bytes());
            request.extend_from_slice(id);
            request
        };
        assert_eq!(sender(&request(b"broker-12-fetcher-0")), Some(12));
        assert_eq!(sender(&request(b"raft-client-3")), Some(3));
        assert_eq!(sender(&request(b"7")), Some(7));
        assert_eq!(sender(&request(b"nobody")), Some(0));
        assert_eq!(sender(&request(b"broker-12")[..16]), None);
    }

    #[test]
    fn a_cut_holds_one_direction_until_it_heals() {
        let links = Links::default();
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = links.in_front_of(2, server.local_addr().unwrap().port()).unwrap();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let hello = [&[0; 12][..], &[0, 1], b"1"].concat();
        client.write_all(&hello).unwrap();
        let (mut served, _) = server.accept().unwrap();
        let mut seen = vec![0; hello.len()];
        served.read_exact(&mut seen).unwrap();
        assert_eq!(seen, hello);

        links.cut(1, 2);
        client.write_all(b"held").unwrap();
        served.write_all(b"back").unwrap();
        let mut four = [0; 4];
        client.read_exact(&mut four).unwrap();
        assert_eq!(&four, b"back");
        served.set_nonblocking(true).unwrap();
        assert!(served.read(&mut four).is_err());

        links.heal();
        served.set_nonblocking(false).unwrap();
        served.read_exact(&mut four).unwrap();
        assert_eq!(&four, b"held");
    }
}
