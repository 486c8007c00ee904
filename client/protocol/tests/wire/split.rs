//! A batch that is too large for a broker is cut into smaller ones.

use milena_protocol::records::{SealedBatch, Stamp};
use proptest::prelude::*;

use crate::reference::{Record, any_records, budget, built, owned, record};

fn records_of(pieces: &[SealedBatch]) -> Vec<Vec<Record>> {
    let stamped = pieces.iter().map(|piece| piece.stamp(&Stamp::default()).to_batch().unwrap());
    stamped
        .map(|batch| {
            assert_eq!(batch.check_produced(&mut budget()), Ok(()));
            owned(&batch)
        })
        .collect()
}

proptest! {
    #[test]
    fn pieces_hold_the_same_records_in_the_same_order(
        records in any_records(60), max_size in 0_usize..2_000,
    ) {
        let sealed = built(&records).seal();
        for pieces in [sealed.halves(), sealed.singles(), sealed.pieces(max_size)] {
            prop_assert_eq!(records_of(&pieces.unwrap()).concat(), records.clone());
        }
        for piece in sealed.pieces(max_size).unwrap() {
            prop_assert!(piece.size() <= max_size || piece.count() == 1);
        }
        let newest = |piece: &SealedBatch| piece.max_timestamp();
        let singles = sealed.singles().unwrap();
        prop_assert_eq!(singles.iter().map(newest).max(), Some(sealed.max_timestamp()));
    }
}

#[test]
fn halves_have_about_as_many_records_each() {
    let records: Vec<_> = (0..5).map(|number| record(&number.to_string())).collect();
    let counts = |count: usize| -> Vec<usize> {
        let halves = built(&records[..count]).seal().halves().unwrap();
        halves.iter().map(SealedBatch::count).collect()
    };
    assert_eq!(counts(5), [2, 3]);
    assert_eq!(counts(4), [2, 2]);
    assert_eq!(counts(2), [1, 1]);
}

#[test]
fn a_single_record_comes_back_alone() {
    let sealed = built(&[record("alone")]).seal();
    let alone = vec![sealed.clone()];
    assert_eq!(sealed.halves().unwrap(), alone);
    assert_eq!(sealed.singles().unwrap(), alone);
    assert_eq!(sealed.pieces(1).unwrap(), alone);
}

#[test]
fn a_batch_that_fits_stays_whole() {
    let sealed = built(&[record("a"), record("b")]).seal();
    assert_eq!(sealed.pieces(sealed.size()).unwrap(), vec![sealed.clone()]);
    assert_eq!(sealed.pieces(sealed.size() - 1).unwrap().len(), 2);
}
