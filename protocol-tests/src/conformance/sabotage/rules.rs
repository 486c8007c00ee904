//! One rule of our cluster is broken at a time.

use milena_mock_broker::sabotage::{MACHINE_TESTS, MachineTest, Sabotage};

use super::known::{known, release};
use super::{Agreeing, NoticedBy, Planted, agrees};
use crate::conformance::{Case, Simulated, Stored, Transcript, cases, run};
use crate::kafka::Version;

/// Plants every defect whose name contains `part`, and tells of each as soon as somebody noticed or
/// all were tried: first the case that is known to notice, then every other, then the tests of the
/// machine.
///
/// # Errors
/// If a stored answer cannot be read.
pub fn broken_rules(
    release: Version,
    agreeing: &[Agreeing],
    part: &str,
    mut tell: impl FnMut(&Planted),
) -> std::io::Result<()> {
    for defect in Sabotage::ALL.iter().filter(|defect| defect.name().contains(part)) {
        let mut noticed = noticed_by_the_known(*defect)?;
        if noticed.is_none() {
            let mut others = agreeing.iter();
            let other = others.find(|one| notices(&one.case, &one.expected, release, *defect));
            noticed =
                other.map(|one| NoticedBy::Case(one.case.name)).or_else(|| on_machine(*defect));
        }
        tell(&planted(*defect, noticed));
    }
    Ok(())
}

/// Plants every defect, and lets only the case or test look for it that is known to notice.
///
/// # Errors
/// If a stored answer cannot be read.
pub fn rules_broken_before_the_known() -> std::io::Result<Vec<Planted>> {
    let all = Sabotage::ALL.iter();
    all.map(|defect| Ok(planted(*defect, noticed_by_the_known(*defect)?))).collect()
}

fn planted(defect: Sabotage, noticed: Option<NoticedBy>) -> Planted {
    Planted {
        name: defect.name().to_owned(),
        text: defect.text().trim().to_owned(),
        noticed_by: noticed.into_iter().collect(),
    }
}

fn noticed_by_the_known(defect: Sabotage) -> std::io::Result<Option<NoticedBy>> {
    let name = known(defect);
    let release = release(defect);
    if let Some(test) = MACHINE_TESTS.iter().find(|test| test.name == name) {
        return Ok(test.notices(defect).then_some(on_machine_by(test)));
    }
    let Some(case) = cases::all().into_iter().find(|case| case.name == name) else {
        return Ok(None);
    };
    let expected = Stored::of(release).read(case.name)?;
    let noticed = expected.is_some_and(|expected| notices(&case, &expected, release, defect));
    Ok(noticed.then_some(NoticedBy::Case(case.name)))
}

fn on_machine(defect: Sabotage) -> Option<NoticedBy> {
    let test = MACHINE_TESTS.iter().find(|test| test.notices(defect))?;
    Some(on_machine_by(test))
}

fn on_machine_by(test: &MachineTest) -> NoticedBy {
    NoticedBy::MachineTest { name: test.name, because: test.because }
}

fn notices(case: &Case, expected: &Transcript, release: Version, defect: Sabotage) -> bool {
    let Ok(mut cluster) = Simulated::start_with(release, case.shape, defect) else { return true };
    // One that cannot be carried through, or never ends, is red as well.
    run(case, &mut cluster, release).map_or(true, |found| !agrees(expected, found))
}
