//! Models of kind `regression`: growth on features of the past, a fit of its own for each horizon.
//!
//! May use the core files, `features`, `history`, `intervention`, `regression` and the spec.
//! Direct: no forecast goes into another.

use super::features::{Past, Row};
use super::spec::Regression as Spec;
use super::{nested, term};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::history::History;
use crate::forecast::intervention::{Kind, interventions};
use crate::forecast::regression::{Estimator, Linear};
use crate::forecast::{Forecaster, Path, Term};
use crate::series::SeriesId;

/// Values that a series needs before anything is fitted.
const MIN_VALUES: usize = 8;

/// The fit of one horizon.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The estimator that the grid's contest chose.
    pub estimator: Estimator,
    /// The line.
    pub line: Linear,
    /// The names of its columns.
    pub names: Vec<String>,
}

/// The path of a regression: fits each horizon to what was learned from, and evaluates it at the last
/// known period. Where the past at hand allows no such fit, the known is learned from.
pub(super) fn path(
    model: &impl Forecaster,
    spec: &Spec,
    (learned, known): (&Snapshot, &Snapshot),
    target: &SeriesId,
    horizon: usize,
) -> Result<Path> {
    let fitted = |on: &Snapshot| {
        let fits = fits(model.name(), spec, on, target, horizon)?;
        apply(model, spec, known, target, &fits)
    };
    fitted(learned).or_else(|_| fitted(known))
}

/// One fit a horizon, from the rows known at the snapshot's day, up to the last that they carry: what is
/// asked further ahead changes nothing nearer.
///
/// # Errors
/// As [`History::of`]; [`Error::Insufficient`] with too few rows a coefficient even one period ahead.
pub fn fits(
    name: &str,
    spec: &Spec,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
) -> Result<Vec<Fit>> {
    let history = History::of(known, target, MIN_VALUES)?;
    let past = Past::of(known, target, &history, &spec.lags, &spec.features)?;
    let candidates = spec.candidates()?;
    let hit = if spec.interventions { hits(&history) } else { Hits::default() };
    let fit = |ahead: i64| -> Result<Fit> {
        current(name, &past, ahead)?;
        let mut rows = past.rows(ahead);
        let names = past.names();
        let n_needed = spec.rows_per_coefficient * (names.len() + 1);
        hit.leave_out(&mut rows, ahead, n_needed);
        if rows.len() < n_needed {
            return Err(Error::insufficient(format!(
                "`{name}` with {} variables needs {n_needed} rows of {target:?} at horizon {ahead}; {} are known",
                names.len(),
                rows.len()
            )));
        }
        let (estimator, line) = nested::choose_and_fit(
            &candidates,
            spec.is_scaled(),
            &names,
            &rows,
            (ahead, spec.validation_rows),
        )?;
        Ok(Fit { estimator, line, names })
    };
    let mut fits = Vec::with_capacity(horizon);
    for ahead in (1_i64..).take(horizon) {
        match fit(ahead) {
            Ok(fit) => fits.push(fit),
            Err(Error::Insufficient(_)) if !fits.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(fits)
}

/// Evaluates fits at the last period known, with the share of every term.
///
/// # Errors
/// [`Error::Invalid`] if the features of the series are not those of the fits.
pub fn apply(
    model: &impl Forecaster,
    spec: &Spec,
    known: &Snapshot,
    target: &SeriesId,
    fits: &[Fit],
) -> Result<Path> {
    let history = History::of(known, target, MIN_VALUES)?;
    let past = Past::of(known, target, &history, &spec.lags, &spec.features)?;
    let (mut medians, mut terms) = (Vec::new(), Vec::new());
    let periods = history.next_periods(fits.len()).into_iter();
    for ((period, ahead), fit) in periods.zip(1_i64..).zip(fits) {
        let row = current(model.name(), &past, ahead)?;
        if past.names() != fit.names {
            return Err(Error::invalid(format!(
                "`{}` was fitted on {}; {target:?} has {}",
                model.name(),
                fit.names.join(", "),
                past.names().join(", ")
            )));
        }
        let growth = fit.line.predict(&row)?;
        medians.push((period, history.value(history.last_level() + growth, period)));
        terms.push(terms_of(&fit.line, &fit.names, &row, history.last_level()));
    }
    let mut path = Path::new(model, medians);
    path.terms = terms;
    Ok(path)
}

/// Growth that saved fits said of periods after a number, beside what came and the naive zero:
/// `(said, came)`.
pub(crate) fn newer_rows(
    spec: &Spec,
    known: &Snapshot,
    target: &SeriesId,
    first: &Fit,
    after: chrono::NaiveDate,
) -> Result<Vec<(f64, f64)>> {
    let history = History::of(known, target, MIN_VALUES)?;
    let past = Past::of(known, target, &history, &spec.lags, &spec.features)?;
    let mut said = Vec::new();
    for row in past.rows(1) {
        let end = history.numbers.binary_search(&(row.number + 1)).ok();
        if end.is_some_and(|at| history.periods[at].end() > after) {
            said.push((first.line.predict(&row.x)?, row.y));
        }
    }
    Ok(said)
}

/// Last level, intercept and each column: together the level that is forecast.
fn terms_of(line: &Linear, names: &[String], row: &[f64], last_level: f64) -> Vec<Term> {
    let mut terms =
        vec![term("last_level", last_level, 1.0), term("intercept", 1.0, line.intercept)];
    let columns = names.iter().zip(row).zip(&line.coefficients);
    terms.extend(columns.map(|((name, value), weight)| term(name, *value, *weight)));
    terms
}

/// The features of the last period known.
fn current(name: &str, past: &Past<'_>, ahead: i64) -> Result<Vec<f64>> {
    past.at(past.history.last_number(), ahead).ok_or_else(|| {
        Error::insufficient(format!(
            "`{name}` needs the year up to {} of {:?} without a gap",
            past.history.last_period(),
            past.history.series
        ))
    })
}

/// Periods that interventions touch.
#[derive(Debug, Default)]
struct Hits {
    outliers: Vec<i64>,
    shifts: Vec<i64>,
    regime_from: Option<i64>,
}

/// Interventions in the last stretch of a history without a gap.
fn hits(history: &History) -> Hits {
    let gap = history.numbers.windows(2).rposition(|pair| pair[1] != pair[0] + 1);
    let first = gap.map_or(0, |at| at + 1);
    let mut hits = Hits::default();
    for found in interventions(&history.levels[first..], history.frequency.season()) {
        let number = history.numbers[first + found.at];
        match found.kind {
            Kind::Outlier => hits.outliers.push(number),
            Kind::LevelShift => hits.shifts.push(number),
            Kind::Break => hits.regime_from = Some(number),
        }
    }
    hits
}

impl Hits {
    /// Leaves out rows that start or end at an outlier or span a shift, and rows of the earlier regime
    /// where enough are left without them.
    fn leave_out(&self, rows: &mut Vec<Row>, ahead: i64, n_needed: usize) {
        let touched = |row: &Row| {
            let (from, to) = (row.number, row.number + ahead);
            self.outliers.iter().any(|at| *at == from || *at == to)
                || self.shifts.iter().any(|at| from < *at && *at <= to)
        };
        if rows.iter().filter(|row| !touched(row)).count() >= n_needed {
            rows.retain(|row| !touched(row));
        }
        let of_regime = |row: &Row| self.regime_from.is_none_or(|from| row.number + 1 >= from);
        if rows.iter().filter(|row| of_regime(row)).count() >= n_needed {
            rows.retain(of_regime);
        }
    }
}
