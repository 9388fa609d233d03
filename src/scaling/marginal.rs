//! The margin: what the next ten percent of a fleet adds, from the fleet to the capability.
//!
//! May use the core files and other files of `scaling`. Compares a fleet with a larger one in the
//! same world, so that the scatter of single models and the fit's error cancel; never takes the
//! difference of two quantiles.

use super::compute::{Running, largest_run};
use super::law::ScalingLaw;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::units::{Flop, H100e, Usd, UsdPerH100e};

/// Fleets of a table: half decades from 1e4 to 1e10 H100 equivalents, far past today's, so that the
/// wall of data movement shows.
const HALF_DECADES: std::ops::RangeInclusive<u8> = 8..=20;
/// Halvings of the stretch between two fleets: 1/2 / 2^20 decades are left.
const HALVINGS: usize = 20;

/// How a fleet becomes capability, and what it costs.
#[derive(Clone, Copy)]
pub struct Margin<'a> {
    /// The law.
    pub law: &'a dyn ScalingLaw,
    /// How fleets are run, drawn.
    pub running: &'a Running,
    /// Price of an H100 equivalent, drawn.
    pub price: &'a Draws<UsdPerH100e>,
    /// How many times the fleet: 1.1 for the next ten percent.
    factor: f64,
}

/// A fleet, and what the next part of it adds.
#[derive(Debug, Clone, PartialEq)]
pub struct MarginalRow {
    /// H100 equivalents that one lab uses.
    pub fleet: Draws<H100e>,
    /// Its largest run.
    pub run: Draws<Flop>,
    /// How many times the run grows.
    pub run_growth: Draws<f64>,
    /// Capability of a typical model.
    pub capability: Draws<f64>,
    /// What is added, in the scale's unit.
    pub added: Draws<f64>,
    /// What the added chips cost.
    pub cost: Draws<Usd>,
    /// Cost over what is added; infinite where nothing is.
    pub usd_per_point: Draws<f64>,
}

/// Where a curve goes flat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flat {
    /// From this fleet on the next part adds less than the share of what it adds at the first.
    From(H100e),
    /// Not within the table; at its end the next part still adds this share.
    Not(f64),
}

impl<'a> Margin<'a> {
    /// # Errors
    /// [`Error::Invalid`] unless the factor is above 1.
    pub fn new(
        law: &'a dyn ScalingLaw,
        running: &'a Running,
        price: &'a Draws<UsdPerH100e>,
        factor: f64,
    ) -> Result<Self> {
        if !(factor.is_finite() && factor > 1.0) {
            return Err(Error::invalid(format!(
                "a fleet that grows {factor}-fold is asked for; needed a factor above 1"
            ))
            .hint("1.1 asks what the next ten percent adds"));
        }
        Ok(Self { law, running, price, factor })
    }

    /// What the next part of a fleet adds: `curveᵢ(run(f · fleet)) − curveᵢ(run(fleet))`, at
    /// `(f − 1) · fleet · price`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the samples have different numbers of draws.
    pub fn row(&self, fleet: &Draws<H100e>) -> Result<MarginalRow> {
        let run = largest_run(fleet, self.running)?;
        let larger = largest_run(&fleet.map(|fleet| fleet * self.factor), self.running)?;
        let capability = self.curve(&run);
        let added = self.curve(&larger).zip(&capability, |after, before| after - before)?;
        let cost = fleet.zip(self.price, |fleet, price| fleet * (self.factor - 1.0) * price)?;
        let usd_per_point = cost
            .zip(&added, |cost, added| if added > 0.0 { cost.0 / added } else { f64::INFINITY })?;
        let run_growth = larger.zip(&run, |after, before| after / before)?;
        let fleet = fleet.clone();
        Ok(MarginalRow { fleet, run, run_growth, capability, added, cost, usd_per_point })
    }

    /// The rows of fleets from 1e4 to 1e10 H100 equivalents.
    ///
    /// # Errors
    /// As [`Margin::row`].
    pub fn table(&self) -> Result<Vec<MarginalRow>> {
        HALF_DECADES.map(|half| self.at_decades(f64::from(half) / 2.0)).collect()
    }

    /// Where the next part adds less than `share` of what it adds at the first row, at the median;
    /// between two rows by halving.
    ///
    /// # Errors
    /// As [`Margin::row`].
    pub fn flat(&self, rows: &[MarginalRow], share: f64) -> Result<Flat> {
        let [first, .., last] = rows else { return Ok(Flat::Not(1.0)) };
        let first = first.added.median();
        let is_flat = |row: &MarginalRow| row.added.median() < share * first;
        let Some(flat) = rows.iter().find(|row| is_flat(row)) else {
            return Ok(Flat::Not(last.added.median() / first));
        };
        let mut high = flat.fleet.median().log10();
        let mut low = high - 0.5;
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if is_flat(&self.at_decades(middle)?) { high = middle } else { low = middle }
        }
        Ok(Flat::From(H100e(10.0_f64.powf(high))))
    }

    fn at_decades(&self, decades: f64) -> Result<MarginalRow> {
        self.row(&Draws::constant(H100e(10.0_f64.powf(decades)), self.price.n_draws()))
    }

    fn curve(&self, run: &Draws<Flop>) -> Draws<f64> {
        Draws::from_fn(run.n_draws(), |i| self.law.curve(i, run.values()[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::assumption::{Assumptions, Worlds};
    use super::super::law::{Form, Law, Sampling, Scale, rows};
    use super::*;

    fn with<T>(pins: &[(&str, f64)], form: Form, check: impl FnOnce(&Margin<'_>) -> T) -> T {
        let origin = chrono::NaiveDate::from_ymd_opt(2026, 9, 24).expect("a date");
        let worlds = Worlds { seed: 3, origin, n_draws: 300 };
        let mut assumptions = Assumptions::bundled().expect("bundled");
        for (name, value) in pins {
            assumptions = assumptions.pinned(name, *value).expect("inside its shape");
        }
        let sampling = Sampling { worlds, n_bootstraps: 50 };
        let models = rows(Scale::Eci).expect("bundled");
        let law = Law::fit(Scale::Eci, form, &models, &assumptions, sampling).expect("80 models");
        let running = Running::sample(&assumptions, &worlds).expect("known");
        let price = Draws::constant(UsdPerH100e(10_000.0), 300);
        check(&Margin::new(&law, &running, &price, 1.1).expect("above 1"))
    }

    #[test]
    fn the_next_ten_percent_by_hand() {
        // A line adds b per decade of run; where a doubled cluster keeps phi, ten percent more fleet
        // is 1.1^(1 + log2 phi) more run, at 0.1 x 20,000 x 10,000 dollars.
        let pins = [("efficiency_per_doubling", 0.95), ("mfu_8bit", 0.15)];
        with(&pins, Form::LINEAR, |margin| {
            let fleet = Draws::constant(H100e(20_000.0), 300);
            let row = margin.row(&fleet).expect("300 draws");
            let growth = 1.1_f64.powf(1.0 + 0.95_f64.log2());
            for i in 0..300 {
                assert!((row.run_growth.values()[i] - growth).abs() < 1e-9);
                let slope = margin.law.curve(i, Flop(1e26)) - margin.law.curve(i, Flop(1e25));
                let needed = slope * growth.log10();
                assert!((row.added.values()[i] - needed).abs() < 1e-9);
                assert!((row.cost.values()[i].0 - 2e7).abs() < 1e-3);
                assert!((row.usd_per_point.values()[i] * needed / 2e7 - 1.0).abs() < 1e-9);
            }
        });
    }

    #[test]
    fn the_table_runs_in_half_decades_and_says_where_it_flattens() {
        with(&[], Form::LINEAR, |margin| {
            let rows = margin.table().expect("300 draws");
            assert_eq!(rows.len(), 13);
            assert!((rows[0].fleet.median() / 1e4 - 1.0).abs() < 1e-9);
            assert!((rows[12].fleet.median() / 1e10 - 1.0).abs() < 1e-9);
            // Everything adds less than 1.01 times the first from the first row on.
            let Flat::From(fleet) = margin.flat(&rows, 1.01).expect("300 draws") else {
                panic!("flat at once");
            };
            assert!(fleet.0 <= 1.01e4, "{fleet:?}");
            let Flat::Not(left) = margin.flat(&rows, 1e-9).expect("300 draws") else {
                panic!("a line adds something everywhere");
            };
            assert!(left > 0.0 && left <= 1.0 + 1e-9, "{left}");
        });
    }

    #[test]
    fn a_fleet_that_does_not_grow_is_refused() {
        with(&[], Form::LINEAR, |margin| {
            for factor in [1.0, 0.5, -1.0, f64::NAN] {
                let Err(error) = Margin::new(margin.law, margin.running, margin.price, factor)
                else {
                    panic!("{factor} is no growth");
                };
                assert!(error.to_string().ends_with("needed a factor above 1"), "{error}");
            }
        });
    }
}
