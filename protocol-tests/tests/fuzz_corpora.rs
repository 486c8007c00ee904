//! Replays what fuzzing found worth keeping, and checks the targets themselves. Needs no fuzzer.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use milena_protocol::records::{BatchBuilder, Stamp};
use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator, Usage};
use milena_protocol_tests::fuzzing::{TARGETS, Target, corpus};

#[global_allocator]
static ALLOCATOR: CountingAllocator = memory::counting_allocator();

/// Runs a target and says which input it was if it fails.
fn run(target: &Target, name: &str, input: &[u8]) {
    let result = panic::catch_unwind(AssertUnwindSafe(|| target.run(input)));
    if let Err(panic) = result {
        eprintln!("target {} fails with {name}: {input:02x?}", target.name);
        panic::resume_unwind(panic);
    }
}

#[test]
fn every_target_survives_its_corpus() {
    for target in &TARGETS {
        let path = corpus::archive(target.name);
        let inputs = corpus::read_archive(&path).expect("each target has a corpus");
        assert!(!inputs.is_empty(), "{} holds nothing", path.display());
        for input in inputs {
            run(target, &input.name, &input.bytes);
        }
    }
}

#[test]
fn every_target_has_its_line_in_the_fuzz_crate() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    for target in &TARGETS {
        let line = format!("milena_fuzz::target!({});", target.name);
        let file = folder.join(format!("{}.rs", target.name));
        let source = std::fs::read_to_string(&file).expect("a file per target");
        assert!(source.contains(&line), "{}", file.display());
    }
    let files = std::fs::read_dir(folder).expect("the folder of the targets").count();
    assert_eq!(files, TARGETS.len());
}

#[test]
fn every_target_survives_its_seeds() {
    for target in &TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}", target.name);
        for (index, seed) in seeds.iter().enumerate() {
            run(target, &format!("seed {index}"), seed);
        }
    }
}

#[test]
fn every_target_survives_every_single_byte_change_of_a_batch() {
    let mut builder = BatchBuilder::new(64);
    let headers: [(&[u8], Option<&[u8]>); 2] = [(b"a", Some(b"1")), (b"b", None)];
    builder.append(7, Some(b"key"), Some(b"value"), &headers).expect("room");
    let batch = builder.seal().stamp(&Stamp::default()).to_bytes();
    for at in 0..batch.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut input = batch.to_vec();
            input[at] ^= flip;
            for target in &TARGETS {
                run(target, &format!("byte {at} changed"), &input);
            }
        }
    }
}

#[test]
fn every_target_survives_counts_that_promise_too_much() {
    for key in 0..10_u8 {
        for version in 0..20_u8 {
            for filler in [0x00, 0x7f, 0xff] {
                for start in [&[key, version][..], &[0, key, 0, version, 0, 0, 0, 1, 0xff, 0xff]] {
                    let input = [start, &[filler; 12]].concat();
                    for target in &TARGETS {
                        run(target, &format!("key {key} version {version}"), &input);
                    }
                }
            }
        }
    }
}

const GREEDY: Target = Target {
    name: "greedy",
    cap: 1000,
    exercise: |input| drop(std::hint::black_box(Vec::<u8>::with_capacity(input.len() * 100))),
    seeds: Vec::new,
};

#[test]
#[should_panic(expected = "led to an allocation of 1100 bytes at once, 1000 are allowed")]
fn a_single_allocation_above_the_cap_is_found() {
    GREEDY.run(&[0; 11]);
}

#[test]
fn an_allocation_of_the_cap_passes() {
    GREEDY.run(&[0; 10]);
}

const HOARDING: Target = Target {
    name: "hoarding",
    cap: 1000,
    exercise: |input| {
        let held: [Vec<u8>; 3] = std::array::from_fn(|_| Vec::with_capacity(input.len() * 10));
        std::hint::black_box(&held);
    },
    seeds: Vec::new,
};

#[test]
#[should_panic(expected = "led to 2160 bytes of memory, 2152 are allowed")]
fn many_small_allocations_held_at_one_time_are_found() {
    HOARDING.run(&[0; 72]);
}

#[test]
fn what_was_freed_is_not_counted() {
    let usage = memory::measure(|| {
        for _ in 0..10 {
            drop(std::hint::black_box(Vec::<u8>::with_capacity(500)));
        }
    });
    assert_eq!(usage, Usage { largest: 500, peak: 500, held: 0 });
}

#[test]
fn freeing_what_is_older_than_the_measurement_hides_nothing() {
    let old = vec![0_u8; 5000];
    let usage = memory::measure(|| {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(700)));
        drop(old);
    });
    assert_eq!(usage, Usage { largest: 700, peak: 700, held: 0 });
}

#[test]
fn a_measurement_within_another_counts_for_both() {
    let usage = memory::measure(|| {
        let _held = std::hint::black_box(Vec::<u8>::with_capacity(300));
        let inner = memory::measure(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(400))));
        assert_eq!(inner, Usage { largest: 400, peak: 400, held: 0 });
        drop(std::hint::black_box(Vec::<u8>::with_capacity(200)));
    });
    assert_eq!(usage, Usage { largest: 400, peak: 700, held: 0 });
}
