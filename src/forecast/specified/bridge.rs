//! Models of kind `bridge`: a quarter's growth on the growth of a monthly driver, with a ragged edge.
//!
//! May use the core files, `features`, `history`, `pooled`, `regression` and the spec. Months that
//! are not public at the origin are made by `monthly`; training rows are made with as many months
//! missing as there are now, so that the regression knows how much the made months are worth.

use std::collections::BTreeMap;

use chrono::{Datelike, Days};

use super::features::{Past, Row};
use super::spec::Bridge as Spec;
use super::{monthly, nested, term};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::history::{History, Scale};
use crate::forecast::pooled::{self, Pooled};
use crate::forecast::{Forecaster, Path, Step};
use crate::period::{Frequency, Period};
use crate::series::SeriesId;

pub(super) fn path(
    model: &impl Forecaster,
    spec: &Spec,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
) -> Result<Path> {
    let name = model.name();
    let history = History::of(known, target, 8)?;
    if history.frequency != Frequency::Quarter || history.scale != Scale::Log {
        return Err(Error::insufficient(format!(
            "`{name}` needs quarters of {target:?}, all above zero; found is a {}",
            history.frequency.word()
        )));
    }
    let driver = Driver::of(name, &SeriesId::new(&spec.driver)?, known, &history)?;
    let past = Past::of(known, target, &history, &spec.lags, &spec.features)?;
    let next = history.last_number() + 1;
    let too_little = |what: String| {
        Error::insufficient(format!("`{name}` of {target:?} as of {}: {what}", known.as_of()))
    };
    let now = driver.row(spec, &past, next).ok_or_else(|| {
        too_little(format!("`{}` or the own past is too short or too old", spec.driver))
    })?;
    let rows: Vec<Row> = history
        .changes()
        .filter_map(|(number, y)| Some(Row { number, x: driver.row(spec, &past, number)?, y }))
        .collect();
    let n_needed = spec.rows_per_coefficient * (now.len() + 1);
    if rows.len() < n_needed {
        return Err(too_little(format!("{n_needed} rows are needed; {} are known", rows.len())));
    }
    let names = names(spec, &past);
    let all: Vec<&Row> = rows.iter().collect();
    let line = nested::fit_scaled(&spec.estimator()?, false, &names, &all)?;
    let first = history.last_level() + line.predict(&now)?;
    let mut terms =
        vec![term("last_level", history.last_level(), 1.0), term("intercept", 1.0, line.intercept)];
    let columns = names.iter().zip(&now).zip(&line.coefficients);
    terms.extend(columns.map(|((name, value), weight)| term(name, *value, *weight)));
    let growth = pooled::fit(known, target)?;
    let mut path = Path::new(model, []);
    for (period, ahead) in history.next_periods(horizon).into_iter().zip(1_i64..) {
        let level = growth.level_from(1, first, ahead);
        let model_used = if ahead == 1 { name } else { Pooled.name() };
        path.steps.push(Step { period, median: history.value(level, period), model_used });
        let mut of_step = terms.clone();
        if ahead > 1 {
            of_step.extend(growth.terms_from(1, ahead));
        }
        path.terms.push(of_step);
    }
    Ok(path)
}

/// A monthly driver beside the quarters of a target.
struct Driver {
    months: BTreeMap<i64, f64>,
    /// First month of the target's quarter with number zero.
    first_of_zero: i64,
    /// Last known month less the first month of the quarter to be forecast.
    edge: i64,
}

impl Driver {
    fn of(name: &str, id: &SeriesId, known: &Snapshot, target: &History) -> Result<Self> {
        let missing = |why: String| Error::insufficient(format!("`{name}` needs {id:?}: {why}"));
        if !known.holds(id)? {
            return Err(missing("it is not in the archive".to_owned()));
        }
        let driver = History::of(known, id, 24).map_err(|error| missing(error.to_string()))?;
        if driver.frequency != Frequency::Month || driver.scale != Scale::Log {
            return Err(missing(format!(
                "needed are months above zero; found is a {}",
                driver.frequency.word()
            )));
        }
        let first_of_zero = first_month(target.last_period()) - 3 * target.last_number();
        let first_of_next = first_of_zero + 3 * (target.last_number() + 1);
        let edge = driver.last_number() - first_of_next;
        let months = driver.numbers.iter().copied().zip(driver.levels.iter().copied()).collect();
        Ok(Self { months, first_of_zero, edge })
    }

    /// The columns of the quarter with a number, from months known as far into it as they are known
    /// into the quarter to be forecast.
    fn row(&self, spec: &Spec, past: &Past<'_>, number: i64) -> Option<Vec<f64>> {
        let mut row = self.growth(number, &spec.driver_lags)?;
        row.extend(past.at(number - 1, 1)?);
        Some(row)
    }

    /// Growth of the driver in the quarter with a number, or so many quarters before it.
    fn growth(&self, number: i64, lags: &[usize]) -> Option<Vec<f64>> {
        let first = self.first_of_zero + 3 * number;
        let months = monthly::completed(&self.months, first + self.edge, first + 2)?;
        let growth = |lag: &usize| {
            let first = first - 3 * i64::try_from(*lag).ok()?;
            Some(monthly::quarter(&months, first)? - monthly::quarter(&months, first - 3)?)
        };
        lags.iter().map(growth).collect()
    }
}

/// Growth of a monthly driver in the first quarter of a target that has no value, its unknown months
/// made as a bridge makes them; `None` where too little of it is known.
pub(crate) fn growth_ahead(id: &SeriesId, known: &Snapshot, target: &History) -> Option<f64> {
    if target.frequency != Frequency::Quarter {
        return None;
    }
    let driver = Driver::of("bridge", id, known, target).ok()?;
    driver.growth(target.last_number() + 1, &[0])?.first().copied()
}

/// The number of the first of the three months around the middle of a quarter.
fn first_month(period: Period) -> i64 {
    let middle = period.start() + Days::new(period.n_days().unsigned_abs() / 2);
    i64::from(middle.year()) * 12 + i64::from(middle.month0()) - 1
}

fn names(spec: &Spec, past: &Past<'_>) -> Vec<String> {
    let of_driver = spec.driver_lags.iter().map(|lag| match lag {
        0 => format!("growth_of_{}", spec.driver),
        lag => format!("growth_of_{}_lag_{lag}", spec.driver),
    });
    of_driver.chain(past.names()).collect()
}
