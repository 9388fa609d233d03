//! Sums over the rows of a release: chips to makers, makers to owners; and owners against sales.
//!
//! May use the core files, `rows` and `origin`. A sum of medians is made only where every part is
//! there; what is missing is said.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::rows::{Grain, Key, Row, Table};
use crate::error::Result;
use crate::ingest::Parsed;
use crate::ingest::origin::{Origin, aside};
use crate::period::Period;
use crate::units::Unit;

/// How far owners may add up to more or less than sales: medians of parts do not add up to the
/// median of the whole (at most 1.6 % apart in the releases at hand, where all owners are given).
const TOLERANCE: f64 = 0.10;

/// What is held under each key at each period end.
type Holdings = BTreeMap<Key, BTreeMap<NaiveDate, Held>>;

/// What is known of a holding at one period end.
struct Held {
    period: Period,
    h100e: Option<f64>,
    units: Option<f64>,
    origin: Origin,
    is_sum: bool,
}

/// Adds the sums that the release does not give itself.
pub(super) fn add(tables: &[Table], parsed: &mut Parsed) -> Result<()> {
    let held = holdings(tables, parsed);
    for (key, ends) in &held {
        for one in ends.values().filter(|one| one.is_sum) {
            let origin = one.origin.noting("sum of medians over chips");
            let measures = [("h100e", one.h100e, Unit::H100e), ("units", one.units, Unit::Count)];
            for (measure, value, unit) in measures {
                if let Some(value) = value {
                    let (id, origin) = (key.series(measure), origin.in_unit(unit));
                    let locator = "sum over the chips of the release";
                    parsed.observations.push(origin.row(&id, one.period, value, locator)?);
                }
            }
        }
    }
    let owners: BTreeSet<_> = held.keys().filter_map(|key| key.owner.clone()).collect();
    for owner in owners.iter().filter(|owner| *owner != "other_incl_named") {
        for grain in [Grain::Quarter, Grain::Stock] {
            over_makers(&held, owner, grain, parsed)?;
        }
    }
    Ok(())
}

/// What is held of each maker: the totals of the release, or for quarters sums over all its chips.
fn holdings(tables: &[Table], parsed: &Parsed) -> Holdings {
    let mut held = Holdings::new();
    let rows = || tables.iter().flat_map(|table| &table.rows);
    for row in rows().filter(|row| row.key.chip.is_none()) {
        held.entry(row.key.clone()).or_default().entry(row.period.end()).or_insert(Held {
            period: row.period,
            h100e: row.h100e.median,
            units: row.units.median,
            origin: row.origin.clone(),
            is_sum: false,
        });
    }
    let mut counted = BTreeSet::new();
    for row in rows().filter(|row| row.key.chip.is_some() && row.key.grain == Grain::Quarter) {
        let all_chips = Key { chip: None, ..row.key.clone() };
        let is_first = counted.insert((row.key.clone(), row.period));
        if !is_first || is_set_aside(parsed, &all_chips, row.period.end()) {
            continue;
        }
        let ends = held.entry(all_chips).or_default();
        let one = ends.entry(row.period.end()).or_insert_with(|| Held {
            period: row.period,
            h100e: Some(0.0),
            units: Some(0.0),
            origin: row.origin.clone(),
            is_sum: true,
        });
        if one.is_sum {
            let plus = |sum: Option<f64>, part: Option<f64>| Some(sum? + part?);
            one.h100e = plus(one.h100e, row.h100e.median);
            one.units = plus(one.units, row.units.median);
        }
    }
    held
}

/// H100 equivalents of all makers in one owner's hands, where no maker is missing.
fn over_makers(held: &Holdings, owner: &str, grain: Grain, parsed: &mut Parsed) -> Result<()> {
    let of_owner: Vec<_> = held
        .iter()
        .filter(|(key, _)| key.owner.as_deref() == Some(owner) && key.grain == grain)
        .collect();
    let metric = if grain == Grain::Stock { "installed_h100e" } else { "gpu_purchases_h100e" };
    let id = format!("{owner}.{metric}");
    let all_ends: BTreeSet<_> = of_owner.iter().flat_map(|(_, ends)| ends.keys()).collect();
    for &end in all_ends {
        let (mut sum, mut parts, mut missing) = (0.0, Vec::new(), None);
        for (key, ends) in &of_owner {
            if let Some((one, h100e)) = ends.get(&end).and_then(|one| Some((one, one.h100e?))) {
                sum += h100e;
                parts.push((key.maker.as_str(), one));
            } else {
                missing = missing.or_else(|| gap(held, key, end, parsed));
            }
        }
        let Some((_, newest)) = parts.iter().max_by_key(|(_, one)| one.origin.vintage) else {
            continue;
        };
        let period = if grain == Grain::Stock { Period::day(end) } else { newest.period };
        if let Some(reason) = missing {
            let reason = format!("no sum over makers: {reason}");
            parsed.set_aside.push(aside(id.as_str(), Some(period), "sum over makers", reason));
            continue;
        }
        let makers: Vec<_> = parts.iter().map(|(maker, _)| *maker).collect();
        let origin = newest.origin.noting(&format!("sum of medians: {}", makers.join(" + ")));
        let locator = "sum over the makers of the release";
        let row = origin.in_unit(Unit::H100e).row(&id, period, sum, locator)?;
        parsed.observations.push(row);
    }
    Ok(())
}

/// Why a maker that has no value at a period end leaves a gap in a sum; nothing if the owner held
/// none of its chips then, or the maker is not covered so early.
///
/// What an owner makes itself is too large a part to be left out of the years before it is covered.
fn gap(held: &Holdings, key: &Key, end: NaiveDate, parsed: &Parsed) -> Option<String> {
    let covered = held
        .iter()
        .filter(|(k, _)| k.owner.is_some() && k.maker == key.maker && k.grain == key.grain)
        .flat_map(|(_, ends)| ends.keys());
    let (first, last) = (covered.clone().min()?, covered.max()?);
    let maker = &key.maker;
    if is_set_aside(parsed, key, end) {
        return Some(format!("rows of {maker} are set aside"));
    }
    if *last < end {
        return Some(format!("{maker} is covered up to {last}"));
    }
    let is_own = key.owner.as_ref() == Some(maker);
    (end < *first && is_own).then(|| format!("{maker} is covered from {first} on"))
}

/// Whether a row of a holding, or of one of its chips, was set aside.
fn is_set_aside(parsed: &Parsed, key: &Key, end: NaiveDate) -> bool {
    let id = key.series("h100e");
    let is_one = |series: &str| {
        series.strip_prefix(&id).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let at_end = |period: Option<Period>| period.is_some_and(|period| period.end() == end);
    parsed.set_aside.iter().any(|aside| at_end(aside.period) && is_one(&aside.series))
}

/// Says where the owners of a chip do not add up to its sales; owners that add up to more than was
/// sold are set aside, owners that add up to less may be unnamed and stay.
pub(super) fn compare(tables: &[Table], parsed: &mut Parsed) {
    let rows = || tables.iter().flat_map(|t| &t.rows).filter(|r| r.key.grain == Grain::Quarter);
    let what = |row: &Row| {
        // One line of sales may stand for two chips.
        let chip = row.key.chip.as_deref()?.trim_end_matches("_h200");
        Some((row.key.maker.clone(), chip.to_owned(), row.period))
    };
    let is_owner = |row: &Row, owner: &str| row.key.owner.as_deref() == Some(owner);
    let with_baseline: BTreeSet<_> =
        rows().filter(|row| is_owner(row, "other_incl_named")).filter_map(what).collect();
    let (mut sold, mut owned) = (BTreeMap::new(), BTreeMap::<_, BTreeMap<&str, f64>>::new());
    for row in rows() {
        let (Some(what), Some(units)) = (what(row), row.units.median) else { continue };
        match row.key.owner.as_deref() {
            None => {
                sold.insert(what, units);
            }
            // The baseline holds these three already.
            Some("other" | "crwv" | "xai") if with_baseline.contains(&what) => {}
            Some(owner) => {
                owned.entry(what).or_default().insert(owner, units);
            }
        }
    }
    for ((maker, chip, period), sold) in sold {
        let Some(owners) = owned.get(&(maker.clone(), chip.clone(), period)) else { continue };
        let sum: f64 = owners.values().sum();
        if (sum - sold).abs() <= TOLERANCE * sold {
            continue;
        }
        let figures = format!("{} owners add up to {sum}, {sold} were sold", owners.len());
        let chips = Some(chip.clone());
        let key = Key { owner: None, maker: maker.clone(), chip: chips, grain: Grain::Quarter };
        let id = key.series("units");
        let reason = if sum > sold {
            set_owners_aside(parsed, &maker, &chip, period, &figures);
            format!("{figures}: the owners' rows are set aside")
        } else {
            format!("finding: {figures}; the rows stay, the rest may be owners without a name")
        };
        parsed.set_aside.push(aside(id, Some(period), "owners against sales", reason));
    }
}

fn set_owners_aside(parsed: &mut Parsed, maker: &str, chip: &str, period: Period, figures: &str) {
    let is_one = |series: &str| {
        let metric = series.split_once('.').map_or("", |(_, metric)| metric);
        let mut parts = metric.split('.');
        parts.next().is_some_and(|first| first.starts_with("gpu_purchases_"))
            && parts.next() == Some(maker)
            && parts.next().is_some_and(|part| part == chip || part == format!("{chip}_h200"))
    };
    let rows = std::mem::take(&mut parsed.observations);
    for row in rows {
        if row.period == period && is_one(row.series.as_str()) {
            let reason = format!("more than was sold: {figures}");
            let series = row.series.to_string();
            parsed.set_aside.push(aside(series, Some(period), row.locator, reason));
        } else {
            parsed.observations.push(row);
        }
    }
}
