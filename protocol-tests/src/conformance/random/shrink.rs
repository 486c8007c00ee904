//! Makes a plan as short as it can be while the two sides still differ.

use super::plan::{Action, Plan};

/// Leaves out runs of actions, halving their length, as long as `still_differs` says so; it is
/// asked `most` times at most.
pub fn shrink(plan: &Plan, most: usize, mut still_differs: impl FnMut(&Plan) -> bool) -> Plan {
    let mut best = plan.clone();
    let mut left = most;
    let mut length = best.actions.len().div_ceil(2);
    while length > 0 {
        let mut at = 0;
        while at < best.actions.len() {
            if left == 0 {
                return best;
            }
            let shorter = without(&best, at, length);
            left -= 1;
            if still_differs(&shorter) {
                best = shorter;
            } else {
                at += length;
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
    best
}

fn without(plan: &Plan, at: usize, length: usize) -> Plan {
    let kept: Vec<Action> = plan
        .actions
        .iter()
        .enumerate()
        .filter(|(index, _)| !(at..at + length).contains(index))
        .map(|(_, action)| action.clone())
        .collect();
    Plan { actions: kept, ..plan.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let actions = (1..=20).map(Action::Kill).collect();
        let plan = Plan { seed: 0, moment: 0, topics: Vec::new(), actions };
        let needed =
            |plan: &Plan| [3, 17].iter().all(|id| plan.actions.contains(&Action::Kill(*id)));
        let short = shrink(&plan, 1_000, needed);
        assert_eq!(short.actions, [Action::Kill(3), Action::Kill(17)]);
    }

    #[test]
    fn it_gives_up_after_the_attempts_it_was_given() {
        let actions = (1..=20).map(Action::Kill).collect();
        let plan = Plan { seed: 0, moment: 0, topics: Vec::new(), actions };
        let mut asked = 0;
        shrink(&plan, 7, |_| {
            asked += 1;
            false
        });
        assert_eq!(asked, 7);
    }
}
