//! Models of kind `selection`: growth on the few variables that earned their price.
//!
//! May use the core files, `few`, `history`, `regression` and the spec. The choice is made anew at
//! each origin from what was known there, so that a backtest judges the choosing as well as the
//! fit.

use serde::{Deserialize, Serialize};

use super::spec::{Feature, Kind, Rule, check_columns, check_lags, check_rows};
use super::term;
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::few::lab::Lab;
use crate::forecast::history::History;
use crate::forecast::{Forecaster, Path};
use crate::series::SeriesId;

/// `kind = "selection"`: growth over `h` periods on variables accepted one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    schema_version: u32,
    pub(super) name: String,
    kind: Kind,
    /// Single changes of the past: 1 is the last one.
    #[serde(default)]
    pub lags: Vec<usize>,
    /// Features of the past beside them.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// Other series whose growth is a candidate: months of the quarter ahead, or the last year.
    #[serde(default)]
    pub drivers: Vec<String>,
    /// Whether the company's open guide is a candidate.
    #[serde(default)]
    pub guide: bool,
    /// Resolved rows that each variable needs: the budget is their number over this.
    pub rows_per_variable: usize,
    /// The most variables there may be.
    pub max_variables: usize,
    /// Rows that each coefficient of a fit needs, the constant included.
    pub rows_per_coefficient: usize,
    /// Resolved forecasts with and without a variable before it has a price.
    pub min_validations: usize,
    /// Blocks of quarters (as the envelope's bound takes them) over which those lie.
    pub min_blocks: usize,
    /// First years of the regimes after the first one, ascending.
    #[serde(default)]
    pub eras: Vec<i32>,
}

/// Candidates at most: a set of them is told by the bits of a number.
const MAX_CANDIDATES: usize = 31;

impl Selection {
    /// The bundled spec, `models/few.toml`.
    pub fn bundled() -> &'static Self {
        let rules = super::bundled().iter().map(|model| model.rule());
        let mut selections = rules.filter_map(|rule| match rule {
            Rule::Selection(spec) => Some(spec),
            _ => None,
        });
        selections.next().expect("models/few.toml is bundled")
    }

    pub(super) fn check(&self) -> Result<()> {
        let n =
            self.lags.len() + self.features.len() + self.drivers.len() + usize::from(self.guide);
        check_columns(&self.lags, n.min(1))?;
        check_lags(&self.lags)?;
        check_rows(self.rows_per_coefficient)?;
        for driver in &self.drivers {
            SeriesId::new(driver).map_err(|error| error.within("`drivers`"))?;
        }
        let within = |key: &str, found: usize, (low, high): (usize, usize)| {
            if (low..=high).contains(&found) {
                return Ok(());
            }
            Err(Error::invalid(format!("`{key}` is {found}; needed is {low} to {high}")))
        };
        within("number of candidates", n, (1, MAX_CANDIDATES))?;
        within("rows_per_variable", self.rows_per_variable, (2, 1000))?;
        within("max_variables", self.max_variables, (1, 8))?;
        within("min_validations", self.min_validations, (4, 1000))?;
        within("min_blocks", self.min_blocks, (2, 100))?;
        if !self.eras.is_sorted() {
            return Err(Error::invalid("`eras` are not in order; needed are ascending years"));
        }
        Ok(())
    }

    /// All that it says, for keys.
    pub(crate) fn words(&self) -> String {
        format!("{self:?}")
    }

    /// How many variables so many resolved rows can carry: `f(n) = n / rows_per_variable`, and never
    /// more than the most.
    pub fn budget(&self, n_rows: usize) -> usize {
        (n_rows / self.rows_per_variable).min(self.max_variables)
    }
}

/// Last level, intercept and each accepted variable, period by period.
pub(super) fn path(
    model: &impl Forecaster,
    spec: &Selection,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
) -> Result<Path> {
    let lab = Lab::of(known, target, spec)?;
    let history = History::of(known, target, 1)?;
    let (mut medians, mut terms) = (Vec::new(), Vec::new());
    for (period, ahead) in history.next_periods(horizon.min(lab.max_horizon())).into_iter().zip(1..)
    {
        let mut bench = lab.bench(ahead);
        let accepted = bench.choose_now();
        let line = match bench.fit_now(&accepted) {
            Ok(line) => line,
            Err(Error::Insufficient(_)) if ahead > 1 => break,
            Err(error) => return Err(error),
        };
        let row = bench.values_now(&accepted);
        let growth = line.predict(&row)?;
        medians.push((period, history.value(history.last_level() + growth, period)));
        let mut of_step = vec![
            term("last_level", history.last_level(), 1.0),
            term("intercept", 1.0, line.intercept),
        ];
        let columns = accepted.iter().zip(&row).zip(&line.coefficients);
        of_step.extend(columns.map(|((at, value), w)| term(&lab.names()[*at], *value, *w)));
        terms.push(of_step);
    }
    let mut path = Path::new(model, medians);
    path.terms = terms;
    Ok(path)
}
