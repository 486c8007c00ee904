//! What each error code of a Produce answer means for the batch: mapped here, once.
//!
//! Follows `Sender.completeBatch` and `TransactionManager.canRetry` of Apache Kafka's client, and
//! `UnifiedLog.append` and `DelayedProduce` of its broker for what may be in the log.

use milena_protocol::ErrorCode;
use milena_protocol::ids::Offset;

use crate::error::Persistence;

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It is in the log, at the offset the answer names.
    Acknowledged,
    /// It is in the log, at an offset nobody knows any more.
    Duplicate,
    /// The same bytes are to be sent again.
    Retry {
        /// Whether this attempt may have put it into the log.
        written: Persistence,
        /// Whether the answer says that our metadata are old.
        metadata: Staleness,
    },
    /// The same bytes are to be sent again, but only a few times: if the broker finds the batch
    /// corrupt again and again, it was not the network.
    RetryBriefly,
    /// The batch does not follow what the log holds of this producer.
    Gap,
    /// The log holds nothing of this producer.
    StateLost,
    /// The log holds a newer epoch of this producer.
    Fenced,
    /// To be halved, if it has more than one record.
    TooLarge,
    /// This batch will never be accepted.
    Refused {
        /// Whether it may be in the log in spite of that.
        written: Persistence,
    },
    /// Nothing this producer sends will be accepted any more.
    Fatal,
}

/// Whether an answer says that the metadata are out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// It says nothing of the kind.
    Current,
    /// They are to be fetched again.
    Stale,
}

const NOT_WRITTEN: Persistence = Persistence::No;
const UNKNOWN: Persistence = Persistence::Possibly;

impl Disposition {
    /// What `code` means. `base_offset` is that of the same answer.
    pub(crate) fn of(code: ErrorCode, base_offset: Offset) -> Self {
        let again = |written| Self::Retry { written, metadata: Staleness::Current };
        let elsewhere = |written| Self::Retry { written, metadata: Staleness::Stale };
        match code {
            ErrorCode::NONE => Self::Acknowledged,
            ErrorCode::DUPLICATE_SEQUENCE_NUMBER => Self::Duplicate,

            // A leader that lost its office while the followers were still copying answers with
            // the offset it had given (DelayedProduce); one that was no leader answers without.
            ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH => {
                elsewhere(if base_offset.get() >= 0 { UNKNOWN } else { NOT_WRITTEN })
            }
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INCONSISTENT_TOPIC_ID
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::REPLICA_NOT_AVAILABLE => elsewhere(NOT_WRITTEN),
            ErrorCode::KAFKA_STORAGE_ERROR | ErrorCode::NETWORK_EXCEPTION => elsewhere(UNKNOWN),

            // Refused before the append; a transaction that could not be verified answers so too.
            ErrorCode::NOT_ENOUGH_REPLICAS
            | ErrorCode::CONCURRENT_TRANSACTIONS
            | ErrorCode::THROTTLING_QUOTA_EXCEEDED => again(NOT_WRITTEN),
            // Appended, and waiting for replicas: the records stay and may yet be committed.
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND | ErrorCode::REQUEST_TIMED_OUT => {
                again(UNKNOWN)
            }
            ErrorCode::CORRUPT_MESSAGE => Self::RetryBriefly,

            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER => Self::Gap,
            ErrorCode::UNKNOWN_PRODUCER_ID => Self::StateLost,
            ErrorCode::INVALID_PRODUCER_EPOCH => Self::Fenced,

            ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => Self::TooLarge,

            ErrorCode::INVALID_RECORD
            | ErrorCode::INVALID_TIMESTAMP
            | ErrorCode::INVALID_TOPIC_EXCEPTION
            | ErrorCode::INVALID_REQUIRED_ACKS
            | ErrorCode::INVALID_REQUEST
            | ErrorCode::TOPIC_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::UNSUPPORTED_COMPRESSION_TYPE
            | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT
            | ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::POLICY_VIOLATION
            | ErrorCode::INVALID_TXN_STATE
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING => Self::Refused { written: NOT_WRITTEN },

            ErrorCode::PRODUCER_FENCED | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => {
                Self::Fatal
            }

            // Codes that Produce does not answer with, or that came after this was written.
            other if other.is_retriable() => again(UNKNOWN),
            _ => Self::Refused { written: UNKNOWN },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_OFFSET: Offset = Offset(-1);

    #[test]
    fn each_error_code_of_produce_has_its_disposition() {
        let again = |written| Disposition::Retry { written, metadata: Staleness::Current };
        let elsewhere = |written| Disposition::Retry { written, metadata: Staleness::Stale };
        let table = [
            (ErrorCode::NONE, Disposition::Acknowledged),
            (ErrorCode::DUPLICATE_SEQUENCE_NUMBER, Disposition::Duplicate),
            (ErrorCode::NOT_LEADER_OR_FOLLOWER, elsewhere(NOT_WRITTEN)),
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, elsewhere(NOT_WRITTEN)),
            (ErrorCode::UNKNOWN_TOPIC_ID, elsewhere(NOT_WRITTEN)),
            (ErrorCode::KAFKA_STORAGE_ERROR, elsewhere(UNKNOWN)),
            (ErrorCode::NOT_ENOUGH_REPLICAS, again(NOT_WRITTEN)),
            (ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, again(UNKNOWN)),
            (ErrorCode::REQUEST_TIMED_OUT, again(UNKNOWN)),
            (ErrorCode::CORRUPT_MESSAGE, Disposition::RetryBriefly),
            (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, Disposition::Gap),
            (ErrorCode::UNKNOWN_PRODUCER_ID, Disposition::StateLost),
            (ErrorCode::INVALID_PRODUCER_EPOCH, Disposition::Fenced),
            (ErrorCode::MESSAGE_TOO_LARGE, Disposition::TooLarge),
            (ErrorCode::INVALID_RECORD, Disposition::Refused { written: NOT_WRITTEN }),
            (ErrorCode::TOPIC_AUTHORIZATION_FAILED, Disposition::Refused { written: NOT_WRITTEN }),
            (ErrorCode::UNKNOWN_SERVER_ERROR, Disposition::Refused { written: UNKNOWN }),
            (ErrorCode::PRODUCER_FENCED, Disposition::Fatal),
            (ErrorCode(9_999), Disposition::Refused { written: UNKNOWN }),
        ];
        for (code, expected) in table {
            assert_eq!(Disposition::of(code, NO_OFFSET), expected, "{code}");
        }
    }

    #[test]
    fn a_leader_that_lost_its_office_after_the_append_may_have_written() {
        let lost = Disposition::of(ErrorCode::NOT_LEADER_OR_FOLLOWER, Offset(17));
        assert_eq!(lost, Disposition::Retry { written: UNKNOWN, metadata: Staleness::Stale });
    }
}
