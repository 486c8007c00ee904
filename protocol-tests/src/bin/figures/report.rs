//! How figures are printed.

use milena_protocol_tests::measure::Pair;
use serde::Serialize;

/// One figure. `goal` is the upper bound of `ratio`, or of `ours` where there is no reference.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    name: &'static str,
    ours: Option<f64>,
    reference: Option<f64>,
    unit: &'static str,
    ratio: Option<f64>,
    goal: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

impl Figure {
    /// A figure that stands for itself.
    pub(crate) fn alone(
        name: &'static str,
        ours: f64,
        unit: &'static str,
        goal: Option<f64>,
    ) -> Self {
        Self { name, ours: Some(ours), reference: None, unit, ratio: None, goal, skipped: None }
    }

    /// A figure held against somebody else's.
    pub(crate) fn against(
        name: &'static str,
        ours: f64,
        reference: f64,
        unit: &'static str,
        goal: f64,
    ) -> Self {
        Self {
            name,
            ours: Some(ours),
            reference: Some(reference),
            unit,
            ratio: Some(ours / reference),
            goal: Some(goal),
            skipped: None,
        }
    }

    /// A figure measured by turns with somebody else's.
    pub(crate) fn paired(
        name: &'static str,
        pair: Pair,
        unit: &'static str,
        goal: Option<f64>,
    ) -> Self {
        Self {
            name,
            ours: Some(pair.ours),
            reference: Some(pair.reference),
            unit,
            ratio: Some(pair.ratio),
            goal,
            skipped: None,
        }
    }

    /// A figure that could not be measured, and why.
    pub(crate) fn skipped(name: &'static str, reason: &str) -> Self {
        let skipped = Some(reason.to_owned());
        Self { name, ours: None, reference: None, unit: "", ratio: None, goal: None, skipped }
    }

    /// The JSON line.
    pub(crate) fn print(&self) {
        match serde_json::to_string(self) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("{}: {error}", self.name),
        }
    }

    fn verdict(&self) -> String {
        if let Some(reason) = &self.skipped {
            return format!("skipped: {reason}");
        }
        match (self.goal, self.ratio.or(self.ours)) {
            (Some(goal), Some(measured)) if measured <= goal => "reached".to_owned(),
            (Some(_), Some(_)) => "missed".to_owned(),
            _ => "no goal".to_owned(),
        }
    }
}

/// All figures, for people.
pub(crate) fn table(figures: &[Figure]) {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    eprintln!(
        "\n{:<24} {:>10} {:>10} {:<10} {:>7} {:>7}",
        "figure", "ours", "reference", "unit", "ratio", "goal"
    );
    for figure in figures {
        eprintln!(
            "{:<24} {:>10} {:>10} {:<10} {:>7} {:>7}  {}",
            figure.name,
            number(figure.ours),
            number(figure.reference),
            figure.unit,
            number(figure.ratio),
            number(figure.goal),
            figure.verdict()
        );
    }
}
