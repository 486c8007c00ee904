//! Asks a broker which brokers it sees, with a Metadata request written by hand: the harness must
//! not depend on the client it is there to test.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Metadata v4 for no topics: header v1 (key 3, version 4, correlation id 1, client id null), an
/// empty topic array, no auto-creation. Served by every release from 2.0 to 4.1.
const REQUEST: [u8; 19] = [0, 0, 0, 15, 0, 3, 0, 4, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0];

/// How many unfenced brokers the broker at `port` knows.
pub(super) fn live_brokers(port: u16) -> std::io::Result<usize> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(&REQUEST)?;
    // Length, correlation id, throttle time, then the array of brokers.
    let mut head = [0; 16];
    stream.read_exact(&mut head)?;
    let count = i32::from_be_bytes([head[12], head[13], head[14], head[15]]);
    usize::try_from(count)
        .map_err(|_| Error::new(ErrorKind::InvalidData, format!("{count} brokers in Metadata")))
}
