//! What has settings, and what an image makes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use milena_protocol::ids::{BrokerId, TopicId};

use super::{Image, ImageDelta};
use crate::sabotage::{self, Sabotage};
use crate::settings::{Layers, Values};

/// Something whose settings are kept in the metadata (`ConfigResource`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Resource {
    Topic(TopicId),
    /// The default of all brokers.
    AllBrokers,
    Broker(BrokerId),
    ClientMetrics(String),
    Group(String),
}

impl Image {
    /// The image of a node that was started with these settings, of a cluster whose storage was
    /// formatted with these features.
    pub(crate) fn new(
        settings: Layers,
        node: Option<BrokerId>,
        features: BTreeMap<String, i16>,
    ) -> Self {
        Self { settings, node, features, ..Self::default() }
    }

    /// What is set on a resource itself.
    pub(crate) fn values_of(&self, resource: &Resource) -> Option<&Values> {
        match resource {
            Resource::Topic(id) => Some(&self.topic(*id)?.settings.overrides),
            other => self.configs.get(other).map(|values| &**values),
        }
    }

    pub(super) fn apply_values(
        &mut self,
        resource: &Resource,
        values: &Arc<Values>,
        delta: &mut ImageDelta,
    ) {
        if let Resource::Topic(id) = resource {
            let number = self.ids.get(id).copied();
            if let Some(topic) = number.and_then(|number| self.topics.get_mut(&number)) {
                Arc::make_mut(topic).settings = self.settings.topic(values);
                delta.settings.insert(*id);
            }
            return;
        }
        if values.is_empty() {
            self.configs.remove(resource);
        } else {
            self.configs.insert(resource.clone(), Arc::clone(values));
        }
        match resource {
            Resource::AllBrokers if sabotage::is(Sabotage::DefaultsUnheard) => {}
            Resource::AllBrokers => self.settings.set_of_all(values),
            Resource::Broker(id) if Some(*id) == self.node => self.settings.set_own(values),
            _ => return,
        }
        for topic in self.topics.values_mut() {
            let topic = Arc::make_mut(topic);
            topic.settings = self.settings.topic(&topic.settings.overrides);
            delta.settings.insert(topic.id);
        }
    }
}
