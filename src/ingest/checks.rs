//! Checks on what is stored: broken identities, percentiles out of order, stale or unusable series.
//!
//! May use the core files. Reads a snapshot, changes nothing.

use chrono::Days;

use crate::archive::{Known, Snapshot};
use crate::error::Result;
use crate::observation::VintageBasis;
use crate::period::Frequency;
use crate::series::SeriesId;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which check.
    pub check: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Which series.
    pub series: String,
    /// What was found.
    pub found: String,
}

/// Platforms that add up to NVIDIA's revenue in the scheme that ended with fiscal 2026.
const NVIDIA_PLATFORMS: [&str; 5] = [
    "nvda.revenue.data_center",
    "nvda.revenue.gaming",
    "nvda.revenue.professional_visualization",
    "nvda.revenue.automotive",
    "nvda.revenue.oem_and_other",
];
/// Rounding in press tables: figures of single millions.
const PLATFORM_TOLERANCE_USD: f64 = 5.5e6;

/// Reads every series of a snapshot, and so every stored byte, and runs every check.
///
/// # Errors
/// [`crate::Error::Store`] if a stored file is damaged.
pub fn run(known: &Snapshot) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let ids = known.series_ids()?;
    let mut n_points = 0;
    let (mut unusable, mut n_unusable) = (Vec::new(), 0);
    for id in &ids {
        let held = known.series(id)?;
        n_points += held.points.len();
        findings.extend(percentiles(known, id, &held));
        findings.extend(staleness(known, &held));
        let late = known
            .vintages(id)?
            .iter()
            .filter(|r| r.vintage_basis == VintageBasis::Retrieved)
            .count();
        if late > 0 {
            unusable.push(id.to_string());
            n_unusable += late;
        }
    }
    findings.extend(platforms(known)?);
    if let [first, .., last] = unusable.as_slice() {
        findings.push(Finding {
            check: "vintage",
            severity: Severity::Note,
            series: format!("{first} to {last}"),
            found: format!(
                "{n_unusable} values of {} series have no known publication day; they count as public \
                 from the day they were read, so backtests before it do not see them",
                unusable.len()
            ),
        });
    }
    findings.push(Finding {
        check: "read",
        severity: Severity::Note,
        series: format!("{} series", ids.len()),
        found: format!("{n_points} values read; every stored file matches its hash"),
    });
    Ok(findings)
}

/// `p05 <= p50 <= p95` wherever a series has percentile siblings.
fn percentiles(known: &Snapshot, id: &SeriesId, held: &Known) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (ending, above) in [("p05", false), ("p95", true)] {
        let Ok(sibling) = SeriesId::new(&format!("{id}.{ending}")) else { continue };
        let Ok(other) = known.series(&sibling) else { continue };
        for point in &held.points {
            let twin = other.points.iter().find(|p| p.period == point.period);
            let wrong = |p: f64| if above { p < point.value } else { p > point.value };
            if let Some(twin) = twin.filter(|twin| wrong(twin.value)) {
                findings.push(Finding {
                    check: "percentiles",
                    severity: Severity::Error,
                    series: sibling.to_string(),
                    found: format!(
                        "{}: {} beside a median of {}",
                        point.period, twin.value, point.value
                    ),
                });
            }
        }
    }
    findings
}

/// A filed or market series whose next value is long overdue.
fn staleness(known: &Snapshot, held: &Known) -> Option<Finding> {
    let allowed = match held.frequency()? {
        Frequency::Month => 120,
        Frequency::Quarter => 200,
        Frequency::Day | Frequency::Year => return None,
    };
    let last = held.points.last()?.period.end();
    (last + Days::new(allowed) < known.as_of()).then(|| Finding {
        check: "staleness",
        severity: Severity::Warning,
        series: held.series.to_string(),
        found: format!("the last value is of the period that ended on {last}"),
    })
}

/// NVIDIA's platforms add up to its revenue in every quarter where all are known.
fn platforms(known: &Snapshot) -> Result<Vec<Finding>> {
    let mut parts = Vec::new();
    for id in NVIDIA_PLATFORMS {
        match known.series(&SeriesId::new(id)?) {
            Ok(held) => parts.push(held),
            Err(_) => return Ok(Vec::new()),
        }
    }
    let Ok(total) = known.series(&SeriesId::new("nvda.revenue")?) else { return Ok(Vec::new()) };
    let findings = total.points.iter().filter_map(|point| {
        let values: Option<Vec<f64>> = parts
            .iter()
            .map(|part| part.points.iter().find(|p| p.period == point.period).map(|p| p.value))
            .collect();
        let sum: f64 = values?.iter().sum();
        ((sum - point.value).abs() > PLATFORM_TOLERANCE_USD).then(|| Finding {
            check: "platforms",
            severity: Severity::Warning,
            series: "nvda.revenue".to_owned(),
            found: format!(
                "{}: platforms add up to {sum}, revenue is {}",
                point.period, point.value
            ),
        })
    });
    Ok(findings.collect())
}
