//! CPU microseconds a series of `chipcast panel`'s models, the best of some runs:
//! `univariate_speed TABLE.csv SEASON HORIZON RUNS MODEL[/COVERAGE]...`, columns and names as for `chipcast panel`.
//!
//! A model by itself gives point forecasts, on one thread; with a coverage it gives intervals too, as the command
//! does, on as many threads as `RAYON_NUM_THREADS` says.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

mod timing;

use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::Context;
use chipcast::cells::Cells;
use chipcast::forecast::panel::{self, Asked, Cell, Ds, Model, Point, Series, Shard};
use chipcast::forecast::univariate::{self, Question};
use timing::cpu_seconds;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, season, horizon, n_runs, names @ ..] = arguments.as_slice() else {
        anyhow::bail!("needed are a table, a season, a horizon, a number of runs and models");
    };
    let question = Question { season: season.parse()?, horizon: horizon.parse()? };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))?;
    let panel = values(&Cells::csv(file.as_str(), &text)?)?;
    let n_series = f64::from(u32::try_from(panel.len())?);
    for name in names {
        let (mut best, n_runs) = (f64::INFINITY, n_runs.parse::<u32>()?);
        for _ in 0..n_runs {
            best = best.min(seconds(name, &panel, question)?);
        }
        println!("{name} {:.3} us a series", best * 1e6 / n_series);
    }
    Ok(())
}

fn values(cells: &Cells) -> anyhow::Result<BTreeMap<String, Vec<f64>>> {
    let mut panel: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in cells.rows() {
        panel.entry(row.text("unique_id")?.to_owned()).or_default().push(row.number("y")?);
    }
    Ok(panel)
}

/// Of one run over all series.
fn seconds(
    name: &str,
    panel: &BTreeMap<String, Vec<f64>>,
    question: Question,
) -> anyhow::Result<f64> {
    let Question { season, horizon } = question;
    if let Some((name, coverage)) = name.split_once('/') {
        let coverages = vec![coverage.parse()?];
        let asked = Asked::new(Model::read(name)?, horizon, Some(season), coverages)?;
        let (whole, series) = (Shard::read("1/1")?, series(panel)?);
        let start = cpu_seconds();
        black_box(panel::forecast(&series, &asked, whole));
        return Ok(cpu_seconds() - start);
    }
    let model = Model::read(name)?;
    let values: Vec<&[f64]> = panel.values().map(Vec::as_slice).collect();
    let start = cpu_seconds();
    match model {
        Model::Chipcast => drop(black_box(univariate::forecast(&values, question))),
        Model::Alone(local) => {
            for y in values {
                black_box(local.answer(y, question, model.name()));
            }
        }
        Model::Ridge => anyhow::bail!("`Ridge` is timed by the example `rolling_ridge`"),
    }
    Ok(cpu_seconds() - start)
}

fn series(panel: &BTreeMap<String, Vec<f64>>) -> anyhow::Result<Vec<Series>> {
    let of = |(id, y): (&String, &Vec<f64>)| {
        let point = |(at, y): (usize, &f64)| -> anyhow::Result<Point> {
            Ok(Point { ds: Ok(Ds::Number(i64::try_from(at)?)), y: Cell::Value(*y) })
        };
        let points: anyhow::Result<Vec<_>> = y.iter().enumerate().map(point).collect();
        Ok(Series::new(id.clone(), points?))
    };
    panel.iter().map(of).collect()
}
