//! The cases, by what they are about.

mod fetch;
mod offsets;
mod produce;
mod support;
mod topics;

use super::Case;

/// Every case.
pub fn all() -> Vec<Case> {
    [produce::CASES, fetch::CASES, offsets::CASES, topics::CASES].concat()
}
