//! The client end to end against Apache Kafka 4.1.0: one node, and three of which the leader dies by
//! kill -9.

use std::cell::RefCell;

use milena_protocol_tests::kafka::{Kafka, SharedKafka, Timings, Tool, Version, requires};

mod client_cases;

const VERSION: Version = Version::V4_1_0;

/// The tests that run at one time use one node.
static ONE_NODE: SharedKafka = SharedKafka::new();

macro_rules! against_one_node {
    ($($module:ident: $case:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $case() -> client_cases::Outcome {
            if !requires(&[Tool::Java, Tool::Maven]) {
                return Ok(());
            }
            let kafka = ONE_NODE.join(|| Kafka::builder(VERSION))?;
            client_cases::$module::$case(&kafka.bootstrap_servers()).await
        })*
    };
}

for_each_client_case!(against_one_node);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_leader_of_three_nodes_is_killed() -> client_cases::Outcome {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return Ok(());
    }
    let builder = Kafka::builder(VERSION).nodes(3).timings(Timings::Short);
    let kafka = RefCell::new(builder.start()?);
    let servers = kafka.borrow().bootstrap_servers();
    let node = |id: i32| u32::try_from(id).expect("ids are positive");
    client_cases::failover::nothing_is_lost_when_the_leader_dies(
        &servers,
        |leader| kafka.borrow_mut().kill(node(leader)).expect("the leader is a node"),
        |leader| kafka.borrow_mut().restart(node(leader)).expect("the node comes back"),
    )
    .await
}
