use std::collections::BTreeMap;

use milena::environment::{Connector, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::super::scripted::{Echo, framed};
use super::link::LinkKey;
use super::*;
use crate::cluster::{Input, Operation};
use crate::simulation::Seed;
use crate::trace::Trace;

struct Net {
    memory: Arc<Memory<Echo>>,
    connector: MemoryConnector<Echo>,
    trace: Arc<Mutex<Trace>>,
}

fn net_with(seed: u64, delay: Duration) -> Net {
    let trace = Arc::new(Mutex::new(Trace::keeping_events()));
    let config = WorldConfig {
        seed: Seed(seed),
        link: LinkConfig::default(),
        max_frame: 1024 * 1024,
        trace: Arc::clone(&trace),
    };
    let memory = Memory::start(Echo::new(2, delay), config);
    let names = (1..=2).map(|id| (format!("broker-{id}"), BrokerId(id))).collect();
    let connector = MemoryConnector::new(Arc::clone(&memory), 0, Arc::new(names));
    Net { memory, connector, trace }
}

fn net() -> Net {
    net_with(1, Duration::ZERO)
}

impl Net {
    async fn open(&self, broker: i32) -> io::Result<Box<dyn Transport>> {
        self.connector.connect(address_of(BrokerId(broker), 9092)).await
    }

    fn operate(&self, operation: Operation) {
        self.memory.with(|world, now| world.machine().step(now, Input::Operator(operation)));
    }
}

use std::io;

async fn echo(stream: &mut Box<dyn Transport>, text: &[u8]) -> io::Result<()> {
    stream.write_all(&framed(text)).await?;
    let mut answer = vec![0; text.len() + 4];
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer[4..], text);
    Ok(())
}

fn to_broker(broker: i32) -> LinkKey {
    LinkKey { client: 0, broker: BrokerId(broker), direction: Direction::ToBroker }
}

#[tokio::test(start_paused = true)]
async fn a_name_leads_to_a_broker_that_answers() {
    let net = net();
    let found = net.connector.resolve("broker-2", 9092).await.expect("it is known");
    assert_eq!(found, [address_of(BrokerId(2), 9092)]);
    let mut stream = net.connector.connect(found[0]).await.expect("it accepts");
    echo(&mut stream, b"hello").await.expect("it answers");
    let unknown = net.connector.resolve("nowhere", 9092).await;
    assert_eq!(unknown.expect_err("no such host").kind(), io::ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_large_frame_crosses_the_send_window_in_order() {
    let net = net();
    let mut stream = net.open(1).await.expect("it accepts");
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    for _ in 0..6 {
        stream.write_all(&framed(&large)).await.expect("it is taken in the end");
    }
    for _ in 0..6 {
        let mut answer = vec![0; large.len() + 4];
        stream.read_exact(&mut answer).await.expect("it answers");
        assert!(answer[4..] == large);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_broker_resets_its_connections_and_refuses_until_it_is_back() {
    let net = net();
    let mut stream = net.open(1).await.expect("it accepts");
    net.operate(Operation::Kill(BrokerId(1)));
    let reset = echo(&mut stream, b"anyone?").await.expect_err("it is dead");
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    let refused = net.open(1).await.err().expect("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    net.operate(Operation::Restart(BrokerId(1)));
    let mut stream = net.open(1).await.expect("it is back");
    echo(&mut stream, b"hello").await.expect("it answers");
}

#[tokio::test(start_paused = true)]
async fn a_paused_broker_accepts_and_answers_only_once_it_goes_on() {
    let net = net();
    net.operate(Operation::Pause(BrokerId(1)));
    let mut stream = net.open(1).await.expect("its kernel accepts");
    let silent = timeout(Duration::from_secs(60), echo(&mut stream, b"hello")).await;
    assert!(silent.is_err());
    net.operate(Operation::Resume(BrokerId(1)));
    let mut answer = [0; 9];
    stream.read_exact(&mut answer).await.expect("it answers what it got while it was paused");
}

#[tokio::test(start_paused = true)]
async fn what_a_cut_link_held_back_arrives_in_order_after_it_heals() {
    let net = net();
    let mut stream = net.open(1).await.expect("it accepts");
    net.memory.with(|world, _| world.cut(to_broker(1)));
    for text in [b"one", b"two"] {
        stream.write_all(&framed(text)).await.expect("the kernel takes it");
    }
    let mut answer = [0; 14];
    assert!(timeout(Duration::from_secs(9), stream.read_exact(&mut answer)).await.is_err());
    net.memory.with(|world, _| world.heal(to_broker(1)));
    stream.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(answer, *b"\0\0\0\x03one\0\0\0\x03two");
}

#[tokio::test(start_paused = true)]
async fn a_connect_over_a_cut_link_waits_for_it_to_heal() {
    let net = net();
    net.memory.with(|world, _| world.cut(to_broker(1)));
    assert!(timeout(Duration::from_secs(9), net.open(1)).await.is_err());
    net.memory.with(|world, _| world.heal(to_broker(1)));
    net.open(1).await.expect("it accepts");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_is_told_to_the_machine_and_forgotten() {
    let net = net();
    let stream = net.open(1).await.expect("it accepts");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(5)).await;
    net.memory.with(|world, _| {
        assert!(world.machine().open.is_empty());
        assert_eq!(world.machine().gone.len(), 1);
        assert!(world.connections.is_empty());
    });
}

#[tokio::test(start_paused = true)]
async fn garbage_is_answered_with_a_reset() {
    let net = net();
    let mut stream = net.open(1).await.expect("it accepts");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("the kernel takes it");
    let mut answer = [0; 1];
    let reset = stream.read_exact(&mut answer).await.expect_err("that is no frame");
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn a_connection_the_machine_muted_is_read_again_after_its_answer() {
    let net = net_with(1, Duration::from_secs(1));
    let mut stream = net.open(1).await.expect("it accepts");
    stream.write_all(&framed(b"mute")).await.expect("the kernel takes it");
    stream.write_all(&framed(b"next")).await.expect("the kernel takes it");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(net.memory.with(|world, _| world.machine().frames), 1);
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).await.expect("it answers both");
    assert_eq!(answer, *b"\0\0\0\x04mute\0\0\0\x04next");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_world_resets_and_refuses() {
    let net = net();
    let mut stream = net.open(1).await.expect("it accepts");
    net.memory.stop();
    assert!(echo(&mut stream, b"hello").await.is_err());
    assert!(net.open(1).await.is_err());
}

async fn scenario(seed: u64) -> Arc<Mutex<Trace>> {
    let net = net_with(seed, Duration::from_micros(30));
    let mut answered = BTreeMap::new();
    for round in 0..20 {
        let broker = 1 + round % 2;
        if round == 10 {
            net.operate(Operation::Kill(BrokerId(1)));
        }
        if let Ok(mut stream) = net.open(broker).await {
            answered.insert(round, echo(&mut stream, b"hello").await.is_ok());
        }
    }
    assert_eq!(answered.len(), 15);
    Arc::clone(&net.trace)
}

#[test]
fn one_seed_gives_one_trace_and_another_seed_another() {
    let run = |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without IO");
        let trace = runtime.block_on(scenario(seed));
        trace.lock().clone()
    };
    assert_eq!(run(1).first_difference(&run(1)), None);
    assert_ne!(run(1).hash(), run(2).hash());
}
