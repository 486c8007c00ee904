//! What the metadata keeps of users: their SCRAM credentials (KIP-554) and the quotas of clients
//! (KIP-546).

use std::collections::BTreeMap;

use bytes::Bytes;

/// A user and a mechanism (`ScramMechanism`: 1 is SCRAM-SHA-256, 2 is SCRAM-SHA-512).
pub(crate) type ScramKey = (String, i8);

/// What a user's password was made into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ScramCredential {
    pub(crate) iterations: i32,
    /// Kept for when somebody authenticates with it.
    pub(crate) salt: Bytes,
    pub(crate) salted_password: Bytes,
}

/// Whom a quota is for: a name per type of entity, `None` for the default of the type.
pub(crate) type QuotaEntity = BTreeMap<String, Option<String>>;

/// Rates by their keys.
pub(crate) type Quotas = BTreeMap<String, f64>;
