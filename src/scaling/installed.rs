//! Installed base: past purchases that run at a date, after deployment and before retirement.
//!
//! May use the core files and `assumption`. A stock at a date; never a flow.

use chrono::{Days, NaiveDate};

use super::assumption::{Assumption, Assumptions, Shape, Worlds};
use crate::draws::Draws;
use crate::error::Result;
use crate::period::Period;
use crate::units::{H100e, Watt};

/// Days in a year (definition).
const DAYS_PER_YEAR: f64 = 365.25;
/// Days in a quarter (definition).
const DAYS_PER_QUARTER: f64 = DAYS_PER_YEAR / 4.0;

/// An estimate of what is installed at a date, with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct StockEstimate {
    /// The end of this day.
    pub date: NaiveDate,
    /// 5 % quantile.
    pub low: H100e,
    /// Median.
    pub median: H100e,
    /// 95 % quantile.
    pub high: H100e,
    /// Who estimates, and where.
    pub source: String,
}

impl StockEstimate {
    /// Draws through the three quantiles, two-piece lognormal, keyed by the owner.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the quantiles are not positive and in order.
    pub fn draws(&self, owner: &str, worlds: &Worlds) -> Result<Draws<H100e>> {
        let name = format!("installed.{owner}");
        let quantiles = [self.low.0, self.median.0, self.high.0];
        let estimate = Assumption::estimate(
            &name,
            quantiles,
            "h100e",
            Shape::Positive,
            &self.source,
            self.date,
        )?;
        Ok(estimate.draws(&name, worlds).map(H100e))
    }
}

/// When chips start and stop to run, drawn.
#[derive(Debug, Clone)]
pub struct Lifetime {
    lag_days: Draws<f64>,
    life_years: Draws<f64>,
    steepness: Draws<f64>,
    starting_age_years: Draws<f64>,
}

impl Lifetime {
    /// Draws lag, service life and the age of the starting stock.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if an assumption is missing.
    pub fn sample(assumptions: &Assumptions, worlds: &Worlds) -> Result<Self> {
        let lag = assumptions.draws("deployment_lag_quarters", worlds)?;
        Ok(Self {
            lag_days: lag.map(|quarters| quarters * DAYS_PER_QUARTER),
            life_years: assumptions.draws("service_life_years", worlds)?,
            steepness: assumptions.draws("survival_steepness", worlds)?,
            starting_age_years: assumptions.draws("starting_stock_age_years", worlds)?,
        })
    }

    fn n_draws(&self) -> usize {
        self.lag_days.n_draws()
    }

    /// Share of a cohort that still runs at an age in world `i`.
    fn survival(&self, i: usize, age_years: f64) -> f64 {
        survival(age_years, self.life_years.values()[i], self.steepness.values()[i])
    }
}

/// Share of a cohort that still runs: `0.5^((age / life)^steepness)`, a Weibull law whose median is
/// `life`.
///
/// - `age_years`, `life_years`: years. `steepness`: 1 is chance, larger is wear-out.
/// - Returns a ratio between 0 and 1; 1 at age 0.
pub fn survival(age_years: f64, life_years: f64, steepness: f64) -> f64 {
    0.5_f64.powf((age_years.max(0.0) / life_years).powf(steepness))
}

/// H100 equivalents that run at the end of `date`.
///
/// In every world `Σ bought · share deployed · survival(age)` over the purchases, each spread
/// evenly over its period and starting `lag` later, plus `start · survival(age₀ + Δt) /
/// survival(age₀)`. Purchases up to the start's date are in the start already and count nothing.
///
/// - `purchases`: flow in each period. `start`: a stock with its date; it counts chips as
///   delivered, so the last quarter's may not run yet.
/// - Returns a stock, H100 equivalents.
///
/// # Errors
/// [`crate::Error::Invalid`] if samples have different numbers of draws.
/// # Source
/// Deployment lag: Epoch AI, ai-compute-users. Retirement: useful lives in 10-Ks.
pub fn installed(
    date: NaiveDate,
    purchases: &[(Period, Draws<H100e>)],
    start: Option<(NaiveDate, &Draws<H100e>)>,
    lifetime: &Lifetime,
) -> Result<Draws<H100e>> {
    let mut total = Draws::constant(H100e(0.0), lifetime.n_draws());
    let worlds = Draws::from_fn(lifetime.n_draws(), |i| i);
    let mut counted_to = NaiveDate::MIN;
    if let Some((start_date, stock)) = start {
        let years = days_between(start_date, date).max(0.0) / DAYS_PER_YEAR;
        let left = worlds.map(|i| {
            let age = lifetime.starting_age_years.values()[i];
            lifetime.survival(i, age + years) / lifetime.survival(i, age)
        });
        total = stock.zip(&left, |stock, left| stock * left)?;
        counted_to = start_date;
    }
    for (period, bought) in purchases {
        let Some(cohort) = Cohort::after(*period, counted_to) else { continue };
        let running = worlds.map(|i| cohort.running(date, lifetime, i));
        let running = bought.zip(&running, |bought, share| bought * share)?;
        total = total.zip(&running, |sum, part| sum + part)?;
    }
    Ok(total)
}

/// Electric power of a fleet: `installed · W a h100e · PUE`, facility side.
///
/// - `power_w_per_h100e`: IT power. `pue`: facility over IT power, a ratio above 1.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
pub fn facility_power(
    installed: &Draws<H100e>,
    power_w_per_h100e: &Draws<f64>,
    pue: &Draws<f64>,
) -> Result<Draws<Watt>> {
    let each = power_w_per_h100e.zip(pue, |watt, pue| Watt(watt * pue))?;
    installed.zip(&each, |stock, each| each * stock.0)
}

/// The part of a period's purchases that comes after the starting stock.
struct Cohort {
    start: NaiveDate,
    n_days: f64,
    share: f64,
}

impl Cohort {
    fn after(period: Period, counted_to: NaiveDate) -> Option<Self> {
        if period.end() <= counted_to {
            return None;
        }
        let start = counted_to.checked_add_days(Days::new(1)).unwrap_or(period.start());
        let start = start.max(period.start());
        let n_days = days_between(start, period.end()) + 1.0;
        let whole = days_between(period.start(), period.end()) + 1.0;
        Some(Self { start, n_days, share: n_days / whole })
    }

    /// Share of the whole period's purchases that runs at `date` in world `i`.
    fn running(&self, date: NaiveDate, lifetime: &Lifetime, i: usize) -> f64 {
        let since_first = days_between(self.start, date) + 1.0 - lifetime.lag_days.values()[i];
        let deployed_days = since_first.clamp(0.0, self.n_days);
        let mean_age_years = (since_first - deployed_days / 2.0) / DAYS_PER_YEAR;
        self.share * deployed_days / self.n_days * lifetime.survival(i, mean_age_years)
    }
}

fn days_between(from: NaiveDate, to: NaiveDate) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 days")]
    let days = (to - from).num_days() as f64;
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("an ISO date")
    }

    fn fixed(lag_quarters: f64) -> Lifetime {
        Lifetime {
            lag_days: Draws::constant(lag_quarters * DAYS_PER_QUARTER, 1),
            life_years: Draws::constant(5.0, 1),
            steepness: Draws::constant(4.0, 1),
            starting_age_years: Draws::constant(1.0, 1),
        }
    }

    fn quarter(n: f64) -> [(Period, Draws<H100e>); 1] {
        let period = Period::new(date("2025-01-01"), date("2025-03-31")).expect("ordered");
        [(period, Draws::constant(H100e(n), 1))]
    }

    #[test]
    fn a_purchase_runs_after_the_lag_and_half_is_gone_at_the_service_life() {
        let at = |day: &str, lag| {
            installed(date(day), &quarter(1024.0), None, &fixed(lag)).expect("one draw").median()
        };
        assert!(at("2025-03-31", 1.0) < 1.0, "nothing runs before the lag has passed");
        assert!((at("2025-03-31", 0.0) - 1024.0).abs() < 0.1);
        assert!((at("2025-07-01", 1.0) - 1024.0).abs() < 0.1);
        // mid-quarter 2025-02-15 + 5 years
        assert!((at("2030-02-14", 0.0) - 512.0).abs() < 1.0);
    }

    #[test]
    fn the_starting_stock_is_not_counted_twice() {
        let stock = Draws::constant(H100e(4096.0), 1);
        let at = |start: &str| {
            let start = Some((date(start), &stock));
            installed(date("2025-07-01"), &quarter(1024.0), start, &fixed(0.0))
                .expect("ok")
                .median()
        };
        let aged = 4096.0 * survival(1.25, 5.0, 4.0) / survival(1.0, 5.0, 4.0);
        assert!((at("2025-03-31") - aged).abs() < 1.5, "{}", at("2025-03-31"));
        let half = at("2025-02-14") - 4096.0 * survival(1.375, 5.0, 4.0) / survival(1.0, 5.0, 4.0);
        assert!((half - 512.0).abs() < 2.0, "45 of 90 days are left: {half}");
    }

    #[test]
    fn estimates_pass_through_their_quantiles() {
        let worlds = Worlds { seed: 1, origin: date("2026-01-01"), n_draws: 20_000 };
        let estimate = StockEstimate {
            date: date("2025-12-31"),
            low: H100e(1.25e6),
            median: H100e(1.74e6),
            high: H100e(2.19e6),
            source: "Epoch AI".to_owned(),
        };
        let draws = estimate.draws("openai", &worlds).expect("ordered");
        assert!((draws.median() / 1.74e6 - 1.0).abs() < 0.01);
        assert!((draws.quantile(0.05) / 1.25e6 - 1.0).abs() < 0.01);
    }
}
