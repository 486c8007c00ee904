use std::io::ErrorKind;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::scripted::{Echo, framed};
use super::*;
use crate::cluster::Operation;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn serve(delay: Duration) -> (Arc<Tcp<Echo>>, BTreeMap<BrokerId, SocketAddr>) {
    let ports = reserve(LOOPBACK, 0, [BrokerId(1), BrokerId(2)]).expect("free ports");
    let tcp = Tcp::start(Echo::new(2, delay), ports, 1024 * 1024);
    tcp.with(|_, _| ());
    let addresses = tcp.addresses();
    (tcp, addresses)
}

fn operate(tcp: &Arc<Tcp<Echo>>, operation: Operation) {
    tcp.with(|machine, now| machine.step(now, Input::Operator(operation)));
}

async fn echo(stream: &mut TcpStream, text: &[u8]) -> io::Result<()> {
    stream.write_all(&framed(text)).await?;
    let mut answer = vec![0; text.len() + 4];
    stream.read_exact(&mut answer).await?;
    assert!(&answer[4..] == text);
    Ok(())
}

#[tokio::test]
async fn every_broker_answers_at_its_own_port_in_order() {
    let (_tcp, addresses) = serve(Duration::ZERO);
    for address in addresses.values() {
        let mut stream = TcpStream::connect(address).await.expect("it accepts");
        echo(&mut stream, b"hello").await.expect("it answers");
        let many: Vec<u8> = (0..1_000_u32).flat_map(|n| framed(&n.to_be_bytes())).collect();
        stream.write_all(&many).await.expect("it reads");
        let mut answers = vec![0; many.len()];
        stream.read_exact(&mut answers).await.expect("it answers");
        assert!(answers == many);
    }
}

#[tokio::test]
async fn a_large_frame_is_answered_whole() {
    let (_tcp, addresses) = serve(Duration::ZERO);
    let mut stream = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    echo(&mut stream, &large).await.expect("it answers");
}

#[tokio::test]
async fn a_killed_broker_refuses_as_soon_as_kill_returns_and_keeps_its_port() {
    let (tcp, addresses) = serve(Duration::ZERO);
    let address = addresses[&BrokerId(1)];
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.expect("it accepts");
        echo(&mut stream, b"hello").await.expect("it answers");
        operate(&tcp, Operation::Kill(BrokerId(1)));
        let refused = TcpStream::connect(address).await.expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let mut rest = Vec::new();
        // Whether it ends or is reset depends on what was unread.
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
        operate(&tcp, Operation::Restart(BrokerId(1)));
    }
    let mut stream = TcpStream::connect(addresses[&BrokerId(2)]).await.expect("it accepts");
    echo(&mut stream, b"hello").await.expect("the other broker never noticed");
}

#[tokio::test]
async fn a_paused_broker_accepts_and_answers_only_once_it_goes_on() {
    let (tcp, addresses) = serve(Duration::ZERO);
    let mut before = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
    echo(&mut before, b"hello").await.expect("it answers");
    operate(&tcp, Operation::Pause(BrokerId(1)));
    let mut during = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("its kernel does");
    for stream in [&mut before, &mut during] {
        stream.write_all(&framed(b"hello")).await.expect("the kernel takes it");
    }
    let mut other = TcpStream::connect(addresses[&BrokerId(2)]).await.expect("it accepts");
    for _ in 0..10 {
        echo(&mut other, b"hello").await.expect("it answers");
    }
    assert_eq!(tcp.with(|machine, _| machine.frames), 11);
    operate(&tcp, Operation::Resume(BrokerId(1)));
    for stream in [&mut before, &mut during] {
        let mut answer = [0; 9];
        stream.read_exact(&mut answer).await.expect("it answers");
    }
}

#[tokio::test]
async fn garbage_closes_its_connection_and_no_other() {
    let (_tcp, addresses) = serve(Duration::ZERO);
    let mut good = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[0x7f, 0, 0, 0, 1]] {
        let mut bad = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
        bad.write_all(garbage).await.expect("the kernel takes it");
        let mut rest = Vec::new();
        let _ = bad.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    echo(&mut good, b"hello").await.expect("it answers");
}

#[tokio::test]
async fn answers_that_came_first_are_written_before_the_machine_closes() {
    let (_tcp, addresses) = serve(Duration::ZERO);
    let mut stream = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
    let both = [framed(b"hello"), framed(b"quit")].concat();
    stream.write_all(&both).await.expect("it reads");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("it ends in order");
    assert_eq!(rest, framed(b"hello"));
}

#[tokio::test]
async fn a_connection_the_machine_muted_is_read_again_after_its_answer() {
    let (_tcp, addresses) = serve(Duration::from_millis(5));
    let mut stream = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
    stream.write_all(&framed(b"mute")).await.expect("it reads");
    stream.write_all(&framed(b"next")).await.expect("the kernel takes it");
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).await.expect("it answers both");
    assert_eq!(answer, *b"\0\0\0\x04mute\0\0\0\x04next");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_names_it() {
    let taken = reserve(LOOPBACK, 0, [BrokerId(1)]).expect("a free port");
    let address = taken[0].address();
    let listener = std::net::TcpListener::bind((LOOPBACK, 0)).expect("a free port");
    let used = listener.local_addr().expect("it is bound");
    let (named, _) = reserve(LOOPBACK, used.port(), [BrokerId(1)]).expect_err("it is taken");
    assert_eq!(named, used);
    assert_ne!(address, used);
}

#[tokio::test]
async fn a_stopped_cluster_refuses_and_closes() {
    let (tcp, addresses) = serve(Duration::ZERO);
    let mut stream = TcpStream::connect(addresses[&BrokerId(1)]).await.expect("it accepts");
    echo(&mut stream, b"hello").await.expect("it answers");
    tcp.stop();
    assert!(TcpStream::connect(addresses[&BrokerId(1)]).await.is_err());
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}
