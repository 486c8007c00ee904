//! The client's half of a fetch session with one broker (KIP-227, `FetchSessionHandler`).
//!
//! ```text
//!            full request                 answer with an id
//!   Fresh ───────────────────▶ (in flight) ───────────────────▶ Open ──┐ incremental requests,
//!     ▲                                                          │ ▲   │ epoch 1, 2, …
//!     │  forgotten by the broker, or the answer has no id        │ └───┘
//!     ├──────────────────────────────────────────────────────────┤
//!     │                                                          ▼ lost answer, disagreement
//!     └──────────────────────── full request ◀────────────── Superseding
//!                        that also closes the old session
//! ```
//!
//! An incremental request names only what changed: partitions added or altered (another offset or
//! epoch), and partitions forgotten. What is not named stays as the broker remembers it, so a
//! partition that must not be fetched now has to be forgotten.

use std::collections::BTreeMap;

use milena_protocol::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId};

use super::{Slot, TopicPartition};

/// A partition that is to be fetched, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) slot: Slot,
    pub(crate) name: TopicPartition,
    pub(crate) topic_id: TopicId,
    pub(crate) offset: Offset,
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) last_epoch: LeaderEpoch,
    /// Recognises the position this wish was made for when the answer comes.
    pub(crate) stamp: u64,
}

impl Wish {
    fn same_on_the_wire(&self, other: &Self) -> bool {
        self.offset == other.offset
            && self.leader_epoch == other.leader_epoch
            && self.last_epoch == other.last_epoch
            && self.topic_id == other.topic_id
    }
}

/// A partition the broker shall no longer fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten {
    pub(crate) name: TopicPartition,
    pub(crate) topic_id: TopicId,
    pub(crate) why: WhyForgotten,
}

/// A request by name must not forget the name it adds again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhyForgotten {
    /// It is not wanted now.
    Removed,
    /// The name now stands for another topic id.
    Replaced,
}

/// What one request has to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SessionRequest {
    pub(crate) session_id: i32,
    pub(crate) session_epoch: i32,
    pub(crate) send: Vec<Wish>,
    pub(crate) forget: Vec<Forgotten>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Open { id: i32, epoch: i32 },
    Superseding { id: i32 },
}

/// One broker's session.
#[derive(Debug)]
pub(crate) struct FetchSession {
    state: State,
    members: BTreeMap<Slot, Wish>,
    by_id: BTreeMap<(TopicId, PartitionIndex), Slot>,
    by_name: BTreeMap<TopicPartition, Slot>,
}

/// Epoch of a request that opens a session.
const INITIAL_EPOCH: i32 = 0;
/// Epoch of a request outside any session; with a session's id it closes that session.
pub(crate) const FINAL_EPOCH: i32 = -1;
/// "No session".
const NO_SESSION: i32 = 0;

impl FetchSession {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Fresh,
            members: BTreeMap::new(),
            by_id: BTreeMap::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// The request that makes the broker fetch exactly `wishes`.
    pub(crate) fn request(&mut self, wishes: Vec<Wish>) -> SessionRequest {
        match self.state {
            State::Fresh => self.full(NO_SESSION, wishes),
            State::Superseding { id } => self.full(id, wishes),
            State::Open { id, epoch } => self.incremental(id, epoch, wishes),
        }
    }

    fn full(&mut self, session_id: i32, wishes: Vec<Wish>) -> SessionRequest {
        self.members.clear();
        self.by_id.clear();
        self.by_name.clear();
        for wish in &wishes {
            self.insert(wish.clone());
        }
        let forget = Vec::new();
        SessionRequest { session_id, session_epoch: INITIAL_EPOCH, send: wishes, forget }
    }

    fn incremental(&mut self, session_id: i32, epoch: i32, wishes: Vec<Wish>) -> SessionRequest {
        let mut forget = Vec::new();
        let mut unseen = std::mem::take(&mut self.members);
        self.by_id.clear();
        self.by_name.clear();
        let mut send = Vec::new();
        for wish in wishes {
            match unseen.remove(&wish.slot) {
                Some(known) if known.same_on_the_wire(&wish) => {}
                Some(known) => {
                    if known.topic_id != wish.topic_id && !known.topic_id.is_zero() {
                        forget.push(Forgotten {
                            name: known.name,
                            topic_id: known.topic_id,
                            why: WhyForgotten::Replaced,
                        });
                    }
                    send.push(wish.clone());
                }
                None => send.push(wish.clone()),
            }
            self.insert(wish);
        }
        forget.extend(unseen.into_values().map(|gone| Forgotten {
            name: gone.name,
            topic_id: gone.topic_id,
            why: WhyForgotten::Removed,
        }));
        SessionRequest { session_id, session_epoch: epoch, send, forget }
    }

    fn insert(&mut self, wish: Wish) {
        if !wish.topic_id.is_zero() {
            self.by_id.insert((wish.topic_id, wish.name.partition), wish.slot);
        }
        self.by_name.insert(wish.name.clone(), wish.slot);
        self.members.insert(wish.slot, wish);
    }

    /// The partition an answer of version 13 or later means.
    pub(crate) fn member_by_id(&self, id: TopicId, partition: PartitionIndex) -> Option<&Wish> {
        self.members.get(self.by_id.get(&(id, partition))?)
    }

    /// The partition an answer before version 13 means.
    pub(crate) fn member_by_name(&self, name: &TopicPartition) -> Option<&Wish> {
        self.members.get(self.by_name.get(name)?)
    }

    /// Everything the last request covered.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Wish> {
        self.members.values()
    }

    /// Whether the request in flight is a full one, so that its answer has to name every member.
    pub(crate) fn awaits_full_answer(&self) -> bool {
        !matches!(self.state, State::Open { .. })
    }

    /// The broker answered; `session_id` is 0 where it opened none or closed this one.
    pub(crate) fn on_answer(&mut self, session_id: i32) {
        self.state = match (self.state, session_id) {
            (_, NO_SESSION) => State::Fresh,
            (State::Open { id, epoch }, same) if same == id => {
                State::Open { id, epoch: next_epoch(epoch) }
            }
            (State::Fresh | State::Superseding { .. } | State::Open { .. }, id) => {
                State::Open { id, epoch: 1 }
            }
        };
    }

    /// The broker does not know the session: the next request is a full one.
    pub(crate) fn on_forgotten(&mut self) {
        self.state = State::Fresh;
    }

    /// It is not known what the broker took from the last request: the next one is full and closes
    /// the session that may exist.
    pub(crate) fn on_lost(&mut self) {
        self.state = match self.state {
            State::Fresh => State::Fresh,
            State::Open { id, .. } | State::Superseding { id } => State::Superseding { id },
        };
    }

    /// The id to close when this consumer goes away, if a session may exist.
    pub(crate) fn take_open_id(&mut self) -> Option<i32> {
        let state = std::mem::replace(&mut self.state, State::Fresh);
        match state {
            State::Fresh => None,
            State::Open { id, .. } | State::Superseding { id } => Some(id),
        }
    }
}

/// Epochs run from 1 and wrap to 1 (`FetchMetadata.nextEpoch`).
fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milena_protocol::ids::TopicName;

    fn wish(slot: u32, offset: i64) -> Wish {
        Wish {
            slot: Slot(slot),
            name: TopicPartition {
                topic: TopicName::new("orders").unwrap(),
                partition: PartitionIndex(slot as i32),
            },
            topic_id: TopicId(uuid::Uuid::from_u128(1)),
            offset: Offset(offset),
            leader_epoch: LeaderEpoch(3),
            last_epoch: LeaderEpoch::UNKNOWN,
            stamp: 0,
        }
    }

    fn slots(wishes: &[Wish]) -> Vec<u32> {
        wishes.iter().map(|wish| wish.slot.0).collect()
    }

    fn opened(wishes: Vec<Wish>) -> FetchSession {
        let mut session = FetchSession::new();
        let _ = session.request(wishes);
        session.on_answer(77);
        session
    }

    #[test]
    fn the_first_request_is_full_and_asks_for_a_session() {
        let mut session = FetchSession::new();
        let request = session.request(vec![wish(0, 5), wish(1, 6)]);
        assert_eq!((request.session_id, request.session_epoch), (0, 0));
        assert_eq!(slots(&request.send), [0, 1]);
        assert!(session.awaits_full_answer());
    }

    #[test]
    fn an_incremental_request_names_only_what_changed() {
        let mut session = opened(vec![wish(0, 5), wish(1, 6), wish(2, 7)]);
        let request = session.request(vec![wish(0, 5), wish(1, 60), wish(3, 8)]);
        assert_eq!((request.session_id, request.session_epoch), (77, 1));
        assert_eq!(slots(&request.send), [1, 3], "altered and added");
        assert_eq!(request.forget.len(), 1);
        assert_eq!(request.forget[0].name.partition, PartitionIndex(2));
        assert_eq!(request.forget[0].why, WhyForgotten::Removed);
        session.on_answer(77);
        let request = session.request(vec![wish(0, 5), wish(1, 60), wish(3, 8)]);
        assert_eq!(request.session_epoch, 2);
        assert!(request.send.is_empty() && request.forget.is_empty());
    }

    #[test]
    fn an_answer_for_an_unchanged_partition_is_recognised_by_its_newest_stamp() {
        let mut session = opened(vec![wish(0, 5)]);
        let _ = session.request(vec![Wish { stamp: 9, ..wish(0, 5) }]);
        let id = TopicId(uuid::Uuid::from_u128(1));
        assert_eq!(session.member_by_id(id, PartitionIndex(0)).unwrap().stamp, 9);
    }

    #[test]
    fn a_topic_with_a_new_id_replaces_the_old_one() {
        let mut session = opened(vec![wish(0, 5)]);
        let new = TopicId(uuid::Uuid::from_u128(2));
        let request = session.request(vec![Wish { topic_id: new, ..wish(0, 0) }]);
        assert_eq!(slots(&request.send), [0]);
        assert_eq!(request.forget[0].why, WhyForgotten::Replaced);
        let old = TopicId(uuid::Uuid::from_u128(1));
        assert_eq!(session.member_by_id(old, PartitionIndex(0)), None);
    }

    #[test]
    fn a_forgotten_session_is_followed_by_a_full_request_without_an_id() {
        let mut session = opened(vec![wish(0, 5)]);
        session.on_forgotten();
        let request = session.request(vec![wish(0, 5)]);
        assert_eq!((request.session_id, request.session_epoch), (0, 0));
        assert_eq!(slots(&request.send), [0]);
    }

    #[test]
    fn a_lost_answer_is_followed_by_a_full_request_that_closes_the_old_session() {
        let mut session = opened(vec![wish(0, 5)]);
        session.on_lost();
        let request = session.request(vec![wish(0, 5)]);
        assert_eq!((request.session_id, request.session_epoch), (77, 0));
        session.on_answer(78);
        assert_eq!(session.request(vec![wish(0, 5)]).session_id, 78);
    }

    #[test]
    fn a_broker_without_room_for_sessions_is_asked_in_full_each_time() {
        let mut session = FetchSession::new();
        let _ = session.request(vec![wish(0, 5)]);
        session.on_answer(0);
        assert_eq!(slots(&session.request(vec![wish(0, 5)]).send), [0]);
    }

    #[test]
    fn the_epoch_wraps_to_one() {
        assert_eq!(next_epoch(i32::MAX), 1);
    }
}
