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
    AfterAppendUntold, "an ISR that shrank below the minimum before the answer is not told";
    NoLeaderHints, "nobody is told who leads";
    HighWatermarkIsLargest, "the high watermark is the largest log end of all";
    HighWatermarkIsMedian, "the high watermark is where most members are";
    HighWatermarkBelowMinIsr, "the high watermark moves while the ISR is below the minimum";
    NewLeaderCommitsAll, "a new leader sets its high watermark to its log end";
    FollowerCommitsAll, "a follower takes its log end for the high watermark";
    JoiningMemberNotCounted, "a member that joins the ISR does not count yet";
    IsrShrunkLocally, "a leader shrinks its ISR without asking the controller";
    ShrinkCountsAtOnce, "a member that leaves the ISR does not count from its proposal on";
    TwoChangesInFlight, "the next change of an ISR is proposed before the last one was answered";
    NobodyLags, "a follower that is behind stays in the ISR";
    SilentFollowersLag, "a silent follower that has everything leaves the ISR";
    IsrNeverGrows, "a follower that has caught up is not proposed";
    JoinsBelowHighWatermark, "a follower joins the ISR below the high watermark";
    JoinsBelowEpochStart, "a follower joins the ISR below the start of the leader's epoch";
    ProposalEpochsUnchecked, "the controller takes ISR changes of any epoch";
    BrokerEpochUnchecked, "the controller hears brokers of any epoch";
    OldIncarnationJoins, "a member of another incarnation may join an ISR";
    FencedMayJoin, "a fenced broker may join an ISR";
    ShuttingDownMayJoin, "a broker that shuts down may join an ISR";
    NobodyFenced, "a broker that is not heard of stays";
    ShutdownKeepsTheLead, "a broker that shuts down leads on";
    EveryChangeBumpsLeaderEpoch, "an ISR change bumps the leader epoch";
    FencingElectsNobody, "partitions keep a leader that was fenced";
    LastOfIsrLeads, "the last member of the ISR leads instead of the first";
    PreferredTakesOver, "the first live member of the ISR leads, whoever led before";
    LastMemberLeaves, "without eligible leaders the last member leaves the ISR";
    EligibleLeadersForgotten, "members that leave a short ISR are not eligible";
    EligibleForEver, "an ISR that is long enough leaves the eligible leaders";
    EligibleNeverLead, "an eligible leader is not elected";
    MinimumKeepsEligible, "a changed minimum leaves the eligible leaders";
    UncleanRestartTrusted, "a broker that died keeps its place in the ISR and the ELR";
    UncleanElectionAlways, "elections are unclean where that is not allowed";
    UncleanElectionNever, "elections are clean where they need not be";
    LeaderlessForgotten, "nobody looks for partitions that could have a leader";
    NothingRebalanced, "nobody looks for partitions that their preferred replica could lead";
    NoLastKnownLeader, "the last known leader is not elected";
    PreferredNeedsNothing, "an election that is not needed is no error";
    MoveEndsAtOnce, "a reassignment ends before its new replicas are in sync";
    CancelledGoesOn, "a reassignment that was cancelled goes on";
    RemovalKeepsEpoch, "a replica that is removed leaves the leader epoch";
    EpochsNotKept, "a new leader does not note where its epoch begins";
    TruncatedToHighWatermark, "a follower truncates to its high watermark instead of by epochs";
    CutOnlyOnce, "a follower is cut where an epoch ends that it never had";
    ProducersOutliveRecords, "what is known of producers stays when their records are cut off";
    EpochEndIsHighWatermark, "the latest epoch ends at the high watermark";
    LeaderEpochUnchecked, "requests of any leader epoch are taken";
    DivergenceUntold, "a reader of another history is not told";
    UncommittedServed, "consumers read beyond the high watermark";
    OutOfRangeIsEmpty, "an offset outside of the log is answered with nothing";
    FirstBatchAsLimited, "the first batch is given only if it fits";
    LatestOffsetAlwaysTold, "a leader below its epoch's start tells a latest offset";
    FollowerAlwaysAnswers, "a follower answers fetches of any version";
    NobodySentOn, "no reader is sent to a replica in its rack";
    SentOutsideIsr, "readers are sent to replicas outside of the ISR";
    SentWhereNothingIs, "readers are sent to replicas that lack what they want";
    SentOnWithRecords, "readers that are sent on get records as well";
    DeletedStillThere, "records that were deleted stay";
    UncommittedDeleted, "records above the high watermark are deleted";
    DeletionWaitsForNobody, "a deletion does not wait for followers";
    DeadHoldUpDeletions, "a deletion waits for dead followers";
    FollowersKeepDeleted, "followers do not delete what their leader deleted";
    EpochsOutliveRecords, "epochs before the log start are known";
    DeletedSegmentsStay, "segments of deleted records stay";
    SegmentsNeverEnd, "a log is one segment";
    NothingTooOld, "retention looks at no time";
    NothingTooLarge, "retention looks at no size";
    PolicyUnasked, "retention does not ask for the policy";
    FirstOfKeyKept, "compaction keeps the first record of a key";
    TombstonesGoAtOnce, "tombstones go without their horizon";
    TombstonesStay, "tombstones stay beyond their horizon";
    LastBatchGoes, "the last batch of a producer is compacted away";
    ProducersForgotten, "a new leader knows nothing of idempotent producers";
    SequencesUnchecked, "sequences are not looked at";
    UnknownStartsAtZero, "an unknown producer has to start at zero";
    SequencesNeverWrap, "sequences do not wrap";
    SequenceGapTaken, "a gap in the sequence is taken";
    OnlyLastDuplicateKnown, "only the last batch is known as a duplicate";
    OldProducerEpochTaken, "a producer's older epoch is taken";
    NewProducerEpochAnywhere, "a producer's new epoch starts at any sequence";
    DuplicateWithoutTime, "a duplicate is answered without its timestamp";
    DuplicateAtOnce, "a duplicate is acknowledged before it is replicated";
    IdsGivenTwice, "brokers give the same producer ids";
    UndecidedServed, "readers of committed records read to the high watermark";
    AbortedUnnamed, "aborted transactions are not named";
    AbortedOutOfOrder, "aborted transactions are named in another order";
    PlainInsideTransaction, "a plain batch is taken inside an open transaction";
    OldMarkerTaken, "a marker of a producer's older epoch is taken";
    OldCoordinatorHeard, "a marker of an older coordinator is taken";
    MarkersDecideAtOnce, "a marker decides before it is replicated";
    OpenTransactionsForgotten, "a new leader knows nothing of open transactions";
    AbortedForgotten, "a new leader knows nothing of aborted transactions";
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
    OfflineUntold, "nobody is told of offline replicas";
    StorageErrorUntold, "a replica in a failed directory seems to be elsewhere";
    FailedDirectoryLeads, "a replica in a failed directory leads on";
    SettingsWithoutEffect, "a topic's change of settings has no effect";
    DefaultsUnheard, "brokers do not hear of the settings of all";
    ChangeReplacesAll, "an incremental change forgets the other settings";
    AnySettingTaken, "settings that cannot be are taken";
    TrialIsDone, "a change that was only to be validated is made";
    MinimumOfOneBroker, "a broker may have a minimum of its own beside eligible leaders";
    NobodyThrottled, "nobody is throttled";
    FarthestRateDecides, "the rate that is farthest from a client decides";
    ThrottledStillRead, "a throttled client is read from";
    ControllerNotWaitedFor, "requests for a controller that is away are refused at once";
    RequestsOvertake, "a request is answered while the one before it waits";
    AcksNoneAnswered, "acks=0 is answered";
    AcksNoneNeverCloses, "an error under acks=0 leaves the connection";
    IdleNeverClosed, "idle connections stay";
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

#[cfg(any(test, feature = "sabotage"))]
mod machine;
#[cfg(any(test, feature = "sabotage"))]
pub use machine::{MACHINE_TESTS, MachineTest};

/// Whether a defect is planted: never.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub(crate) const fn is(_: Sabotage) -> bool {
    false
}
