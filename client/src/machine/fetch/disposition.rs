//! What an error code of a fetch, an offset look-up or an epoch look-up means, decided once.

use milena_protocol::ErrorCode;

/// What becomes of a partition after its part of a Fetch answer
/// (`FetchCollector.handleInitializeErrors`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FetchDisposition {
    /// There is data, or at least no error.
    Accept,
    /// The metadata are older than the broker's: learn the leader, then ask it.
    LearnLeader,
    /// The broker is behind, or cannot now: ask again later.
    RetryLater,
    /// The metadata may be stale as to which topic this is.
    LearnTopic,
    /// The position is not in the log.
    OutOfRange,
    /// The broker's own copy is damaged.
    Corrupt,
    /// Asking again does not help.
    Refuse,
}

pub(crate) fn disposition_of_fetch(code: ErrorCode) -> FetchDisposition {
    match code {
        ErrorCode::NONE => FetchDisposition::Accept,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::REPLICA_NOT_AVAILABLE
        | ErrorCode::KAFKA_STORAGE_ERROR
        | ErrorCode::LEADER_NOT_AVAILABLE => FetchDisposition::LearnLeader,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::INCONSISTENT_TOPIC_ID => FetchDisposition::LearnTopic,
        ErrorCode::OFFSET_OUT_OF_RANGE => FetchDisposition::OutOfRange,
        ErrorCode::CORRUPT_MESSAGE => FetchDisposition::Corrupt,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::UNSUPPORTED_VERSION
        | ErrorCode::INVALID_TOPIC_EXCEPTION => FetchDisposition::Refuse,
        // OFFSET_NOT_AVAILABLE and UNKNOWN_LEADER_EPOCH: the broker lags behind. UNKNOWN_SERVER_ERROR
        // and codes this client does not know: Java goes on trying, and so does this.
        _ => FetchDisposition::RetryLater,
    }
}

/// What a whole Fetch answer means (`FetchSessionHandler.handleResponse`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionDisposition {
    /// Its partitions count.
    Accept,
    /// The broker has forgotten the session: begin another.
    Forgotten,
    /// The two sides disagree: close the session and begin another.
    Disagree,
    /// The topic ids in the session no longer fit: close, learn the ids, begin another.
    DisagreeOnTopics,
    /// The broker cannot now: close, and ask again later.
    RetryLater,
}

pub(crate) fn disposition_of_session(code: ErrorCode) -> SessionDisposition {
    match code {
        ErrorCode::NONE => SessionDisposition::Accept,
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND => SessionDisposition::Forgotten,
        ErrorCode::INVALID_FETCH_SESSION_EPOCH => SessionDisposition::Disagree,
        ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR | ErrorCode::INCONSISTENT_TOPIC_ID => {
            SessionDisposition::DisagreeOnTopics
        }
        _ => SessionDisposition::RetryLater,
    }
}

/// What becomes of a look-up by ListOffsets or OffsetForLeaderEpoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupDisposition {
    /// There is an answer.
    Accept,
    /// Learn the leader and ask again.
    LearnLeader,
    /// Ask again later.
    RetryLater,
    /// Asking again does not help.
    Refuse,
}

pub(crate) fn disposition_of_lookup(code: ErrorCode) -> LookupDisposition {
    match code {
        ErrorCode::NONE => LookupDisposition::Accept,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
        | ErrorCode::REPLICA_NOT_AVAILABLE
        | ErrorCode::KAFKA_STORAGE_ERROR
        | ErrorCode::LEADER_NOT_AVAILABLE
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::UNKNOWN_TOPIC_ID => LookupDisposition::LearnLeader,
        ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::UNSUPPORTED_VERSION
        | ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT
        | ErrorCode::INVALID_TOPIC_EXCEPTION => LookupDisposition::Refuse,
        _ => LookupDisposition::RetryLater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_asks_for_a_newer_leader_is_told_from_one_that_asks_for_patience() {
        for code in [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::FENCED_LEADER_EPOCH] {
            assert_eq!(disposition_of_fetch(code), FetchDisposition::LearnLeader, "{code}");
        }
        for code in [ErrorCode::UNKNOWN_LEADER_EPOCH, ErrorCode::OFFSET_NOT_AVAILABLE] {
            assert_eq!(disposition_of_fetch(code), FetchDisposition::RetryLater, "{code}");
        }
    }

    #[test]
    fn no_authorisation_is_not_retried() {
        let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
        assert_eq!(disposition_of_fetch(code), FetchDisposition::Refuse);
        assert_eq!(disposition_of_lookup(code), LookupDisposition::Refuse);
    }

    #[test]
    fn an_unknown_code_is_retried() {
        assert_eq!(disposition_of_fetch(ErrorCode(12_345)), FetchDisposition::RetryLater);
        assert_eq!(disposition_of_session(ErrorCode(12_345)), SessionDisposition::RetryLater);
        assert_eq!(disposition_of_lookup(ErrorCode(12_345)), LookupDisposition::RetryLater);
    }
}
