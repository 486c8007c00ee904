//! The brokers of a cluster.

use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse, MetadataRequest};

use super::{Admin, is_passing, refused};
use crate::error::{AdminError, RequestErrorKind};
use crate::runtime::core::{Destination, Purpose};

/// A cluster as one of its brokers sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterDescription {
    /// `cluster.id`, if the cluster has one.
    pub cluster_id: Option<Arc<str>>,
    /// A broker that takes requests for the controller. Under KRaft one of them at random.
    pub controller: Option<BrokerId>,
    /// The brokers that are registered and not fenced, by number.
    pub brokers: Vec<Broker>,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broker {
    /// Its number (`node.id`).
    pub id: BrokerId,
    /// Where it listens (`advertised.listeners`).
    pub host: Arc<str>,
    /// Where it listens.
    pub port: u16,
    /// `broker.rack`.
    pub rack: Option<Arc<str>>,
}

impl Admin {
    /// The brokers of the cluster.
    ///
    /// # Errors
    /// If no broker answers within the time-out, or the cluster refuses.
    ///
    /// Cancellation safe.
    ///
    /// ```no_run
    /// # async fn example(kafka: milena::Kafka) -> Result<(), Box<dyn std::error::Error>> {
    /// for broker in kafka.admin().describe_cluster().await?.brokers {
    ///     println!("{} at {}:{}", broker.id, broker.host, broker.port);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn describe_cluster(&self) -> Result<ClusterDescription, AdminError> {
        let asked = self
            .ask(
                Destination::Any,
                Purpose::Control,
                |_| DescribeClusterRequest::default(),
                |answer| is_passing(answer.error_code),
            )
            .await;
        match asked {
            Ok(answer) => cluster_of(&answer),
            // Brokers before 2.8 tell the same in their metadata.
            Err(error) if matches!(error.kind, RequestErrorKind::UnsupportedVersion { .. }) => {
                self.cluster_by_metadata().await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn cluster_by_metadata(&self) -> Result<ClusterDescription, AdminError> {
        let build = |_| {
            MetadataRequest::default()
                .with_topics(Some(Vec::new()))
                .with_allow_auto_topic_creation(false)
        };
        let answer = self.ask(Destination::Any, Purpose::Control, build, |_| None).await?;
        let brokers = answer.brokers.iter().map(|broker| Broker {
            id: BrokerId(broker.node_id.0),
            host: Arc::from(broker.host.as_str()),
            port: u16::try_from(broker.port).unwrap_or(0),
            rack: broker.rack.as_ref().map(|rack| Arc::from(rack.as_str())),
        });
        Ok(ClusterDescription {
            cluster_id: answer.cluster_id.as_ref().map(|id| Arc::from(id.as_str())),
            controller: controller(answer.controller_id.0),
            brokers: by_number(brokers.collect()),
        })
    }
}

fn cluster_of(answer: &DescribeClusterResponse) -> Result<ClusterDescription, AdminError> {
    if let Err(code) = ErrorCode(answer.error_code).check() {
        let kind = refused(code, answer.error_message.as_ref());
        return Err(AdminError { kind, topic: None });
    }
    let brokers = answer.brokers.iter().map(|broker| Broker {
        id: BrokerId(broker.broker_id.0),
        host: Arc::from(broker.host.as_str()),
        port: u16::try_from(broker.port).unwrap_or(0),
        rack: broker.rack.as_ref().map(|rack| Arc::from(rack.as_str())),
    });
    Ok(ClusterDescription {
        cluster_id: Some(Arc::from(answer.cluster_id.as_str())),
        controller: controller(answer.controller_id.0),
        brokers: by_number(brokers.collect()),
    })
}

fn controller(id: i32) -> Option<BrokerId> {
    (id >= 0).then_some(BrokerId(id))
}

fn by_number(mut brokers: Vec<Broker>) -> Vec<Broker> {
    brokers.sort_by_key(|broker| broker.id);
    brokers
}
