//! Owners and users: who owns how much, what of it runs, which labs use it, and the world's sums.
//!
//! May use the core files, `assumption`, `chain`'s tables, `estimates`, `installed`, `shipments`
//! and `sold`. An owner is counted once: `other` leaves `CoreWeave` and xAI out,
//! `other_incl_named` is never used here.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate};

use super::assumption::Worlds;
use super::chain::ChainTables;
use super::estimates::{Estimate, estimates, parts, stock};
use super::installed::{Lifetime, StockEstimate, facility_power, installed};
use super::shipments::{Buyer, Customers, accelerator_spend};
use super::sold::{COMPUTED, MAKERS, Sale, estimated, sold};
use crate::archive::Snapshot;
use crate::cells::Cells;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::period::{Frequency, Period};
use crate::series::SeriesId;
use crate::units::{H100e, Usd, Watt};

const HOSTS: &str = include_str!("../../datasets/hosts.csv");
/// Every owner of the estimates, each counted once.
pub const OWNERS: [&str; 9] =
    ["googl", "msft", "amzn", "meta", "orcl", "crwv", "xai", "china", "other"];
/// Labs' errors go together: Epoch draws all labs in one stream. One key for all is the wider choice.
const LABS_KEY: &str = "labs.compute_in_use";

/// What an owner has on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// The owner.
    pub owner: String,
    /// The day.
    pub date: NaiveDate,
    /// The last estimate before it.
    pub estimate: StockEstimate,
    /// Owned: the estimate and what was bought since.
    pub owned: Draws<H100e>,
    /// Of it, deployed and not retired.
    pub running: Draws<H100e>,
    /// Power of what runs, machines alone.
    pub it_power: Draws<Watt>,
    /// With cooling and losses.
    pub facility_power: Draws<Watt>,
    /// What is not in the numbers: purchases after a day or after the estimate, the dates of purchases
    /// (then all of the estimate is taken as running when it was made), an interval.
    pub missing: Vec<String>,
}

/// An owner's fleet on a day.
///
/// `owned = estimate + Σ capex since · accelerator share / price`; `running` passes every purchase
/// through deployment lag and survival ([`installed`]), Epoch's by quarter in proportion to the
/// drawn estimate; `IT power = running · power_w_per_h100e`, the facility's times
/// `power_usage_effectiveness`.
///
/// # Errors
/// [`Error::NotFound`] for an owner without estimates; [`Error::Insufficient`] if none was public or
/// dated on or before the day.
pub fn fleet(
    known: &Snapshot,
    owner: &str,
    date: NaiveDate,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<Fleet> {
    if !OWNERS.contains(&owner) {
        return Err(Error::not_found(format!("no installed base of owner `{owner}` is known"))
            .hint(format!("owners are {}", OWNERS.join(", "))));
    }
    let estimate = stock(known, owner, date)?.ok_or_else(|| {
        Error::insufficient(format!(
            "no installed base of `{owner}` on or before {date} was public on {}",
            known.as_of()
        ))
        .hint("the estimates were published from 2026-04 on and begin with 2022-03-31")
    })?;
    let mut owned = estimate.draws(owner, worlds)?;
    let mut missing = Vec::new();
    let mut flows = Vec::new();
    let bought = purchases(known, owner, estimate.date)?;
    let sum: f64 = bought.iter().map(|quarter| quarter.median).sum();
    // Medians of quarters may add up to a little more than the median of the stock.
    let whole = sum.max(estimate.median.0);
    let share = |part: f64| owned.map(|all| H100e(all.0 * part / whole));
    for quarter in &bought {
        flows.push((quarter.period, share(quarter.median)));
    }
    let unexplained = (estimate.median.0 - sum).max(0.0);
    let rest = share(unexplained);
    if unexplained > 0.01 * estimate.median.0 {
        missing.push("purchase dates".to_owned());
    }
    let since = since(known, owner, estimate.date, date, tables, worlds)?;
    let counted_to = since.last().map_or(estimate.date, |(period, _)| period.end());
    if counted_to < date {
        let is_nothing_since = counted_to == estimate.date;
        let later = "later purchases".to_owned();
        let after = format!("purchases after {counted_to}");
        missing.push(if is_nothing_since { later } else { after });
    }
    for (period, h100e) in since {
        owned = owned.zip(&h100e, |all, part| all + part)?;
        flows.push((period, h100e));
    }
    if estimate.low == estimate.high {
        missing.push("interval".to_owned());
    }
    let lifetime = Lifetime::sample(&tables.assumptions, worlds)?;
    let mut running = installed(date, &flows, None, &lifetime)?;
    let aged = installed(date, &[], Some((estimate.date, &rest)), &lifetime)?;
    running = running.zip(&aged, |a, b| a + b)?;
    let each = tables.assumptions.draws("power_w_per_h100e", worlds)?;
    let pue = tables.assumptions.draws("power_usage_effectiveness", worlds)?;
    let it_power = facility_power(&running, &each, &pue.map(|_| 1.0))?;
    let facility_power = facility_power(&running, &each, &pue)?;
    let owner = owner.to_owned();
    Ok(Fleet { owner, date, estimate, owned, running, it_power, facility_power, missing })
}

/// Quarters of purchases up to the day of a stock, all makers.
fn purchases(known: &Snapshot, owner: &str, until: NaiveDate) -> Result<Vec<Estimate>> {
    let whole = format!("{owner}.gpu_purchases_h100e");
    let mut found = Vec::new();
    for maker in parts(known, &whole)? {
        found.extend(estimates(known, &format!("{whole}.{maker}"))?);
    }
    found.retain(|quarter| quarter.period.end() <= until);
    Ok(found)
}

/// What an owner's capital expenditure bought between two days, by its quarters cut to them.
fn since(
    known: &Snapshot,
    owner: &str,
    after: NaiveDate,
    until: NaiveDate,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<Vec<(Period, Draws<H100e>)>> {
    let id = SeriesId::new(&format!("{owner}.capex_cash"))?;
    if after >= until || !known.holds(&id)? {
        return Ok(Vec::new());
    }
    let market = tables.market.sample(Customers::OutsideChina, &tables.assumptions, worlds)?;
    let share = tables.assumptions.draws(Buyer::of(owner).assumption(), worlds)?;
    let mut found = Vec::new();
    for row in known.current(&id)? {
        let start = row.period.start().max(after + Days::new(1));
        let end = row.period.end().min(until);
        if row.period.frequency() != Some(Frequency::Quarter) || end < start {
            continue;
        }
        let inside = Period::new(start, end)?;
        let capex = Usd(row.value * row.period.share_in(inside));
        let spend = accelerator_spend(&Draws::constant(capex, worlds.n_draws), &share)?;
        found.push((inside, market.shipment(row.period, &spend)?.total));
    }
    Ok(found)
}

/// One lab on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosting {
    /// The lab, by the owner of its series.
    pub lab: String,
    /// The owner of machines that it uses.
    pub host: String,
    /// The first day.
    pub since: NaiveDate,
    /// In what form.
    pub how: String,
    /// Who says so.
    pub source: String,
}

/// Who uses whose machines, to the end of 2025.
///
/// # Errors
/// [`Error::Parse`] if the bundled table is broken.
pub fn hostings() -> Result<Vec<Hosting>> {
    let table = Cells::csv("datasets/hosts.csv", HOSTS)?;
    let read = table.rows().map(|row| {
        Ok(Hosting {
            lab: row.text("lab")?.to_owned(),
            host: row.text("host")?.to_owned(),
            since: row.date("since")?,
            how: row.text("how")?.to_owned(),
            source: row.text("source")?.to_owned(),
        })
    });
    read.collect()
}

/// What labs use of their hosts' fleets.
#[derive(Debug, Clone, PartialEq)]
pub struct LabUse {
    /// One lab, or all that share a host.
    pub labs: Vec<String>,
    /// Their hosts on that day.
    pub hosts: Vec<String>,
    /// The day.
    pub date: NaiveDate,
    /// Compute in use.
    pub used: Draws<H100e>,
    /// What the hosts own, each once.
    pub owned: Draws<H100e>,
    /// The one over the other, world by world; above 1 the two estimates contradict each other.
    pub share: Draws<f64>,
    /// Where the use comes from.
    pub source: String,
    /// Hosts whose fleet is not known on that day.
    pub missing: Vec<String>,
}

/// Each lab's use over its hosts' fleets on the last day on or before `date` for which the lab's use
/// was estimated, and the joint use of labs that share a host.
///
/// A lab's use is not split between its hosts: nobody publishes that. Hosts also sell to others.
///
/// # Errors
/// [`Error::Parse`] if the bundled table is broken.
pub fn lab_uses(known: &Snapshot, date: NaiveDate, worlds: &Worlds) -> Result<Vec<LabUse>> {
    let hostings = hostings()?;
    let mut labs: Vec<(String, Estimate, BTreeSet<String>)> = Vec::new();
    for lab in hostings.iter().map(|hosting| &hosting.lab).collect::<BTreeSet<_>>() {
        let uses = estimates(known, &format!("{lab}.compute_in_use_h100e"))?;
        let Some(used) = uses.into_iter().rev().find(|used| used.period.end() <= date) else {
            continue;
        };
        let is_host =
            |hosting: &&Hosting| hosting.lab == *lab && hosting.since <= used.period.end();
        let hosts = hostings.iter().filter(is_host).map(|hosting| hosting.host.clone()).collect();
        labs.push((lab.clone(), used, hosts));
    }
    let mut found = Vec::new();
    for lab in &labs {
        found.extend(joint_use(known, std::slice::from_ref(lab), worlds)?);
    }
    let shares_a_host =
        |a: &(String, Estimate, BTreeSet<String>), b: &BTreeSet<String>| !a.2.is_disjoint(b);
    let mut left = labs;
    while let Some(first) = left.pop() {
        let mut group = vec![first];
        let mut hosts = group[0].2.clone();
        while let Some(i) = left.iter().position(|lab| shares_a_host(lab, &hosts)) {
            let lab = left.remove(i);
            hosts.extend(lab.2.iter().cloned());
            group.push(lab);
        }
        if group.len() > 1 && group.iter().all(|lab| lab.1.period == group[0].1.period) {
            group.sort_by(|a, b| a.0.cmp(&b.0));
            found.extend(joint_use(known, &group, worlds)?);
        }
    }
    Ok(found)
}

fn joint_use(
    known: &Snapshot,
    labs: &[(String, Estimate, BTreeSet<String>)],
    worlds: &Worlds,
) -> Result<Option<LabUse>> {
    let date = labs[0].1.period.end();
    let normal = worlds.normal(LABS_KEY);
    let mut used = Draws::constant(H100e(0.0), worlds.n_draws);
    for (_, estimate, _) in labs {
        used = used.zip(&estimate.through(&normal)?, |sum, part| sum + H100e(part))?;
    }
    let all: BTreeSet<_> = labs.iter().flat_map(|(_, _, hosts)| hosts.iter().cloned()).collect();
    let (mut hosts, mut missing) = (Vec::new(), Vec::new());
    let mut owned = Draws::constant(H100e(0.0), worlds.n_draws);
    for host in all {
        match stock(known, &host, date)?.filter(|stock| stock.date == date) {
            Some(stock) => {
                owned = owned.zip(&stock.draws(&host, worlds)?, |sum, part| sum + part)?;
                hosts.push(host);
            }
            None => missing.push(host),
        }
    }
    if hosts.is_empty() {
        return Ok(None);
    }
    let share = used.zip(&owned, |used, owned| used / owned)?;
    let source = labs[0].1.source.clone();
    let labs = labs.iter().map(|(lab, ..)| lab.clone()).collect();
    Ok(Some(LabUse { labs, hosts, date, used, owned, share, source, missing }))
}

/// All owners against all makers at the end of a year.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The last day of the year.
    pub date: NaiveDate,
    /// Each owner's fleet as estimated.
    pub owners: Vec<(String, Draws<H100e>)>,
    /// Each maker's sales up to the day.
    pub makers: Vec<(String, Draws<H100e>)>,
    /// Sum over owners.
    pub owned: Draws<H100e>,
    /// Sum over makers.
    pub sold: Draws<H100e>,
    /// Owners less makers.
    pub gap: Draws<H100e>,
    /// Owners and makers without a value on that day.
    pub missing: Vec<String>,
}

/// What all owners hold against what all makers sold, world by world, at the last year end on or
/// before `date`.
///
/// NVIDIA's sales are computed ([`sold`]), other makers' and all owners' are Epoch's. Owners are
/// drawn apart from each other. Neither side retires a chip.
///
/// # Errors
/// As [`sold`].
pub fn world(
    known: &Snapshot,
    date: NaiveDate,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<World> {
    let end_of = |year| NaiveDate::from_ymd_opt(year, 12, 31).filter(|end| *end <= date);
    let date = end_of(date.year()).or_else(|| end_of(date.year() - 1)).unwrap_or(date);
    let (mut owners, mut makers, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for owner in OWNERS {
        match stock(known, owner, date)?.filter(|stock| stock.date == date) {
            Some(stock) => owners.push((owner.to_owned(), stock.draws(owner, worlds)?)),
            None => missing.push(owner.to_owned()),
        }
    }
    for maker in MAKERS {
        let sales = match maker {
            COMPUTED => sold(known, tables, worlds)?,
            _ => estimated(known, maker, worlds)?,
        };
        let last = sales.into_iter().find(|sale: &Sale| sale.period.end() == date);
        let total = last.as_ref().and_then(Sale::total).map(|total| total.cumulative.clone());
        match total {
            Some(total) => makers.push((maker.to_owned(), total)),
            None => missing.push(format!("sales of {maker}")),
        }
    }
    let sum = |all: &[(String, Draws<H100e>)]| {
        all.iter().try_fold(Draws::constant(H100e(0.0), worlds.n_draws), |sum, (_, part)| {
            sum.zip(part, |a, b| a + b)
        })
    };
    let (owned, sold) = (sum(&owners)?, sum(&makers)?);
    let gap = owned.zip(&sold, |owned, sold| owned - sold)?;
    Ok(World { date, owners, makers, owned, sold, gap, missing })
}
