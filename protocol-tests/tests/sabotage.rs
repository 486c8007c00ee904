//! Every rule of the cluster that can be broken is one that somebody notices: with
//! `--features sabotage`. `conform --sabotage all` changes answered fields as well.

use milena_protocol_tests::conformance::sabotage::rules_broken_before_the_known;

#[test]
fn every_broken_rule_is_noticed_by_the_case_that_is_known_to_notice() {
    let planted = rules_broken_before_the_known().expect("stored answers can be read");
    assert!(planted.len() > 100, "only {}", planted.len());
    let missed = planted.iter().filter(|planted| planted.noticed_by.is_empty());
    let missed: Vec<&str> = missed.map(|planted| planted.name.as_str()).collect();
    assert!(missed.is_empty(), "nobody notices {missed:?}");
}
