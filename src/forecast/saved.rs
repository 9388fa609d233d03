//! Fitted models on file: coefficients, the spec that they came from, and what they were fitted to.
//!
//! May use the core files, `history`, `regression`, `score` and `specified`. Bytes in, model out:
//! a file holds no code, and reading one touches no disk. A file that is too large, of another
//! version, damaged or of wrong shape is an error that names the file and the key.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::history::{History, Scale};
use super::regression::{Estimator, Linear};
use super::specified::Specified;
use super::specified::regression::{Fit, apply, fits, newer_rows};
use super::specified::spec::{Regression, Rule};
use super::{Forecaster, Path};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// The word by which a file says what it is.
const FORMAT: &str = "chipcast-model";
/// The version that this program writes and reads.
pub const VERSION: u32 = 1;
/// The largest file that is read.
pub const MAX_BYTES: u64 = 1 << 20;
/// Most horizons and columns that a file may hold.
const MAX_STEPS: usize = 40;

/// A fitted model with what it was fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    digest: String,
    body: Body,
}

/// What every version begins with.
#[derive(Deserialize)]
struct Head {
    format: Option<Value>,
    version: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    model: String,
    target: String,
    unit: String,
    scale: ScaleWord,
    origin: NaiveDate,
    last_period_end: NaiveDate,
    archive: String,
    spec: Regression,
    steps: Vec<SavedStep>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedStep {
    horizon: usize,
    n_rows: usize,
    fitted_by: Estimator,
    intercept: f64,
    columns: Vec<String>,
    coefficients: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScaleWord {
    Log,
    Linear,
}

/// How a saved model did on the periods that came after it was saved, one period ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Since {
    /// Periods that are newer than the model.
    pub n_periods: usize,
    /// Mean absolute error of its growth; `None` without a newer period.
    pub mae: Option<f64>,
    /// The same of no growth at all.
    pub mae_naive: Option<f64>,
}

/// One coefficient of a saved model, for tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient<'a> {
    /// Periods ahead.
    pub horizon: usize,
    /// The column, or `intercept`.
    pub term: &'a str,
    /// Its weight.
    pub weight: f64,
    /// The estimator's name.
    pub estimator: &'static str,
    /// Rows behind it.
    pub n_rows: usize,
}

impl Saved {
    /// Fits a model of kind `regression` and keeps the fit.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a model of another kind; else as the model itself.
    pub fn fit(
        model: &Specified,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Self> {
        let Rule::Regression(spec) = model.rule() else {
            return Err(cannot_save(model.name()));
        };
        let history = History::of(known, target, 1)?;
        let fits = fits(model.name(), spec, known, target, horizon)?;
        let step = |(fit, horizon): (Fit, usize)| SavedStep {
            horizon,
            n_rows: fit.line.n_rows,
            fitted_by: fit.estimator,
            intercept: fit.line.intercept,
            columns: fit.names,
            coefficients: fit.line.coefficients,
        };
        let body = Body {
            model: model.name().to_owned(),
            target: target.to_string(),
            unit: history.unit.word().to_owned(),
            scale: ScaleWord::of(history.scale),
            origin: known.as_of(),
            last_period_end: history.last_period().end(),
            archive: known.digest(),
            spec: spec.clone(),
            steps: fits.into_iter().zip(1..).map(step).collect(),
        };
        Ok(Self { body })
    }

    /// The file's bytes: JSON, numbers written so that they read back bit by bit.
    ///
    /// # Errors
    /// [`Error::Store`] if the text cannot be made.
    pub fn write(&self) -> Result<Vec<u8>> {
        let broken = |e: serde_json::Error| Error::store("a model cannot be written").caused_by(e);
        let file = File {
            format: FORMAT.to_owned(),
            version: VERSION,
            digest: digest(&self.body)?,
            body: self.body.clone(),
        };
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(broken)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`Error::Parse`] naming the key for anything but a whole file of this version; [`Error::Invalid`]
    /// for numbers or shapes that no fit has.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let n_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if n_bytes > MAX_BYTES {
            return Err(Error::parse(format!(
                "a model of {n_bytes} bytes was given; at most {MAX_BYTES} are read"
            )));
        }
        let head: Head = parse(bytes)?;
        let shown = |found: &Option<Value>| {
            found.as_ref().map_or_else(|| "missing".to_owned(), |v| format!("`{v:.40}`"))
        };
        if head.format != Some(Value::from(FORMAT)) {
            let found = shown(&head.format);
            return Err(Error::parse(format!("`format` is {found}; needed is `{FORMAT}`")));
        }
        if head.version != Some(Value::from(VERSION)) {
            let found = shown(&head.version);
            return Err(Error::parse(format!(
                "`version` is {found}; this program reads {VERSION}"
            ))
            .hint("save the model again with this version, or use the one that wrote it"));
        }
        let file: File = parse(bytes)?;
        let found = digest(&file.body)?;
        if found != file.digest {
            return Err(Error::parse(format!(
                "`digest` is `{:.16}`, but the body's is `{:.16}`: the file was changed",
                file.digest, found
            )));
        }
        let saved = Self { body: file.body };
        saved.check()?;
        Ok(saved)
    }

    /// The name of the model.
    pub fn model(&self) -> &str {
        &self.body.model
    }

    /// The series that it was fitted to.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is no series id.
    pub fn target(&self) -> Result<SeriesId> {
        SeriesId::new(&self.body.target).map_err(|error| error.within("`target`"))
    }

    /// The day from which it was fitted.
    pub fn origin(&self) -> NaiveDate {
        self.body.origin
    }

    /// The digest of the archive that it was fitted to.
    pub fn archive(&self) -> &str {
        &self.body.archive
    }

    /// Furthest period ahead.
    pub fn horizon(&self) -> usize {
        self.body.steps.len()
    }

    /// Every coefficient, horizon by horizon.
    pub fn coefficients(&self) -> Vec<Coefficient<'_>> {
        self.body.steps.iter().flat_map(SavedStep::coefficients).collect()
    }

    /// Applies the coefficients to what is known now, nothing refitted.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a series on another scale, in another unit or with other columns.
    pub fn path(&self, known: &Snapshot, target: &SeriesId) -> Result<Path> {
        let history = History::of(known, target, 1)?;
        let (unit, scale) = (history.unit.word(), ScaleWord::of(history.scale));
        if unit != self.body.unit || scale != self.body.scale {
            return Err(Error::invalid(format!(
                "{target:?} is in `{unit}` on the scale `{}`; the model needs `{}` on `{}`",
                scale.word(),
                self.body.unit,
                self.body.scale.word()
            )));
        }
        apply(&Named, &self.body.spec, known, target, &self.fits())
    }

    /// The same spec fitted anew to what is known now.
    ///
    /// # Errors
    /// As the model itself.
    pub fn refit(&self, known: &Snapshot, target: &SeriesId) -> Result<Path> {
        let horizon = self.horizon();
        let fits = fits(&self.body.model, &self.body.spec, known, target, horizon)?;
        apply(&Named, &self.body.spec, known, target, &fits)
    }

    /// How it did on the periods of a series that ended after those it was fitted to.
    ///
    /// # Errors
    /// As [`Saved::path`].
    pub fn since(&self, known: &Snapshot, target: &SeriesId) -> Result<Since> {
        let fits = self.fits();
        let after = self.body.last_period_end;
        let rows = newer_rows(&self.body.spec, known, target, &fits[0], after)?;
        let mean = |error: &dyn Fn(&(f64, f64)) -> f64| {
            super::score::mean(&rows.iter().map(error).collect::<Vec<_>>())
        };
        Ok(Since {
            n_periods: rows.len(),
            mae: mean(&|(said, came)| (came - said).abs()),
            mae_naive: mean(&|(_, came)| came.abs()),
        })
    }

    fn fits(&self) -> Vec<Fit> {
        let fit = |step: &SavedStep| Fit {
            estimator: step.fitted_by,
            line: Linear {
                intercept: step.intercept,
                coefficients: step.coefficients.clone(),
                left_out: Vec::new(),
                n_rows: step.n_rows,
                scale: None,
            },
            names: step.columns.clone(),
        };
        self.body.steps.iter().map(fit).collect()
    }

    /// What no type says: series, spec, order of horizons, shapes.
    fn check(&self) -> Result<()> {
        self.target()?;
        self.body.spec.check().map_err(|error| error.within("`spec`"))?;
        let steps = &self.body.steps;
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(Error::invalid(format!(
                "`steps` has {} entries; needed are 1 to {MAX_STEPS}",
                steps.len()
            )));
        }
        for (step, horizon) in steps.iter().zip(1..) {
            if step.horizon != horizon {
                return Err(Error::invalid(format!(
                    "`horizon` is {} in step {horizon}; needed is {horizon}",
                    step.horizon
                )));
            }
            if step.columns.len() != step.coefficients.len() {
                return Err(Error::invalid(format!(
                    "step {horizon} has {} `columns` and {} `coefficients`; needed is the same number",
                    step.columns.len(),
                    step.coefficients.len()
                )));
            }
            let numbers = step.coefficients.iter().chain([&step.intercept]);
            if let Some(value) = numbers.into_iter().find(|value| !value.is_finite()) {
                return Err(Error::invalid(format!(
                    "step {horizon} holds {value}; needed are finite numbers"
                )));
            }
            step.fitted_by.check().map_err(|e| e.within(format_args!("step {horizon}")))?;
        }
        Ok(())
    }
}

/// The error of a model whose answer is no line of its own fit.
pub fn cannot_save(name: &str) -> Error {
    Error::invalid(format!("`{name}` cannot be saved: it is no model of kind `regression`"))
        .hint("`chipcast forecast --model NAME` fits it on the spot")
}

/// The name under which a saved model answers.
#[derive(Debug)]
struct Named;

impl Forecaster for Named {
    fn name(&self) -> &'static str {
        "saved"
    }

    fn path(&self, _: &Snapshot, _: &SeriesId, _: usize) -> Result<Path> {
        Err(Error::invalid("a saved model is asked through `Saved::path`"))
    }
}

impl SavedStep {
    fn coefficients(&self) -> Vec<Coefficient<'_>> {
        let names = std::iter::once("intercept").chain(self.columns.iter().map(String::as_str));
        let weights = std::iter::once(&self.intercept).chain(&self.coefficients);
        let coefficient = |(term, weight): (_, &f64)| Coefficient {
            horizon: self.horizon,
            term,
            weight: *weight,
            estimator: self.fitted_by.word(),
            n_rows: self.n_rows,
        };
        names.zip(weights).map(coefficient).collect()
    }
}

impl ScaleWord {
    fn of(scale: Scale) -> Self {
        match scale {
            Scale::Log => Self::Log,
            Scale::Linear => Self::Linear,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Linear => "linear",
        }
    }
}

fn digest(body: &Body) -> Result<String> {
    let text = serde_json::to_vec(body)
        .map_err(|e| Error::store("a model cannot be written").caused_by(e))?;
    Ok(blake3::hash(&text).to_hex().to_string())
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|e| Error::parse(format!("a model file, {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::specified::spec::ModelSpec;

    fn saved() -> Saved {
        let text = "schema_version = 1\nname = \"mine\"\nkind = \"regression\"\n\
            estimator = \"ridge\"\ngrid = [1.0]\nlags = [1]\nrows_per_coefficient = 5\n";
        let rule = ModelSpec::read("mine.toml", text).expect("a spec").rule;
        let Rule::Regression(spec) = rule else { panic!("a regression") };
        let day = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let step = |horizon| SavedStep {
            horizon,
            n_rows: 40,
            fitted_by: Estimator::Ridge { penalty: 1.0 },
            intercept: 0.1 + 0.2,
            columns: vec!["change_lag_1".to_owned()],
            coefficients: vec![f64::MIN_POSITIVE / 3.0],
        };
        let body = Body {
            model: "mine".to_owned(),
            target: "acme.revenue".to_owned(),
            unit: "USD".to_owned(),
            scale: ScaleWord::Log,
            origin: day,
            last_period_end: day,
            archive: "0".repeat(64),
            spec,
            steps: vec![step(1), step(2)],
        };
        Saved { body }
    }

    #[test]
    fn a_model_reads_back_bit_by_bit() {
        let bytes = saved().write().expect("writable");
        let again = Saved::read(&bytes).expect("readable");
        assert_eq!(again, saved());
        let bits = |saved: &Saved| saved.body.steps[0].coefficients[0].to_bits();
        assert_eq!(bits(&again), bits(&saved()));
        assert_eq!(again.write().expect("writable"), bytes);
    }

    #[test]
    fn a_body_that_no_fit_has_is_told() {
        type Change = fn(&mut Body);
        let wrong: [(&str, Change); 6] = [
            ("`columns` and 2 `coefficients`", |b| b.steps[0].coefficients.push(1.0)),
            ("`horizon` is 2 in step 1", |b| b.steps[0].horizon = 2),
            ("`steps` has 0 entries", |b| b.steps.clear()),
            ("`target`", |b| b.target = "no id".to_owned()),
            ("`penalty`", |b| b.steps[0].fitted_by = Estimator::Ridge { penalty: -1.0 }),
            ("`lags` names 99", |b| b.spec.lags = vec![99]),
        ];
        for (named, change) in wrong {
            let mut bad = saved();
            change(&mut bad.body);
            let error = Saved::read(&bad.write().expect("writable")).expect_err(named).to_string();
            assert!(error.contains(named), "{named}: {error}");
        }
    }

    #[test]
    fn hostile_bytes_are_errors() {
        let good = String::from_utf8(saved().write().expect("writable")).expect("text");
        let read = |text: &str| Saved::read(text.as_bytes()).map_err(|e| e.to_string());
        assert!(read(&good).is_ok());
        let wrong = [
            (good.replace("\"version\": 1", "\"version\": 2"), "`version` is `2`"),
            (good.replace("\"version\": 1", "\"version\": \"1\""), "`version` is `\"1\"`"),
            (good.replace("chipcast-model", "pickle"), "`format` is `\"pickle\"`"),
            (good.replace("\"horizon\": 2", "\"horizon\": 3"), "`digest` is"),
            (good.replace("\"unit\"", "\"code\": \"rm\", \"unit\""), "unknown field `code`"),
            (good.replace("\"intercept\": 0.3", "\"intercept\": NaN, \"x\": 0.3"), "line "),
            (good.replace("\"n_rows\": 40", "\"n_rows\": 1e999"), "line "),
            (good.replace("\"n_rows\": 40", "\"n_rows\": -1"), "line "),
            (good.replace("\"unit\"", "\"model\": \"a\", \"unit\""), "duplicate field `model`"),
            ("[".repeat(100_000), "a model file"),
            (format!("{{\"body\":{}", "[".repeat(100_000)), "a model file"),
            (String::new(), "a model file"),
            ("\u{0}".to_owned(), "a model file"),
            (" ".repeat(2 << 20), "at most 1048576"),
        ];
        for (text, named) in wrong {
            let error = read(&text).expect_err(named);
            assert!(error.contains(named), "{named}: {error}");
        }
        for cut in 0..good.trim_end().len() {
            assert!(Saved::read(&good.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
