//! Linear regression: a matrix in, coefficients out, by one of eight estimators.
//!
//! May use `error` alone: knows no series, no day, no disk. Least squares, lasso, elastic net and
//! partial least squares are linfa's; what linfa lacks is written here. Every fit goes through
//! [`fit`], which finds constant and repeated columns first and lets nothing in that is not finite.

mod bayes;
mod closed;
mod design;
mod huber;
pub mod inference;
mod library;
mod moments;
mod quantile;
mod solve;
pub mod stack;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use design::{Design, LeftOut};
pub(crate) use moments::Moments;

/// How coefficients are found. Losses and penalties are scikit-learn's, so that numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "estimator", rename_all = "snake_case", deny_unknown_fields)]
pub enum Estimator {
    /// `min ‖y − Xw‖²`.
    LeastSquares {},
    /// `min ‖y − Xw‖² + penalty·‖w‖²`.
    Ridge {
        /// Weight of the squares of coefficients, zero or more.
        penalty: f64,
    },
    /// Ridge whose penalty is found by evidence maximisation.
    BayesianRidge {},
    /// `min ‖y − Xw‖²/2n + penalty·‖w‖₁`.
    Lasso {
        /// Weight of the absolute coefficients, above zero.
        penalty: f64,
    },
    /// `min ‖y − Xw‖²/2n + penalty·(l1_ratio·‖w‖₁ + (1 − l1_ratio)/2·‖w‖²)`.
    ElasticNet {
        /// Weight of both penalties, above zero.
        penalty: f64,
        /// Share of the absolute penalty, above 0 and at most 1.
        l1_ratio: f64,
    },
    /// Least squares on the few directions that go with the target most; columns are standardised.
    PartialLeastSquares {
        /// How many directions.
        n_components: usize,
    },
    /// Squares of small residuals, absolute values of large ones, with the scale fitted beside.
    Huber {
        /// Residuals beyond this many scales count absolutely, above 1.
        epsilon: f64,
        /// Weight of the squares of coefficients, zero or more.
        penalty: f64,
    },
    /// `min Σ pinball(level, y − Xw)/n + penalty·‖w‖₁`, at an exact vertex of the linear programme.
    Quantile {
        /// Quantile level, inside 0 and 1; 0.5 is least absolute deviations.
        level: f64,
        /// Weight of the absolute coefficients, zero or more.
        penalty: f64,
    },
}

/// A fitted line: `intercept + x·coefficients`.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// What is forecast where every column is zero.
    pub intercept: f64,
    /// One a column of the design; zero for a column that was left out.
    pub coefficients: Vec<f64>,
    /// Columns that carry nothing, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Rows that it was fitted to.
    pub n_rows: usize,
    /// The fitted scale of residuals, where the estimator has one.
    pub scale: Option<f64>,
}

/// Fits one estimator.
///
/// - `y`: shape `(n,)`, one a row of the design.
/// - Columns that are constant or follow from earlier ones are left out and named in the result.
///
/// # Errors
/// [`Error::Invalid`] for a value that is not finite, lengths that differ or a parameter out of range;
/// [`Error::Insufficient`] with fewer rows than coefficients (two for penalised fits).
pub fn fit(estimator: &Estimator, design: &Design, y: &[f64]) -> Result<Linear> {
    estimator.check()?;
    design.check_target(y)?;
    let (kept, left_out) = design.informative();
    let n_needed = if estimator.is_penalised() { 2 } else { kept.len() + 1 };
    if y.len() < n_needed {
        return Err(Error::insufficient(format!(
            "`{}` with {} variables needs {n_needed} rows; {} are known",
            estimator.word(),
            kept.len(),
            y.len()
        )));
    }
    let x = design.columns(&kept);
    let fitted = match *estimator {
        Estimator::Quantile { level, penalty } => quantile::fit(x.view(), y, level, penalty)?,
        _ if kept.is_empty() => Fitted::mean(y),
        Estimator::LeastSquares {} => library::least_squares(x, y)?,
        Estimator::Ridge { penalty } => closed::ridge(x.view(), y, penalty)?,
        Estimator::BayesianRidge {} => bayes::fit(x.view(), y)?,
        Estimator::Lasso { penalty } => library::elastic_net(x.view(), y, penalty, 1.0)?,
        Estimator::ElasticNet { penalty, l1_ratio } => {
            library::elastic_net(x.view(), y, penalty, l1_ratio)?
        }
        Estimator::PartialLeastSquares { n_components } => {
            library::partial_least_squares(x.view(), y, n_components)?
        }
        Estimator::Huber { epsilon, penalty } => huber::fit(x.view(), y, epsilon, penalty)?,
    };
    let mut coefficients = vec![0.0; design.n_columns()];
    for (column, value) in kept.iter().zip(&fitted.coefficients) {
        coefficients[*column] = *value;
    }
    let Fitted { intercept, scale, .. } = fitted;
    if !intercept.is_finite() || coefficients.iter().any(|value| !value.is_finite()) {
        return Err(Error::invalid(format!(
            "`{}` gave a coefficient that is not a finite number",
            estimator.word()
        )));
    }
    Ok(Linear { intercept, coefficients, left_out, n_rows: y.len(), scale })
}

/// What an estimator hands back: intercept and one coefficient a kept column.
struct Fitted {
    intercept: f64,
    coefficients: Vec<f64>,
    scale: Option<f64>,
}

impl Fitted {
    /// A fit on centred columns, moved back by their means.
    fn uncentred(coefficients: Vec<f64>, x_means: &[f64], y_mean: f64) -> Self {
        let shift: f64 = coefficients.iter().zip(x_means).map(|(w, mean)| w * mean).sum();
        Self { intercept: y_mean - shift, coefficients, scale: None }
    }

    fn mean(y: &[f64]) -> Self {
        Self { intercept: solve::mean(y), coefficients: Vec::new(), scale: None }
    }
}

impl Linear {
    /// What is forecast for a row.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the row has another number of columns.
    pub fn predict(&self, row: &[f64]) -> Result<f64> {
        if row.len() != self.coefficients.len() {
            return Err(Error::invalid(format!(
                "a row of {} values was given to a line with {} coefficients",
                row.len(),
                self.coefficients.len()
            )));
        }
        let sum: f64 = row.iter().zip(&self.coefficients).map(|(x, w)| x * w).sum();
        Ok(sum + self.intercept)
    }
}

impl Estimator {
    /// Its name in specs and messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::LeastSquares {} => "least_squares",
            Self::Ridge { .. } => "ridge",
            Self::BayesianRidge {} => "bayesian_ridge",
            Self::Lasso { .. } => "lasso",
            Self::ElasticNet { .. } => "elastic_net",
            Self::PartialLeastSquares { .. } => "partial_least_squares",
            Self::Huber { .. } => "huber",
            Self::Quantile { .. } => "quantile",
        }
    }

    fn is_penalised(&self) -> bool {
        match self {
            Self::LeastSquares {} | Self::PartialLeastSquares { .. } | Self::Quantile { .. } => {
                false
            }
            Self::Ridge { penalty } | Self::Huber { penalty, .. } => *penalty > 0.0,
            Self::BayesianRidge {} | Self::Lasso { .. } | Self::ElasticNet { .. } => true,
        }
    }

    /// Whether every parameter lies in its range.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the key, the value found and the range needed.
    pub fn check(&self) -> Result<()> {
        let wrong = |key: &str, found: f64, needed: &str| {
            let word = self.word();
            Err(Error::invalid(format!("`{key}` of `{word}` is {found}; needed is {needed}")))
        };
        let finite = |value: f64| value.is_finite();
        match *self {
            Self::Ridge { penalty }
            | Self::Huber { penalty, .. }
            | Self::Quantile { penalty, .. }
                if !(finite(penalty) && penalty >= 0.0) =>
            {
                wrong("penalty", penalty, "zero or more")
            }
            Self::Lasso { penalty } | Self::ElasticNet { penalty, .. }
                if !(finite(penalty) && penalty > 0.0) =>
            {
                wrong("penalty", penalty, "above zero")
            }
            Self::ElasticNet { l1_ratio, .. } if !(l1_ratio > 0.0 && l1_ratio <= 1.0) => {
                wrong("l1_ratio", l1_ratio, "above 0 and at most 1")
            }
            Self::PartialLeastSquares { n_components: 0 } => {
                wrong("n_components", 0.0, "one or more")
            }
            Self::Huber { epsilon, .. } if !(finite(epsilon) && epsilon > 1.0) => {
                wrong("epsilon", epsilon, "above 1")
            }
            Self::Quantile { level, .. } if !(level > 0.0 && level < 1.0) => {
                wrong("level", level, "above 0 and below 1")
            }
            _ => Ok(()),
        }
    }
}
