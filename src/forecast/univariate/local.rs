//! Models of a single series that are known by a name: the members of the combination, and simple ones.
//!
//! Pure. Their names are those that other forecasting packages give them.

use super::smooth::{self, BETA_MAX_ALONE, Trend};
use super::theta::{self, Theta};
use super::{Answer, Question, Series, ces, count};

/// A model of a series' own values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    /// The last value.
    Naive,
    /// The value of a season before.
    SeasonalNaive,
    /// The last value and the mean change: `y_n + h · (y_n − y_1) / (n − 1)`.
    RandomWalkWithDrift,
    /// The mean of all values.
    HistoricAverage,
    /// A theta model; a clear season is taken out before.
    Theta(Theta),
    /// Additive smoothing, its trend picked by Akaike's criterion, with a season where it is clear.
    AutoEts,
    /// Additive smoothing with a trend, without season.
    Holt,
    /// The same with a trend that fades.
    DampedHolt,
    /// Complex smoothing of the series without its season, which is put back.
    AutoCes,
}

impl Local {
    /// Values that the model needs.
    pub fn n_needed(self, season: usize) -> usize {
        match self {
            Self::Naive | Self::HistoricAverage => 1,
            Self::SeasonalNaive => season,
            Self::RandomWalkWithDrift => 2,
            Self::Theta(_) => 3,
            Self::AutoEts | Self::Holt | Self::DampedHolt | Self::AutoCes => 5,
        }
    }

    /// What it says of a series, which has at least one value; `name` is that of the model.
    ///
    /// A series that is too short, or on which the numbers overflow, is carried on by its last value, and
    /// `model_used` is `naive` then. The members' spread, which tells how unsure a forecast is, is that of
    /// the mean change here.
    pub fn answer(self, y: &[f64], question: Question, name: &'static str) -> Answer {
        let series = Series::new(y, question.season);
        let enough = y.len() >= self.n_needed(question.season);
        let path = enough.then(|| series.sized(self.path(&series, question)));
        series.answer_by(path, question, name)
    }

    /// The same of several series, or of one at several origins; theta models are quickest so.
    pub fn answers(self, panel: &[&[f64]], question: Question, name: &'static str) -> Vec<Answer> {
        let Self::Theta(kind) = self else {
            return panel.iter().map(|y| self.answer(y, question, name)).collect();
        };
        let series: Vec<Series> = panel.iter().map(|y| Series::new(y, question.season)).collect();
        let adjusted: Vec<&[f64]> =
            series.iter().map(|one| one.adjusted.values.as_slice()).collect();
        let paths = theta::paths(&adjusted, kind, question.horizon);
        let answer = |((series, path), y): ((&Series, Vec<f64>), &&[f64])| {
            let enough = y.len() >= self.n_needed(question.season);
            let path = enough.then(|| series.sized(series.restored(path)));
            series.answer_by(path, question, name)
        };
        series.iter().zip(paths).zip(panel).map(answer).collect()
    }

    fn path(self, series: &Series, question: Question) -> Vec<f64> {
        let (y, Question { season, horizon }) = (&series.values, question);
        let (n, last) = (y.len(), y[y.len() - 1]);
        match self {
            Self::Naive => vec![last; horizon],
            Self::SeasonalNaive => (0..horizon).map(|at| y[n - season + at % season]).collect(),
            Self::RandomWalkWithDrift => {
                let drift = (last - y[0]) / count(n - 1);
                (1..=horizon).map(|ahead| last + count(ahead) * drift).collect()
            }
            Self::HistoricAverage => vec![y.iter().sum::<f64>() / count(n); horizon],
            Self::Theta(kind) => {
                series.restored(theta::path(&series.adjusted.values, kind, horizon))
            }
            Self::AutoEts => series.smoothed(question, |y, season| {
                smooth::automatic(y, season, BETA_MAX_ALONE, horizon)
            }),
            Self::Holt => smooth::fit(y, 1, Trend::Linear, BETA_MAX_ALONE, horizon).path,
            Self::DampedHolt => smooth::fit(y, 1, Trend::Damped, BETA_MAX_ALONE, horizon).path,
            Self::AutoCes => series.restored(ces::fit(&series.adjusted.values, 1, horizon).path),
        }
    }
}

/// The answer that a model of another module gives by a path in the values' own unit, or by none; see
/// [`Local::answer`].
pub fn answer_by(
    y: &[f64],
    path: Option<Vec<f64>>,
    question: Question,
    name: &'static str,
) -> Answer {
    Series::new(y, question.season).answer_by(path, question, name)
}

impl Series {
    fn answer_by(&self, path: Option<Vec<f64>>, question: Question, name: &'static str) -> Answer {
        let sound = path.filter(|path| path.iter().all(|value| value.is_finite()));
        let model_used = if sound.is_some() { name } else { "naive" };
        let path = sound.unwrap_or_else(|| self.sized(Local::Naive.path(self, question)));
        let volatility = self.volatility(question.season);
        let spread = vec![volatility.change; question.horizon];
        Answer { path, spread, model_used, volatility }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Question = Question { season: 2, horizon: 3 };

    fn says(model: Local, y: &[f64]) -> (Vec<f64>, &'static str) {
        let answer = model.answer(y, QUESTION, "it");
        (answer.path, answer.model_used)
    }

    #[test]
    fn simple_models_say_what_their_formulas_say() {
        let y = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!(says(Local::Naive, &y).0, [16.0; 3]);
        assert_eq!(says(Local::SeasonalNaive, &y).0, [8.0, 16.0, 8.0]);
        assert_eq!(says(Local::RandomWalkWithDrift, &y).0, [19.75, 23.5, 27.25]);
        assert_eq!(says(Local::HistoricAverage, &y).0, [6.2; 3]);
    }

    #[test]
    fn a_model_that_cannot_is_replaced_by_the_last_value_and_says_so() {
        assert_eq!(says(Local::AutoEts, &[3.0, 5.0]), (vec![5.0; 3], "naive"));
        assert_eq!(says(Local::SeasonalNaive, &[3.0]), (vec![3.0; 3], "naive"));
        let wild = [f64::MAX, f64::MIN, f64::MAX, f64::MIN, f64::MAX, f64::MIN, 1.0];
        for model in [Local::AutoCes, Local::AutoEts, Local::Holt, Local::RandomWalkWithDrift] {
            assert!(says(model, &wild).0.iter().all(|value| value.is_finite()), "{model:?}");
        }
    }
}
