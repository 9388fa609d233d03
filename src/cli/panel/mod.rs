//! `chipcast panel`: forecasts of a table of a user's own, from its end or from earlier origins, all of it
//! or one shard; `chipcast merge` puts shards together.
//!
//! Reads the file; what its rows mean is said in `forecast/panel`.

mod lines;
pub(super) mod merge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Context, Format, Outcome};
use crate::cells::{Cells, Row, short};
use crate::error::{Error, Result};
use crate::forecast::panel::{self, Asked, Cell, Ds, Model, Point, Refit, Series, Shard, Windows};
use crate::ingest::Raw;
use crate::ingest::tabular::{self, Kind};
use crate::rows::parquet;
use crate::store;
use lines::Lines;

/// The largest file that is read.
const FILE_LIMIT: u64 = 2 << 30;
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file: columns `unique_id, ds, y`; `ds` is a date, a timestamp or a whole number
    file: PathBuf,
    /// Periods to forecast
    #[arg(long, value_name = "N")]
    horizon: usize,
    /// Periods in a season; by default as usual for the step of `ds`: 12 for months, 4 for quarters
    #[arg(long, value_name = "M")]
    season: Option<usize>,
    /// Coverage of an interval; may be given several times
    #[arg(long, value_name = "SHARE", default_values_t = [0.95])]
    coverage: Vec<f64>,
    /// What forecasts: `Chipcast`, or a single model such as `AutoETS`, `DynamicOptimizedTheta`, `Naive`
    #[arg(long, value_name = "NAME", default_value = "Chipcast")]
    model: String,
    /// Forecast from so many earlier origins instead, each of which sees only what came before it
    #[arg(long, value_name = "N")]
    windows: Option<usize>,
    /// Periods from one origin to the next
    #[arg(long, value_name = "N", default_value_t = 1, requires = "windows")]
    step_size: usize,
    /// Answer for the I-th of N parts of the series alone, such as `2/8`; `merge` puts the parts together
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    shard: String,
    /// Write the rows here, as CSV or Parquet by the name's ending, and not to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let Arguments { file, horizon, season, coverage, .. } = arguments;
    let model = Model::read(&arguments.model)?;
    let asked = Asked::new(model, *horizon, *season, coverage.clone())?;
    let shard = Shard::read(&arguments.shard)?;
    let out = arguments.out.as_deref().map(Out::at).transpose()?;
    let raw =
        Raw::new(file.display().to_string(), store::read_file(file, FILE_LIMIT)?, Context::today());
    let panel = series(&tabular::read(&raw, &Kind::Told)?)?;
    drop(raw);
    let lines = match arguments.windows {
        None => Lines::ahead(panel::forecast(&panel, &asked, shard), &asked),
        Some(n_windows) => {
            let (step_size, refit) = (arguments.step_size, Refit::Every(1));
            let windows = Windows { n_windows, step_size, refit };
            Lines::past(panel::cross_validate(&panel, &asked, &windows, shard)?, &asked)
        }
    };
    match &out {
        Some(out) => out.write(&lines)?,
        None if context.global.format == Format::Table => lines.print_for_people()?,
        None => lines.rows().print(context.global.format, String::new)?,
    }
    let counts = lines.counts();
    let words: Vec<_> = counts.iter().map(|(word, n)| format!("{n} {word}")).collect();
    context.say(format!("{} {}: {}", lines.n_forecasts(), lines.unit(), words.join(", ")));
    Ok(if counts.contains_key("failed") { Outcome::Partial } else { Outcome::Done })
}

/// A file to write, and how it is to look.
struct Out<'a> {
    path: &'a Path,
    ending: Ending,
}

impl<'a> Out<'a> {
    fn at(path: &'a Path) -> Result<Self> {
        Ok(Self { path, ending: ending(path)? })
    }

    fn write(&self, lines: &Lines) -> Result<()> {
        let bytes = match self.ending {
            Ending::Csv => lines.rows().csv_bytes()?,
            Ending::Parquet => parquet(&mut lines.frame()?)?,
        };
        store::write_atomic(self.path, &bytes)
    }
}

/// How the file to write is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Csv,
    Parquet,
}

fn ending(path: &Path) -> Result<Ending> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(Ending::Csv),
        Some("parquet") => Ok(Ending::Parquet),
        _ => Err(Error::invalid(format!("`{}` ends in neither .csv nor .parquet", path.display()))
            .hint("the ending says how the rows are written")),
    }
}

/// The series of a file.
fn series(cells: &Cells) -> Result<Vec<Series>> {
    cells.require(&["unique_id", "ds", "y"])?;
    let mut points: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in cells.rows() {
        let id = row.text("unique_id")?;
        points.entry(id.to_owned()).or_default().push(point(row)?);
    }
    if points.is_empty() {
        return Err(Error::insufficient(format!("`{}` has no rows", cells.name())));
    }
    Ok(points.into_iter().map(|(id, points)| Series::new(id, points)).collect())
}

fn point(row: Row<'_>) -> Result<Point> {
    let (ds, y) = (row.text("ds")?, row.text("y")?);
    Ok(Point { ds: Ds::read(ds).ok_or_else(|| short(ds)), y: Cell::read(y) })
}
