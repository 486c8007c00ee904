//! Some of the cases, where all of them take too long.

use std::collections::BTreeMap;
use std::str::FromStr;

use milena_protocol_tests::conformance::{Case, Shape};

/// Every `of`th case of each shape, beginning with the `which`th: `1/2` and `2/2` are halves that
/// have nothing in common and together are everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    which: usize,
    of: usize,
}

impl Part {
    /// Takes the other cases away.
    pub(super) fn choose(self, cases: &mut Vec<Case>) {
        let mut seen: BTreeMap<Shape, usize> = BTreeMap::new();
        cases.retain(|case| {
            let place = seen.entry(case.shape).or_default();
            *place += 1;
            (*place - 1) % self.of == self.which - 1
        });
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(which, of)| {
            Some(Self { which: which.parse().ok()?, of: of.parse().ok()? })
        });
        numbers
            .filter(|part| (1..=part.of).contains(&part.which))
            .ok_or_else(|| format!("{text:?} is no part, such as 1/2"))
    }
}

#[cfg(test)]
mod tests {
    use milena_protocol_tests::conformance::cases;

    use super::*;

    #[test]
    fn parts_have_nothing_in_common_and_together_are_everything() {
        let all = cases::all();
        let mut chosen: Vec<&str> = Vec::new();
        for part in ["1/3", "2/3", "3/3"] {
            let mut cases = all.clone();
            part.parse::<Part>().unwrap().choose(&mut cases);
            assert!(cases.len() * 4 > all.len(), "{part} has {}", cases.len());
            chosen.extend(cases.iter().map(|case| case.name));
        }
        chosen.sort_unstable();
        let mut names: Vec<&str> = all.iter().map(|case| case.name).collect();
        names.sort_unstable();
        assert_eq!(chosen, names);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "a/b", "-1/2"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
