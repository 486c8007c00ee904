use arbitrary::{Arbitrary, Unstructured};
use proptest::prelude::*;

use super::{Machines, Operation};

/// What a target would make of these bytes.
fn operations(data: &[u8]) -> Vec<Operation> {
    let mut input = Unstructured::new(data);
    let mut operations = Vec::new();
    while !input.is_empty()
        && let Ok(operation) = Operation::arbitrary(&mut input)
    {
        operations.push(operation);
    }
    operations
}

fn run(operations: &[Operation]) {
    let mut machines = Machines::new();
    for operation in operations {
        machines.apply(operation.clone());
    }
    machines.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn machines_keep_their_promises_whatever_happens(
        operations in prop::collection::vec(any::<u8>(), 0..4_096)
            .prop_flat_map(|data| {
                let operations = operations(&data);
                // So that shrinking leaves out operations, not bytes.
                prop::sample::subsequence(operations.clone(), 0..=operations.len())
            }),
    ) {
        run(&operations);
    }
}

#[test]
fn machines_to_which_nothing_happens_end_well() {
    run(&[]);
}
