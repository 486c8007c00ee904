//! The client end to end against the simulated cluster over TCP: the cases that also run against
//! Apache Kafka.

use milena_mock_broker::MockCluster;

mod client_cases;

macro_rules! against_one_broker {
    ($($module:ident: $case:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $case() -> client_cases::Outcome {
            let cluster = MockCluster::builder().brokers(1).start().await?;
            client_cases::$module::$case(&cluster.bootstrap_servers()).await
        })*
    };
}

for_each_client_case!(against_one_broker);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_leader_of_three_brokers_is_killed() -> client_cases::Outcome {
    let cluster = MockCluster::builder().brokers(3).fast_failover().start().await?;
    client_cases::failover::nothing_is_lost_when_the_leader_dies(
        &cluster.bootstrap_servers(),
        |leader| cluster.broker(leader).kill(),
        |leader| cluster.broker(leader).restart(),
    )
    .await
}
