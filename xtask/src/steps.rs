//! Named steps and the time that each took.
//!
//! Everything is said on standard error, so that the last program's own summary stays the end of standard
//! output. Called by `check`.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

/// The steps done so far.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    /// Does one step. The error of one that fails begins with its name.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        eprintln!("\n── {name}");
        let begin = Instant::now();
        work().with_context(|| format!("the step \"{name}\" failed"))?;
        self.0.push((name, begin.elapsed()));
        Ok(())
    }

    /// The closing table.
    pub(crate) fn table(&self) -> String {
        let width = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("total".len());
        let total = ("total", self.0.iter().map(|(_, took)| *took).sum());
        let mut table = String::new();
        for (name, took) in self.0.iter().chain([&total]) {
            let written = writeln!(table, "  {name:<width$}  {:>7.1} s", took.as_secs_f64());
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_step_and_stops_the_rest() {
        let mut steps = Steps::default();
        steps.step("first", || Ok(())).unwrap();
        let error = steps.step("second", || anyhow::bail!("no disk")).unwrap_err();
        assert_eq!(format!("{error:#}"), "the step \"second\" failed: no disk");
        let table = steps.table();
        assert!(table.contains("first") && !table.contains("second") && table.contains("total"), "{table}");
    }
}
