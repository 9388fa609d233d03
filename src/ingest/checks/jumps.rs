//! Values that do not fit their neighbours: another scale, another sign, a year among quarters, and
//! outliers that revert.
//!
//! May use the core files, its sibling files and what `edgar` says of signs. Only
//! neighbours without a gap between them are compared.

use super::held::{Held, median};
use super::{Finding, Severity};
use crate::ingest::edgar;
use crate::observation::Observation;
use crate::period::Frequency;
use crate::units::Unit;

/// Powers of ten by which a value in thousands or millions is off.
const SCALES: [f64; 2] = [3.0, 6.0];
/// A percentage taken for a ratio.
const PERCENT: f64 = 2.0;
/// How far from the exact power a jump may lie, in powers of ten: a factor of 2.
const SCALE_SLACK: f64 = 0.3;
/// How far apart the neighbours themselves may lie: a factor of 5.
const SPREAD: f64 = 0.7;
/// The same for a percentage, which is nearer to its ratio.
const PERCENT_SLACK: f64 = 0.15;
/// An outlier is 2.5 times its neighbours at least,
const OUTLIER: f64 = 0.916;
/// and this many times as far off as values of the series usually are.
const OUTLIER_TIMES_USUAL: f64 = 8.0;

/// Every kind of jump of a series.
pub(super) fn check(held: &Held) -> Vec<Finding> {
    let mut findings = impossible(held);
    for run in held.runs() {
        let scales = scales(held, run);
        if scales.is_empty() {
            findings.extend(years(held, run));
            findings.extend(signs(run));
            findings.extend(outliers(held, run));
        }
        findings.extend(scales);
    }
    findings
}

/// Whether values of a series cannot be below zero.
pub(super) fn cannot_be_negative(row: &Observation) -> bool {
    match row.unit {
        Unit::Count | Unit::H100e | Unit::Watt | Unit::Flop | Unit::FlopPerSecond => true,
        Unit::Ratio => is_share(row),
        Unit::Usd | Unit::Twd | Unit::Index => edgar::cannot_be_negative(row.series.metric()),
    }
}

/// Whether a value is a share of a market, between 0 and 1.
pub(super) fn is_share(row: &Observation) -> bool {
    row.unit == Unit::Ratio && row.series.metric().split('.').any(|part| part == "share")
}

/// Values that cannot be: below zero, or shares past 1.
fn impossible(held: &Held) -> Vec<Finding> {
    let wrong = |row: &&Observation| {
        cannot_be_negative(row) && row.value < 0.0 || is_share(row) && row.value > 1.0
    };
    let rows = held.rows.iter().filter(wrong);
    rows.map(|row| {
        let needed = if is_share(row) { "a share between 0 and 1" } else { "zero or more" };
        let found = format!("{}", row.value);
        Finding::of_row("range", Severity::Error, row, found).needed(needed)
    })
    .collect()
}

/// Values that are a thousand or a million times their neighbours, alone or from one day on; a hundred
/// times where they are ratios.
fn scales(held: &Held, run: &[Observation]) -> Vec<Finding> {
    let logs: Vec<f64> = run.iter().map(|row| row.value.abs().log10()).collect();
    let mut findings = Vec::new();
    for (row_idx, row) in run.iter().enumerate() {
        let before = &logs[row_idx.saturating_sub(2)..row_idx];
        let after = &logs[row_idx + 1..(row_idx + 3).min(logs.len())];
        let alone: Vec<f64> = before.iter().chain(after).copied().collect();
        let onward = &logs[row_idx..(row_idx + 2).min(logs.len())];
        let alone = jump(held.unit(), &alone, &[logs[row_idx]]);
        let step = || jump(held.unit(), before, onward).filter(|_| onward.len() > 1);
        if let Some(power) = alone.or_else(step) {
            let found = format!("{} is about 10^{power} times its neighbours", row.value);
            findings.push(
                Finding::of_row("scale", Severity::Error, row, found)
                    .needed("one scale for the whole series"),
            );
        }
    }
    findings
}

/// The power of ten between two groups of logarithms, if it is one of a wrong unit.
fn jump(unit: Unit, before: &[f64], after: &[f64]) -> Option<f64> {
    if before.len() < 2 || spread(before) > SPREAD || spread(after) > SPREAD {
        return None;
    }
    let found = median(after.to_vec())? - median(before.to_vec())?;
    let near = |power: &f64, slack: f64| (found.abs() - power).abs() < slack;
    let percent = (unit == Unit::Ratio && near(&PERCENT, PERCENT_SLACK)).then_some(PERCENT);
    let scale = SCALES.into_iter().find(|power| near(power, SCALE_SLACK));
    percent.or(scale).map(|power| power.copysign(found))
}

/// Largest less smallest; infinite if a value is zero.
fn spread(logs: &[f64]) -> f64 {
    let (low, high) = logs.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    high - low
}

/// A quarter that is as large as the three before it and one more together.
///
/// The last one may be growth: only a value that went back is an error.
fn years(held: &Held, run: &[Observation]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_quarterly = run[0].period.frequency() == Some(Frequency::Quarter);
    if !held.is_flow() || !is_quarterly {
        return findings;
    }
    for (row_idx, row) in run.iter().enumerate().skip(3) {
        let before: Vec<f64> = run[row_idx - 3..row_idx].iter().map(|row| row.value).collect();
        let after = run.get(row_idx + 1).map(|row| row.value);
        let around: Vec<f64> = before.iter().copied().chain(after).collect();
        let smallest = around.iter().copied().fold(f64::MAX, f64::min);
        let largest = around.iter().copied().fold(f64::MIN, f64::max);
        let rest = row.value - before.iter().sum::<f64>();
        let is_a_quarter = (0.8 * smallest..=1.3 * largest).contains(&rest);
        if smallest > 0.0 && largest < 2.0 * smallest && is_a_quarter {
            let severity = if after.is_some() { Severity::Error } else { Severity::Warning };
            let found = format!("{} is as much as a whole year of its neighbours", row.value);
            findings.push(
                Finding::of_row("year_in_quarter", severity, row, found)
                    .needed("the value of the quarter alone"),
            );
        }
    }
    findings
}

/// One value whose opposite would fit its neighbours.
fn signs(run: &[Observation]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row_idx, row) in run.iter().enumerate() {
        let low = row_idx.saturating_sub(2);
        let around: Vec<f64> = (low..(row_idx + 3).min(run.len()))
            .filter(|i| *i != row_idx)
            .map(|i| run[i].value)
            .collect();
        let opposite = around.iter().all(|value| value * row.value < 0.0);
        let fits = median(around.iter().map(|value| value.abs()).collect())
            .is_some_and(|usual| (row.value.abs() / usual).ln().abs() < 0.35);
        let steady = spread(&around.iter().map(|v| v.abs().log10()).collect::<Vec<_>>()) < SPREAD;
        if around.len() >= 3 && opposite && fits && steady && !cannot_be_negative(row) {
            let found = format!("{} between values of the other sign and its size", row.value);
            findings.push(
                Finding::of_row("sign", Severity::Warning, row, found)
                    .needed(format!("{}, if it is a slip", -row.value)),
            );
        }
    }
    findings
}

/// Values far off both neighbours, which agree with each other.
fn outliers(held: &Held, run: &[Observation]) -> Vec<Finding> {
    let log = |row: &Observation| row.value.ln();
    if run.len() < 6 || !held.is_flow() || run.iter().any(|row| row.value <= 0.0) {
        return Vec::new();
    }
    let off: Vec<f64> =
        run.windows(3).map(|w| log(&w[1]) - f64::midpoint(log(&w[0]), log(&w[2]))).collect();
    let usual = median(off.iter().map(|d| d.abs()).collect()).unwrap_or(0.0);
    let far = off.iter().zip(run.windows(3)).filter(|(off, w)| {
        off.abs() > OUTLIER
            && off.abs() > OUTLIER_TIMES_USUAL * usual
            && (log(&w[2]) - log(&w[0])).abs() < off.abs() / 2.0
    });
    far.map(|(off, w)| {
        let found = format!("{} is {:.2} times the mean of its neighbours", w[1].value, off.exp());
        Finding::of_row("outlier", Severity::Warning, &w[1], found)
            .needed("a reason why it went and came back")
    })
    .collect()
}
