//! What forecasts the series of a panel: the combination, or a single model by its name.
//!
//! May use `univariate` and `drivers`. Pure. The names are those of other forecasting packages, so that a script finds its models here.

use serde::{Deserialize, Serialize};

use super::drivers::Seen;
use super::{Asked, Values};
use crate::error::{Error, Result};
use crate::forecast::univariate::theta::Theta;
use crate::forecast::univariate::{Answer, LENGTH_NEEDED, Local, Pools, Question};

/// A model of a panel's series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Model {
    /// The combination of eight members, three of which learn from the whole panel.
    #[default]
    Chipcast,
    /// Ridge regression on a series' own lags and on columns that are known ahead: [`super::Ridge`].
    Ridge,
    /// A model that sees a series' own values alone.
    Alone(Local),
}

/// The single models by their names.
const ALONE: [(&str, Local); 12] = [
    ("Naive", Local::Naive),
    ("SeasonalNaive", Local::SeasonalNaive),
    ("RandomWalkWithDrift", Local::RandomWalkWithDrift),
    ("HistoricAverage", Local::HistoricAverage),
    ("Theta", Local::Theta(Theta::Standard)),
    ("OptimizedTheta", Local::Theta(Theta::Optimised)),
    ("DynamicTheta", Local::Theta(Theta::Dynamic)),
    ("DynamicOptimizedTheta", Local::Theta(Theta::DynamicOptimised)),
    ("AutoETS", Local::AutoEts),
    ("Holt", Local::Holt),
    ("DampedHolt", Local::DampedHolt),
    ("AutoCES", Local::AutoCes),
];
const CHIPCAST: &str = "Chipcast";
pub(super) const RIDGE: &str = "Ridge";

impl Model {
    /// Every model.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Chipcast, Self::Ridge]
            .into_iter()
            .chain(ALONE.iter().map(|(_, local)| Self::Alone(*local)))
    }

    /// The model of a name.
    ///
    /// # Errors
    /// [`Error::NotFound`] lists the names that there are.
    pub fn read(name: &str) -> Result<Self> {
        Self::all().find(|model| model.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(Self::name).collect();
            Error::not_found(format!("no model `{name}` of a panel"))
                .hint(format!("there are {}", names.join(", ")))
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chipcast => CHIPCAST,
            Self::Ridge => RIDGE,
            Self::Alone(local) => {
                let found = ALONE.iter().find(|(_, other)| *other == local);
                found.expect("every single model has a name").0
            }
        }
    }

    /// What rows call it where it made the forecast.
    pub(super) fn name_in_rows(self) -> &'static str {
        if self == Self::Chipcast { "univariate" } else { self.name() }
    }

    /// What it learns from the teachers of a panel.
    pub(super) fn learn<'a>(
        self,
        teachers: impl Iterator<Item = &'a [f64]>,
        question: Question,
    ) -> Pools {
        match self {
            Self::Chipcast => Pools::learn(teachers, question),
            Self::Ridge | Self::Alone(_) => Pools::learn(std::iter::empty(), question),
        }
    }
}

impl Asked {
    /// Values that a series needs for the model.
    pub(super) fn n_needed(&self, season: usize) -> usize {
        match self.model {
            Model::Chipcast => LENGTH_NEEDED,
            Model::Ridge => self.ridge.n_needed(),
            Model::Alone(local) => local.n_needed(season),
        }
    }

    /// What the model says of values; only the combination has a use for what the panel taught.
    pub(super) fn answer(&self, pools: &Pools, values: Values<'_>, question: Question) -> Answer {
        self.answer_after(&mut Seen::default(), pools, values, question)
    }

    /// The same, where the start of the same series was `seen` before; only the regression has a
    /// use for that.
    pub(super) fn answer_after(
        &self,
        seen: &mut Seen,
        pools: &Pools,
        values: Values<'_>,
        question: Question,
    ) -> Answer {
        match self.model {
            Model::Chipcast => pools.answer(values.y),
            Model::Ridge => self.ridge.answer(seen, values, question),
            Model::Alone(local) => local.answer(values.y, question, self.model.name()),
        }
    }

    /// The same at several origins of a series, each with what the panel taught there.
    pub(super) fn answers(
        &self,
        origins: &[(&Pools, Values<'_>)],
        question: Question,
    ) -> Vec<Answer> {
        if let Model::Alone(local) = self.model {
            let known: Vec<&[f64]> = origins.iter().map(|(_, values)| values.y).collect();
            return local.answers(&known, question, self.model.name());
        }
        origins.iter().map(|(pools, values)| self.answer(pools, *values, question)).collect()
    }
}

impl TryFrom<String> for Model {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        Self::read(&name)
    }
}

impl From<Model> for &'static str {
    fn from(model: Model) -> Self {
        model.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_its_name_or_the_names_are_told() {
        for model in Model::all() {
            assert_eq!(Model::read(model.name()).expect("a model"), model);
        }
        let error = Model::read("AutoARIMA").expect_err("not offered");
        assert_eq!(error.to_string(), "no model `AutoARIMA` of a panel");
        assert!(error.advice().is_some_and(|hint| hint.contains("AutoETS")));
    }
}
