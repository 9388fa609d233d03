//! `chipcast scale installed`: who owns how much, what of it runs, and which labs use it.

use chrono::NaiveDate;
use clap::Args;
use serde_json::{Value, json};

use super::{between, say};
use crate::cli::output::{Rows, print, table};
use crate::cli::{Context, Format, Outcome};
use crate::draws::{DEFAULT_N_DRAWS, Draws};
use crate::error::{Error, Result};
use crate::report::format;
use crate::scaling::assumption::Worlds;
use crate::scaling::chain::ChainTables;
use crate::scaling::fleet::{Fleet, LabUse, OWNERS, World, fleet, lab_uses, world};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this owner, such as msft; all owners and the world's sums without it
    owner: Option<String>,
    /// The day counted; the last day known by default
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let date = arguments.date.unwrap_or_else(|| known.as_of());
    if date > known.as_of() {
        return Err(Error::invalid(format!(
            "installed base on {date} asked, but the snapshot is as of {}",
            known.as_of()
        ))
        .hint("`scale COMPANY` forecasts the fleet of days to come"));
    }
    let tables = ChainTables::bundled()?;
    let worlds =
        Worlds { seed: context.global.seed, origin: known.as_of(), n_draws: DEFAULT_N_DRAWS };
    let owner = arguments.owner.as_ref().map(|owner| owner.to_ascii_lowercase());
    let owners = owner.as_ref().map_or(OWNERS.to_vec(), |owner| vec![owner.as_str()]);
    let mut fleets = Vec::new();
    for name in owners {
        match fleet(&known, name, date, &tables, &worlds) {
            Ok(found) => fleets.push(found),
            Err(e) if owner.is_some() => return Err(e),
            Err(e) => context.say(format!("left out: {e}")),
        }
    }
    if fleets.is_empty() {
        return Err(Error::insufficient(format!(
            "no installed base was public on {}",
            known.as_of()
        ))
        .hint("estimates of owners were published from 2026-04 on"));
    }
    let mut uses = lab_uses(&known, date, &worlds)?;
    uses.retain(|found| owner.as_ref().is_none_or(|owner| found.hosts.contains(owner)));
    let world = match owner {
        Some(_) => None,
        None => Some(world(&known, date, &tables, &worlds)?),
    };
    let mut rows = Quantities::new();
    rows.push_all(&fleets, &uses, world.as_ref());
    rows.0.print(context.global.format, || fleets_table(&fleets))?;
    if context.global.format == Format::Table {
        print(&format!("\n{}", uses_table(&uses)))?;
        if let Some(world) = &world {
            print("")?;
            say(&world_words(world))?;
        }
        for note in NOTES {
            say(note)?;
        }
    }
    Ok(Outcome::Done)
}

const NOTES: [&str; 3] = [
    "owned: Epoch AI's estimates (CC BY 4.0, made afterwards), then what cash capex bought since. \
     running: after deployment lag and retirement.",
    "a lab's use is not split between its hosts, and hosts also sell to others; a share above 100% \
     says that two estimates contradict each other.",
    "power: running x W a h100e, IT alone and with the facility's losses; not covered: idle and \
     unfinished sites, CPUs and storage beyond the server.",
];

/// Rows of one quantity each.
struct Quantities(Rows);

impl Quantities {
    fn new() -> Self {
        let columns =
            ["subject", "quantity", "date", "unit", "p05", "p50", "p95", "source", "missing"];
        Self(Rows::new(&columns))
    }

    fn push<T: Copy + Into<f64>>(
        &mut self,
        subject: &str,
        quantity: &str,
        date: NaiveDate,
        unit: Unit,
        draws: &Draws<T>,
        words: [Value; 2],
    ) {
        let quantiles = draws.quantiles(&[0.05, 0.5, 0.95]);
        let [source, missing] = words;
        self.0.push(vec![
            json!(subject),
            json!(quantity),
            json!(date),
            json!(unit.word()),
            json!(quantiles[0]),
            json!(quantiles[1]),
            json!(quantiles[2]),
            source,
            missing,
        ]);
    }

    fn push_all(&mut self, fleets: &[Fleet], uses: &[LabUse], world: Option<&World>) {
        for fleet in fleets {
            let (owner, date) = (fleet.owner.as_str(), fleet.date);
            let words = || {
                let source = format!("{}, {}", fleet.estimate.source, fleet.estimate.date);
                [json!(source), json!(fleet.missing.join("; "))]
            };
            self.push(owner, "owned", date, Unit::H100e, &fleet.owned, words());
            self.push(owner, "running", date, Unit::H100e, &fleet.running, words());
            self.push(owner, "it power", date, Unit::Watt, &fleet.it_power, words());
            self.push(owner, "facility power", date, Unit::Watt, &fleet.facility_power, words());
        }
        for found in uses {
            let subject = found.labs.join("+");
            let hosts = found.hosts.join("+");
            let words = || [json!(found.source), json!(found.missing.join("; "))];
            self.push(&subject, "used", found.date, Unit::H100e, &found.used, words());
            let quantity = format!("share of {hosts}");
            self.push(&subject, &quantity, found.date, Unit::Ratio, &found.share, words());
        }
        if let Some(world) = world {
            let words = || {
                [json!("owners: Epoch AI; makers: `scale sold`"), json!(world.missing.join("; "))]
            };
            for (quantity, draws) in [
                ("owned by all owners", &world.owned),
                ("sold by all makers", &world.sold),
                ("owned less sold", &world.gap),
            ] {
                self.push("world", quantity, world.date, Unit::H100e, draws, words());
            }
        }
    }
}

fn fleets_table(fleets: &[Fleet]) -> String {
    let line = |fleet: &Fleet| {
        let h100e = |value: f64| format::short(value, Unit::H100e, 2);
        let owned = fleet.owned.quantiles(&[0.05, 0.95]);
        let gigawatt = |watt: f64| format!("{:.2}", watt / 1e9);
        vec![
            fleet.owner.clone(),
            fleet.estimate.date.to_string(),
            h100e(fleet.owned.median()),
            between(owned[0], owned[1], Unit::H100e),
            h100e(fleet.running.median()),
            gigawatt(fleet.it_power.median()),
            gigawatt(fleet.facility_power.median()),
            fleet.missing.join("; "),
        ]
    };
    let header = [
        "owner",
        "estimate of",
        "owned h100e",
        "5% to 95%",
        "running",
        "IT GW",
        "site GW",
        "missing",
    ];
    table(&header, &[2, 3, 4, 5, 6], fleets.iter().map(line).collect())
}

fn uses_table(uses: &[LabUse]) -> String {
    let line = |found: &LabUse| {
        let share = found.share.quantiles(&[0.05, 0.95]);
        let missing = found.missing.iter().map(|host| format!("without {host}"));
        vec![
            found.labs.join(" + "),
            found.date.to_string(),
            format::short(found.used.median(), Unit::H100e, 2),
            found.hosts.join(" + "),
            format::short(found.owned.median(), Unit::H100e, 2),
            format::words(found.share.median(), Unit::Ratio, 0),
            between(share[0], share[1], Unit::Ratio),
            missing.collect::<Vec<_>>().join("; "),
        ]
    };
    let header = ["labs", "on", "used h100e", "hosts", "owned", "share", "5% to 95%", "missing"];
    table(&header, &[2, 4, 5, 6], uses.iter().map(line).collect())
}

fn world_words(world: &World) -> String {
    let words = |draws: &Draws<crate::units::H100e>| {
        let found = draws.quantiles(&[0.05, 0.5, 0.95]);
        let median = format::short(found[1], Unit::H100e, 2);
        format!("{median} ({})", between(found[0], found[2], Unit::H100e))
    };
    let missing = if world.missing.is_empty() {
        String::new()
    } else {
        format!("; missing: {}", world.missing.join(", "))
    };
    format!(
        "world on {}: owners hold {}, makers sold {}, owners less makers {}{missing}",
        world.date,
        words(&world.owned),
        words(&world.sold),
        words(&world.gap)
    )
}
