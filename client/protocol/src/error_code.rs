//! Kafka's error codes, their names, and which of them may pass when tried again.
//!
//! The table follows `org.apache.kafka.common.protocol.Errors`: a code is retriable when its
//! exception is a `RetriableException`, and asks for fresh metadata when it is an
//! `InvalidMetadataException` (which is retriable too).

use std::fmt;

/// An error code as it stands in a response. Codes this crate does not know are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i16);

/// What `org.apache.kafka.common.errors` says about trying again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    Retry,
    Metadata,
}

macro_rules! error_codes {
    ($($code:literal $name:ident $again:ident,)*) => {
        impl ErrorCode {
            $(
                #[doc = concat!("`", stringify!($name), "`, code ", stringify!($code), ".")]
                pub const $name: Self = Self($code);
            )*

            /// Every code this crate knows, [`ErrorCode::NONE`] included, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self($code),)*];

            /// The name Apache Kafka uses, or `UNKNOWN` for a code that is not in the table.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => stringify!($name),)*
                    _ => "UNKNOWN",
                }
            }

            const fn again(self) -> Again {
                match self.0 {
                    $($code => Again::$again,)*
                    _ => Again::No,
                }
            }
        }
    };
}

error_codes! {
    -1 UNKNOWN_SERVER_ERROR No,
    0 NONE No,
    1 OFFSET_OUT_OF_RANGE No,
    2 CORRUPT_MESSAGE Retry,
    3 UNKNOWN_TOPIC_OR_PARTITION Metadata,
    4 INVALID_FETCH_SIZE No,
    5 LEADER_NOT_AVAILABLE Metadata,
    6 NOT_LEADER_OR_FOLLOWER Metadata,
    7 REQUEST_TIMED_OUT Retry,
    8 BROKER_NOT_AVAILABLE No,
    9 REPLICA_NOT_AVAILABLE Metadata,
    10 MESSAGE_TOO_LARGE No,
    11 STALE_CONTROLLER_EPOCH No,
    12 OFFSET_METADATA_TOO_LARGE No,
    13 NETWORK_EXCEPTION Metadata,
    14 COORDINATOR_LOAD_IN_PROGRESS Retry,
    15 COORDINATOR_NOT_AVAILABLE Retry,
    16 NOT_COORDINATOR Retry,
    17 INVALID_TOPIC_EXCEPTION No,
    18 RECORD_LIST_TOO_LARGE No,
    19 NOT_ENOUGH_REPLICAS Retry,
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND Retry,
    21 INVALID_REQUIRED_ACKS No,
    22 ILLEGAL_GENERATION No,
    23 INCONSISTENT_GROUP_PROTOCOL No,
    24 INVALID_GROUP_ID No,
    25 UNKNOWN_MEMBER_ID No,
    26 INVALID_SESSION_TIMEOUT No,
    27 REBALANCE_IN_PROGRESS No,
    28 INVALID_COMMIT_OFFSET_SIZE No,
    29 TOPIC_AUTHORIZATION_FAILED No,
    30 GROUP_AUTHORIZATION_FAILED No,
    31 CLUSTER_AUTHORIZATION_FAILED No,
    32 INVALID_TIMESTAMP No,
    33 UNSUPPORTED_SASL_MECHANISM No,
    34 ILLEGAL_SASL_STATE No,
    35 UNSUPPORTED_VERSION No,
    36 TOPIC_ALREADY_EXISTS No,
    37 INVALID_PARTITIONS No,
    38 INVALID_REPLICATION_FACTOR No,
    39 INVALID_REPLICA_ASSIGNMENT No,
    40 INVALID_CONFIG No,
    41 NOT_CONTROLLER Retry,
    42 INVALID_REQUEST No,
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT No,
    44 POLICY_VIOLATION No,
    45 OUT_OF_ORDER_SEQUENCE_NUMBER No,
    46 DUPLICATE_SEQUENCE_NUMBER No,
    47 INVALID_PRODUCER_EPOCH No,
    48 INVALID_TXN_STATE No,
    49 INVALID_PRODUCER_ID_MAPPING No,
    50 INVALID_TRANSACTION_TIMEOUT No,
    51 CONCURRENT_TRANSACTIONS Retry,
    52 TRANSACTION_COORDINATOR_FENCED No,
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED No,
    54 SECURITY_DISABLED No,
    55 OPERATION_NOT_ATTEMPTED No,
    56 KAFKA_STORAGE_ERROR Metadata,
    57 LOG_DIR_NOT_FOUND No,
    58 SASL_AUTHENTICATION_FAILED No,
    59 UNKNOWN_PRODUCER_ID No,
    60 REASSIGNMENT_IN_PROGRESS No,
    61 DELEGATION_TOKEN_AUTH_DISABLED No,
    62 DELEGATION_TOKEN_NOT_FOUND No,
    63 DELEGATION_TOKEN_OWNER_MISMATCH No,
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED No,
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED No,
    66 DELEGATION_TOKEN_EXPIRED No,
    67 INVALID_PRINCIPAL_TYPE No,
    68 NON_EMPTY_GROUP No,
    69 GROUP_ID_NOT_FOUND No,
    70 FETCH_SESSION_ID_NOT_FOUND Retry,
    71 INVALID_FETCH_SESSION_EPOCH Retry,
    72 LISTENER_NOT_FOUND Metadata,
    73 TOPIC_DELETION_DISABLED No,
    74 FENCED_LEADER_EPOCH Metadata,
    75 UNKNOWN_LEADER_EPOCH Retry,
    76 UNSUPPORTED_COMPRESSION_TYPE No,
    77 STALE_BROKER_EPOCH No,
    78 OFFSET_NOT_AVAILABLE Retry,
    79 MEMBER_ID_REQUIRED No,
    80 PREFERRED_LEADER_NOT_AVAILABLE Metadata,
    81 GROUP_MAX_SIZE_REACHED No,
    82 FENCED_INSTANCE_ID No,
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE Metadata,
    84 ELECTION_NOT_NEEDED Metadata,
    85 NO_REASSIGNMENT_IN_PROGRESS No,
    86 GROUP_SUBSCRIBED_TO_TOPIC No,
    87 INVALID_RECORD No,
    88 UNSTABLE_OFFSET_COMMIT Retry,
    89 THROTTLING_QUOTA_EXCEEDED Retry,
    90 PRODUCER_FENCED No,
    91 RESOURCE_NOT_FOUND No,
    92 DUPLICATE_RESOURCE No,
    93 UNACCEPTABLE_CREDENTIAL No,
    94 INCONSISTENT_VOTER_SET No,
    95 INVALID_UPDATE_VERSION No,
    96 FEATURE_UPDATE_FAILED No,
    97 PRINCIPAL_DESERIALIZATION_FAILURE No,
    98 SNAPSHOT_NOT_FOUND No,
    99 POSITION_OUT_OF_RANGE No,
    100 UNKNOWN_TOPIC_ID Metadata,
    101 DUPLICATE_BROKER_REGISTRATION No,
    102 BROKER_ID_NOT_REGISTERED No,
    103 INCONSISTENT_TOPIC_ID Metadata,
    104 INCONSISTENT_CLUSTER_ID No,
    105 TRANSACTIONAL_ID_NOT_FOUND No,
    106 FETCH_SESSION_TOPIC_ID_ERROR Retry,
    107 INELIGIBLE_REPLICA No,
    108 NEW_LEADER_ELECTED No,
    109 OFFSET_MOVED_TO_TIERED_STORAGE No,
    110 FENCED_MEMBER_EPOCH No,
    111 UNRELEASED_INSTANCE_ID No,
    112 UNSUPPORTED_ASSIGNOR No,
    113 STALE_MEMBER_EPOCH No,
    114 MISMATCHED_ENDPOINT_TYPE No,
    115 UNSUPPORTED_ENDPOINT_TYPE No,
    116 UNKNOWN_CONTROLLER_ID No,
    117 UNKNOWN_SUBSCRIPTION_ID No,
    118 TELEMETRY_TOO_LARGE No,
    119 INVALID_REGISTRATION No,
    120 TRANSACTION_ABORTABLE No,
    121 INVALID_RECORD_STATE No,
    122 SHARE_SESSION_NOT_FOUND Retry,
    123 INVALID_SHARE_SESSION_EPOCH Retry,
    124 FENCED_STATE_EPOCH No,
    125 INVALID_VOTER_KEY No,
    126 DUPLICATE_VOTER No,
    127 VOTER_NOT_FOUND No,
    128 INVALID_REGULAR_EXPRESSION No,
    129 REBOOTSTRAP_REQUIRED No,
    130 STREAMS_INVALID_TOPOLOGY No,
    131 STREAMS_INVALID_TOPOLOGY_EPOCH No,
    132 STREAMS_TOPOLOGY_FENCED No,
    133 SHARE_SESSION_LIMIT_REACHED Retry,
}

impl ErrorCode {
    /// The bare code, as it goes on the wire.
    pub const fn get(self) -> i16 {
        self.0
    }

    /// Whether this is [`ErrorCode::NONE`].
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether Apache Kafka's client regards the error as one that may pass when tried again
    /// (`RetriableException`). What a retry means is up to the API that answered.
    pub const fn is_retriable(self) -> bool {
        !matches!(self.again(), Again::No)
    }

    /// Whether the error says that the sender's metadata is out of date
    /// (`InvalidMetadataException`).
    pub const fn is_invalid_metadata(self) -> bool {
        matches!(self.again(), Again::Metadata)
    }

    /// Whether the table holds this code.
    pub const fn is_known(self) -> bool {
        self.0 >= -1 && self.0 <= 133
    }

    /// `Ok` for [`ErrorCode::NONE`], the code itself as the error otherwise.
    ///
    /// ```
    /// use milena_protocol::ErrorCode;
    ///
    /// assert_eq!(ErrorCode(0).check(), Ok(()));
    /// assert_eq!(ErrorCode(6).check(), Err(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    /// ```
    ///
    /// # Errors
    /// The code, if it is not 0.
    pub const fn check(self) -> Result<(), Self> {
        if self.is_none() { Ok(()) } else { Err(self) }
    }
}

impl From<i16> for ErrorCode {
    fn from(code: i16) -> Self {
        Self(code)
    }
}

impl From<ErrorCode> for i16 {
    fn from(code: ErrorCode) -> Self {
        code.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_from_unknown_server_error_to_the_last_has_a_name() {
        let codes: Vec<i16> = ErrorCode::ALL.iter().map(|code| code.0).collect();
        assert_eq!(codes, (-1..=133).collect::<Vec<_>>());
        for code in ErrorCode::ALL {
            assert_ne!(code.name(), "UNKNOWN");
            assert!(code.is_known());
        }
        assert_eq!(ErrorCode(134).name(), "UNKNOWN");
        assert!(!ErrorCode(134).is_known());
    }

    #[test]
    fn a_code_is_shown_by_name_and_number() {
        assert_eq!(ErrorCode(6).to_string(), "NOT_LEADER_OR_FOLLOWER (6)");
        assert_eq!(ErrorCode(-1).to_string(), "UNKNOWN_SERVER_ERROR (-1)");
        assert_eq!(ErrorCode(999).to_string(), "UNKNOWN (999)");
    }

    #[test]
    fn retriable_codes_are_those_of_apache_kafka() {
        assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.is_retriable());
        assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.is_invalid_metadata());
        assert!(ErrorCode::NOT_ENOUGH_REPLICAS.is_retriable());
        assert!(!ErrorCode::NOT_ENOUGH_REPLICAS.is_invalid_metadata());
        assert!(!ErrorCode::MESSAGE_TOO_LARGE.is_retriable());
        assert!(!ErrorCode::NONE.is_retriable());
        assert!(!ErrorCode(999).is_retriable());
    }
}
