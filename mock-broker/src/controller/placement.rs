//! Where the replicas of a new topic go (`StripedReplicaPlacer`).
//!
//! Racks are taken in turn, and within a rack the unfenced brokers in turn, each shuffled once by
//! the controller's stream of the seed; each further round starts one broker later, so that the
//! brokers share leaderships evenly. The first replica is always on an unfenced broker.

use milena_protocol::ids::BrokerId;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::metadata::{Image, Standing};

/// Why replicas cannot be placed (`InvalidReplicationFactorException`).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum PlacementError {
    #[error("All brokers are currently fenced.")]
    AllFenced,
    #[error(
        "The target replication factor of {wanted} cannot be reached because only {brokers} \
         broker(s) are registered."
    )]
    TooFewBrokers { wanted: usize, brokers: usize },
}

/// Brokers handed out in turn.
#[derive(Default)]
struct Turn {
    brokers: Vec<BrokerId>,
    round: Option<usize>,
    index: usize,
    offset: usize,
}

impl Turn {
    /// The next broker of this round, if any is left in it.
    fn next(&mut self, round: usize) -> Option<BrokerId> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.round != Some(round) {
            // The first round starts with the first broker.
            self.offset = match self.round {
                None => 0,
                Some(_) => (self.offset + 1) % self.brokers.len(),
            };
            self.round = Some(round);
            self.index = 0;
        }
        if self.index >= self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.index + self.offset) % self.brokers.len()];
        self.index += 1;
        Some(broker)
    }
}

#[derive(Default)]
struct Rack {
    unfenced: Turn,
    fenced: Turn,
}

/// Places `replicas` replicas of each of `partitions` partitions.
pub(super) fn place(
    image: &Image,
    partitions: usize,
    replicas: usize,
    random: &mut ChaCha8Rng,
) -> Result<Vec<Vec<BrokerId>>, PlacementError> {
    // In the order of their names. There are few.
    let mut racks: Vec<(Option<&str>, Rack)> = Vec::new();
    let mut unfenced = 0;
    let mut brokers = 0;
    for (id, broker) in &image.brokers {
        let rack = match broker.standing {
            // As if it were gone already (`BrokerHeartbeatManager.UsableBrokerIterator`).
            Standing::ShuttingDown => continue,
            Standing::Fenced | Standing::Active => {
                let name = broker.rack.as_deref();
                let at = racks.binary_search_by_key(&name, |(known, _)| *known);
                let at = at.unwrap_or_else(|new| {
                    racks.insert(new, (name, Rack::default()));
                    new
                });
                &mut racks[at].1
            }
        };
        brokers += 1;
        if broker.is_fenced() {
            rack.fenced.brokers.push(*id);
        } else {
            unfenced += 1;
            rack.unfenced.brokers.push(*id);
        }
    }
    if unfenced == 0 {
        return Err(PlacementError::AllFenced);
    }
    if replicas > brokers {
        return Err(PlacementError::TooFewBrokers { wanted: replicas, brokers });
    }
    let mut racks: Vec<Rack> = racks.into_iter().map(|(_, rack)| rack).collect();
    for rack in &mut racks {
        shuffle(&mut rack.unfenced.brokers, random);
        shuffle(&mut rack.fenced.brokers, random);
    }
    let first = below(random, racks.len());
    Ok((0..partitions).map(|round| one(&mut racks, first + round, round, replicas)).collect())
}

/// The replicas of one partition: a leader from the first rack that has an unfenced broker, the
/// rest from the racks in turn.
fn one(racks: &mut [Rack], start: usize, round: usize, replicas: usize) -> Vec<BrokerId> {
    let count = racks.len();
    let mut chosen = Vec::with_capacity(replicas);
    let mut leader_rack = None;
    for step in 0..count {
        let rack = (start + step) % count;
        if let Some(leader) = racks[rack].unfenced.next(round) {
            chosen.push(leader);
            leader_rack = Some(rack);
            break;
        }
    }
    let mut rack = start % count;
    // Each lap takes at least one broker as long as some are left, and there are enough.
    let mut laps_left = count * (replicas + 1);
    while chosen.len() < replicas && laps_left > 0 {
        if leader_rack == Some(rack) {
            leader_rack = None;
        } else if let Some(id) =
            racks[rack].unfenced.next(round).or_else(|| racks[rack].fenced.next(round))
        {
            chosen.push(id);
        }
        rack = (rack + 1) % count;
        laps_left -= 1;
    }
    chosen
}

fn shuffle(brokers: &mut [BrokerId], random: &mut ChaCha8Rng) {
    for last in (1..brokers.len()).rev() {
        let other = below(random, last + 1);
        brokers.swap(last, other);
    }
}

fn below(random: &mut ChaCha8Rng, bound: usize) -> usize {
    let drawn = random.next_u64() % u64::try_from(bound.max(1)).unwrap_or(1);
    usize::try_from(drawn).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand_core::SeedableRng;

    use super::*;
    use crate::metadata::Registration;

    fn image(brokers: &[(i32, Option<&str>, bool)]) -> Image {
        let mut image = Image::default();
        for (id, rack, fenced) in brokers {
            let registration = Registration {
                failed: Default::default(),
                epoch: 0,
                incarnation: 0,
                host: String::new(),
                port: 0,
                rack: rack.map(str::to_owned),
                standing: if *fenced { Standing::Fenced } else { Standing::Active },
            };
            image.brokers.insert(BrokerId(*id), Arc::new(registration));
        }
        image
    }

    fn placed(image: &Image, partitions: usize, replicas: usize) -> Vec<Vec<BrokerId>> {
        place(image, partitions, replicas, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
    }

    #[test]
    fn leaderships_are_shared_evenly_and_no_broker_holds_a_partition_twice() {
        let image = image(&[(1, None, false), (2, None, false), (3, None, false)]);
        let partitions = placed(&image, 6, 3);
        for id in 1..=3 {
            let led = partitions.iter().filter(|replicas| replicas[0] == BrokerId(id)).count();
            assert_eq!(led, 2);
        }
        for mut replicas in partitions {
            replicas.sort();
            assert_eq!(replicas, [BrokerId(1), BrokerId(2), BrokerId(3)]);
        }
    }

    #[test]
    fn replicas_are_spread_over_the_racks() {
        let brokers = [(1, Some("a"), false), (2, Some("a"), false), (3, Some("b"), false)];
        for replicas in placed(&image(&brokers), 4, 2) {
            assert!(replicas.contains(&BrokerId(3)), "{replicas:?}");
        }
    }

    #[test]
    fn a_fenced_broker_is_never_first() {
        let image = image(&[(1, None, true), (2, None, false), (3, None, false)]);
        for replicas in placed(&image, 6, 3) {
            assert_eq!(replicas.len(), 3);
            assert_ne!(replicas[0], BrokerId(1));
        }
    }

    #[test]
    fn more_replicas_than_brokers_are_refused() {
        let image = image(&[(1, None, false)]);
        let refused = place(&image, 1, 2, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(refused, Err(PlacementError::TooFewBrokers { wanted: 2, brokers: 1 }));
    }
}
