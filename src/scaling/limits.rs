//! Limits: what can stand between a capability and its date, and what buyers and makers can do by
//! then.
//!
//! May use the core files and other files of `scaling`. Counts worlds; never says yes or no without
//! the share of worlds behind it.

use chrono::NaiveDate;

use crate::draws::Draws;
use crate::units::{H100e, SECONDS_PER_DAY, SECONDS_PER_YEAR, Usd};

/// Days in a year (definition).
const DAYS_PER_YEAR: f64 = SECONDS_PER_YEAR / SECONDS_PER_DAY;
/// Days in a quarter (definition).
pub(super) const DAYS_PER_QUARTER: f64 = DAYS_PER_YEAR / 4.0;

/// What can make a requirement infeasible, in the order in which ties are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constraint {
    /// No amount of compute is enough by the law.
    Unreachable,
    /// The date is too near to buy, to deploy and to train.
    Time,
    /// The run lies beyond what today's networks can do.
    Network,
    /// More chips than the world is sold until then.
    Chips,
    /// More power for the run's cluster than can be built.
    Power,
    /// More money than the buyers spend until then.
    Cash,
}

impl Constraint {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Unreachable, Self::Time, Self::Network, Self::Chips, Self::Power, Self::Cash];

    /// The word of rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Time => "time",
            Self::Network => "network",
            Self::Chips => "chips",
            Self::Power => "power",
            Self::Cash => "cash",
        }
    }

    /// What it means, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unreachable => "no amount of compute is enough by this law",
            Self::Time => "the date is too near to buy, deploy and train",
            Self::Network => "the run lies beyond what today's networks can do",
            Self::Chips => "more chips than the world is sold until then",
            Self::Power => "more power for one run than can be built",
            Self::Cash => "more money than the buyers spend until then",
        }
    }
}

/// A flow as last seen, and the day in the middle of the time over which it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// What flows in a year.
    pub per_year: f64,
    /// The day for which that speaks.
    pub centre: NaiveDate,
    /// Where it comes from.
    pub source: String,
}

impl Pace {
    /// What flows in `days` from `from` on, while the flow grows `growth`-fold a year:
    /// `per_year (g^t₁ − g^t₀) / ln g`, `t` in years since the centre; `per_year (t₁ − t₀)` at 1.
    ///
    /// - `days`: nothing flows in less than 0. `growth`: a ratio above 0.
    pub fn within(&self, from: NaiveDate, days: f64, growth: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 days")]
        let begun = (from - self.centre).num_days() as f64 / DAYS_PER_YEAR;
        let (years, rate) = (days.max(0.0) / DAYS_PER_YEAR, growth.ln());
        let stretched = if rate.abs() < 1e-12 { years } else { (rate * years).exp_m1() / rate };
        self.per_year * growth.powf(begun) * stretched
    }
}

/// Who buys, and at what pace.
#[derive(Debug, Clone, PartialEq)]
pub struct Buyers {
    /// The company, or a word for all of them.
    pub name: String,
    /// What one lab may use already of what they own when the run starts; nothing if absent.
    pub in_use: Option<Draws<H100e>>,
    /// Their capex, USD.
    pub capex: Pace,
    /// What they spend on accelerators in a quarter, at the pace of the latest four.
    pub accelerators_per_quarter: Draws<Usd>,
    /// What the world's makers sell, H100 equivalents.
    pub world_sales: Pace,
}

/// What one world needs, and what it has.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    /// Whether an amount of compute is enough.
    pub reachable: bool,
    /// Days left to buy in; not above 0 is too late.
    pub days_left: f64,
    /// Days left until the run must start.
    pub days_to_start: f64,
    /// Whether a network can carry the run.
    pub carried: bool,
    /// H100 equivalents to buy and sold until then.
    pub chips: (f64, f64),
    /// Watt of the run's cluster and what can be built.
    pub power: (f64, f64),
    /// Dollars of capex and what is spent until then.
    pub cash: (f64, f64),
}

impl World {
    /// The constraints that bind here. What no purchase can mend (law, time, network) stands alone;
    /// chips, power and cash stand side by side.
    pub(super) fn bound(&self) -> Vec<Constraint> {
        let too_late = self.chips.0 > 0.0 && self.days_left <= 0.0;
        if !self.reachable {
            return vec![Constraint::Unreachable];
        }
        if self.days_to_start <= 0.0 || too_late {
            return vec![Constraint::Time];
        }
        if !self.carried {
            return vec![Constraint::Network];
        }
        let bought = [
            (Constraint::Chips, self.chips),
            (Constraint::Power, self.power),
            (Constraint::Cash, self.cash),
        ];
        let over = bought.into_iter().filter(|(_, (needed, there))| needed > there);
        over.map(|(constraint, _)| constraint).collect()
    }
}

/// Whether a requirement can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In most worlds nothing binds.
    Feasible,
    /// In most worlds something binds; this binds in most of them.
    Infeasible(Constraint),
    /// In most worlds the smallest model of the law's data would already do.
    BelowFloor,
}

/// In how many worlds each constraint binds.
#[derive(Debug, Clone, PartialEq)]
pub struct Bindings {
    /// Share of worlds in which each binds, in the order of [`Constraint::ALL`].
    pub shares: [(Constraint, f64); 6],
    /// Share of worlds in which at least one does.
    pub any: f64,
}

impl Bindings {
    /// Counts over worlds.
    pub(super) fn count(worlds: impl Iterator<Item = World>) -> Self {
        let mut counts = [0_u32; 6];
        let (mut n_bound, mut n_worlds) = (0_u32, 0_u32);
        for world in worlds {
            let bound = world.bound();
            n_worlds += 1;
            n_bound += u32::from(!bound.is_empty());
            for (count, constraint) in counts.iter_mut().zip(Constraint::ALL) {
                *count += u32::from(bound.contains(&constraint));
            }
        }
        let share = |count: u32| f64::from(count) / f64::from(n_worlds.max(1));
        let mut shares = Constraint::ALL.map(|constraint| (constraint, 0.0));
        for (pair, count) in shares.iter_mut().zip(counts) {
            pair.1 = share(count);
        }
        Self { shares, any: share(n_bound) }
    }

    /// What binds in most worlds; the first of equals.
    pub fn binding(&self) -> Constraint {
        let [first, rest @ ..] = self.shares;
        rest.iter().fold(first, |best, next| if next.1 > best.1 { *next } else { best }).0
    }

    /// Infeasible where something binds in at least half of the worlds.
    pub fn verdict(&self) -> Verdict {
        if self.any >= 0.5 { Verdict::Infeasible(self.binding()) } else { Verdict::Feasible }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_year: f64) -> Pace {
        let centre = NaiveDate::from_ymd_opt(2025, 1, 1).expect("a date");
        Pace { per_year, centre, source: "by hand".to_owned() }
    }

    #[test]
    fn a_growing_flow_by_hand() {
        let later = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
        // 10 a year at the start of 2025, doubled by 2026: (20 growing to 40) is 20 / ln 2 = 28.85.
        let found = pace(10.0).within(later, DAYS_PER_YEAR, 2.0);
        assert!((found - 28.85).abs() < 0.02, "{found}");
        assert!((pace(10.0).within(later, DAYS_PER_QUARTER, 1.0) - 2.5).abs() < 1e-9);
        assert!(pace(10.0).within(later, -5.0, 2.0).abs() < 1e-12);
    }

    const EASY: World = World {
        reachable: true,
        days_left: 100.0,
        days_to_start: 200.0,
        carried: true,
        chips: (1.0, 2.0),
        power: (1.0, 2.0),
        cash: (1.0, 2.0),
    };

    #[test]
    fn what_money_cannot_mend_stands_alone_and_the_rest_side_by_side() {
        assert!(EASY.bound().is_empty());
        let dear = World { chips: (3.0, 2.0), cash: (3.0, 2.0), ..EASY };
        assert_eq!(dear.bound(), [Constraint::Chips, Constraint::Cash]);
        let late = World { days_left: -1.0, ..dear };
        assert_eq!(late.bound(), [Constraint::Time]);
        let owned = World { days_left: -1.0, chips: (0.0, 0.0), ..EASY };
        assert!(owned.bound().is_empty(), "chips that run already need no buying");
        assert_eq!(World { days_to_start: 0.0, ..owned }.bound(), [Constraint::Time]);
        assert_eq!(World { carried: false, ..dear }.bound(), [Constraint::Network]);
        assert_eq!(World { reachable: false, ..late }.bound(), [Constraint::Unreachable]);
    }

    #[test]
    fn shares_of_worlds_and_the_verdict() {
        let dear = World { cash: (3.0, 2.0), power: (3.0, 2.0), ..EASY };
        let found = Bindings::count([EASY, dear, World { carried: false, ..EASY }].into_iter());
        assert!((found.any - 2.0 / 3.0).abs() < 1e-12);
        // Network, power and cash bind in one world each: the first in order is named.
        assert_eq!(found.verdict(), Verdict::Infeasible(Constraint::Network));
        let found = Bindings::count([EASY, EASY, dear].into_iter());
        assert_eq!(found.verdict(), Verdict::Feasible);
        assert!((found.shares[5].1 - 1.0 / 3.0).abs() < 1e-12);
    }
}
