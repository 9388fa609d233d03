//! Erosion of one member's share: where it goes, how fast, when it passes thresholds, how likely it
//! halves; and how well that was said from every earlier origin.
//!
//! May use the core files, `forecast` and the other files of `strategy`. All is computed on log odds and
//! said in shares. What came after the origin is joined for show alone, and never used.

use chrono::NaiveDate;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::market::{Market, Odds, Unknown, odds, share};
use super::substitution::{Chosen, Line, line, line_of};
use crate::archive::{Archive, Snapshot};
use crate::draws::{Randomness, sorted_quantile};
use crate::error::Result;
use crate::forecast::backtest::{Book, Row};
use crate::forecast::calibration::pit;
use crate::forecast::history::History;
use crate::forecast::interval::Quantiles;
use crate::forecast::record::Truth;
use crate::forecast::skill::{Basis, Refusal, RefusalCode, Skill};
use crate::forecast::spec::Spec;
use crate::forecast::{Forecaster, bootstrap, score, skill};
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::count;

/// Shares whose passing is timed, beside half of today's.
pub const THRESHOLDS: [f64; 4] = [0.5, 0.25, 0.1, 0.05];
/// Years after which a threshold counts as not reached.
pub const YEARS_AHEAD: usize = 20;
/// Worlds in which a threshold is timed.
const N_WORLDS: usize = 2_000;
/// Times the known periods beyond which no number of further ones is named.
const FORESEEABLE: f64 = 10.0;
/// Variance of the slope of a line through a random walk, in units of `variance of a change / n`.
const WANDER: f64 = 6.0 / 5.0;

/// A market as of a day, with its odds and their records.
pub struct Study {
    /// What was public on the day.
    pub known: Snapshot,
    /// The odds, later ones too; for what came.
    pub odds: Odds,
    /// Members that had a share on the day.
    pub members: Vec<SeriesId>,
    book: Book,
    later: Snapshot,
}

/// One period ahead, in shares.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// The day from which it is said.
    pub origin: NaiveDate,
    /// Periods ahead.
    pub horizon: usize,
    /// The period.
    pub period: Period,
    /// The model that answered.
    pub model_used: &'static str,
    /// The median.
    pub median: f64,
    /// The central 80% interval.
    pub interval_80: (f64, f64),
    /// The central 95% interval; `None` where past errors are too few for it.
    pub interval_95: Option<(f64, f64)>,
    /// What the intervals stand on.
    pub basis: Spread,
    /// The last share.
    pub naive: f64,
    /// Probability that the share is half of the last one, or less.
    pub hazard: f64,
    /// What came, if it came.
    pub actual: Option<f64>,
    /// Why the answer would be withheld, if so.
    pub refusal: Option<Refusal>,
}

/// What an interval stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Past errors of the market's members at that horizon.
    Conformal,
    /// The wandering of the member's own log odds, where past errors are too few for 80%.
    Wander,
}

impl Spread {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Conformal => "conformal",
            Self::Wander => "wander",
        }
    }
}

/// How fast a share goes, and whether the data can tell its direction.
#[derive(Debug, Clone)]
pub struct Speed {
    /// Change of log odds a year.
    pub per_year: f64,
    /// Its 95% interval.
    pub interval_95: (f64, f64),
    /// Changes behind it.
    pub n_changes: usize,
    /// Years in which the odds halve at the speed and at the ends of its interval, the fastest end
    /// first; `None` where they do not.
    pub half_life: [Option<f64>; 3],
    /// What follows.
    pub verdict: Verdict,
}

/// What a speed says.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The share falls: the whole interval lies below zero.
    Eroding,
    /// The share grows.
    Growing,
    /// The interval holds both.
    Undecided(Refusal),
}

impl Verdict {
    /// The word written in rows.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Eroding => "eroding",
            Self::Growing => "growing",
            Self::Undecided(_) => "undecided",
        }
    }
}

/// When a share passes a threshold, if its line goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// The threshold.
    pub share: f64,
    /// Years at the 10%, 50% and 90% of worlds; `None` beyond [`YEARS_AHEAD`].
    pub years: [Option<f64>; 3],
    /// Share of worlds that pass it within [`YEARS_AHEAD`].
    pub reached: f64,
}

/// How well a model did at one horizon.
#[derive(Debug, Clone, Default)]
pub struct Scored {
    /// Forecasts whose actual is known.
    pub n: usize,
    /// Skill against the last share, by absolute error of log odds.
    pub skill: Option<f64>,
    /// Its one-sided lower bound; `None` with no more quarters of origins than a block of the
    /// bootstrap.
    pub skill_lower: Option<f64>,
    /// Mean absolute error in shares.
    pub mae: Option<f64>,
    /// The same of the last share.
    pub mae_naive: Option<f64>,
    /// Share of actuals inside the 80% interval.
    pub coverage_80: Option<f64>,
    /// Share of actuals inside the 95% interval.
    pub coverage_95: Option<f64>,
}

impl Study {
    /// A market as of a day.
    ///
    /// # Errors
    /// As [`Market::odds`], [`Archive::as_of`] and [`Book::new`].
    pub fn new(
        market: &Market,
        archive: &Archive,
        (as_of, horizon): (NaiveDate, usize),
        unknown: Unknown,
    ) -> Result<Self> {
        let odds = market.odds(archive, unknown)?;
        let (known, later) =
            (odds.archive.as_of(as_of)?, odds.archive.as_of(odds.archive.known_through())?);
        let mut members = Vec::new();
        for member in &market.members {
            let id = member.odds()?;
            if known.holds(&id)? {
                members.push(id);
            }
        }
        let book = Book::new(&known, horizon)?.among(members.clone());
        Ok(Self { known, odds, members, book, later })
    }

    /// The next periods by the chosen model, and its measured skill.
    ///
    /// # Errors
    /// [`crate::Error::Insufficient`] with too few shares.
    pub fn ahead(&self, member: &SeriesId) -> Result<(Vec<Ahead>, Skill)> {
        let forecast = self.book.forecast(&Chosen, member)?;
        let line = line(&self.known, member)?;
        let actuals = self.later.first_releases(member)?;
        let steps = forecast.steps.iter().map(|step| {
            let actual = actuals.points.iter().find(|point| point.period == step.period);
            Ahead {
                origin: forecast.origin,
                horizon: step.horizon,
                period: step.period,
                model_used: step.model_used,
                actual: actual.map(|point| share(point.value)),
                refusal: withheld(&forecast.skill, step.horizon),
                ..spread(&step.quantiles, (step.median, forecast.last_value), &line, step.horizon)
            }
        });
        Ok((steps.collect(), forecast.skill))
    }

    /// What a model would have said from every earlier origin, beside what came.
    ///
    /// # Errors
    /// [`crate::Error::Insufficient`] if it never had an answer.
    pub fn backtest(
        &self,
        model: &'static dyn Forecaster,
        member: &SeriesId,
    ) -> Result<Vec<Ahead>> {
        let rows = self.book.backtest(model, member, None, Truth::FirstRelease)?;
        let said = |row: &Row| -> Result<Ahead> {
            let line = line(&self.known.rewind(row.origin)?, member)?;
            Ok(Ahead {
                origin: row.origin,
                horizon: row.horizon,
                period: row.period,
                model_used: row.model_used,
                actual: row.actual.map(share),
                refusal: row.refusal.clone().map(in_shares),
                ..spread(&row.quantiles, (row.median, row.naive), &line, row.horizon)
            })
        };
        rows.iter().map(said).collect()
    }

    /// The speed of a member's share in the window that the models see, and in its whole record
    /// without a gap.
    ///
    /// # Errors
    /// As [`line()`].
    pub fn speeds(&self, member: &SeriesId) -> Result<[Speed; 2]> {
        let history = History::of(&self.known, member, 1)?;
        let season = history.frequency.season();
        let window = line(&self.known, member)?;
        Ok([speed(&window, season), speed(&line_of(history.unbroken())?, season)])
    }

    /// When a member's share passes half of itself and the [`THRESHOLDS`] below it.
    ///
    /// # Errors
    /// As [`line()`].
    pub fn passages(&self, member: &SeriesId, seed: u64) -> Result<Vec<Passage>> {
        let history = History::of(&self.known, member, 1)?;
        let line = line(&self.known, member)?;
        let today = share(history.last_value());
        let half = today / 2.0;
        let below = THRESHOLDS.into_iter().filter(|threshold| *threshold < today);
        let mut thresholds: Vec<f64> = below.chain([half]).collect();
        thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let key = format!("passage.{member}");
        let random = Randomness::new(seed, &key, self.known.as_of());
        let season = history.frequency.season();
        Ok(passages(&line, history.last_level(), &thresholds, season, &random))
    }
}

/// Scores of forecasts of one horizon; those without an actual are passed over.
pub fn scored(rows: &[&Ahead], key: &str) -> Scored {
    let known: Vec<(&Ahead, f64)> =
        rows.iter().filter_map(|row| Some((*row, row.actual?))).collect();
    let level = |share: f64| odds(share).map_or(f64::NAN, f64::ln);
    let pairs: Vec<_> = known
        .iter()
        .map(|(row, actual)| {
            let error = |said: f64| (level(said) - level(*actual)).abs();
            (row.origin, error(row.median), error(row.naive))
        })
        .collect();
    let (errors, naive): (Vec<_>, Vec<_>) = pairs.iter().map(|(_, e, n)| (*e, *n)).unzip();
    let points = |said: fn(&Ahead) -> f64| -> Vec<f64> {
        known.iter().map(|(row, actual)| (said(row) - actual).abs()).collect()
    };
    let covered = |of: fn(&Ahead) -> Option<(f64, f64)>| {
        let held = known.iter().filter_map(|(row, actual)| Some((of(row)?, *actual)));
        let (intervals, actuals): (Vec<_>, Vec<_>) = held.unzip();
        score::coverage(&intervals, &actuals)
    };
    let horizon = rows.first().map_or(1, |row| row.horizon);
    // One block that holds every quarter makes all resamples alike: there is no bound.
    let n_quarters = bootstrap::by_quarter(&pairs).len();
    let varies = bootstrap::block_length(horizon, n_quarters) < n_quarters;
    Scored {
        n: known.len(),
        skill: score::skill(&errors, &naive),
        skill_lower: skill::lower_bound(&pairs, &format!("{key}.{horizon}"), horizon)
            .filter(|_| varies),
        mae: score::mean(&points(|row| row.median)),
        mae_naive: score::mean(&points(|row| row.naive)),
        coverage_80: covered(|row| Some(row.interval_80)),
        coverage_95: covered(|row| row.interval_95),
    }
}

/// Why a horizon is withheld, if it is: as [`Skill::refusal`] says, or because the member's own record,
/// on which alone the skill was measured, is shorter than one that may stand alone.
pub fn withheld(skill: &Skill, horizon: usize) -> Option<Refusal> {
    if let Some(refusal) = skill.refusal(horizon) {
        return Some(in_shares(refusal));
    }
    let needed = Spec::bundled().skill.min_own;
    let at = skill.by_horizon.iter().find(|at| at.horizon == horizon)?;
    (at.basis == Basis::Own && at.n < needed).then(|| {
        in_shares(Refusal {
            code: RefusalCode::ShortRecord,
            measured: format!(
                "{} own forecasts at horizon {horizon} are resolved; {needed} are needed to stand alone",
                at.n
            ),
            would_answer: String::new(),
        })
    })
}

/// A refusal with what would answer it for a share, which no guide speaks of.
fn in_shares(refusal: Refusal) -> Refusal {
    let would_answer = match refusal.code {
        RefusalCode::ShortRecord => "more periods, so that more forecasts are resolved",
        RefusalCode::NoSkill => "a share whose past foretells it; until then the last share stands",
        _ => return refusal,
    };
    Refusal { would_answer: would_answer.to_owned(), ..refusal }
}

/// The intervals and the hazard around a median: from past errors where they carry 80%, else from the
/// wandering of log odds, `z ± t·σ·√(h + 6h²/5n)`.
fn spread(quantiles: &Quantiles, (median, last): (f64, f64), line: &Line, horizon: usize) -> Ahead {
    let ends = |(low, high): (f64, f64)| (share(low), share(high));
    let claimed = |coverage: f64| {
        let carries = quantiles.highest_coverage() >= coverage;
        quantiles.interval(coverage).filter(|_| carries).map(ends)
    };
    let half = odds(share(last) / 2.0).unwrap_or(last);
    let wander = wander(line, horizon);
    let around = |coverage: f64| {
        let reach = student(line).inverse_cdf(f64::midpoint(1.0, coverage)) * wander;
        ends((median * (-reach).exp(), median * reach.exp()))
    };
    let by_wander = || student(line).cdf((half / median).ln() / wander.max(f64::MIN_POSITIVE));
    let conformal = claimed(0.8).zip(pit(quantiles, half));
    Ahead {
        origin: NaiveDate::MIN,
        horizon,
        period: Period::day(NaiveDate::MIN),
        model_used: "",
        median: share(median),
        interval_80: conformal.map_or_else(|| around(0.8), |(interval, _)| interval),
        interval_95: if conformal.is_some() { claimed(0.95) } else { Some(around(0.95)) },
        basis: if conformal.is_some() { Spread::Conformal } else { Spread::Wander },
        naive: share(last),
        hazard: conformal.map_or_else(by_wander, |(_, hazard)| hazard),
        actual: None,
        refusal: None,
    }
}

/// Standard deviation of log odds `h` periods ahead of a line whose speed is uncertain too.
fn wander(line: &Line, horizon: usize) -> f64 {
    let h = count(horizon);
    line.change_sd * (h + WANDER * h * h / count(line.n_changes)).sqrt()
}

/// The speed a year with its interval, and the half-life of the odds, `ln 2 / −speed`.
///
/// Log odds wander: their changes, and not their levels, are taken as independent. The slope of a line
/// through `n` changes then has the variance `6σ²/5n`, far more than the line's own residuals say.
///
/// # Source
/// Durlauf and Phillips (1988), doi:10.2307/1913101
fn speed(line: &Line, season: usize) -> Speed {
    let season = count(season);
    let error = line.change_sd * (WANDER / count(line.n_changes)).sqrt();
    let t = student(line).inverse_cdf(0.975);
    let (low, high) = (line.speed - t * error, line.speed + t * error);
    let half_life = |speed: f64| (speed < 0.0).then(|| std::f64::consts::LN_2 / (-speed * season));
    let verdict = if high < 0.0 {
        Verdict::Eroding
    } else if low > 0.0 {
        Verdict::Growing
    } else {
        let needed = (t * line.change_sd / line.speed).powi(2) * WANDER;
        let would_answer = if needed < FORESEEABLE * count(line.n_changes) {
            format!("about {needed:.0} periods of this speed and this unrest")
        } else {
            "a speed that stands out from the unrest".to_owned()
        };
        Verdict::Undecided(Refusal {
            code: RefusalCode::Inconclusive,
            measured: format!(
                "speed {:.3} a year, 95% interval {:.3} to {:.3}, holds zero; {} changes",
                line.speed * season,
                low * season,
                high * season,
                line.n_changes
            ),
            would_answer,
        })
    };
    Speed {
        per_year: line.speed * season,
        interval_95: (low * season, high * season),
        n_changes: line.n_changes,
        half_life: [low, line.speed, high].map(half_life),
        verdict,
    }
}

/// Whether the line through log odds is called eroding.
pub(super) fn is_eroding(levels: &[f64]) -> Result<bool> {
    Ok(matches!(speed(&line_of(levels)?, 1).verdict, Verdict::Eroding))
}

/// First passages in worlds that draw their speed and then wander.
fn passages(
    line: &Line,
    last: f64,
    thresholds: &[f64],
    season: usize,
    random: &Randomness,
) -> Vec<Passage> {
    let error = line.change_sd * (WANDER / count(line.n_changes)).sqrt();
    let levels: Vec<f64> =
        thresholds.iter().map(|share| odds(*share).map_or(f64::NEG_INFINITY, f64::ln)).collect();
    let n_periods = YEARS_AHEAD * season;
    let mut times = vec![Vec::with_capacity(N_WORLDS); thresholds.len()];
    for world in 0..N_WORLDS {
        let mut random = random.draw(world);
        let speed = line.speed + error * student(line).inverse_cdf(random.uniform().max(1e-9));
        let mut at = last;
        let mut first = vec![f64::INFINITY; thresholds.len()];
        for period in 1..=n_periods {
            at += speed + line.change_sd * random.normal();
            for (first, level) in first.iter_mut().zip(&levels) {
                if first.is_infinite() && at <= *level {
                    *first = count(period) / count(season);
                }
            }
        }
        times.iter_mut().zip(first).for_each(|(times, first)| times.push(first));
    }
    let passage = |(share, mut times): (&f64, Vec<f64>)| {
        times.sort_unstable_by(f64::total_cmp);
        let at = |level: f64| Some(sorted_quantile(&times, level)).filter(|time| time.is_finite());
        let n_reached = times.iter().filter(|time| time.is_finite()).count();
        let reached = count(n_reached) / count(N_WORLDS);
        Passage { share: *share, years: [at(0.1), at(0.5), at(0.9)], reached }
    };
    thresholds.iter().zip(times).map(passage).collect()
}

fn student(line: &Line) -> StudentsT {
    let freedom = count(line.n_changes.saturating_sub(1).max(1));
    StudentsT::new(0.0, 1.0, freedom).expect("one degree of freedom or more")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 1, 1).expect("a date")
    }

    #[test]
    fn a_half_life_by_hand() {
        let line = Line { speed: -0.1, change_sd: 0.02, n_changes: 12 };
        let found = speed(&line, 4);
        assert!((found.per_year + 0.4).abs() < 1e-12);
        // t(11, 0.975) = 2.200985; error = 0.02 * sqrt(1.2/12) = 0.00632456
        let reach = 4.0 * 2.200_985_160_08 * 0.006_324_555_320_34;
        assert!((found.interval_95.1 - (-0.4 + reach)).abs() < 1e-6);
        assert_eq!(found.verdict, Verdict::Eroding);
        let [low, years, high] = found.half_life.map(|years| years.expect("it falls"));
        assert!((years - 1.732_867_951_399).abs() < 1e-9, "ln 2 / 0.4");
        assert!(low < years && years < high);
        let slow = speed(&Line { speed: -0.01, ..line }, 4);
        assert!(
            matches!(slow.verdict, Verdict::Undecided(ref r) if r.code.word() == "inconclusive")
        );
        assert!(slow.half_life[0].is_some() && slow.half_life[2].is_none());
        assert_eq!(speed(&Line { speed: 0.1, ..line }, 4).verdict, Verdict::Growing);
    }

    #[test]
    fn a_line_without_unrest_passes_its_thresholds_on_time() {
        let line = Line { speed: -0.1, change_sd: 0.0, n_changes: 12 };
        let random = Randomness::new(0, "x", day());
        // From a share of 1/2 to 1/4 the log odds fall by ln 3: 11 quarters of a tenth.
        let found = passages(&line, 0.0, &[0.25, 1e-9], 4, &random);
        assert_eq!(found[0].years, [Some(2.75); 3]);
        assert_eq!(found[1].years, [None; 3]);
        assert!(found[1].reached.abs() < 1e-12);
    }

    #[test]
    fn the_speed_of_a_random_walk_is_covered_as_often_as_said() {
        let mut n_covered = 0_u32;
        for i in 0..1000 {
            let mut random = Randomness::new(3, "walk", day()).draw(i);
            let mut at = 0.0;
            let levels: Vec<f64> = (0..24)
                .map(|_| {
                    at += -0.02 + 0.1 * random.normal();
                    at
                })
                .collect();
            let line = line_of(&levels).expect("a line");
            let (low, high) = speed(&line, 1).interval_95;
            n_covered += u32::from(low <= -0.02 && -0.02 <= high);
        }
        println!("{n_covered} of 1000 speeds covered");
        assert!((930..=970).contains(&n_covered), "{n_covered}");
    }
}
