//! Ridge from earlier origins of a panel, as `panel::cross_validate` makes it:
//! `rolling_ridge TABLE.csv ORIGINS HORIZON [RUNS [OUT.csv]]`.
//!
//! The columns are `unique_id, ds, y, x1, x2, ...`; a fit has one lag and the columns, and a penalty of 1. Prints
//! the CPU microseconds an origin of the best run; `OUT.csv` gets the forecasts. Threads: `RAYON_NUM_THREADS`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

mod timing;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

use anyhow::Context;
use chipcast::cells::Cells;
use chipcast::forecast::panel::{
    Asked, Cell, Ds, Model, Point, Refit, Ridge, Series, Shard, Window, Windows, cross_validate,
};
use timing::cpu_seconds;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, n_windows, horizon, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("needed are a table, a number of origins and a horizon");
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))?;
    let panel = series(&Cells::csv(file.as_str(), &text)?)?;
    let mut asked = Asked::new(Model::Ridge, horizon.parse()?, Some(1), Vec::new())?;
    asked.ridge = Ridge::new(vec![1], 1.0)?;
    let windows = Windows { n_windows: n_windows.parse()?, step_size: 1, refit: Refit::Once };
    let n_runs: u32 = rest.first().map_or(Ok(5), |n| n.parse())?;
    let (mut best, mut found) = (f64::INFINITY, Vec::new());
    for _ in 0..n_runs.max(1) {
        let start = cpu_seconds();
        found = black_box(cross_validate(&panel, &asked, &windows, Shard::read("1/1")?)?);
        best = best.min(cpu_seconds() - start);
    }
    let n_origins = u32::try_from(found.len())?;
    println!("Ridge {:.3} us an origin, {n_origins} origins", best * 1e6 / f64::from(n_origins));
    if let Some(out) = rest.get(1) {
        std::fs::write(out, csv(&found)).with_context(|| format!("cannot write `{out}`"))?;
    }
    Ok(())
}

/// The columns of a series by where their rows stand.
type Beside = BTreeMap<Ds, Vec<f64>>;

fn series(cells: &Cells) -> anyhow::Result<Vec<Series>> {
    let drivers = cells.header().iter().filter(|name| name.starts_with('x'));
    let drivers: Vec<&str> = drivers.map(String::as_str).collect();
    let mut panel: BTreeMap<String, (Vec<Point>, Beside)> = BTreeMap::new();
    for row in cells.rows() {
        let ds = Ds::read(row.text("ds")?).context("`ds` is neither a day nor a number")?;
        let (points, beside) = panel.entry(row.text("unique_id")?.to_owned()).or_default();
        points.push(Point { ds: Ok(ds), y: Cell::Value(row.number("y")?) });
        let x: Result<_, _> = drivers.iter().map(|name| row.number(name)).collect();
        beside.insert(ds, x?);
    }
    let of = |(id, (points, beside))| Series::new(id, points).with_drivers(&beside);
    Ok(panel.into_iter().map(of).collect())
}

fn csv(windows: &[Window]) -> String {
    let mut text = "unique_id,cutoff,step,yhat,model_used\n".to_owned();
    for window in windows {
        let cutoff = window.cutoff.map_or_else(String::new, |cutoff| cutoff.to_string());
        for (step, forecast) in window.outcome.steps.iter().enumerate() {
            let (id, model) = (&window.outcome.unique_id, window.outcome.model_used);
            let _ = writeln!(text, "{id},{cutoff},{},{},{model}", step + 1, forecast.yhat);
        }
    }
    text
}
