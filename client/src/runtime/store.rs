//! The newest image of the cluster, for everybody to read, and those who wait for a newer one.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use milena_protocol::ids::BrokerId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::machine::image::ClusterImage;
use crate::machine::metadata::bootstrap_index;
use crate::net::pool::Directory;

/// The image and its readers.
pub(crate) struct MetadataStore {
    image: ArcSwap<ClusterImage>,
    bootstrap: Vec<(Arc<str>, u16)>,
    /// By registration, so that watches wake in an order that is the same in every run; tokio's
    /// own watch channel wakes its receivers in a random one.
    watches: Mutex<Watches>,
}

#[derive(Default)]
struct Watches {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

impl MetadataStore {
    pub(super) fn new(bootstrap: Vec<(Arc<str>, u16)>) -> Arc<Self> {
        let image = ArcSwap::default();
        Arc::new(Self { image, bootstrap, watches: Mutex::default() })
    }

    /// The newest image.
    pub(super) fn image(&self) -> Arc<ClusterImage> {
        self.image.load_full()
    }

    /// The bootstrap servers.
    pub(super) fn bootstrap(&self) -> &[(Arc<str>, u16)] {
        &self.bootstrap
    }

    /// Replaces the image and wakes whoever watches.
    pub(super) fn publish(&self, image: Arc<ClusterImage>) {
        self.image.store(image);
        let waiting: Vec<_> = self.watches.lock().waiting.values().cloned().collect();
        for watch in waiting {
            watch.notify_one();
        }
    }

    /// A watch that has seen the present image.
    pub(super) fn watch(self: &Arc<Self>) -> MetadataWatch {
        let wake = Arc::new(Notify::new());
        let number = {
            let mut watches = self.watches.lock();
            let number = watches.next;
            watches.next += 1;
            watches.waiting.insert(number, wake.clone());
            number
        };
        let seen = self.image.load().generation;
        MetadataWatch { store: self.clone(), number, wake, seen }
    }
}

impl Directory for MetadataStore {
    fn endpoint(&self, broker: BrokerId) -> Option<(Arc<str>, u16)> {
        match bootstrap_index(broker) {
            Some(index) => self.bootstrap.get(index).cloned(),
            None => {
                let image = self.image.load();
                image.brokers.get(&broker).map(|node| (node.host.clone(), node.port))
            }
        }
    }
}

/// Wakes when the metadata change. Watches are woken in the order they were made.
pub(crate) struct MetadataWatch {
    store: Arc<MetadataStore>,
    number: u64,
    wake: Arc<Notify>,
    seen: u64,
}

impl MetadataWatch {
    /// Returns once the image differs from the one at the last return (or at the making of the
    /// watch). Cancellation safe.
    pub(crate) async fn changed(&mut self) {
        loop {
            let generation = self.store.image.load().generation;
            if generation != self.seen {
                self.seen = generation;
                return;
            }
            self.wake.notified().await;
        }
    }
}

impl Drop for MetadataWatch {
    fn drop(&mut self) {
        self.store.watches.lock().waiting.remove(&self.number);
    }
}
