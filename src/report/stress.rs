//! What other spend and other assumptions change in a company's chain: scenarios and the tornado.
//!
//! May use the core, `forecast`, `scaling` and `machines`. The one place that runs them: `scale
//! COMPANY --scenario`, `--sensitivity` and the pages ask here, so that they say the same. Never
//! reads a file.

use std::sync::OnceLock;

use super::machines::{Supply, Workshop, supply};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::scaling::assumption::{Assumptions, Worlds};
use crate::scaling::chain::{Chain, chain};
use crate::scaling::law::Law;
use crate::scaling::scenario::{Baseline, Change, Scenario};
use crate::scaling::sensitivity::{Tornado, tornado};

/// Worlds in which each case of a tornado is run: swings compare the same worlds, and need fewer than a
/// forecast.
pub const N_DRAWS: usize = 1_000;

/// Most bytes of a scenario file.
pub const MAX_BYTES: u64 = 1 << 20;

/// The scenarios that come with the program: name of the file, and its text.
const BUNDLED: [(&str, &str); 6] = [
    ("base", include_str!("../../models/scenarios/base.toml")),
    ("accelerate", include_str!("../../models/scenarios/accelerate.toml")),
    ("cut", include_str!("../../models/scenarios/cut.toml")),
    ("bigger_clusters", include_str!("../../models/scenarios/bigger_clusters.toml")),
    ("rivals_move", include_str!("../../models/scenarios/rivals_move.toml")),
    ("export_ban", include_str!("../../models/scenarios/export_ban.toml")),
];

/// A scenario that comes with the program.
#[derive(Debug)]
pub struct Bundled {
    /// Its file, without folder and ending.
    pub file: &'static str,
    /// What it says.
    pub scenario: Scenario,
}

/// The scenarios that come with the program, the base first.
///
/// # Panics
/// Never: a test reads them.
pub fn bundled() -> &'static [Bundled] {
    static SCENARIOS: OnceLock<Vec<Bundled>> = OnceLock::new();
    SCENARIOS.get_or_init(|| {
        let read = |(file, text): (&'static str, &str)| {
            let scenario = Scenario::read(text).expect("a test reads the bundled scenarios");
            Bundled { file, scenario }
        };
        BUNDLED.into_iter().map(read).collect()
    })
}

/// The scenario that comes with the program under a name.
///
/// # Errors
/// [`Error::NotFound`] with the names there are.
pub fn named(name: &str) -> Result<&'static Scenario> {
    let found = bundled().iter().find(|one| one.file == name);
    found.map(|one| &one.scenario).ok_or_else(|| {
        let names: Vec<_> = bundled().iter().map(|one| one.file).collect();
        Error::not_found(format!("no scenario `{name}` comes with the program"))
            .hint(format!("scenarios are {}; a file of your own ends in `.toml`", names.join(", ")))
    })
}

/// The scenario of a file whose bytes were read; `place` names the file where it is broken.
///
/// # Errors
/// As [`Scenario::read`], and [`Error::Parse`] if it is no text.
pub fn of_file(place: &str, bytes: Vec<u8>) -> Result<Scenario> {
    let text = String::from_utf8(bytes)
        .map_err(|e| Error::parse(format!("`{place}` is no UTF-8 text")).caused_by(e))?;
    Scenario::read(&text).map_err(|e| e.within(format!("`{place}`")))
}

/// A company's chain on the bench.
pub struct Bench<'a> {
    /// What it starts from.
    pub supply: Supply<'a>,
    workshop: &'a Workshop,
    worlds: Worlds,
}

impl<'a> Bench<'a> {
    /// A company's forecast spend, in all of the workshop's worlds.
    ///
    /// # Errors
    /// As [`supply`].
    pub fn new(known: &Snapshot, forecast: &'a Forecast, workshop: &'a Workshop) -> Result<Self> {
        Self::within(known, forecast, workshop, workshop.worlds.n_draws)
    }

    /// The same in the first `n_draws` worlds.
    ///
    /// # Errors
    /// As [`supply`].
    pub fn within(
        known: &Snapshot,
        forecast: &'a Forecast,
        workshop: &'a Workshop,
        n_draws: usize,
    ) -> Result<Self> {
        let worlds = Worlds { n_draws, ..workshop.worlds };
        let supply = supply(known, &forecast.target, Some(forecast), &worlds)?;
        Ok(Self { supply, workshop, worlds })
    }

    fn baseline(&self) -> Baseline<'_> {
        Baseline {
            input: &self.supply.input,
            n_known: self.supply.spent.len(),
            tables: &self.workshop.tables,
            worlds: &self.worlds,
        }
    }

    fn law_of(&self, assumptions: &Assumptions) -> Result<Law> {
        self.workshop.law_under(assumptions, self.supply.input.date)
    }

    /// The chain as forecast.
    ///
    /// # Errors
    /// As [`chain`].
    pub fn before(&self) -> Result<Chain> {
        let law = self.law_of(&self.workshop.tables.assumptions)?;
        chain(&self.supply.input, &self.workshop.tables, &law, &self.worlds)
    }

    /// What a scenario changes in each world.
    ///
    /// # Errors
    /// As [`Scenario::run`].
    pub fn changes(&self, scenario: &Scenario, before: &Chain) -> Result<Vec<Change>> {
        scenario.run(&self.baseline(), before, |assumptions| self.law_of(assumptions))
    }

    /// How far each assumption alone moves the capability.
    ///
    /// # Errors
    /// As [`tornado`].
    pub fn tornado(&self) -> Result<Tornado> {
        tornado(&self.baseline(), |assumptions| self.law_of(assumptions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_scenarios_are_sound_and_the_base_changes_nothing() {
        let known = Assumptions::bundled().expect("bundled");
        let all = bundled();
        assert_eq!(all[0].file, "base");
        assert_eq!(all[0].scenario.spend_factor, Some(1.0));
        assert!(all.iter().all(|one| one.scenario.assumptions(&known).is_ok()));
        assert!(all.iter().skip(1).all(|one| !one.scenario.words().is_empty()));
        assert!(all[0].scenario.words().is_empty());
    }
}
