//! A proxy that passes every byte on as it is and cuts frames out of what passes.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use milena_protocol::frame::FrameDecoder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use super::recorder::{Asked, Recorder};
use crate::kafka::{Relay, free_ports};

/// As large as anything a broker accepts by default (`socket.request.max.bytes`).
const MAX_FRAME: usize = 100 << 20;

/// Stands in front of listeners and records.
#[derive(Clone, Debug)]
pub struct Proxy {
    runtime: Handle,
    recorder: Arc<Recorder>,
}

impl Proxy {
    /// A proxy whose tasks run on `runtime`.
    #[must_use]
    pub fn new(runtime: Handle, recorder: Arc<Recorder>) -> Self {
        Self { runtime, recorder }
    }

    async fn accept(self, listener: TcpListener, port: u16) {
        while let Ok((client, _)) = listener.accept().await {
            let recorder = Arc::clone(&self.recorder);
            self.runtime.spawn(async move {
                // The server may not listen yet: the client sees a connection that closes at once,
                // and tries again.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    pass(client, server, &recorder).await;
                }
            });
        }
    }
}

impl Relay for Proxy {
    fn in_front_of(&self, _node: u32, port: u16) -> io::Result<u16> {
        let ports = free_ports(1).map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0]))?;
        listener.set_nonblocking(true)?;
        let _inside = self.runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        self.runtime.spawn(self.clone().accept(listener, port));
        Ok(ports[0])
    }
}

/// Passes bytes both ways until both sides have ended.
async fn pass(client: TcpStream, server: TcpStream, recorder: &Recorder) {
    // Requests that wait for an answer. One with acks=0 waits for ever.
    let waiting: Mutex<BTreeMap<i32, Asked>> = Mutex::default();
    let waiting = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    // Whole frames are passed on as soon as they are there; nothing is delayed to be sent in one
    // packet.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let requests = pump(from_client, to_server, |frame| {
        if let Some((correlation_id, asked)) = recorder.request(frame) {
            waiting().insert(correlation_id, asked);
        }
    });
    let responses = pump(from_server, to_client, |frame| {
        let correlation_id = frame.first_chunk().map(|id| i32::from_be_bytes(*id));
        let asked = correlation_id.and_then(|id| waiting().remove(&id));
        if let Some(asked) = asked {
            recorder.response(&asked, frame);
        }
    });
    tokio::join!(requests, responses);
}

/// Passes bytes one way. A frame is recorded before its last byte is passed on, so that a request is
/// known when its answer comes.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    record: impl Fn(Bytes),
) {
    let mut chunk = BytesMut::with_capacity(64 << 10);
    let mut received = BytesMut::new();
    let mut decoder = FrameDecoder::new(MAX_FRAME);
    let mut framed = true;
    loop {
        chunk.clear();
        match from.read_buf(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if framed {
            received.extend_from_slice(&chunk);
        }
        while framed {
            match decoder.decode(&mut received) {
                // Copied: a frame would keep the whole buffer alive.
                Ok(Some(frame)) => record(Bytes::copy_from_slice(&frame)),
                Ok(None) => break,
                // Not the Kafka protocol; still passed on.
                Err(_) => framed = false,
            }
        }
        if to.write_all(&chunk).await.is_err() {
            break;
        }
    }
    // The other side may be gone already.
    drop(to.shutdown().await);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Speaker;
    use crate::vectors::Direction;

    /// ApiVersions v0 of a client `vectors-x`, correlation id 7, and an answer without content.
    const REQUEST: &[u8] = b"\0\0\0\x13\0\x12\0\0\0\0\0\x07\0\x09vectors-x";
    const RESPONSE: &[u8] = b"\0\0\0\x0a\0\0\0\x07\0\0\0\0\0\0";

    /// Answers one request and gives what it got.
    async fn serve(listener: TcpListener) -> Vec<u8> {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; REQUEST.len()];
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(RESPONSE).await.unwrap();
        request
    }

    #[tokio::test]
    async fn bytes_pass_unchanged_and_their_frames_are_recorded() {
        let recorder = Arc::new(Recorder::default());
        let proxy = Proxy::new(Handle::current(), Arc::clone(&recorder));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = proxy.in_front_of(1, listener.local_addr().unwrap().port()).unwrap();
        let server = Handle::current().spawn(serve(listener));

        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        // In two pieces: frames are cut wherever the pieces end.
        client.write_all(&REQUEST[..9]).await.unwrap();
        client.flush().await.unwrap();
        client.write_all(&REQUEST[9..]).await.unwrap();
        let mut response = vec![0; RESPONSE.len()];
        client.read_exact(&mut response).await.unwrap();

        assert_eq!(server.await.unwrap(), REQUEST);
        assert_eq!(response, RESPONSE);
        let frames = recorder.frames_of(&Speaker::Client("x".to_owned()));
        let seen: Vec<_> = frames.iter().map(|it| (it.direction, it.key, it.version)).collect();
        assert_eq!(seen, [(Direction::Request, 18, 0), (Direction::Response, 18, 0)]);
        assert_eq!(frames[0].frame, REQUEST[4..]);
        assert_eq!(frames[1].frame, RESPONSE[4..]);
    }
}
