//! The codes in requests about ACLs. A request with the code of UNKNOWN is not read at all, which
//! closes the connection, authorizer or not; one that nobody knows is read (the constructors of
//! `DescribeAclsRequest` and its neighbours).

use crate::broker::Answer;
use crate::cluster::CloseCause;

/// `AclOperation.UNKNOWN`, and that of its neighbours.
const UNKNOWN: i8 = 0;

/// What an ACL, or a filter of ACLs, is about.
pub(super) struct Codes {
    /// `ResourceType`
    pub(super) resource: i8,
    /// `PatternType`
    pub(super) pattern: i8,
    /// `AclOperation`
    pub(super) operation: i8,
    /// `AclPermissionType`
    pub(super) permission: i8,
}

impl Codes {
    fn are_known(&self) -> bool {
        ![self.resource, self.pattern, self.operation, self.permission].contains(&UNKNOWN)
    }
}

/// Closes the connection if a code is that of UNKNOWN.
pub(super) fn check(codes: impl IntoIterator<Item = Codes>) -> Result<(), Answer> {
    if codes.into_iter().all(|codes| codes.are_known()) {
        Ok(())
    } else {
        Err(Answer::Close(CloseCause::Malformed("a code of an ACL is that of UNKNOWN".to_owned())))
    }
}
