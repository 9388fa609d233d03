//! `chipcast scale sold`: what the makers sold since 2022, beside Epoch's estimates.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{between, say};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Format, Outcome};
use crate::draws::DEFAULT_N_DRAWS;
use crate::error::Result;
use crate::report::format;
use crate::scaling::assumption::Worlds;
use crate::scaling::chain::ChainTables;
use crate::scaling::shipments::TABLES_PUBLISHED;
use crate::scaling::sold::{
    ALL_CHIPS, COMPUTED, ChipSale, MAKERS, PublishedTotal, RevenueBasis, Sale, by_year, estimated,
    published_totals, sold,
};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this maker: nvda, googl, amd or amzn
    #[arg(long)]
    maker: Option<String>,
    /// Length of a row
    #[arg(long, value_enum, default_value_t = By::Year)]
    by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Calendar years; the last may not be over.
    Year,
    /// Calendar quarters.
    Quarter,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let tables = ChainTables::bundled()?;
    let origin = known.as_of();
    let worlds = Worlds { seed: context.global.seed, origin, n_draws: DEFAULT_N_DRAWS };
    let asked = arguments.maker.as_ref().map(|maker| maker.to_ascii_lowercase());
    let makers = asked.as_ref().map_or(MAKERS.to_vec(), |maker| vec![maker.as_str()]);
    let rivals = published_totals(origin)?;
    let mut found = Found::new();
    for maker in makers {
        let quarters = match maker {
            COMPUTED => sold(&known, &tables, &worlds)?,
            _ => estimated(&known, maker, &worlds)?,
        };
        let sales = if arguments.by == By::Year { by_year(&quarters)? } else { quarters };
        for sale in &sales {
            let rival = rivals
                .iter()
                .find(|rival| rival.maker == maker && rival.period.end() == sale.period.end());
            for chip in &sale.chips {
                found.push(maker, sale, chip, rival.filter(|_| chip.chip == ALL_CHIPS));
            }
        }
    }
    let notes = notes(origin < TABLES_PUBLISHED);
    found.rows.beside("notes", json!(notes));
    let header = [
        "maker",
        "through",
        "chip",
        "units",
        "h100e",
        "since start",
        "5% to 95%",
        "Epoch",
        "5% to 95%",
        "mix",
    ];
    found.rows.print(context.global.format, || {
        table(&header, &[3, 4, 5, 6, 7, 8], found.shown.clone())
    })?;
    if context.global.format == Format::Table {
        for note in notes {
            say(&note)?;
        }
    }
    Ok(Outcome::Done)
}

struct Found {
    rows: Rows,
    shown: Vec<Vec<String>>,
}

impl Found {
    fn new() -> Self {
        let rows = Rows::new(&[
            "maker",
            "period_start",
            "period_end",
            "chip",
            "units",
            "h100e_p05",
            "h100e_p50",
            "h100e_p95",
            "cumulative_h100e_p05",
            "cumulative_h100e_p50",
            "cumulative_h100e_p95",
            "rival_cumulative_h100e_p05",
            "rival_cumulative_h100e_p50",
            "rival_cumulative_h100e_p95",
            "basis",
            "mix_carried",
            "source",
            "rival_source",
        ]);
        Self { rows, shown: Vec::new() }
    }

    fn push(&mut self, maker: &str, sale: &Sale, chip: &ChipSale, rival: Option<&PublishedTotal>) {
        let levels = [0.05, 0.5, 0.95];
        let (flow, stock) = (chip.h100e.quantiles(&levels), chip.cumulative.quantiles(&levels));
        let units = chip.units.median();
        let bases: Vec<_> = sale.bases.iter().copied().map(RevenueBasis::words).collect();
        let source = if maker == COMPUTED {
            "computed: NVIDIA's revenue x Epoch's mix / Epoch's prices (datasets/chip_mix.csv, \
             chip_prices.csv), published 2026-04-03"
        } else {
            "Epoch AI (CC BY 4.0), estimate made afterwards; no table of prices to compute from"
        };
        let rivals = rival.map(|rival| rival.quantiles.map(|h100e| h100e.0));
        let mut row = vec![
            json!(maker),
            json!(sale.period.start()),
            json!(sale.period.end()),
            json!(chip.chip),
            json!(units),
        ];
        row.extend(flow.iter().chain(&stock).map(|value| json!(value)));
        row.extend((0..3).map(|i| json!(rivals.map(|rivals| rivals[i]))));
        row.extend([
            json!(bases.join("; ")),
            json!(sale.is_mix_carried),
            json!(source),
            json!(rival.map(|rival| format!("{}, {}", rival.source, rival.published))),
        ]);
        self.rows.push(row);
        let short = |value: f64| format::short(value, Unit::H100e, 2);
        let mut line = vec![maker.to_owned(), sale.period.end().to_string(), chip.chip.clone()];
        line.extend([format::short(units, Unit::Count, 2), short(flow[1]), short(stock[1])]);
        line.push(between(stock[0], stock[2], Unit::H100e));
        match rivals {
            Some([low, median, high]) => {
                line.extend([short(median), between(low, high, Unit::H100e)]);
            }
            None => line.extend(["-".to_owned(), "-".to_owned()]),
        }
        line.push(match (maker, sale.is_mix_carried) {
            (COMPUTED, true) => "carried".to_owned(),
            (COMPUTED, false) => "known".to_owned(),
            _ => "Epoch's".to_owned(),
        });
        self.shown.push(line);
    }
}

/// What a reader must know beside the rows.
fn notes(is_before_tables: bool) -> Vec<String> {
    let mut notes = vec![
        "NVIDIA: compute revenue x share / price, fiscal quarters split by days; sums over quarters \
         and chips are made draw by draw."
            .to_owned(),
        "Revenue is what was public on the day; prices and mix are Epoch's, published 2026-04-03: \
         estimates made afterwards."
            .to_owned(),
        "Prices lie between two tables of Epoch's (`scale rivals`): the file that stands here, and the \
         sheet behind its release. One draw a chip and year; Epoch holds one price for all years, so \
         its interval is wider from 2023 on."
            .to_owned(),
        "January 2022 is 30 of the 91 days of fiscal 2022Q4, with the first known mix. After \
         2025-10-26 the last known mix is carried and compute revenue is data-center revenue x \
         compute_share_of_data_center_revenue: assumptions (`mix` says carried)."
            .to_owned(),
        "googl, amd, amzn: Epoch's chips, since 2023, 2024 and 2024; Epoch AI, CC BY 4.0.".to_owned(),
    ];
    if is_before_tables {
        notes.push(
            "caution: this day lies before the tables of prices and mix: not what could be known \
             then."
                .to_owned(),
        );
    }
    notes
}
