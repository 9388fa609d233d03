//! Checks on what is stored, and on what comes in before it is stored.
//!
//! May use the core files. Reads a snapshot, changes nothing. One file a family of checks; what they
//! know of the data stands in `datasets/checks.toml`. [`admit`] holds the hard rules for rows on their
//! way in.

mod admit;
mod coverage;
mod held;
mod identities;
mod jumps;
mod percentiles;
mod rules;
mod shape;
mod staleness;
mod vintages;

use self::held::Held;
use self::rules::Rules;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::period::Period;

pub use admit::admit;

/// How bad a finding is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Numbers contradict each other.
    Error,
    /// Usable, with care.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which check.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// Which series.
    pub series: String,
    /// Which period, where it is about one.
    pub period: Option<Period>,
    /// What was found.
    pub found: String,
    /// What was needed, or why it is so.
    pub needed: String,
    /// Where the value stands in its source.
    pub locator: String,
}

impl Finding {
    /// A finding about one row.
    fn of_row(check: &str, severity: Severity, row: &Observation, found: String) -> Self {
        Self {
            check: check.to_owned(),
            severity,
            series: row.series.to_string(),
            period: Some(row.period),
            found,
            needed: String::new(),
            locator: row.locator.clone(),
        }
    }

    /// A finding about a whole series, or several.
    fn of_series(check: &str, severity: Severity, series: &str, found: String) -> Self {
        Self {
            check: check.to_owned(),
            severity,
            series: series.to_owned(),
            period: None,
            found,
            needed: String::new(),
            locator: String::new(),
        }
    }

    fn needed(mut self, needed: impl Into<String>) -> Self {
        self.needed = needed.into();
        self
    }
}

/// Whether a series is the one asked, or a part of it: `nvda` and `nvda.revenue` both hold
/// `nvda.revenue.edge`.
pub fn is_within(series: &str, asked: &str) -> bool {
    let rest = series.strip_prefix(asked);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Reads every series of a snapshot, and so every stored byte, and runs every check.
///
/// Findings come worst first, then by series and period.
///
/// # Errors
/// [`crate::Error::Store`] if a stored file is damaged.
pub fn run(known: &Snapshot) -> Result<Vec<Finding>> {
    let rules = Rules::bundled();
    let ids = known.series_ids()?;
    let mut findings = Vec::new();
    let mut n_points = 0;
    let mut unusable = vintages::Unusable::default();
    for id in &ids {
        let held = Held::read(known, id)?;
        n_points += held.rows.len();
        findings.extend(percentiles::check(known, &held)?);
        findings.extend(coverage::check(&held));
        findings.extend(jumps::check(&held));
        findings.extend(shape::check(&held));
        findings.extend(vintages::check(&held));
        unusable.count(&held);
    }
    findings.extend(identities::check(known, &ids, rules)?);
    findings.extend(identities::years(known, &ids)?);
    findings.extend(identities::together(known, &ids, rules)?);
    findings.extend(shape::copies(known, &ids)?);
    findings.extend(staleness::check(known, &ids, rules)?);
    findings.extend(unusable.finding());
    findings.push(Finding::of_series(
        "read",
        Severity::Note,
        &format!("{} series", ids.len()),
        format!("{n_points} values read; every stored file matches its hash"),
    ));
    findings.sort_by(|a, b| {
        (a.severity, &a.check, &a.series, a.period)
            .cmp(&(b.severity, &b.check, &b.series, b.period))
    });
    Ok(findings)
}
