//! Topics come and go, and the cluster tells about itself.

use milena::Admin;
use milena::protocol::ErrorCode;

use super::{Outcome, SILENCE, connect, describe, topic};

/// Asks again until the list says so: the image of the broker that answers may lag.
async fn until_listed(admin: &Admin, name: &str, expected: bool) -> Outcome {
    let asking = async {
        loop {
            let listed = admin.list_topics().await?;
            if listed.iter().any(|topic| topic.name.as_str() == name) == expected {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(SILENCE, asking).await?
}

pub(crate) async fn a_topic_is_created_described_listed_and_deleted(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    let admin = kafka.admin();
    let created = admin.create_topic(topic("passing", 4)).await?;
    assert_eq!((created.name.as_str(), created.partitions), ("passing", Some(4)));
    let described = describe(&kafka, "passing").await?;
    assert_eq!(described.id, created.id);
    assert_eq!(described.partitions.len(), 4);
    for (index, partition) in (0..).zip(&described.partitions) {
        assert_eq!(partition.index.get(), index);
        assert!(partition.leader.is_some(), "{partition:?}");
        assert_eq!((partition.replicas.len(), partition.isr.len()), (1, 1));
    }
    until_listed(&admin, "passing", true).await?;

    admin.delete_topic("passing").await?;
    until_listed(&admin, "passing", false).await?;
    let again = admin.create_topic(topic("passing", 1)).await?;
    assert_ne!(again.id, created.id, "a topic created again is another one");
    admin.delete_topic("passing").await?;
    Ok(())
}

pub(crate) async fn refusals_name_the_topic_and_the_reason(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    let admin = kafka.admin();
    admin.create_topic(topic("taken", 1)).await?;
    let many = topic("replicated-beyond", 1).replication_factor(9);
    let results = admin.create_topics([topic("taken", 1), many, topic("no/good", 1)]).await;
    let errors: Vec<_> = results.into_iter().map(|result| result.expect_err("refused")).collect();
    assert_eq!(errors[0].code(), Some(ErrorCode::TOPIC_ALREADY_EXISTS), "{}", errors[0]);
    assert_eq!(errors[1].code(), Some(ErrorCode::INVALID_REPLICATION_FACTOR), "{}", errors[1]);
    for (error, name) in errors.iter().zip(["taken", "replicated-beyond", "no/good"]) {
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = admin.delete_topic("absent").await.expect_err("there is none");
    assert_eq!(error.code(), Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), "{error}");
    Ok(())
}

pub(crate) async fn the_cluster_describes_itself(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    let cluster = kafka.admin().describe_cluster().await?;
    assert!(cluster.cluster_id.is_some_and(|id| !id.is_empty()));
    let mut addresses: Vec<String> =
        cluster.brokers.iter().map(|broker| format!("{}:{}", broker.host, broker.port)).collect();
    let mut expected: Vec<&str> = servers.split(',').collect();
    addresses.sort_unstable();
    expected.sort_unstable();
    assert_eq!(addresses, expected);
    Ok(())
}
