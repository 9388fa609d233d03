//! The rows of a release: what each stands for, the ids of its series, and which are set aside.
//!
//! May use the core files, `columns` and `origin`. Never repairs a row: one that contradicts
//! itself is set aside whole.

use std::fmt;

use chrono::NaiveDate;

use super::columns::{Columns, file_name, generated};
use crate::cells::{Cells, Row as CellsRow, short};
use crate::error::Result;
use crate::ingest::SetAside;
use crate::ingest::origin::{Origin, aside, slug};
use crate::observation::Observation;
use crate::period::Period;
use crate::units::Unit;

/// Makers and owners under the ids of their series; others go by their own names.
const OWNERS: [(&str, &str); 13] = [
    ("alphabet", "googl"),
    ("amazon", "amzn"),
    ("apple", "aapl"),
    ("broadcom", "avgo"),
    ("coreweave", "crwv"),
    ("google", "googl"),
    ("intel", "intc"),
    ("meta", "meta"),
    ("microsoft", "msft"),
    ("nvidia", "nvda"),
    ("openai", "openai"),
    ("oracle", "orcl"),
    ("spacexai", "xai"),
];

/// A table of a release.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
    pub(super) set_aside: Vec<SetAside>,
}

/// What a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    /// Chips of a calendar quarter.
    Quarter,
    /// Chips of a maker's own fiscal quarter.
    FiscalQuarter,
    /// All chips up to a day.
    Stock,
}

/// Whose chips a row counts: sold to all, or in one owner's hands; of one kind, or of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) owner: Option<String>,
    pub(super) maker: String,
    pub(super) chip: Option<String>,
    pub(super) grain: Grain,
}

/// A row that can be used.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) period: Period,
    pub(super) h100e: Triple,
    pub(super) units: Triple,
    pub(super) power_w: Triple,
    pub(super) generated: Option<NaiveDate>,
    pub(super) origin: Origin,
    pub(super) locator: String,
}

/// Median and the two percentiles, as far as they are given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Triple {
    pub(super) median: Option<f64>,
    pub(super) p05: Option<f64>,
    pub(super) p95: Option<f64>,
}

impl Table {
    /// The rows of a table, or nothing if it is none of chips sold or owned.
    pub(super) fn of(cells: &Cells, origin: &Origin) -> Option<Self> {
        let columns = Columns::of(cells)?;
        let mut table =
            Self { name: cells.name().to_owned(), rows: Vec::new(), set_aside: Vec::new() };
        let holds_stocks = columns.hold_stocks(cells);
        for row in cells.rows() {
            let locator = format!("{} line {}", file_name(cells.name()), row.line());
            let (name, period) = (row.get("Name").unwrap_or("a row"), columns.period(row));
            let key =
                period.and_then(|period| Ok((columns.key(row, period, holds_stocks)?, period)));
            let (key, period) = match key {
                Ok(key) => key,
                Err(reason) => {
                    table.set_aside.push(aside(short(name), None, locator, reason));
                    continue;
                }
            };
            match Row::of(&columns, row, &key, period, origin, &locator) {
                Ok(read) => table.rows.push(read),
                Err(reason) => {
                    table.set_aside.push(aside(key.series("h100e"), Some(period), locator, reason));
                }
            }
        }
        Some(table)
    }
}

impl Row {
    fn of(
        columns: &Columns,
        row: CellsRow<'_>,
        key: &Key,
        period: Period,
        origin: &Origin,
        locator: &str,
    ) -> Result<Self, String> {
        let notes = row.get("Notes").unwrap_or_default();
        let [h100e, units, power_w] = columns.measures(row)?;
        let generated = generated(notes);
        let read = Self {
            key: key.clone(),
            period,
            h100e,
            units,
            power_w,
            generated,
            origin: generated
                .map_or_else(|| origin.clone(), |day| origin.noting(&format!("generated {day}"))),
            locator: locator.to_owned(),
        };
        read.check(row.get("Incomplete").unwrap_or_default(), notes)?;
        Ok(read)
    }

    /// Why it cannot be used, if it cannot.
    fn check(&self, incomplete: &str, notes: &str) -> Result<(), String> {
        let is_whole = ["", "false", "no", "0"].contains(&incomplete.to_lowercase().as_str());
        if !is_whole || notes.contains("Incomplete:") {
            return Err("Epoch AI marks it incomplete: the data cover a part of the period".into());
        }
        let (end, vintage) = (self.period.end(), self.origin.vintage);
        if end > vintage {
            return Err(format!("a projection: its period was not over on {vintage}"));
        }
        let measures =
            [("H100 equivalents", self.h100e), ("units", self.units), ("power", self.power_w)];
        for (measure, triple) in measures {
            if !triple.in_order() {
                return Err(format!("{measure} out of order: {triple}"));
            }
        }
        let sold = self.units.median.filter(|units| *units > 0.0);
        for (what, triple) in [("power", self.power_w), ("computing", self.h100e)] {
            if let (Some(units), Some(0.0)) = (sold, triple.median) {
                return Err(format!("{units} units without {what}"));
            }
        }
        if self.h100e.median.or(self.units.median).is_none() {
            return Err("no median is given".to_owned());
        }
        Ok(())
    }

    /// Its values as observations: medians, and percentiles where they are given.
    pub(super) fn observations(&self) -> Result<Vec<Observation>> {
        let is_stock = self.key.grain == Grain::Stock;
        let period = if is_stock { Period::day(self.period.end()) } else { self.period };
        let mut measures =
            vec![("h100e", self.h100e, Unit::H100e), ("units", self.units, Unit::Count)];
        if is_stock {
            measures.push(("power", self.power_w, Unit::Watt));
        }
        let mut rows = Vec::new();
        for (measure, triple, unit) in measures {
            let (origin, series) = (self.origin.in_unit(unit), self.key.series(measure));
            let named = [("", triple.median), (".p05", triple.p05), (".p95", triple.p95)];
            for (ending, value) in named {
                if let Some(value) = value {
                    let id = format!("{series}{ending}");
                    rows.push(origin.row(&id, period, value, self.locator.as_str())?);
                }
            }
        }
        Ok(rows)
    }
}

impl Key {
    /// The id of the series of a measure, such as `units`.
    pub(super) fn series(&self, measure: &str) -> String {
        let Self { owner, maker, chip, grain } = self;
        let ending = if *grain == Grain::FiscalQuarter { "_fiscal" } else { "" };
        let id = match (owner, grain) {
            (Some(owner), Grain::Stock) => format!("{owner}.installed_{measure}.{maker}"),
            (Some(owner), _) => format!("{owner}.gpu_purchases_{measure}{ending}.{maker}"),
            (None, Grain::Stock) => format!("{maker}.gpu_shipments_to_date_{measure}"),
            (None, _) => format!("{maker}.gpu_shipments_{measure}{ending}"),
        };
        chip.as_ref().map_or(id.clone(), |chip| format!("{id}.{chip}"))
    }
}

impl Triple {
    /// Whether the percentiles stand in their order, and nothing is below zero.
    fn in_order(self) -> bool {
        let values: Vec<f64> = [self.p05, self.median, self.p95].into_iter().flatten().collect();
        values.is_sorted() && values.iter().all(|value| *value >= 0.0)
    }
}

impl fmt::Display for Triple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<f64>| value.map_or("blank".to_owned(), |v| v.to_string());
        let Self { median, p05, p95 } = *self;
        write!(f, "5th percentile {}, ", shown(p05))?;
        write!(f, "median {}, 95th percentile {}", shown(median), shown(p95))
    }
}

/// The id of a maker or owner.
pub(super) fn owner_id(name: &str) -> String {
    let slug = slug(name);
    OWNERS.iter().find(|(named, _)| *named == slug).map_or(slug, |(_, id)| (*id).to_owned())
}

/// The id of a chip: without its brand, as it stands in the series.
pub(super) fn chip_id(name: &str) -> String {
    let name = name.split_once("/Inferentia").map_or(name, |(chip, _)| chip);
    let slug = slug(name);
    let bare = slug.strip_prefix("instinct_").or_else(|| slug.strip_prefix("tpu_"));
    bare.unwrap_or(&slug).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_continue_the_bundled_series() {
        let ids = ["Nvidia", "Google", "China (smuggled)", "SpaceXAI", "Huawei"].map(owner_id);
        assert_eq!(ids, ["nvda", "googl", "china_smuggled", "xai", "huawei"]);
        let chips = ["Instinct MI300X", "TPU v5e", "H100/H200", "Trainium1/Inferentia"];
        assert_eq!(chips.map(chip_id), ["mi300x", "v5e", "h100_h200", "trainium1"]);
    }
}
