//! `chipcast data show` and `data vintages`: a series as it was known, and every value it ever had.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::archive::{Method, calendar_quarters, frame, growth};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::report::format;
use crate::rows::data;
use crate::series::{Registry, SeriesId};

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArguments {
    /// Series id, such as `nvda.revenue`
    series: String,
    /// Which quarters; `calendar` splits fiscal quarters by days, adding `method` and `frame`
    #[arg(long, value_enum, default_value_t = Quarters::Reported)]
    quarters: Quarters,
    /// Add growth per week: `weeks`, `growth_sequential`, `growth_yearly`
    #[arg(long)]
    growth: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VintagesArguments {
    /// Series id
    series: String,
    /// Only the period that ends on this day
    #[arg(long, value_name = "DATE")]
    period: Option<NaiveDate>,
}

/// Which quarters are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Quarters {
    /// As the company reports them.
    Reported,
    /// Calendar quarters; a stock, and a calendar quarter, stay as they are.
    Calendar,
}

pub(super) fn show(context: &Context, arguments: &ShowArguments) -> Result<Outcome> {
    let series = SeriesId::new(&arguments.series)?;
    let known = context.snapshot()?;
    let current = known.current(&series)?;
    let mut listing = match arguments.quarters {
        Quarters::Reported => Listing::of(current),
        Quarters::Calendar => {
            let (rows, methods): (Vec<_>, Vec<_>) = calendar_quarters(&current).into_iter().unzip();
            Listing::of(rows).with_methods(&methods)
        }
    };
    if arguments.growth {
        listing = listing.with_growth();
    }
    listing.print(context)?;
    context.say(format!("{}, as of {}", Registry::bundled().title(&series), known.as_of()));
    Ok(Outcome::Done)
}

pub(super) fn vintages(context: &Context, arguments: &VintagesArguments) -> Result<Outcome> {
    let series = SeriesId::new(&arguments.series)?;
    let mut rows = context.snapshot()?.vintages(&series)?;
    if let Some(end) = arguments.period {
        let all = std::mem::take(&mut rows);
        let ends: Vec<NaiveDate> = all.iter().map(|row| row.period.end()).collect();
        rows = all.into_iter().filter(|row| row.period.end() == end).collect();
        if rows.is_empty() {
            let near = ends.iter().min_by_key(|other| (**other - end).num_days().abs());
            let hint = near.map_or_else(
                || "no value was public yet".to_owned(),
                |near| format!("the nearest period ends on {near}"),
            );
            return Err(
                Error::not_found(format!("no period of {series:?} ends on {end}")).hint(hint)
            );
        }
    }
    Listing::of(rows).with_changes().print(context)?;
    Ok(Outcome::Done)
}

/// Rows with the columns that were asked for.
struct Listing {
    rows: Vec<Observation>,
    place: Place,
    more: Vec<Column>,
}

/// What tells people where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Source,
    Locator,
}

/// A column beside those of every observation: cells for machines, and for people.
struct Column {
    name: &'static str,
    head: &'static str,
    cells: Vec<(Value, String)>,
}

impl Listing {
    fn of(rows: Vec<Observation>) -> Self {
        Self { rows, place: Place::Source, more: Vec::new() }
    }

    fn with(mut self, name: &'static str, head: &'static str, cells: Vec<(Value, String)>) -> Self {
        self.more.push(Column { name, head, cells });
        self
    }

    fn with_methods(self, methods: &[Method]) -> Self {
        let text = |text: String| (json!(text), text);
        let frames = self.rows.iter().map(|row| text(frame(row.period))).collect();
        let methods = methods.iter().map(|method| text(method.word().to_owned())).collect();
        self.with("method", "method", methods).with("frame", "frame", frames)
    }

    fn with_growth(self) -> Self {
        let growth = growth(&self.rows);
        let weeks = growth.iter().map(|g| {
            (json!(g.weeks), g.weeks.map_or_else(String::new, |weeks| format!("{weeks:.1}")))
        });
        let sequential = growth.iter().map(|g| percent(g.sequential)).collect();
        let yearly = growth.iter().map(|g| percent(g.yearly)).collect();
        let weeks = weeks.collect();
        self.with("weeks", "weeks", weeks)
            .with("growth_sequential", "on the period before", sequential)
            .with("growth_yearly", "on the year before", yearly)
    }

    /// The change of each value from the vintage before it.
    fn with_changes(mut self) -> Self {
        let changes = data::changes(&self.rows).into_iter().map(percent).collect();
        self.place = Place::Locator;
        self.with("change", "change", changes)
    }

    fn print(&self, context: &Context) -> Result<()> {
        let mut columns = data::observation_columns();
        columns.extend(self.more.iter().map(|column| column.name));
        let mut rows = Rows::new(&columns);
        let mut shown = Vec::with_capacity(self.rows.len());
        for (row_idx, row) in self.rows.iter().enumerate() {
            let more = self.more.iter().map(|column| &column.cells[row_idx]);
            let mut cells = data::observation_row(row);
            cells.extend(more.clone().map(|(value, _)| value.clone()));
            rows.push(cells);
            let mut line = self.line(row);
            line.splice(3..3, more.map(|(_, text)| text.clone()));
            shown.push(line);
        }
        let place = if self.place == Place::Source { "source" } else { "locator" };
        let mut header = vec!["from", "to", "value", "vintage", "basis", place];
        header.splice(3..3, self.more.iter().map(|column| column.head));
        let numbers: Vec<usize> = (2..3 + self.more.len()).collect();
        rows.print(context.global.format, || table(&header, &numbers, shown))
    }

    fn line(&self, row: &Observation) -> Vec<String> {
        let place = if self.place == Place::Source { &row.source } else { &row.locator };
        vec![
            row.period.start().to_string(),
            row.period.end().to_string(),
            format::short(row.value, row.unit, 3),
            row.vintage.to_string(),
            row.vintage_basis.to_string(),
            place.clone(),
        ]
    }
}

/// A ratio for machines, per cent for people.
fn percent(ratio: Option<f64>) -> (Value, String) {
    (json!(ratio), ratio.map_or_else(String::new, |ratio| format!("{:+.1}%", ratio * 100.0)))
}
