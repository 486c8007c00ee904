//! Apache Kafka itself, over sockets.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::super::{Outcome, Shape, Trouble};
use super::{Link, Received, Subject};
use crate::kafka::{Builder, Kafka, KafkaError, Links, Relay, Timings, Version};

const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/// Real processes.
#[derive(Debug)]
pub struct Apache {
    kafka: Kafka,
    /// Between the nodes, where the controller is a process of its own.
    between: Option<Arc<Links>>,
    links: BTreeMap<Link, Socket>,
    last_link: u64,
}

#[derive(Debug)]
struct Socket {
    broker: i32,
    stream: TcpStream,
    received: BytesMut,
}

impl Apache {
    /// Starts the processes of a cluster.
    ///
    /// # Errors
    /// If they do not come up.
    pub fn start(version: Version, shape: Shape) -> Result<Self, KafkaError> {
        let mut builder = Kafka::builder(version)
            .nodes(shape.brokers().unsigned_abs())
            .timings(Timings::Short)
            .property("auto.leader.rebalance.enable", (shape == Shape::Balanced).to_string())
            // Transactions are written by hand, and no coordinator knows of them.
            .property("transaction.partition.verification.enable", "false");
        builder = storage(builder, shape);
        for broker in 1..=shape.brokers() {
            if let Some(rack) = shape.rack(broker) {
                builder = builder
                    .node_property(broker.unsigned_abs(), "broker.rack", rack)
                    .property("replica.selector.class", RACK_AWARE);
            }
        }
        for (key, value) in shape.properties() {
            builder = builder.property(*key, *value);
        }
        let (builder, between) = match shape {
            Shape::One | Shape::Three | Shape::Narrow | Shape::Storage => (builder, None),
            Shape::Apart | Shape::Balanced | Shape::Racks => {
                let links = Arc::new(Links::default());
                let relay: Arc<dyn Relay> = Arc::<Links>::clone(&links);
                (builder.controller_apart().relay(relay), Some(links))
            }
        };
        let kafka = builder.start()?;
        Ok(Self { kafka, between, links: BTreeMap::new(), last_link: 0 })
    }

    fn between(&self) -> Outcome<&Links> {
        self.between.as_deref().ok_or_else(|| Trouble::Impossible {
            what: "come between nodes".to_owned(),
            reason: "they reach each other directly in this shape".to_owned(),
        })
    }

    fn socket(&mut self, link: Link) -> Outcome<&mut Socket> {
        self.links.get_mut(&link).ok_or_else(|| Trouble::Impossible {
            what: format!("use connection {}", link.0),
            reason: "it was never opened, or closed".to_owned(),
        })
    }
}

/// When brokers look after their logs in the background.
fn storage(builder: Builder, shape: Shape) -> Builder {
    if shape != Shape::Storage {
        // The records of cases are old: retention would delete them half a minute after the start.
        return builder.property("log.initial.task.delay.ms", "86400000");
    }
    let often =
        ["log.initial.task.delay.ms", "log.retention.check.interval.ms", "log.cleaner.backoff.ms"];
    often
        .into_iter()
        .fold(builder.log_directories(2), |builder, name| builder.property(name, "300"))
}

/// Whether an error says that the peer has ended the connection.
fn is_closed(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

impl Subject for Apache {
    fn connect(&mut self, broker: i32) -> Outcome<Link> {
        let address = self.kafka.address(broker.unsigned_abs())?;
        let trouble = |error: std::io::Error| Trouble::Connection {
            broker,
            what: format!("{address}: {error}"),
        };
        let stream = TcpStream::connect(&address).map_err(trouble)?;
        stream.set_nodelay(true).map_err(trouble)?;
        self.last_link += 1;
        let link = Link(self.last_link);
        self.links.insert(link, Socket { broker, stream, received: BytesMut::new() });
        Ok(link)
    }

    fn send(&mut self, link: Link, frame: Bytes) -> Outcome {
        let socket = self.socket(link)?;
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let mut bytes = BytesMut::with_capacity(4 + frame.len());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&frame);
        match socket.stream.write_all(&bytes) {
            Ok(()) => Ok(()),
            Err(error) if is_closed(&error) => Ok(()),
            Err(error) => {
                Err(Trouble::Connection { broker: socket.broker, what: error.to_string() })
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "real processes live on real time")]
    fn receive(&mut self, link: Link, limit: Duration) -> Outcome<Received> {
        let end = Instant::now() + limit;
        let socket = self.socket(link)?;
        let mut piece = [0; 64 * 1024];
        loop {
            if let Some(prefix) = socket.received.first_chunk::<4>() {
                let length = u32::from_be_bytes(*prefix) as usize;
                if socket.received.len() >= 4 + length {
                    let mut frame = socket.received.split_to(4 + length);
                    return Ok(Received::Frame(frame.split_off(4).freeze()));
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Received::Silence);
            }
            let trouble = |error: std::io::Error| Trouble::Connection {
                broker: socket.broker,
                what: error.to_string(),
            };
            socket.stream.set_read_timeout(Some(left)).map_err(trouble)?;
            match socket.stream.read(&mut piece) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => socket.received.extend_from_slice(&piece[..count]),
                Err(error) if is_closed(&error) => return Ok(Received::Closed),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(trouble(error)),
            }
        }
    }

    fn close(&mut self, link: Link) {
        if let Some(socket) = self.links.remove(&link) {
            // The peer may have gone first.
            drop(socket.stream.shutdown(Shutdown::Both));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "real processes live on real time")]
    fn pause_between_looks(&mut self) {
        std::thread::sleep(Duration::from_millis(50));
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn kill(&mut self, broker: i32) -> Outcome {
        Ok(self.kafka.kill(broker.unsigned_abs())?)
    }

    fn stop(&mut self, broker: i32) -> Outcome {
        Ok(self.kafka.stop(broker.unsigned_abs())?)
    }

    fn start(&mut self, broker: i32) -> Outcome {
        Ok(self.kafka.restart(broker.unsigned_abs())?)
    }

    fn launch(&mut self, broker: i32) -> Outcome {
        Ok(self.kafka.launch(broker.unsigned_abs())?)
    }

    fn freeze(&mut self, broker: i32) -> Outcome {
        Ok(self.kafka.pause(broker.unsigned_abs())?)
    }

    fn thaw(&mut self, broker: i32) -> Outcome {
        Ok(self.kafka.resume(broker.unsigned_abs())?)
    }

    fn cut(&mut self, from: i32, to: i32) -> Outcome {
        self.between()?.cut(from.unsigned_abs(), to.unsigned_abs());
        Ok(())
    }

    fn heal(&mut self) -> Outcome {
        self.between()?.heal();
        Ok(())
    }

    fn truncate_log(&mut self, broker: i32, topic: &str, partition: i32, offset: i64) -> Outcome {
        let log = format!("{topic}-{partition}");
        Ok(self.kafka.truncate_log(broker.unsigned_abs(), &log, offset)?)
    }

    fn delete_log_directory(&mut self, broker: i32, directory: &str) -> Outcome {
        Ok(self.kafka.delete_log_directory(broker.unsigned_abs(), directory)?)
    }
}
