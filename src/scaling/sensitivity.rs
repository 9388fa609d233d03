//! Sensitivity: how far each assumption alone moves the answer.
//!
//! May use the core files and other files of `scaling`. Holds one assumption at its 5 % and at its
//! 95 % quantile while all others are drawn as before, in the same worlds.

use rayon::prelude::*;

use super::assumption::Assumptions;
use super::chain::{ChainTables, chain};
use super::law::ScalingLaw;
use super::scenario::{Baseline, typical};
use crate::error::Result;

/// Below this share of a decade of compute or of a point, nothing has moved but rounding.
const MOVED: f64 = 1e-9;

/// What one assumption moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Swing {
    /// Its name.
    pub assumption: String,
    /// Its unit.
    pub unit: String,
    /// Its 5 % and 95 % quantile.
    pub held: (f64, f64),
    /// Median capability of a typical model with it held at each.
    pub capability: (f64, f64),
    /// Change of the median run against the baseline with it held at each, decades of FLOP.
    pub run_decades: (f64, f64),
}

impl Swing {
    /// Capability at the high end less capability at the low end, without its sign.
    pub fn size(&self) -> f64 {
        (self.capability.1 - self.capability.0).abs()
    }
}

/// All assumptions, widest swing first.
#[derive(Debug, Clone, PartialEq)]
pub struct Tornado {
    /// Median capability of a typical model.
    pub capability: f64,
    /// Median run, FLOP.
    pub run: f64,
    /// Those that move something.
    pub swings: Vec<Swing>,
    /// How many move nothing.
    pub n_unmoved: usize,
    /// Worlds in which each case was run.
    pub n_draws: usize,
}

/// Holds each assumption at its low and high end and runs the chain.
///
/// - `law_of`: the law under a set of assumptions; it is asked anew for each.
///
/// # Errors
/// As [`chain`].
pub fn tornado<L: ScalingLaw>(
    baseline: &Baseline<'_>,
    law_of: impl Fn(&Assumptions) -> Result<L> + Sync,
) -> Result<Tornado> {
    let known = &baseline.tables.assumptions;
    let run_with = |assumptions: Assumptions| -> Result<(f64, f64)> {
        let law = law_of(&assumptions)?;
        let tables = ChainTables { assumptions, market: baseline.tables.market.clone() };
        let found = chain(baseline.input, &tables, &law, baseline.worlds)?;
        Ok((typical(&law, &found).median(), found.run.median()))
    };
    let (capability, run) = run_with(known.clone())?;
    let all: Vec<_> = known.iter().collect();
    let swing = |(name, assumption): &(&str, &super::assumption::Assumption)| {
        let at = |value| run_with(known.clone().pinned(name, value)?);
        let (low, high) = (at(assumption.low)?, at(assumption.high)?);
        Ok(Swing {
            assumption: (*name).to_owned(),
            unit: assumption.unit.clone(),
            held: (assumption.low, assumption.high),
            capability: (low.0, high.0),
            run_decades: ((low.1 / run).log10(), (high.1 / run).log10()),
        })
    };
    let mut swings: Vec<Swing> = all.par_iter().map(swing).collect::<Result<_>>()?;
    let n_all = swings.len();
    swings.retain(|swing| {
        let (low, high) = swing.run_decades;
        let moved = |at: f64| (at - capability).abs() > MOVED * capability.abs();
        moved(swing.capability.0) || moved(swing.capability.1) || low.abs().max(high.abs()) > MOVED
    });
    swings.sort_by(|a, b| {
        b.size().total_cmp(&a.size()).then_with(|| a.assumption.cmp(&b.assumption))
    });
    let n_unmoved = n_all - swings.len();
    Ok(Tornado { capability, run, swings, n_unmoved, n_draws: baseline.worlds.n_draws })
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use chrono::NaiveDate;

    use super::super::assumption::Worlds;
    use super::super::chain::{ChainInput, FleetUse, Purchases};
    use super::super::law::{Capability, Scale};
    use super::*;
    use crate::draws::Draws;
    use crate::period::Period;
    use crate::units::{Flop, H100e};

    /// Ten points a decade.
    struct Line;

    impl ScalingLaw for Line {
        fn expression(&self) -> String {
            "10 log10 C".to_owned()
        }
        fn citation(&self) -> &'static str {
            "a test"
        }
        fn domain(&self) -> RangeInclusive<Flop> {
            Flop(1e20)..=Flop(1e30)
        }
        fn capability(&self, compute: &Draws<Flop>) -> Capability {
            let draws = Draws::from_fn(compute.n_draws(), |i| self.curve(i, compute.values()[i]));
            Capability { scale: Scale::Eci, draws, extrapolated: false, share_outside: 0.0 }
        }
        fn curve(&self, _draw_idx: usize, compute: Flop) -> f64 {
            10.0 * compute.0.log10()
        }

        fn n_curves(&self) -> usize {
            1
        }
        fn scale(&self) -> Scale {
            Scale::Eci
        }
    }

    /// A tornado where all is held at its median but what a text spreads.
    fn with(spread: &str) -> Tornado {
        let day = |text: &str| text.parse::<NaiveDate>().expect("an ISO date");
        let bundled = ChainTables::bundled().expect("bundled");
        let held =
            bundled.assumptions.iter().fold(bundled.assumptions.clone(), |all, (name, a)| {
                all.pinned(name, a.median).expect("a median is inside its shape")
            });
        let spread = Assumptions::read(spread).expect("sound");
        let assumptions = held.overlaid(spread).expect("known");
        let tables = ChainTables { assumptions, market: bundled.market };
        let worlds = Worlds { seed: 1, origin: day("2026-09-24"), n_draws: 200 };
        let quarter = Period::new(day("2026-01-01"), day("2026-03-31")).expect("ordered");
        let input = ChainInput {
            company: "test",
            purchases: Purchases::H100e(vec![(quarter, Draws::constant(H100e(1e4), 200))]),
            stock: None,
            fleet_use: FleetUse::Lab,
            date: day("2026-12-31"),
        };
        let baseline = Baseline { input: &input, n_known: 0, tables: &tables, worlds: &worlds };
        tornado(&baseline, |_| Ok(Line)).expect("the chain runs")
    }

    const RUN_DAYS: &str = "[run_days]\nlow = 50.0\nmedian = 100.0\nhigh = 200.0\nunit = 'day'\n\
        shape = 'positive'\nsource = 'a test'\ndated = '2026-01-01'\n";

    #[test]
    fn half_and_twice_the_days_are_0_301_decades_and_3_01_points_either_way() {
        let found = with(RUN_DAYS);
        let [swing] = found.swings.as_slice() else { panic!("one moves: {:?}", found.swings) };
        assert_eq!((swing.assumption.as_str(), swing.held), ("run_days", (50.0, 200.0)));
        let width = swing.run_decades.1 - swing.run_decades.0;
        assert!((width - 4.0_f64.log10()).abs() < 1e-9, "{width}");
        assert!((swing.size() - 10.0 * 4.0_f64.log10()).abs() < 1e-9, "{}", swing.size());
        // The sample's median lies near 100 days, not on it.
        assert!((swing.run_decades.0 + 2.0_f64.log10()).abs() < 0.05, "{swing:?}");
        assert!((swing.run_decades.1 - 2.0_f64.log10()).abs() < 0.05, "{swing:?}");
    }

    #[test]
    fn the_wider_of_two_comes_first_and_a_shorter_run_is_a_smaller_one() {
        let share = "[cluster_share]\nlow = 0.05\nmedian = 0.2\nhigh = 0.6\nunit = 'ratio'\n\
            shape = 'share'\nsource = 'a test'\ndated = '2026-01-01'\n";
        let found = with(&format!("{RUN_DAYS}{share}"));
        let names: Vec<_> = found.swings.iter().map(|swing| swing.assumption.as_str()).collect();
        assert_eq!(names, ["cluster_share", "run_days"]);
        assert!(found.swings.iter().all(|s| s.capability.0 < s.capability.1));
    }
}
