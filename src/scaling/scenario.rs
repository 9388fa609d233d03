//! Scenarios: other spend and other assumptions, compared with the baseline world by world.
//!
//! May use the core files and other files of `scaling`. Reads a scenario from text and runs the
//! chain in the same worlds; never reads a file itself and never subtracts quantiles.

use std::collections::BTreeMap;
use std::ops::Mul;

use chrono::NaiveDate;
use serde::Deserialize;

use super::assumption::{Assumption, Assumptions, Worlds};
use super::chain::{Chain, ChainInput, ChainTables, Purchases, chain};
use super::law::ScalingLaw;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::period::Period;
use crate::units::Units;

/// What is different.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called in tables.
    pub title: String,
    /// How many times the forecast spend; 1 where it is not given.
    pub spend_factor: Option<f64>,
    /// First day on which the factor holds; from the first forecast day if absent.
    pub from: Option<NaiveDate>,
    /// Last day on which the factor holds; to the end of the forecast if absent.
    pub until: Option<NaiveDate>,
    /// Assumptions that take the place of those of the same name.
    #[serde(default)]
    assumption: BTreeMap<String, Assumption>,
    /// Assumptions held at one value in every world.
    #[serde(default)]
    set: BTreeMap<String, f64>,
}

/// What a scenario starts from.
#[derive(Debug, Clone, Copy)]
pub struct Baseline<'a> {
    /// Purchases and stock.
    pub input: &'a ChainInput<'a>,
    /// How many quarters of the purchases are known; the rest are forecast.
    pub n_known: usize,
    /// Assumptions, prices and mix.
    pub tables: &'a ChainTables,
    /// The worlds, the same for every scenario.
    pub worlds: &'a Worlds,
}

/// One quantity without and with a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What it is.
    pub quantity: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Without.
    pub baseline: Draws<f64>,
    /// With.
    pub scenario: Draws<f64>,
    /// The difference in each world.
    pub delta: Draws<f64>,
}

impl Scenario {
    /// Reads a scenario file; `docs/scenarios.md` describes its form.
    ///
    /// # Errors
    /// [`Error::Parse`] on what is not TOML, lacks a title or has an unknown key;
    /// [`Error::Invalid`] on a factor below 0, dates out of order or without a factor, an assumption
    /// both laid over and set, or a file that changes nothing.
    pub fn read(text: &str) -> Result<Self> {
        let found: Self = toml::from_str(text).map_err(|e| {
            let place = e.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Error::parse(format!("line {place}: {}", e.message()))
                .hint("keys: title, spend_factor, from, until, [assumption.NAME], [set]")
                .caused_by(e)
        })?;
        found.check()?;
        Ok(found)
    }

    /// What is different, in words, a part each; nothing of a scenario that changes nothing.
    pub fn words(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let Some(factor) = self.spend_factor.filter(|factor| *factor != 1.0) {
            let from = self.from.map_or_else(String::new, |day| format!(" from {day}"));
            let until = self.until.map_or_else(String::new, |day| format!(" until {day}"));
            parts.push(format!("forecast spend times {factor}{from}{until}"));
        }
        parts.extend(self.assumption.iter().map(|(name, laid)| {
            let name = name.replace('_', " ");
            format!("{name} {} ({} to {})", laid.median, laid.low, laid.high)
        }));
        let held =
            |(name, value): (&String, &f64)| format!("{} held at {value}", name.replace('_', " "));
        parts.extend(self.set.iter().map(held));
        parts
    }

    fn check(&self) -> Result<()> {
        if self.title.trim().is_empty() {
            return Err(Error::invalid("`title` is empty; needed a few words"));
        }
        if let Some(factor) = self.spend_factor.filter(|f| !(f.is_finite() && *f >= 0.0)) {
            return Err(Error::invalid(format!(
                "`spend_factor` is {factor}; needed a ratio of 0 or more"
            ))
            .hint("0.7 is a cut by 30 %, 1.5 half as much again"));
        }
        let dated = self.from.is_some() || self.until.is_some();
        if dated && self.spend_factor.is_none() {
            return Err(Error::invalid("`from` and `until` date a `spend_factor`; there is none"));
        }
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from > until
        {
            return Err(Error::invalid(format!("`from` is {from}, after `until`, {until}")));
        }
        if let Some(name) = self.set.keys().find(|name| self.assumption.contains_key(*name)) {
            return Err(Error::invalid(format!(
                "assumption `{name}` is both laid over and set; needed one of the two"
            )));
        }
        if self.spend_factor.is_none() && self.assumption.is_empty() && self.set.is_empty() {
            return Err(Error::invalid(format!("scenario `{}` changes nothing", self.title))
                .hint("give a spend_factor, an [assumption.NAME] or a [set]"));
        }
        Ok(())
    }

    /// What a period's forecast spend is multiplied by: `1 + (factor − 1) · share of its days
    /// between from and until`.
    pub fn factor(&self, period: Period) -> f64 {
        let first = self.from.map_or(period.start(), |from| from.max(period.start()));
        let last = self.until.map_or(period.end(), |until| until.min(period.end()));
        let n_inside = ((last - first).num_days() + 1).max(0);
        let n_days = (period.end() - period.start()).num_days() + 1;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 days")]
        let share = n_inside as f64 / n_days as f64;
        1.0 + (self.spend_factor.unwrap_or(1.0) - 1.0) * share
    }

    /// The purchases of this scenario; what is known already stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the dates of the factor touch no forecast quarter.
    pub fn purchases(&self, known: &Purchases, n_known: usize) -> Result<Purchases> {
        if self.spend_factor.is_some_and(|factor| factor != 1.0) {
            let periods = periods(known);
            let ahead = periods.get(n_known..).unwrap_or_default();
            if !ahead.is_empty() && ahead.iter().all(|p| self.factor(*p) == 1.0) {
                let (first, last) = (ahead[0].start(), ahead[ahead.len() - 1].end());
                return Err(Error::invalid(format!(
                    "scenario `{}`: its dates touch no forecast quarter; these run from {first} to \
                     {last}",
                    self.title
                ))
                .hint("a longer `--horizon` reaches further"));
            }
        }
        let factor = |idx: usize, period| if idx < n_known { 1.0 } else { self.factor(period) };
        Ok(match known {
            Purchases::H100e(quarters) => Purchases::H100e(scaled(quarters, factor)),
            Purchases::Units(quarters) => {
                let quarters = quarters.iter().enumerate().map(|(idx, (period, counts))| {
                    let times = factor(idx, *period);
                    let each = |(chip, units): &(String, Draws<Units>)| {
                        (chip.clone(), units.map(|units| units * times))
                    };
                    (*period, counts.iter().map(each).collect())
                });
                Purchases::Units(quarters.collect())
            }
            Purchases::Accelerators(quarters) => Purchases::Accelerators(scaled(quarters, factor)),
            Purchases::Capex(quarters, buyer) => Purchases::Capex(scaled(quarters, factor), *buyer),
            Purchases::DataCenterRevenue(quarters) => {
                Purchases::DataCenterRevenue(scaled(quarters, factor))
            }
        })
    }

    /// The assumptions of this scenario.
    ///
    /// # Errors
    /// [`Error::NotFound`] on an unknown name, [`Error::Invalid`] on another unit or a value outside
    /// its shape.
    pub fn assumptions(&self, known: &Assumptions) -> Result<Assumptions> {
        let over = Assumptions::of(self.assumption.clone())?;
        let laid = known.clone().overlaid(over)?;
        self.set.iter().try_fold(laid, |all, (name, value)| all.pinned(name, *value))
    }

    /// Runs the chain with this scenario, and says what it changes in every world.
    ///
    /// - `before`: the baseline's chain. `law_of`: the law under a set of assumptions.
    /// - Returns purchases and installed base (h100e), power (W), run (FLOP), and the capability of
    ///   a typical model, whose scatter plays no part.
    ///
    /// # Errors
    /// As [`Scenario::purchases`], [`Scenario::assumptions`] and [`chain`].
    pub fn run<L: ScalingLaw>(
        &self,
        baseline: &Baseline<'_>,
        before: &Chain,
        law_of: impl Fn(&Assumptions) -> Result<L>,
    ) -> Result<Vec<Change>> {
        let known = &baseline.tables.assumptions;
        let assumptions = self.assumptions(known)?;
        let (law_before, law) = (law_of(known)?, law_of(&assumptions)?);
        let tables = ChainTables { assumptions, market: baseline.tables.market.clone() };
        let purchases = self.purchases(&baseline.input.purchases, baseline.n_known)?;
        let input = ChainInput { purchases, ..baseline.input.clone() };
        let after = chain(&input, &tables, &law, baseline.worlds)?;
        let bought = |chain: &Chain| ahead(chain, baseline.n_known, baseline.worlds.n_draws);
        let pairs = [
            ("purchases", "h100e", bought(before)?, bought(&after)?),
            ("installed", "h100e", plain(&before.installed), plain(&after.installed)),
            ("power", "W", plain(&before.power), plain(&after.power)),
            ("run", "FLOP", plain(&before.run), plain(&after.run)),
            ("capability", law.scale().unit(), typical(&law_before, before), typical(&law, &after)),
        ];
        let change = |(quantity, unit, baseline, scenario): (_, _, Draws<f64>, Draws<f64>)| {
            let delta = scenario.zip(&baseline, |with, without| with - without)?;
            Ok(Change { quantity, unit, baseline, scenario, delta })
        };
        pairs.into_iter().map(change).collect()
    }
}

/// Capability of a typical model: the law's curve in each world.
pub(super) fn typical(law: &impl ScalingLaw, chain: &Chain) -> Draws<f64> {
    let run = chain.run.values();
    Draws::from_fn(run.len(), |i| law.curve(i, run[i]))
}

/// Purchases of the forecast quarters, summed.
fn ahead(chain: &Chain, n_known: usize, n_draws: usize) -> Result<Draws<f64>> {
    let quarters = chain.purchases.get(n_known..).unwrap_or_default();
    quarters.iter().try_fold(Draws::constant(0.0, n_draws), |sum, (_, bought)| {
        sum.zip(bought, |sum, bought| sum + bought.0)
    })
}

fn plain<T: Copy + Into<f64>>(draws: &Draws<T>) -> Draws<f64> {
    draws.map(Into::into)
}

fn scaled<T: Copy + Mul<f64, Output = T>>(
    quarters: &[(Period, Draws<T>)],
    factor: impl Fn(usize, Period) -> f64,
) -> Vec<(Period, Draws<T>)> {
    let each = quarters.iter().enumerate().map(|(idx, (period, draws))| {
        let times = factor(idx, *period);
        (*period, draws.map(|value| value * times))
    });
    each.collect()
}

fn periods(purchases: &Purchases) -> Vec<Period> {
    fn of<T>(quarters: &[(Period, T)]) -> Vec<Period> {
        quarters.iter().map(|(period, _)| *period).collect()
    }
    match purchases {
        Purchases::H100e(quarters) => of(quarters),
        Purchases::Units(quarters) => of(quarters),
        Purchases::Accelerators(quarters)
        | Purchases::Capex(quarters, _)
        | Purchases::DataCenterRevenue(quarters) => of(quarters),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Usd;

    fn quarter(start: &str, end: &str) -> Period {
        let day = |text: &str| text.parse().expect("an ISO date");
        Period::new(day(start), day(end)).expect("ordered")
    }

    #[test]
    fn a_quarter_partly_inside_is_scaled_by_its_days() {
        let text = "title = 't'\nspend_factor = 1.5\nfrom = '2027-02-15'\nuntil = '2027-06-30'\n";
        let scenario = Scenario::read(text).expect("sound");
        let factor = |start, end| scenario.factor(quarter(start, end));
        // 45 of the 90 days of the first quarter of 2027 lie on or after 15 February.
        assert!((factor("2027-01-01", "2027-03-31") - 1.25).abs() < 1e-12);
        assert!((factor("2027-04-01", "2027-06-30") - 1.5).abs() < 1e-12);
        assert!((factor("2027-07-01", "2027-09-30") - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_known_stays_and_dates_that_touch_nothing_are_refused() {
        let quarters = vec![
            (quarter("2026-07-01", "2026-09-30"), Draws::constant(Usd(10.0), 2)),
            (quarter("2026-10-01", "2026-12-31"), Draws::constant(Usd(10.0), 2)),
        ];
        let known = Purchases::Accelerators(quarters);
        let scenario = Scenario::read("title = 't'\nspend_factor = 0.5\n").expect("sound");
        let Purchases::Accelerators(found) = scenario.purchases(&known, 1).expect("touches") else {
            panic!("the same kind");
        };
        assert_eq!((found[0].1.median(), found[1].1.median()), (10.0, 5.0));
        let late = "title = 'late'\nspend_factor = 0.5\nfrom = '2030-01-01'\n";
        let error = Scenario::read(late).expect("sound").purchases(&known, 1);
        assert_eq!(
            error.expect_err("too late").to_string(),
            "scenario `late`: its dates touch no forecast quarter; these run from 2026-10-01 to \
             2026-12-31"
        );
    }

    #[test]
    fn a_broken_file_is_refused_in_words() {
        let said = |text: &str| Scenario::read(text).expect_err("broken").to_string();
        let unknown = said("title = 't'\nspend_factr = 2\n");
        assert!(unknown.starts_with("line 2: unknown field `spend_factr`"), "{unknown}");
        assert!(said("spend_factor = 2.0\n").contains("missing field `title`"));
        assert_eq!(
            said("title = 't'\nspend_factor = -1.0\n"),
            "`spend_factor` is -1; needed a ratio of 0 or more"
        );
        assert!(said("title = 't'\nspend_factor = nan\n").contains("is NaN"));
        assert_eq!(said("title = 't'\n"), "scenario `t` changes nothing");
        let swapped =
            "title = 't'\nspend_factor = 2.0\nfrom = '2027-02-01'\nuntil = '2027-01-01'\n";
        assert_eq!(said(swapped), "`from` is 2027-02-01, after `until`, 2027-01-01");
        assert!(said("title = 't'\nfrom = '2027-02-01'\n").contains("there is none"));
    }

    #[test]
    fn assumptions_are_laid_over_and_held() {
        let known = Assumptions::bundled().expect("bundled");
        let of = |text: &str| Scenario::read(text).expect("sound").assumptions(&known);
        let found = of("title = 't'\n[set]\ncluster_share = 0.3\n").expect("inside 0 to 1");
        let share = found.get("cluster_share").expect("known");
        assert_eq!((share.low, share.median, share.high), (0.3, 0.3, 0.3));
        let error = of("title = 't'\n[set]\ncluster_share = 1.3\n").expect_err("above 1");
        assert_eq!(
            error.to_string(),
            "assumption `cluster_share`: found 1.3, 1.3, 1.3, needed numbers between 0 and 1"
        );
        let error = of("title = 't'\n[set]\ncluster_shar = 0.3\n").expect_err("unknown");
        assert_eq!(error.to_string(), "assumption `cluster_shar` does not exist");
    }

    #[test]
    fn the_examples_are_sound() {
        let known = Assumptions::bundled().expect("bundled");
        for text in [
            include_str!("../../models/scenarios/accelerate.toml"),
            include_str!("../../models/scenarios/cut.toml"),
            include_str!("../../models/scenarios/bigger_clusters.toml"),
        ] {
            assert!(Scenario::read(text).and_then(|s| s.assumptions(&known)).is_ok(), "{text}");
        }
    }
}
