//! One rule of our cluster is broken at a time.

use milena_mock_broker::sabotage::Sabotage;

use super::{Agreeing, Planted, agrees};
use crate::conformance::{Simulated, run};
use crate::kafka::Version;

/// Plants every defect whose name contains `part`, and tells of each as soon as a case noticed or
/// all were tried.
pub fn broken_rules(
    release: Version,
    agreeing: &[Agreeing],
    part: &str,
    mut tell: impl FnMut(&Planted),
) -> Vec<Planted> {
    let defects = Sabotage::ALL.iter().filter(|defect| defect.name().contains(part));
    defects
        .map(|defect| {
            let noticed = agreeing.iter().find(|one| notices(one, release, *defect));
            let planted = Planted {
                name: defect.name().to_owned(),
                text: defect.text().trim().to_owned(),
                caught_by: noticed.map(|one| one.case.name).into_iter().collect(),
            };
            tell(&planted);
            planted
        })
        .collect()
}

fn notices(one: &Agreeing, release: Version, defect: Sabotage) -> bool {
    let Ok(mut cluster) = Simulated::start_with(release, one.case.shape, defect) else {
        return true;
    };
    // One that cannot be carried through is red as well.
    run(&one.case, &mut cluster, release).map_or(true, |found| !agrees(&one.expected, found))
}
