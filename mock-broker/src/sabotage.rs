//! Planted defects: each breaks one rule of the cluster, so that a test can show that it would
//! notice.
//!
//! Without the feature `sabotage` nothing can be planted: the question is a constant, and no branch
//! of it is left in the code.

macro_rules! defects {
    ($($name:ident, $text:literal;)*) => {
        /// A defect that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each has its sentence beside it")]
        pub enum Sabotage {
            $(#[doc = $text] $name,)*
        }

        impl Sabotage {
            /// Every defect.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// What is wrong, in a sentence.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

defects! {
    AnyAcksTaken, "acks that mean nothing are taken as if they did";
    MinIsrIgnored, "min.insync.replicas counts as 1";
    MinIsrAsksAnyAcks, "min.insync.replicas is asked of acks=1 as well";
    AcksAllAtAppend, "acks=all is acknowledged at the leader's append";
    TimeOutWithoutOffset, "a produce that timed out tells no offset";
    LostLeadStillWaits, "a produce waits on when its leader has lost the lead";
    NoLeaderHints, "nobody is told who leads";
    HighWatermarkIsLargest, "the high watermark is the largest log end of all";
    HighWatermarkBelowMinIsr, "the high watermark moves while the ISR is below the minimum";
    NewLeaderCommitsAll, "a new leader sets its high watermark to its log end";
    FollowerCommitsAll, "a follower takes its log end for the high watermark";
    JoiningMemberNotCounted, "a member that joins the ISR does not count yet";
    IsrShrunkLocally, "a leader shrinks its ISR without asking the controller";
    NobodyLags, "a follower that is behind stays in the ISR";
    IsrNeverGrows, "a follower that has caught up is not proposed";
    ProposalEpochsUnchecked, "the controller takes ISR changes of any epoch";
    FencedMayJoin, "a fenced broker may join an ISR";
    EveryChangeBumpsLeaderEpoch, "an ISR change bumps the leader epoch";
    FencingElectsNobody, "partitions keep a leader that was fenced";
    LastOfIsrLeads, "the last member of the ISR leads instead of the first";
    EligibleLeadersForgotten, "members that leave a short ISR are not eligible";
    UncleanRestartTrusted, "a broker that died keeps its place in the ISR and the ELR";
    UncleanElectionAlways, "elections are unclean where that is not allowed";
    NoLastKnownLeader, "the last known leader is not elected";
    PreferredNeedsNothing, "an election that is not needed is no error";
    EpochsNotKept, "a new leader does not note where its epoch begins";
    TruncatedToHighWatermark, "a follower truncates to its high watermark instead of by epochs";
    EpochEndIsHighWatermark, "the latest epoch ends at the high watermark";
    LeaderEpochUnchecked, "requests of any leader epoch are taken";
    DivergenceUntold, "a reader of another history is not told";
    UncommittedServed, "consumers read beyond the high watermark";
    OutOfRangeIsEmpty, "an offset outside of the log is answered with nothing";
    FirstBatchAsLimited, "the first batch is given only if it fits";
    LatestOffsetAlwaysTold, "a leader below its epoch's start tells a latest offset";
    FollowerAlwaysAnswers, "a follower answers fetches of any version";
    ProducersForgotten, "a new leader knows nothing of idempotent producers";
    SequencesUnchecked, "sequences are not looked at";
    SequenceGapTaken, "a gap in the sequence is taken";
    OnlyLastDuplicateKnown, "only the last batch is known as a duplicate";
    OldProducerEpochTaken, "a producer's older epoch is taken";
    NewProducerEpochAnywhere, "a producer's new epoch starts at any sequence";
    DuplicateWithoutTime, "a duplicate is answered without its timestamp";
    ChecksumUnchecked, "a damaged batch is taken";
    TooLargeTaken, "a batch above the limit is taken";
    KeylessTaken, "records without keys enter a compacted topic";
    UntimelyTaken, "a timestamp out of bounds is taken";
    SessionEpochUnchecked, "a fetch session takes any epoch";
    SessionsMixNames, "names and ids of topics mix in a fetch session";
    SessionTellsEverything, "an incremental answer holds what did not change";
    UnknownTopicIdByName, "an unknown topic id is called an unknown topic";
    DuplicateListed, "a partition listed twice is answered twice";
    NothingCreatedOnDemand, "topics are not created when they are asked for";
    RequestsOvertake, "a request is answered while the one before it waits";
    AcksNoneAnswered, "acks=0 is answered";
}

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;

    use super::Sabotage;

    thread_local! {
        /// That of the cluster this thread steps.
        static PLANTED: Cell<Option<Sabotage>> = const { Cell::new(None) };
    }

    pub(crate) fn plant(defect: Option<Sabotage>) {
        PLANTED.set(defect);
    }

    pub(crate) fn is(defect: Sabotage) -> bool {
        PLANTED.get() == Some(defect)
    }
}

#[cfg(feature = "sabotage")]
pub(crate) use switch::{is, plant};

/// Whether a defect is planted: never.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub(crate) const fn is(_: Sabotage) -> bool {
    false
}
