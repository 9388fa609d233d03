//! A table of your own: what series teach each other is learned once, each is then answered for alone, and
//! the answer is the same bytes wherever it is made. A broken series fails by itself, with its reason.
//!
//! `cargo run --release --example panel [TABLE.csv]`, with the columns `unique_id, ds, y`

#![expect(clippy::disallowed_methods, reason = "an example reads for itself")]

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use chipcast::cells::Cells;
use chipcast::forecast::panel::{Asked, Cell, Ds, Lesson, Model, Point, Series, learn};

const SAMPLE: &str = "unique_id,ds,y\n\
    rising,2024-03-31,10\nrising,2024-06-30,12\nrising,2024-09-30,14\nrising,2024-12-31,16\n\
    rising,2025-03-31,18\nrising,2025-06-30,20\nrising,2025-09-30,22\nrising,2025-12-31,24\n\
    broken,2024-03-31,1\nbroken,2024-06-30,many\n";

fn main() -> anyhow::Result<()> {
    let (name, text) = match std::env::args().nth(1) {
        Some(file) => {
            let text = std::fs::read_to_string(&file);
            (file.clone(), text.with_context(|| format!("cannot read `{file}`"))?)
        }
        None => ("sample".to_owned(), SAMPLE.to_owned()),
    };
    let series = series(&Cells::csv(&name, &text)?)?;
    let asked = Asked::new(Model::Chipcast, 2, None, vec![0.8])?;
    // What was learned can be kept as a file, and read by another process that answers for other series.
    let lesson = Lesson::from_json(&learn(&series, &asked).to_json())?;
    let mut out = std::io::stdout().lock();
    for series in &series {
        let outcome = lesson.answer(series);
        let (id, status) = (&outcome.unique_id, outcome.status.word());
        let reason = outcome.reason.as_deref().unwrap_or("-");
        writeln!(out, "{id}: {status}, by `{}`, {reason}", outcome.model_used)?;
        for step in &outcome.steps {
            writeln!(out, "  {}  {:.2}  {:.2?}", step.ds, step.yhat, step.intervals)?;
        }
    }
    Ok(())
}

/// The series of a table; what cannot be read is a broken point of its series, and no error.
fn series(cells: &Cells) -> anyhow::Result<Vec<Series>> {
    let mut points: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in cells.rows() {
        let (ds, y) = (row.text("ds")?, row.text("y")?);
        let ds = Ds::read(ds).ok_or_else(|| ds.to_owned());
        let y = y.parse().map_or(Cell::Unreadable, Cell::Value);
        points.entry(row.text("unique_id")?.to_owned()).or_default().push(Point { ds, y });
    }
    Ok(points.into_iter().map(|(id, points)| Series::new(id, points)).collect())
}
