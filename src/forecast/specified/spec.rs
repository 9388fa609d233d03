//! The form of a model's spec: what keys it may have, and what each may hold.
//!
//! May use `error`, `series`, `regression` and `selection`. Text in, spec out; an unknown key is
//! an error that names file, line and key.

use serde::{Deserialize, Serialize};

use super::selection::Selection;
use crate::error::{Error, Result};
use crate::forecast::regression::Estimator;
use crate::forecast::regression::stack::MAX_MEMBERS;
use crate::series::SeriesId;

/// The version of the form that this program reads.
pub const SCHEMA_VERSION: u32 = 1;
/// The largest spec file that is read.
pub const MAX_SPEC_BYTES: u64 = 64 << 10;
/// Lags, features and grid points beyond which a spec is no few-variable model.
const MAX_LIST: usize = 24;

/// A model as its file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// Its name in rows and tables.
    pub name: String,
    /// What it does.
    pub rule: Rule,
}

/// The kinds of model.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Growth on features of the past, a fit of its own for each horizon.
    Regression(Regression),
    /// Several models' answers weighed into one.
    Combination(Combination),
    /// A quarter's growth on a monthly driver of the same quarter.
    Bridge(Bridge),
    /// Growth on the few variables that earned their price out of sample.
    Selection(Selection),
}

/// `kind = "regression"`: growth over `h` periods on features known at the origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    schema_version: u32,
    name: String,
    kind: Kind,
    /// How coefficients are found.
    pub estimator: Word,
    /// Penalties or numbers of components to choose from, weakest first.
    #[serde(default)]
    pub grid: Vec<f64>,
    /// Share of the absolute penalty of an elastic net.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l1_ratio: Option<f64>,
    /// Scales beyond which Huber's residuals count absolutely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// Quantile level of `quantile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// Last rows of the window on which the grid is compared, each fitted on rows resolved before it.
    #[serde(default)]
    pub validation_rows: usize,
    /// Single changes of the past: 1 is the last one.
    #[serde(default)]
    pub lags: Vec<usize>,
    /// Features beside them.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// Whether rows hit by an outlier, a level shift or an earlier regime are left out.
    #[serde(default)]
    pub interventions: bool,
    /// Rows that each coefficient needs.
    pub rows_per_coefficient: usize,
}

/// `kind = "combination"`: members' answers weighed into one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    schema_version: u32,
    name: String,
    kind: Kind,
    /// How they are weighed.
    pub weights: Weights,
    /// The models, by name.
    pub members: Vec<String>,
    /// Last origins inside the window at which members are compared.
    #[serde(default)]
    pub max_origins: usize,
    /// Resolved origins below which all weigh the same.
    #[serde(default)]
    pub min_origins: usize,
}

/// `kind = "bridge"`: a quarter's growth on the growth of a monthly driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    schema_version: u32,
    name: String,
    kind: Kind,
    /// The monthly series.
    pub driver: String,
    /// Quarters by which the driver's growth goes before the target's: 0 is the same quarter.
    pub driver_lags: Vec<usize>,
    /// How coefficients are found; `grid` is not chosen from but must hold one value at most.
    pub estimator: Word,
    /// The penalty, where the estimator has one.
    #[serde(default)]
    pub grid: Vec<f64>,
    /// Single changes of the target's own past.
    #[serde(default)]
    pub lags: Vec<usize>,
    /// Features of the target's own past.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// Rows that each coefficient needs.
    pub rows_per_coefficient: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Regression,
    Combination,
    Bridge,
    Selection,
}

/// The estimator's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Least squares.
    LeastSquares,
    /// Ridge; `grid` holds penalties.
    Ridge,
    /// Ridge with a penalty of its own.
    BayesianRidge,
    /// Lasso; `grid` holds penalties.
    Lasso,
    /// Elastic net; `grid` holds penalties.
    ElasticNet,
    /// Partial least squares; `grid` holds numbers of components.
    PartialLeastSquares,
    /// Huber's; `grid` holds penalties.
    Huber,
    /// A quantile; `grid` holds penalties.
    Quantile,
}

impl Word {
    /// As it is written in specs.
    pub fn word(self) -> &'static str {
        match self {
            Self::LeastSquares => "least_squares",
            Self::Ridge => "ridge",
            Self::BayesianRidge => "bayesian_ridge",
            Self::Lasso => "lasso",
            Self::ElasticNet => "elastic_net",
            Self::PartialLeastSquares => "partial_least_squares",
            Self::Huber => "huber",
            Self::Quantile => "quantile",
        }
    }
}

/// A feature of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Growth over the last year.
    Year,
    /// Growth over the same span of the year before.
    Season,
    /// The panel's mean growth over a year, a period late.
    Panel,
}

impl Feature {
    /// The name of its column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Year => "growth_of_year",
            Self::Season => "growth_same_span_year_before",
            Self::Panel => "panel_growth_of_year",
        }
    }
}

/// How members are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// The middle one.
    Median,
    /// By one over the mean absolute error of the past.
    InverseError,
    /// By least squared error of the past, weights zero or more that sum to one.
    Stacking,
}

/// What every kind begins with.
#[derive(Deserialize)]
struct Head {
    schema_version: Option<u32>,
    kind: Option<Kind>,
}

impl ModelSpec {
    /// Reads a spec.
    ///
    /// - `file`: what messages call it.
    ///
    /// # Errors
    /// [`Error::Parse`] naming file, line and key for text that is no spec; [`Error::Invalid`] for a
    /// value out of range.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let head: Head = parse(file, text)?;
        match head.schema_version {
            Some(SCHEMA_VERSION) => {}
            found => {
                let found = found.map_or_else(|| "missing".to_owned(), |v| v.to_string());
                return Err(Error::parse(format!(
                    "`{file}`: `schema_version` is {found}; needed is {SCHEMA_VERSION}"
                )));
            }
        }
        let spec = match head.kind {
            Some(Kind::Regression) => {
                let spec: Regression = parse(file, text)?;
                Self { name: spec.name.clone(), rule: Rule::Regression(spec) }
            }
            Some(Kind::Combination) => {
                let spec: Combination = parse(file, text)?;
                Self { name: spec.name.clone(), rule: Rule::Combination(spec) }
            }
            Some(Kind::Bridge) => {
                let spec: Bridge = parse(file, text)?;
                Self { name: spec.name.clone(), rule: Rule::Bridge(spec) }
            }
            Some(Kind::Selection) => {
                let spec: Selection = parse(file, text)?;
                Self { name: spec.name.clone(), rule: Rule::Selection(spec) }
            }
            None => {
                return Err(Error::parse(format!(
                    "`{file}`: `kind` is missing; needed is `regression`, `combination`, `bridge` or \
                     `selection`"
                )));
            }
        };
        spec.check().map_err(|error| error.within(format_args!("`{file}`")))?;
        Ok(spec)
    }

    fn check(&self) -> Result<()> {
        let of_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.bytes().all(of_name) {
            return Err(Error::invalid(format!(
                "`name` is `{}`; needed are 1 to 40 of `a-z`, `0-9` and `_`",
                self.name
            )));
        }
        match &self.rule {
            Rule::Regression(spec) => spec.check(),
            Rule::Combination(spec) => spec.check(&self.name),
            Rule::Bridge(spec) => spec.check(),
            Rule::Selection(spec) => spec.check(),
        }
    }
}

impl Regression {
    /// The estimators to choose from, weakest penalty first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value out of range or a key that the estimator does not have.
    pub fn candidates(&self) -> Result<Vec<Estimator>> {
        candidates(self.estimator, &self.grid, (self.l1_ratio, self.epsilon, self.level))
    }

    /// Whether columns are brought to one scale first: where a penalty compares them.
    pub fn is_scaled(&self) -> bool {
        !matches!(self.estimator, Word::LeastSquares | Word::Huber | Word::Quantile)
    }

    /// Whether it keeps every rule of its form, wherever it was read from.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the key, what was found and what is needed.
    pub fn check(&self) -> Result<()> {
        let found = self.candidates()?.len();
        if found > 1 && !(1..=40).contains(&self.validation_rows) {
            return Err(Error::invalid(format!(
                "`validation_rows` is {}; a grid of {found} needs 1 to 40",
                self.validation_rows
            )));
        }
        check_columns(&self.lags, self.lags.len() + self.features.len())?;
        check_lags(&self.lags)?;
        check_rows(self.rows_per_coefficient)
    }
}

impl Combination {
    fn check(&self, name: &str) -> Result<()> {
        let n = self.members.len();
        if !(2..=MAX_MEMBERS).contains(&n) {
            return Err(Error::invalid(format!(
                "`members` has {n} names; needed are 2 to {MAX_MEMBERS}"
            )));
        }
        for (i, member) in self.members.iter().enumerate() {
            if member == name || self.members[..i].contains(member) {
                return Err(Error::invalid(format!(
                    "`members` names `{member}`, which is the model itself or named twice"
                )));
            }
        }
        let needs_past = self.weights != Weights::Median;
        if needs_past && !(1..=40).contains(&self.max_origins) {
            return Err(Error::invalid(format!(
                "`max_origins` is {}; weights of the past need 1 to 40",
                self.max_origins
            )));
        }
        Ok(())
    }
}

impl Bridge {
    /// Its one estimator.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `grid` leaves exactly one.
    pub fn estimator(&self) -> Result<Estimator> {
        let found = candidates(self.estimator, &self.grid, (None, None, None))?;
        match found.as_slice() {
            [one] => Ok(*one),
            many => Err(Error::invalid(format!(
                "`grid` of a bridge leaves {} estimators; needed is one",
                many.len()
            ))),
        }
    }

    fn check(&self) -> Result<()> {
        SeriesId::new(&self.driver).map_err(|error| error.within("`driver`"))?;
        self.estimator()?;
        if self.driver_lags.is_empty() || self.driver_lags.iter().any(|lag| *lag > 8) {
            return Err(Error::invalid(format!(
                "`driver_lags` is {:?}; needed are one or more of 0 to 8",
                self.driver_lags
            )));
        }
        let n_columns = self.driver_lags.len() + self.lags.len() + self.features.len();
        check_columns(&self.driver_lags, n_columns)?;
        check_lags(&self.lags)?;
        check_rows(self.rows_per_coefficient)
    }
}

/// Parameters that some estimators have: share of the absolute penalty, Huber's epsilon, the level.
type Parameters = (Option<f64>, Option<f64>, Option<f64>);

fn candidates(
    word: Word,
    grid: &[f64],
    (l1_ratio, epsilon, level): Parameters,
) -> Result<Vec<Estimator>> {
    let strange = [
        ("l1_ratio", l1_ratio.is_some() && word != Word::ElasticNet),
        ("epsilon", epsilon.is_some() && word != Word::Huber),
        ("level", level.is_some() && word != Word::Quantile),
    ];
    if let Some((key, _)) = strange.iter().find(|(_, is_strange)| *is_strange) {
        return Err(Error::invalid(format!("`{key}` is no key of estimator `{}`", word.word())));
    }
    let with = |make: &dyn Fn(f64) -> Estimator| -> Vec<Estimator> {
        grid.iter().map(|value| make(*value)).collect()
    };
    let one = [0.0];
    let or_none = if grid.is_empty() { &one } else { grid };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float beyond the range saturates and fails the check below"
    )]
    let found = match word {
        Word::LeastSquares => vec![Estimator::LeastSquares {}],
        Word::BayesianRidge => vec![Estimator::BayesianRidge {}],
        Word::Ridge => with(&|penalty| Estimator::Ridge { penalty }),
        Word::Lasso => with(&|penalty| Estimator::Lasso { penalty }),
        Word::ElasticNet => {
            let l1_ratio = l1_ratio.unwrap_or(0.5);
            with(&|penalty| Estimator::ElasticNet { penalty, l1_ratio })
        }
        Word::PartialLeastSquares => {
            with(&|n| Estimator::PartialLeastSquares { n_components: n as usize })
        }
        Word::Huber => {
            let epsilon = epsilon.unwrap_or(1.35);
            let make = |penalty: &f64| Estimator::Huber { epsilon, penalty: *penalty };
            or_none.iter().map(make).collect()
        }
        Word::Quantile => {
            let level = level.unwrap_or(0.5);
            let make = |penalty: &f64| Estimator::Quantile { level, penalty: *penalty };
            or_none.iter().map(make).collect()
        }
    };
    let takes_none = matches!(word, Word::LeastSquares | Word::BayesianRidge);
    if (takes_none && !grid.is_empty()) || found.is_empty() || grid.len() > MAX_LIST {
        return Err(Error::invalid(format!(
            "`grid` has {} values; estimator `{}` needs {}",
            grid.len(),
            word.word(),
            if takes_none { "none".to_owned() } else { format!("1 to {MAX_LIST}") }
        )));
    }
    for estimator in &found {
        estimator.check()?;
    }
    Ok(found)
}

pub(super) fn check_columns(lags: &[usize], n_columns: usize) -> Result<()> {
    let twice = lags.iter().enumerate().find(|(i, lag)| lags[..*i].contains(lag));
    if let Some((_, lag)) = twice {
        return Err(Error::invalid(format!("lag {lag} is named twice")));
    }
    if (1..=MAX_LIST).contains(&n_columns) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`lags` and `features` name {n_columns} columns; needed are 1 to {MAX_LIST}"
    )))
}

pub(super) fn check_lags(lags: &[usize]) -> Result<()> {
    match lags.iter().find(|lag| !(1..=40).contains(*lag)) {
        Some(lag) => Err(Error::invalid(format!("`lags` names {lag}; needed are 1 to 40"))),
        None => Ok(()),
    }
}

pub(super) fn check_rows(rows: usize) -> Result<()> {
    if (1..=100).contains(&rows) {
        return Ok(());
    }
    Err(Error::invalid(format!("`rows_per_coefficient` is {rows}; needed is 1 to 100")))
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().map_or(0, |span| span.start).min(text.len());
        let line =
            text.bytes().take(before).fold(1, |line, byte| line + usize::from(byte == b'\n'));
        Error::parse(format!("`{file}`, line {line}: {}", error.message().trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "schema_version = 1\nname = \"mine\"\nkind = \"regression\"\n\
        estimator = \"ridge\"\ngrid = [1.0]\nlags = [1]\nrows_per_coefficient = 5\n";

    #[test]
    fn a_wrong_spec_names_file_line_and_key() {
        assert!(ModelSpec::read("mine.toml", GOOD).is_ok());
        let wrong = [
            (GOOD.replace("schema_version = 1", "schema_version = 2"), "`schema_version` is 2"),
            (GOOD.replace("kind = \"regression\"\n", ""), "`kind` is missing"),
            (GOOD.replace("kind = \"regression\"", "kind = \"magic\""), "line 3"),
            (GOOD.replace("lags", "lagz"), "unknown field `lagz`"),
            (GOOD.replace("[1.0]", "[-1.0]"), "`penalty` of `ridge` is -1"),
            (GOOD.replace("[1.0]", "[nan]"), "`penalty` of `ridge` is NaN"),
            (GOOD.replace("[1.0]", "[]"), "`grid` has 0 values"),
            (GOOD.replace("[1.0]", "[1.0, 2.0]"), "`validation_rows` is 0"),
            (GOOD.replace("[1]", "[0]"), "`lags` names 0"),
            (GOOD.replace("[1]", "[1, 1]"), "lag 1 is named twice"),
            (GOOD.replace("[1]", "[]"), "name 0 columns"),
            (GOOD.replace("\"mine\"", "\"Mine!\""), "`name` is `Mine!`"),
            (GOOD.replace("coefficient = 5", "coefficient = 0"), "`rows_per_coefficient` is 0"),
            (format!("{GOOD}level = 0.5\n"), "`level` is no key"),
            (format!("{GOOD}= \n"), "line 8"),
            (GOOD.replace("\"ridge\"", "\"lasso\"").replace("1.0", "0.0"), "above zero"),
        ];
        for (text, named) in wrong {
            let error = ModelSpec::read("mine.toml", &text).expect_err(named).to_string();
            assert!(error.contains(named) && error.contains("`mine.toml`"), "{named}: {error}");
        }
    }
}
