//! The client against scripted peers, under paused time.

mod bootstrap;
mod lifecycle;
mod metadata;
mod requests;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::{
    ApiKey, DescribeClusterRequest, DescribeClusterResponse, ResponseKind,
};
use milena_protocol::request;
use tokio::sync::oneshot;

use super::core::{Core, Expect, Outgoing, Purpose, RawResponse};
use crate::config::ClientConfig;
use crate::error::{ConnectError, RequestError};
use crate::testing::{Net, address, cluster};
use crate::{Kafka, KafkaBuilder};

const SECOND: Duration = Duration::from_secs(1);

fn builder(net: &Net, servers: &str) -> KafkaBuilder {
    Kafka::builder(servers).environment(net.environment())
}

/// A client of brokers 1 to 3 at `host-1` to `host-3`, of which the first serves.
async fn connected(
    net: &Net,
) -> (Kafka, tokio::sync::mpsc::UnboundedReceiver<crate::testing::Served>) {
    let served = net.listen(broker(1)).serve(|| cluster(&[1, 2, 3]));
    let kafka = builder(net, "host-1:9092").connect().await.expect("broker 1 serves");
    (kafka, served)
}

fn broker(number: u8) -> SocketAddr {
    address(number, 9092)
}

fn question(timeout: Duration, expect: Expect) -> Outgoing {
    question_in(0..=2, timeout, expect)
}

fn question_in(versions: RangeInclusive<i16>, timeout: Duration, expect: Expect) -> Outgoing {
    Outgoing {
        key: ApiKey::DescribeCluster,
        versions,
        encode: Box::new(|context| {
            let question = DescribeClusterRequest::default();
            let client_id = Some(context.client_id);
            request::encode(context.correlation_id, context.version, client_id, &question)
        }),
        timeout,
        expect,
    }
}

type Outcome = Result<RawResponse, RequestError>;

fn submit(core: &Core, to: i32, outgoing: Outgoing) -> oneshot::Receiver<Outcome> {
    let (sender, receiver) = oneshot::channel();
    core.submit(BrokerId(to), Purpose::Produce, outgoing, move |outcome| {
        drop(sender.send(outcome));
    });
    receiver
}

fn ask(core: &Core, to: i32) -> oneshot::Receiver<Outcome> {
    submit(core, to, question(30 * SECOND, Expect::Response))
}

fn yes() -> ResponseKind {
    DescribeClusterResponse::default().into()
}

fn config() -> ClientConfig {
    ClientConfig::default()
}

fn text(error: &ConnectError) -> String {
    error.to_string()
}
