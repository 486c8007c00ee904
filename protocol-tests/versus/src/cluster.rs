//! The cluster measured against, and the topics on it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use milena_protocol_tests::kafka::{Kafka, Purpose, Version};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use crate::workload::settings;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A given cluster, or an Apache Kafka that ends with this value.
pub struct Cluster {
    bootstrap: String,
    admin: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
    _started: Option<Kafka>,
}

impl Cluster {
    pub fn given_or_started(bootstrap: Option<&str>) -> Result<Self> {
        let started = match bootstrap {
            Some(_) => None,
            None => {
                eprintln!("starting Apache Kafka {}", Version::V4_1_0);
                Some(Kafka::builder(Version::V4_1_0).purpose(Purpose::Measure).start()?)
            }
        };
        let bootstrap = match (&started, bootstrap) {
            (Some(kafka), _) => kafka.bootstrap_servers(),
            (None, given) => given.unwrap_or_default().to_owned(),
        };
        let admin = ClientConfig::new().set("bootstrap.servers", &bootstrap).create()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { bootstrap, admin, runtime, _started: started })
    }

    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    pub fn create_topic(&self, name: &str) -> Result<()> {
        let topic = NewTopic::new(name, settings::PARTITIONS, TopicReplication::Fixed(1));
        let results = self
            .runtime
            .block_on(self.admin.create_topics([&topic], &AdminOptions::new()))
            .context("CreateTopics")?;
        for result in results {
            if let Err((topic, code)) = result {
                bail!("cannot create {topic}: {code}");
            }
        }
        self.wait_for_leaders(name)
    }

    /// Some clients look at a new topic again only after seconds; that is not what is measured.
    fn wait_for_leaders(&self, name: &str) -> Result<()> {
        for _ in 0..100 {
            let metadata = self.admin.inner().fetch_metadata(Some(name), TIMEOUT)?;
            let leaders = metadata
                .topics()
                .iter()
                .flat_map(|topic| topic.partitions())
                .filter(|partition| partition.leader() >= 0)
                .count();
            if leaders == settings::PARTITIONS as usize {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the partitions of {name} have no leaders")
    }

    pub fn delete_topic(&self, name: &str) -> Result<()> {
        self.runtime
            .block_on(self.admin.delete_topics(&[name], &AdminOptions::new()))
            .context("DeleteTopics")?;
        Ok(())
    }
}
