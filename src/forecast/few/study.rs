//! Direct forecasts of many targets from every origin: the base, plain least squares on few variables,
//! the mean of the best single-variable models, and the engine's choice.
//!
//! May use `table`, `gram`, `partial`, `decision` and the spec. At an origin `o` and horizon `h` the
//! window holds the rows whose target was known at `o`: features of period `t`, target of `t + h`, for
//! `t + h <= o`. Nothing later is read.

use rayon::prelude::*;

use super::decision::Decision;
use super::gram::Gram;
use super::partial::Partial;
use super::spec::Rule;
use super::table::Table;
use crate::error::{Error, Result};

/// Base columns: the constant and two lags of the target.
const N_BASE: usize = 3;

/// A way to forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// The constant and two lags: an autoregression.
    Base,
    /// The same, its lags kept inside the range that the window has seen.
    BaseInRange,
    /// The base and so many variables of the largest partial correlation, by least squares.
    LeastSquares(usize),
    /// The base and the mean of what the best single-variable models add.
    MeanOfBest,
    /// The same with everything kept inside the range that the window has seen.
    Combination,
    /// The engine's choice: so much of the combination as resolved errors allow, or the base alone.
    Engine,
}

/// Every forecast of one target at one horizon.
#[derive(Debug, Clone)]
pub struct Line {
    /// The target's column.
    pub target: usize,
    /// Periods ahead.
    pub horizon: usize,
    /// The row of the first origin; the others follow it without a gap.
    pub first_origin: usize,
    /// What came, one an origin.
    pub actual: Vec<f64>,
    /// Share of the combination that was followed, one an origin.
    pub weight: Vec<f64>,
    /// Whether the combination was refused, one an origin.
    pub is_refused: Vec<bool>,
    ways: Vec<Way>,
    said: Vec<f64>,
}

impl Line {
    /// The ways there are.
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// Errors of a way, actual less forecast, one an origin; `None` for a way that was not asked.
    pub fn errors(&self, way: Way) -> Option<Vec<f64>> {
        let at = self.ways.iter().position(|known| *known == way)?;
        let said = self.said.iter().skip(at).step_by(self.ways.len());
        Some(self.actual.iter().zip(said).map(|(actual, said)| actual - said).collect())
    }
}

/// Every way of a rule, in the order in which tables show them.
pub fn ways(rule: &Rule) -> Vec<Way> {
    let few = rule.least_squares.n_variables.iter().map(|k| Way::LeastSquares(*k));
    let first = [Way::Base, Way::BaseInRange];
    let last = [Way::MeanOfBest, Way::Combination, Way::Engine];
    first.into_iter().chain(few).chain(last).collect()
}

/// Lets every way forecast every target at every horizon from every origin that has rows enough.
///
/// - `targets`: columns of the table; each is forecast from all the others.
/// - Returns one line a target and horizon, in that order, whatever the number of threads.
///
/// # Errors
/// [`Error::Insufficient`] if the table has too few rows for one origin, or a target's lags do not vary
/// in a window.
pub fn run(table: &Table, targets: &[usize], horizons: &[usize], rule: &Rule) -> Result<Vec<Line>> {
    let furthest = horizons.iter().copied().max().unwrap_or(1);
    let n_needed = rule.combination.min_rows + 2 * furthest + 1;
    if table.n_rows() < n_needed {
        return Err(Error::insufficient(format!(
            "a horizon of {furthest} needs {n_needed} rows; the table has {}",
            table.n_rows()
        )));
    }
    let (scaled, units) = table.standardised(rule.combination.min_rows);
    let tasks: Vec<_> =
        targets.iter().flat_map(|target| horizons.iter().map(|h| (*target, *h))).collect();
    let line = |(target, horizon): &(usize, usize)| {
        let mut line = Task { table: &scaled, target: *target, horizon: *horizon, rule }.line()?;
        let (centre, scale) = units[*target];
        line.actual.iter_mut().chain(&mut line.said).for_each(|v| *v = centre + scale * *v);
        Ok(line)
    };
    tasks.par_iter().map(line).collect()
}

/// One target and horizon.
struct Task<'a> {
    table: &'a Table,
    target: usize,
    horizon: usize,
    rule: &'a Rule,
}

impl Task<'_> {
    fn line(&self) -> Result<Line> {
        let y = self.table.column(self.target);
        let first_origin = self.rule.combination.min_rows + self.horizon;
        let origins = first_origin..y.len() - self.horizon;
        let ways = ways(self.rule);
        let mut gram = Gram::new(N_BASE, self.table.n_columns() - 1);
        let few = &self.rule.least_squares.n_variables;
        let most = few.last().copied().unwrap_or(0);
        let mut partial = Partial::new(&gram, most);
        let mut decision = Decision::new(self.rule, self.horizon, origins.len());
        let mut row = vec![0.0; N_BASE + gram.n_candidates()];
        let (mut in_range, mut with_first) = (row.clone(), vec![0.0; most]);
        let mut line = Line {
            target: self.target,
            horizon: self.horizon,
            first_origin,
            actual: Vec::with_capacity(origins.len()),
            weight: Vec::with_capacity(origins.len()),
            is_refused: Vec::with_capacity(origins.len()),
            said: Vec::with_capacity(origins.len() * ways.len()),
            ways,
        };
        // Rows from the second on have both lags.
        for t in 1..first_origin - self.horizon {
            self.fill(&mut row, t);
            gram.add(&row, y[t + self.horizon]);
        }
        for origin in origins {
            let t = origin - self.horizon;
            self.fill(&mut row, t);
            gram.add(&row, y[origin]);
            self.resolve(&mut decision, &line, origin);
            self.fill(&mut row, origin);
            for (column, value) in in_range.iter_mut().enumerate() {
                let (low, high) = gram.range(column);
                *value = row[column].clamp(low, high);
            }
            if !partial.read(&gram) {
                return Err(Error::insufficient(format!(
                    "column `{}` does not vary enough up to row {origin} to forecast itself",
                    self.table.names()[self.target]
                )));
            }
            self.say(&mut partial, &gram, (&row, &in_range), &mut with_first, &decision, &mut line);
            line.actual.push(y[origin + self.horizon]);
        }
        Ok(line)
    }

    /// The row of a period: constant, two lags, every other column.
    fn fill(&self, row: &mut [f64], t: usize) {
        let y = self.table.column(self.target);
        row[..N_BASE].copy_from_slice(&[1.0, y[t], y[t - 1]]);
        let others = (0..self.table.n_columns()).filter(|column| *column != self.target);
        for (value, column) in row[N_BASE..].iter_mut().zip(others) {
            *value = self.table.column(column)[t];
        }
    }

    /// Tells the decision of the one origin whose outcome became known at this one.
    fn resolve(&self, decision: &mut Decision<'_>, line: &Line, origin: usize) {
        let Some(at) = origin.checked_sub(line.first_origin + self.horizon) else { return };
        let said = &line.said[at * line.ways.len()..][..line.ways.len()];
        let of = |way| line.ways.iter().position(|known| *known == way).map_or(0.0, |i| said[i]);
        let base = of(Way::Base);
        decision.resolve(line.actual[at] - base, of(Way::Combination) - base);
    }

    fn say(
        &self,
        partial: &mut Partial,
        gram: &Gram,
        (row, in_range): (&[f64], &[f64]),
        with_first: &mut [f64],
        decision: &Decision<'_>,
        line: &mut Line,
    ) {
        let rule = &self.rule.combination;
        let (now, kept) = (partial.row(row), partial.row(in_range));
        partial.with_first(gram, &now, self.rule.least_squares.min_own_share, with_first);
        let base = partial.base(&now);
        let base_in_range = partial.base(&kept);
        let mean_of_best = base + partial.mean_of_best(&now, rule.n_members, rule.clip);
        let combination =
            base_in_range + partial.mean_of_best(&kept, rule.n_members, f64::INFINITY);
        let verdict = decision.verdict();
        let weight = if verdict.is_refused { 0.0 } else { verdict.weight };
        for way in &line.ways {
            line.said.push(match way {
                Way::Base => base,
                Way::BaseInRange => base_in_range,
                Way::LeastSquares(k) => with_first[k - 1],
                Way::MeanOfBest => mean_of_best,
                Way::Combination => combination,
                Way::Engine => base + weight * (combination - base),
            });
        }
        line.weight.push(weight);
        line.is_refused.push(verdict.is_refused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of noise, a target that follows one of them by a period; the first `n` of 160 rows.
    fn table(n: usize) -> Table {
        let mut state = 7_u64;
        let mut noise = || {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            #[expect(clippy::cast_precision_loss, reason = "a random number")]
            let value = (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5;
            value
        };
        let mut columns: Vec<Vec<f64>> =
            (0..30).map(|_| (0..160).map(|_| noise()).collect()).collect();
        let y = (0..160).map(|t| if t == 0 { 0.0 } else { columns[3][t - 1] + 0.3 * noise() });
        let y = y.collect();
        columns.insert(0, y);
        for column in &mut columns {
            column.truncate(n);
        }
        let names = (0..columns.len()).map(|i| format!("c{i}")).collect();
        Table::new(names, columns).expect("finite")
    }

    #[test]
    fn nothing_after_an_origin_moves_its_forecast_and_threads_do_not_matter() {
        let rule = Rule::bundled();
        let (whole, part) = (table(120), table(100));
        assert_eq!(whole.column(5)[..100], *part.column(5));
        let run_on = |n_threads, table: &Table| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
            pool.expect("threads").install(|| run(table, &[0, 2], &[1, 4], rule)).expect("long")
        };
        let (one, three, cut) = (run_on(1, &whole), run_on(3, &whole), run_on(2, &part));
        for ((a, b), c) in one.iter().zip(&three).zip(&cut) {
            assert_eq!(a.said, b.said);
            assert_eq!(a.said[..c.said.len()], c.said, "the last twenty periods are the future");
        }
    }

    #[test]
    fn one_true_variable_helps_and_the_engine_finds_it() {
        let lines = run(&table(160), &[0], &[1], Rule::bundled()).expect("long");
        let size = |way| -> f64 {
            let errors = lines[0].errors(way).expect("asked");
            errors.iter().map(|e| e * e).sum::<f64>()
        };
        let base = size(Way::Base);
        assert!(size(Way::LeastSquares(1)) < 0.5 * base);
        assert!(size(Way::LeastSquares(12)) > size(Way::LeastSquares(1)));
        assert!(size(Way::Engine) < base);
        assert!(lines[0].errors(Way::LeastSquares(4)).is_none());
    }
}
