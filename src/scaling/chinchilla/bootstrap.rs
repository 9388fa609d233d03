//! A law fitted to runs, with the uncertainty of the fit: the runs are drawn anew and refitted.
//!
//! May use the core files, `fit` and `runs`. Randomness is counter-based, one substream a refit,
//! so that any number of threads gives the same bits.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::Chinchilla;
use super::fit::{Minimum, Objective};
use super::runs::TrainingRun;
use crate::draws::{Draws, Randomness};
use crate::error::{Error, Result};
use crate::units::Flop;

/// Runs below which five parameters are not fitted.
const RUNS_MIN: usize = 10;
/// Different values of N, and of D, that settle a power law beside a constant.
const DISTINCT_MIN: usize = 3;
/// Refits below which there is no standard error.
const BOOTSTRAPS_MIN: usize = 2;

/// How the runs are drawn anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// Seed of the draws.
    pub seed: u64,
    /// How many refits, at least 2.
    pub n_bootstraps: usize,
}

/// A law fitted to runs.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The law at the optimum.
    pub law: Chinchilla,
    /// Sum over runs of Huber's loss at the optimum.
    pub objective: f64,
    /// Runs fitted.
    pub n_runs: usize,
    /// The laws of the resampled runs.
    pub refits: Vec<Chinchilla>,
    /// Refits that ran out of steps, or found no way down, before they settled.
    pub n_unsettled: usize,
}

/// A quantity of the fit, with its uncertainty over refits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Its name in tables.
    pub name: &'static str,
    /// Its value at the optimum.
    pub estimate: f64,
    /// Standard deviation over refits.
    pub standard_error: f64,
    /// 2.5 % quantile over refits.
    pub lower_95: f64,
    /// 97.5 % quantile over refits.
    pub upper_95: f64,
}

/// How far another law lies from the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// `|other − estimate| / standard error` of the constant that lies furthest.
    pub standard_errors: f64,
    /// The name of that constant.
    pub constant: &'static str,
}

impl Fit {
    /// Fits `L = E + A / N^α + B / D^β` by Huber's loss of `ln L`, and again to resampled runs.
    ///
    /// Each refit starts at the optimum, as the code of Besiroglu et al. starts each at one given
    /// point: it differs by draws of the same runs, and ends where the whole grid would.
    ///
    /// # Errors
    /// [`Error::Insufficient`] on fewer than 10 runs, fewer than three different N or D, or losses
    /// that do not fall with both; [`Error::Invalid`] on fewer than 2 refits.
    /// # Source
    /// Hoffmann et al. (2022), arXiv 2203.15556, approach 3; Besiroglu et al. (2024), arXiv
    /// 2404.10102. Percentile intervals: Efron and Tibshirani (1993), section 13.3.
    pub fn new(name: &str, runs: &[TrainingRun], resampling: Resampling) -> Result<Self> {
        check(runs, resampling)?;
        let best = Objective::new(runs, &vec![1.0; runs.len()]).minimum();
        if !best.is_settled {
            return Err(Error::insufficient(format!(
                "{} runs do not settle A, B, E, alpha and beta",
                runs.len()
            ))
            .hint("needed are runs of more sizes N and more tokens D"));
        }
        let law = law(name, runs, &best);
        falls(&law, runs.len())?;
        let ends = refit(runs, &best, resampling);
        let refits = ends.iter().map(|end| with_constants(&law, end)).collect();
        Ok(Self {
            objective: best.value,
            n_runs: runs.len(),
            refits,
            n_unsettled: ends.iter().filter(|end| !end.is_settled).count(),
            law,
        })
    }

    /// A, B, E, α and β.
    pub fn estimates(&self) -> Vec<Estimate> {
        let names = self.law.constants().into_iter().enumerate();
        names.map(|(i, (name, _))| self.estimate(name, |law| law.constants()[i].1)).collect()
    }

    /// a of `N ~ C^a`.
    pub fn exponent(&self) -> Estimate {
        self.estimate("exponent", Chinchilla::exponent)
    }

    /// `D / N` where `compute` is spent best.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the compute is above 0.
    pub fn tokens_per_parameter(&self, compute: Flop) -> Result<Estimate> {
        self.law.optimum(compute)?;
        Ok(self.estimate("tokens_per_parameter", |law| {
            let best = law.optimum_of(compute);
            best.tokens / best.parameters
        }))
    }

    /// How far a law lies from the optimum, in standard errors, at the constant furthest off.
    pub fn distance(&self, other: &Chinchilla) -> Distance {
        let distances = self.estimates().into_iter().zip(other.constants()).map(|(here, there)| {
            let standard_errors = (there.1 - here.estimate).abs() / here.standard_error;
            Distance { standard_errors, constant: here.name }
        });
        let furthest = distances.max_by(|a, b| a.standard_errors.total_cmp(&b.standard_errors));
        furthest.expect("a law has five constants")
    }

    fn estimate(&self, name: &'static str, value: impl Fn(&Chinchilla) -> f64) -> Estimate {
        let values: Vec<_> = self.refits.iter().map(&value).collect();
        let draws = Draws::new(values).expect("there are at least two refits");
        let ends = draws.quantiles(&[0.025, 0.975]);
        Estimate {
            name,
            estimate: value(&self.law),
            standard_error: standard_deviation(&draws),
            lower_95: ends[0],
            upper_95: ends[1],
        }
    }
}

fn check(runs: &[TrainingRun], resampling: Resampling) -> Result<()> {
    if resampling.n_bootstraps < BOOTSTRAPS_MIN {
        return Err(Error::invalid(format!(
            "{} bootstraps asked; a standard error needs {BOOTSTRAPS_MIN} or more",
            resampling.n_bootstraps
        ))
        .hint("4000 are usual"));
    }
    if runs.len() < RUNS_MIN {
        return Err(Error::insufficient(format!(
            "a Chinchilla law needs {RUNS_MIN} runs; {} are left",
            runs.len()
        ))
        .hint("give more runs, or drop fewer"));
    }
    let distinct = |value: fn(&TrainingRun) -> f64| {
        runs.iter().map(|run| value(run).to_bits()).collect::<BTreeSet<_>>().len()
    };
    let counts = [("N", distinct(|run| run.parameters)), ("D", distinct(|run| run.tokens))];
    match counts.into_iter().find(|(_, n)| *n < DISTINCT_MIN) {
        None => Ok(()),
        Some((name, n)) => Err(Error::insufficient(format!(
            "a Chinchilla law needs {DISTINCT_MIN} different {name}; the {} runs have {n}",
            runs.len()
        ))
        .hint("N are parameters, D tokens = FLOP / (6 N)")),
    }
}

/// A law whose loss does not fall with N and with D says nothing of how to spend compute.
fn falls(law: &Chinchilla, n_runs: usize) -> Result<()> {
    let exponents = [("N", "alpha", law.alpha), ("D", "beta", law.beta)];
    match exponents.into_iter().find(|(.., exponent)| exponent.is_nan() || *exponent <= 0.0) {
        None => Ok(()),
        Some((size, name, exponent)) => Err(Error::insufficient(format!(
            "the losses of {n_runs} runs do not fall with {size}: {name} is {exponent:.4}, needed \
             above 0"
        ))
        .hint("needed are runs whose loss falls with their size N and with their tokens D")),
    }
}

/// Refits to runs drawn with replacement, each from the optimum.
fn refit(runs: &[TrainingRun], best: &Minimum, resampling: Resampling) -> Vec<Minimum> {
    // Runs have no origin; the stream asks for a day, and this one stands for none.
    let stream = Randomness::new(resampling.seed, "chinchilla.bootstrap", NaiveDate::default());
    let refits = (0..resampling.n_bootstraps).into_par_iter().map(|bootstrap_idx| {
        let mut numbers = stream.draw(bootstrap_idx);
        let mut weights = vec![0.0; runs.len()];
        for _ in 0..runs.len() {
            weights[numbers.index(runs.len())] += 1.0;
        }
        Objective::new(runs, &weights).descend(best.at)
    });
    refits.collect()
}

fn law(name: &str, runs: &[TrainingRun], best: &Minimum) -> Chinchilla {
    let compute = || runs.iter().map(TrainingRun::compute_flop);
    let empty = Chinchilla {
        name: name.to_owned(),
        a: 0.0,
        b: 0.0,
        e: 0.0,
        alpha: 0.0,
        beta: 0.0,
        smallest_run_flop: compute().fold(f64::INFINITY, f64::min),
        largest_run_flop: compute().fold(0.0, f64::max),
        source: format!("fitted to {} runs of {name}", runs.len()),
    };
    with_constants(&empty, best)
}

fn with_constants(law: &Chinchilla, end: &Minimum) -> Chinchilla {
    let [a, b, e, alpha, beta] = end.at;
    Chinchilla { a: a.exp(), b: b.exp(), e: e.exp(), alpha, beta, ..law.clone() }
}

/// `sqrt(Σ (x − x̄)² / (n − 1))`.
fn standard_deviation(draws: &Draws<f64>) -> f64 {
    let mean = draws.mean();
    let squares: f64 = draws.values().iter().map(|value| (value - mean).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 refits")]
    let n = draws.n_draws() as f64;
    (squares / (n - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs on a lattice of 6 x 6 sizes that follow a law without noise.
    fn made_up(law: &Chinchilla) -> Vec<TrainingRun> {
        let sizes = (0..36).map(|i| (f64::from(i / 6), f64::from(i % 6)));
        sizes
            .map(|(i, j)| {
                let (parameters, tokens) = (1e8 * 2.0_f64.powf(i), 1e9 * 3.0_f64.powf(j));
                TrainingRun { parameters, tokens, loss: law.loss_of(parameters, tokens) }
            })
            .collect()
    }

    fn truth() -> Chinchilla {
        Chinchilla {
            name: "made up".to_owned(),
            a: 300.0,
            b: 900.0,
            e: 1.5,
            alpha: 0.31,
            beta: 0.33,
            smallest_run_flop: 6e17,
            largest_run_flop: 6e23,
            source: "a test".to_owned(),
        }
    }

    #[test]
    fn a_made_up_law_is_found_again_from_every_resample() {
        let resampling = Resampling { seed: 1, n_bootstraps: 20 };
        let fit = Fit::new("lattice", &made_up(&truth()), resampling).expect("36 runs");
        for law in fit.refits.iter().chain([&fit.law]) {
            for ((name, found), (_, needed)) in law.constants().into_iter().zip(truth().constants())
            {
                assert!((found / needed - 1.0).abs() < 1e-6, "{name} {found} {needed}");
            }
        }
        assert!(fit.objective < 1e-15 && fit.n_unsettled == 0, "{}", fit.objective);
        assert!(fit.distance(&fit.law.clone()).standard_errors == 0.0);
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let runs = made_up(&truth());
        let error = |runs: &[TrainingRun], n_bootstraps: usize| {
            let fit = Fit::new("lattice", runs, Resampling { seed: 1, n_bootstraps });
            fit.expect_err("refused").to_string()
        };
        assert_eq!(error(&runs[..9], 4), "a Chinchilla law needs 10 runs; 9 are left");
        assert_eq!(
            error(&[runs[0]; 12], 4),
            "a Chinchilla law needs 3 different N; the 12 runs have 1"
        );
        assert_eq!(
            error(&runs[..12], 4),
            "a Chinchilla law needs 3 different N; the 12 runs have 2"
        );
        let flat: Vec<_> = runs.iter().map(|run| TrainingRun { loss: 2.0, ..*run }).collect();
        assert!(error(&flat, 4).starts_with("the losses of 36 runs do not fall with N"));
        assert_eq!(error(&runs, 1), "1 bootstraps asked; a standard error needs 2 or more");
    }
}
