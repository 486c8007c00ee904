//! Free loopback ports.
//!
//! They are taken below the range from which the kernel picks ports for outgoing connections
//! (32768 and up): a killed node's port must not be taken by a client's connection before its
//! restart, nor may a client that retries a dead port connect to itself.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use super::KafkaError;

const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// `count` ports nobody listens on at this moment.
pub(crate) fn free(count: usize) -> Result<Vec<u16>, KafkaError> {
    // Processes that run side by side start at different places, and one process never offers a
    // port twice until it has been round.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let pid = u64::from(std::process::id());
    let start = u16::try_from(pid.wrapping_mul(7_919) % u64::from(COUNT)).unwrap_or(0);
    let mut ports = Vec::with_capacity(count);
    for _ in 0..COUNT {
        if ports.len() == count {
            return Ok(ports);
        }
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + step) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            ports.push(port);
        }
    }
    Err(KafkaError::NoPort)
}
