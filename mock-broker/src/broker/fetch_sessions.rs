//! Clients' incremental fetch sessions (KIP-227; `FetchSessionCache`, `FetchManager`).
//!
//! A full fetch opens a session if the cache has room; an incremental one names only what changed,
//! and the answer holds only partitions with something new. The cache is cut into shards, which take
//! turns and have an eighth of the slots each: one of them may be full while others have room.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use crate::sabotage::{self, Sabotage};
use indexmap::IndexMap;
use milena_protocol::ErrorCode;
use milena_protocol::ids::{TopicId, TopicName};
use milena_protocol::time::MonoTime;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// "No session."
pub(crate) const NO_SESSION: i32 = 0;

/// The epoch that asks for a new session.
const INITIAL_EPOCH: i32 = 0;

/// The epoch that closes a session, or asks for none.
const FINAL_EPOCH: i32 = -1;

/// How long a session has to be unused to make room for another
/// (`min.incremental.fetch.session.eviction.ms`).
const EVICTION: Duration = Duration::from_secs(120);

/// `BrokerServer.NumFetchSessionCacheShards`
const SHARDS: i32 = 8;

/// How many ids belong to each shard.
const IDS_PER_SHARD: i32 = i32::MAX / SHARDS;

/// Its state is the same in every run.
type Hasher = foldhash::fast::FixedState;

/// A partition as a session names it: by id since Fetch v13, by name before.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum SessionKey {
    ById(TopicId, i32),
    ByName(TopicName, i32),
}

impl SessionKey {
    pub(crate) fn index(&self) -> i32 {
        match self {
            Self::ById(_, index) | Self::ByName(_, index) => *index,
        }
    }
}

/// What a client asks of one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionPartition {
    pub(crate) current_leader_epoch: i32,
    pub(crate) fetch_offset: i64,
    pub(crate) last_fetched_epoch: i32,
    pub(crate) log_start_offset: i64,
    pub(crate) max_bytes: i32,
}

/// The same, and what the client was last told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CachedPartition {
    pub(crate) wanted: SessionPartition,
    told_high_watermark: i64,
    told_log_start: i64,
}

/// What one answer says of a partition, as far as it decides whether it has to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) high_watermark: i64,
    pub(crate) log_start: i64,
    pub(crate) has_records: bool,
    pub(crate) has_error: bool,
    pub(crate) diverges: bool,
    pub(crate) redirects: bool,
}

pub(crate) type Partitions = IndexMap<SessionKey, CachedPartition, Hasher>;

#[derive(Debug)]
struct Session {
    epoch: i32,
    uses_ids: bool,
    created: MonoTime,
    last_used: MonoTime,
    partitions: Partitions,
}

/// How a fetch request is to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opened {
    /// No session before or after.
    Sessionless,
    /// Everything was named; a session is opened with the answer.
    Full,
    /// The session names the rest.
    Incremental { session: i32 },
}

/// All sessions of a broker.
#[derive(Default, Debug)]
pub(crate) struct FetchSessions {
    by_id: BTreeMap<i32, Session>,
    /// The shard whose turn it is.
    next_shard: i32,
}

impl FetchSessions {
    /// Sorts a request: what it fetches, and how it is to be answered.
    pub(crate) fn open(
        &mut self,
        now: MonoTime,
        (id, epoch): (i32, i32),
        uses_ids: bool,
        named: Vec<(SessionKey, SessionPartition)>,
        forgotten: &[SessionKey],
    ) -> Result<(Opened, Vec<(SessionKey, SessionPartition)>), ErrorCode> {
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            self.by_id.remove(&id);
            let opened = if epoch == FINAL_EPOCH { Opened::Sessionless } else { Opened::Full };
            return Ok((opened, last_of_each(named)));
        }
        let session = self.by_id.get_mut(&id).ok_or(ErrorCode::FETCH_SESSION_ID_NOT_FOUND)?;
        if session.epoch != epoch && !sabotage::is(Sabotage::SessionEpochUnchecked) {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        if session.uses_ids != uses_ids && !sabotage::is(Sabotage::SessionsMixNames) {
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        for (key, wanted) in named {
            match session.partitions.get_mut(&key) {
                Some(cached) => cached.wanted = wanted,
                None => {
                    session.partitions.insert(key, CachedPartition::new(wanted));
                }
            }
        }
        for key in forgotten {
            session.partitions.shift_remove(key);
        }
        if session.partitions.is_empty() {
            self.by_id.remove(&id);
            return Ok((Opened::Sessionless, Vec::new()));
        }
        session.last_used = now;
        session.epoch = next_epoch(session.epoch);
        let all = session.partitions.iter().map(|(key, cached)| (key.clone(), cached.wanted));
        Ok((Opened::Incremental { session: id }, all.collect()))
    }

    /// What a session holds before a request that names it is looked at.
    pub(crate) fn held(&self, id: i32, epoch: i32) -> impl Iterator<Item = &SessionKey> {
        let continues = epoch != INITIAL_EPOCH && epoch != FINAL_EPOCH;
        let session = self.by_id.get(&id).filter(|_| continues);
        session.into_iter().flat_map(|session| session.partitions.keys())
    }

    /// Opens a session for what a full fetch named, if there is room. Gives its id or
    /// [`NO_SESSION`].
    pub(crate) fn create(
        &mut self,
        now: MonoTime,
        slots: usize,
        random: &mut ChaCha8Rng,
        uses_ids: bool,
        partitions: impl ExactSizeIterator<Item = (SessionKey, SessionPartition, Told)>,
    ) -> i32 {
        let size = partitions.len();
        let shard = self.next_shard;
        self.next_shard = (shard + 1) % SHARDS;
        let ids = (shard * IDS_PER_SHARD).max(1)..(shard + 1) * IDS_PER_SHARD;
        let is_full =
            self.by_id.range(ids.clone()).count() >= slots / SHARDS.unsigned_abs() as usize;
        if is_full && !self.evict(now, size, ids.clone()) {
            return NO_SESSION;
        }
        let partitions = partitions
            .map(|(key, wanted, told)| {
                let mut cached = CachedPartition::new(wanted);
                cached.told_high_watermark = told.high_watermark;
                cached.told_log_start = told.log_start;
                (key, cached)
            })
            .collect();
        let count = ids.len();
        let id = loop {
            let drawn = random.next_u32() as usize % count;
            // Below the count, which is an i32's.
            let drawn = ids.start + i32::try_from(drawn).unwrap_or(0);
            if !self.by_id.contains_key(&drawn) {
                break drawn;
            }
        };
        let epoch = next_epoch(INITIAL_EPOCH);
        let session = Session { epoch, uses_ids, created: now, last_used: now, partitions };
        self.by_id.insert(id, session);
        id
    }

    /// Makes room in a shard: the session unused longest if it is stale, else the smallest old one
    /// that is smaller than the new one.
    fn evict(&mut self, now: MonoTime, size: usize, ids: Range<i32>) -> bool {
        let stale = self
            .by_id
            .range(ids.clone())
            .filter(|(_, session)| now.saturating_since(session.last_used) > EVICTION)
            .min_by_key(|(id, session)| (session.last_used, **id))
            .map(|(id, _)| *id);
        let smaller = || {
            self.by_id
                .range(ids.clone())
                .filter(|(_, session)| now.saturating_since(session.created) > EVICTION)
                .filter(|(_, session)| session.partitions.len() <= size)
                .min_by_key(|(id, session)| (session.partitions.len(), **id))
                .map(|(id, _)| *id)
        };
        let Some(id) = stale.or_else(smaller) else { return false };
        self.by_id.remove(&id).is_some()
    }

    /// Whether a partition of an incremental answer has to be told.
    pub(crate) fn must_tell(&self, session: i32, key: &SessionKey, told: Told) -> bool {
        let session = self.by_id.get(&session);
        let Some(cached) = session.and_then(|it| it.partitions.get(key)) else { return true };
        sabotage::is(Sabotage::SessionTellsEverything)
            || told.has_records
            || told.has_error
            || told.diverges
            || told.redirects
            || cached.told_high_watermark != told.high_watermark
            || cached.told_log_start != told.log_start
    }

    /// Notes what was told of a partition. One with records goes to the end of the session's order,
    /// so that none starves.
    pub(crate) fn note_told(&mut self, session: i32, key: &SessionKey, told: Told) {
        let Some(session) = self.by_id.get_mut(&session) else { return };
        let Some(cached) = session.partitions.get_mut(key) else { return };
        cached.told_high_watermark = if told.has_error { -1 } else { told.high_watermark };
        cached.told_log_start = told.log_start;
        if told.has_records {
            let last = session.partitions.len() - 1;
            if let Some(at) = session.partitions.get_index_of(key) {
                session.partitions.move_index(at, last);
            }
        }
    }
}

impl CachedPartition {
    fn new(wanted: SessionPartition) -> Self {
        Self { wanted, told_high_watermark: -1, told_log_start: -1 }
    }
}

fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}

/// A partition named twice counts once, as it was named last.
fn last_of_each(named: Vec<(SessionKey, SessionPartition)>) -> Vec<(SessionKey, SessionPartition)> {
    let mut unique: IndexMap<SessionKey, SessionPartition, Hasher> = IndexMap::default();
    unique.extend(named);
    unique.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    const WANTED: SessionPartition = SessionPartition {
        current_leader_epoch: -1,
        fetch_offset: 0,
        last_fetched_epoch: -1,
        log_start_offset: -1,
        max_bytes: 1,
    };

    fn key(index: i32) -> SessionKey {
        SessionKey::ById(TopicId::ZERO, index)
    }

    fn told(high_watermark: i64) -> Told {
        Told {
            high_watermark,
            log_start: 0,
            has_records: false,
            has_error: false,
            diverges: false,
            redirects: false,
        }
    }

    fn with_session(count: i32) -> (FetchSessions, i32) {
        let mut sessions = FetchSessions::default();
        let partitions: Vec<_> = (0..count).map(|n| (key(n), WANTED, told(5))).collect();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let id = sessions.create(MonoTime::ZERO, 8, &mut random, true, partitions.into_iter());
        (sessions, id)
    }

    fn tell(sessions: &mut FetchSessions, id: i32, told: Told) -> bool {
        let must = sessions.must_tell(id, &key(0), told);
        sessions.note_told(id, &key(0), told);
        must
    }

    #[test]
    fn an_incremental_fetch_fetches_what_the_session_holds() {
        let (mut sessions, id) = with_session(2);
        let named = vec![(key(2), WANTED)];
        let (opened, all) = sessions.open(MonoTime::ZERO, (id, 1), true, named, &[key(0)]).unwrap();
        assert_eq!(opened, Opened::Incremental { session: id });
        let keys: Vec<_> = all.into_iter().map(|(key, _)| key.index()).collect();
        assert_eq!(keys, [1, 2]);
    }

    #[test]
    fn an_unknown_session_a_wrong_epoch_and_another_naming_are_refused() {
        let (mut sessions, id) = with_session(1);
        let mut open = |id, epoch, ids| {
            sessions.open(MonoTime::ZERO, (id, epoch), ids, Vec::new(), &[]).map(|_| ())
        };
        assert_eq!(open(id ^ 1, 1, true), Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND));
        assert_eq!(open(id, 2, true), Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH));
        assert_eq!(open(id, 1, false), Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR));
        assert_eq!(open(id, 1, true), Ok(()));
        assert_eq!(open(id, 1, true), Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH));
    }

    #[test]
    fn what_did_not_change_is_not_told_again() {
        let (mut sessions, id) = with_session(1);
        assert!(!tell(&mut sessions, id, told(5)));
        assert!(tell(&mut sessions, id, told(6)));
        assert!(!tell(&mut sessions, id, told(6)));
        let with_records = Told { has_records: true, ..told(6) };
        assert!(tell(&mut sessions, id, with_records));
    }

    #[test]
    fn a_partition_with_records_goes_behind_the_others() {
        let (mut sessions, id) = with_session(3);
        tell(&mut sessions, id, Told { has_records: true, ..told(6) });
        let (_, all) = sessions.open(MonoTime::ZERO, (id, 1), true, Vec::new(), &[]).unwrap();
        let keys: Vec<_> = all.into_iter().map(|(key, _)| key.index()).collect();
        assert_eq!(keys, [1, 2, 0]);
    }

    #[test]
    fn a_session_without_partitions_is_closed() {
        let (mut sessions, id) = with_session(1);
        let opened = sessions.open(MonoTime::ZERO, (id, 1), true, Vec::new(), &[key(0)]).unwrap();
        assert_eq!(opened, (Opened::Sessionless, Vec::new()));
        assert!(sessions.by_id.is_empty());
    }

    #[test]
    fn a_full_shard_gives_no_session_until_one_is_stale() {
        let mut sessions = FetchSessions::default();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut create = |now| {
            let one = vec![(key(0), WANTED, told(0))];
            sessions.create(now, 8, &mut random, true, one.into_iter())
        };
        for _ in 0..SHARDS {
            assert_ne!(create(MonoTime::ZERO), NO_SESSION);
        }
        assert_eq!(create(MonoTime::from_millis(120_000)), NO_SESSION);
        assert_ne!(create(MonoTime::from_millis(120_001)), NO_SESSION);
    }

    #[test]
    fn fewer_slots_than_shards_are_none() {
        let mut sessions = FetchSessions::default();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let one = vec![(key(0), WANTED, told(0))];
        let id = sessions.create(MonoTime::ZERO, 7, &mut random, true, one.into_iter());
        assert_eq!(id, NO_SESSION);
    }
}
