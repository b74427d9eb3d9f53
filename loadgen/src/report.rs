//! What was measured: one table for people, the same figures as JSON for programs, and the targets.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// One figure of the table. Times and rates are given in the unit that `unit` names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    /// Stable, for programs.
    pub(crate) key: &'static str,
    /// For people.
    pub(crate) what: String,
    /// The median, where there were several runs.
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// The value of every run, in the order of running.
    pub(crate) runs: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Target>,
}

/// What the project promises.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

impl Figure {
    fn misses(&self) -> bool {
        self.target.is_some_and(|target| !target.is_met(self.value))
    }
}

/// The figures so far.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// A figure that was measured once.
    pub(crate) fn once(
        &mut self,
        key: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        value: f64,
        target: Option<Target>,
    ) {
        self.several(key, what, unit, vec![value], target);
    }

    /// A figure that was measured in several runs; its value is their median.
    pub(crate) fn several(
        &mut self,
        key: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        runs: Vec<f64>,
        target: Option<Target>,
    ) {
        let figure = Figure { key, what: what.into(), value: median(&runs), unit, runs, target };
        eprintln!("  {:<52} {:>12} {unit}", figure.what, number(figure.value));
        self.figures.push(figure);
    }

    /// The figures whose target was missed, by name.
    pub(crate) fn missed(&self) -> Vec<&str> {
        self.figures.iter().filter(|figure| figure.misses()).map(|figure| figure.what.as_str()).collect()
    }

    pub(crate) fn table(&self) -> String {
        let width = self.figures.iter().map(|figure| figure.what.chars().count()).max().unwrap_or(0);
        let mut table = String::new();
        for figure in &self.figures {
            let Figure { what, value, unit, runs, target, .. } = figure;
            let target = match target {
                Some(Target::AtMost(limit)) => format!("at most {}", number(*limit)),
                Some(Target::AtLeast(limit)) => format!("at least {}", number(*limit)),
                None => String::new(),
            };
            let verdict = match figure.target {
                Some(_) if figure.misses() => "MISSED",
                Some(_) => "ok",
                None => "",
            };
            let spread = match &runs[..] {
                [] | [_] => String::new(),
                _ => format!("{} … {}", number(least(runs)), number(-least(&negated(runs)))),
            };
            let value = number(*value);
            let written = writeln!(
                table,
                "{what:<width$}  {value:>12} {unit:<14} {spread:<24} {target:<20} {verdict}",
            );
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
        table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn write_json(&self, file: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        std::fs::write(file, json + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn negated(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| -value).collect()
}

/// Three digits where they matter, and commas in large numbers.
fn number(value: f64) -> String {
    if value.abs() < 1000.0 {
        let text = format!("{value:.2}");
        return text.strip_suffix(".00").map(str::to_owned).unwrap_or(text);
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        for (value, text) in
            [(0.0, "0"), (7.456, "7.46"), (999.0, "999"), (1234.6, "1,235"), (2_500_000.0, "2,500,000")]
        {
            assert_eq!(number(value), text);
        }
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn a_missed_target_is_named() {
        let mut report = Report::default();
        report.several("a", "kept", "x", vec![1.0, 9.0, 2.0], Some(Target::AtMost(2.0)));
        report.once("b", "missed", "x", 3.0, Some(Target::AtLeast(4.0)));
        report.once("c", "no target", "x", 3.0, None);
        assert_eq!(report.missed(), ["missed"]);
        let table = report.table();
        assert!(table.contains("1 … 9") && table.contains("MISSED"), "{table}");
    }
}
