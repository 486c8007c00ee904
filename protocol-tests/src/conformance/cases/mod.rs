//! The cases, by what they are about. A case is a function; its name is a sentence.

/// A table of cases: the function, the shape of its cluster, and what it shows.
macro_rules! cases {
    ($($name:ident: $shape:ident, $shows:literal;)*) => {
        pub(super) const CASES: &[$crate::conformance::Case] = &[
            $($crate::conformance::Case {
                name: stringify!($name),
                shows: $shows,
                shape: $crate::conformance::Shape::$shape,
                run: $name,
            }),*
        ];
    };
}

mod admin;
mod alter_partition;
mod apart;
mod bounds;
mod configs;
mod controller;
mod edges;
mod elections;
mod eligibility;
mod epochs;
mod fetch;
mod isr;
mod log_deletion;
mod log_directories;
mod log_loss;
mod log_retention;
mod membership;
mod mutations;
mod offsets;
mod produce;
mod producer_ids;
mod producers;
mod racks;
mod reassignments;
mod replication;
mod requests;
mod security;
mod sessions;
mod settings;
mod support;
mod throttles;
mod topics;
mod transactions;

use super::Case;

/// Every case.
pub fn all() -> Vec<Case> {
    [
        edges::CASES,
        requests::CASES,
        produce::CASES,
        producers::CASES,
        fetch::CASES,
        sessions::CASES,
        offsets::CASES,
        epochs::CASES,
        topics::CASES,
        replication::CASES,
        elections::CASES,
        apart::CASES,
        controller::CASES,
        isr::CASES,
        alter_partition::CASES,
        membership::CASES,
        eligibility::CASES,
        reassignments::CASES,
        admin::CASES,
        bounds::CASES,
        log_deletion::CASES,
        log_loss::CASES,
        log_retention::CASES,
        log_directories::CASES,
        configs::CASES,
        settings::CASES,
        security::CASES,
        producer_ids::CASES,
        transactions::CASES,
        racks::CASES,
        throttles::CASES,
        mutations::CASES,
    ]
    .concat()
}
