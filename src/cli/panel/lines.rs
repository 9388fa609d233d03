//! The rows of `chipcast panel`: one a series, origin, period and coverage.
//!
//! Never computes: a failed series has its rows, without numbers.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame};
use serde_json::{Value, json};

use crate::cli::output::{self, Rows, table};
use crate::error::Result;
use crate::forecast::panel::{Asked, Forecast, Outcome, Window};

/// The columns of a row.
const COLUMNS: [&str; 10] = [
    "unique_id",
    "ds",
    "step",
    "yhat",
    "lo",
    "hi",
    "coverage",
    "model_used",
    "fallback_reason",
    "status",
];
/// What a row of the past has beside.
const COLUMNS_PAST: [&str; 2] = ["cutoff", "y"];
/// Rows shown to people; `--format csv` and `--out` have them all.
const ROWS_SHOWN: usize = 60;

/// Every row of an answer.
pub(super) struct Lines {
    windows: Vec<Window>,
    coverages: Vec<f64>,
    horizon: usize,
    is_past: bool,
}

/// One row.
struct Line<'a> {
    window: &'a Window,
    step: usize,
    forecast: Option<&'a Forecast>,
    coverage: f64,
    ends: Option<(f64, f64)>,
}

impl Lines {
    /// Of forecasts of what has not come yet.
    pub(super) fn ahead(outcomes: Vec<Outcome>, asked: &Asked) -> Self {
        let window = |outcome| Window { cutoff: None, outcome, actual: Vec::new() };
        let windows = outcomes.into_iter().map(window).collect();
        Self { is_past: false, ..Self::past(windows, asked) }
    }

    /// Of forecasts from earlier origins.
    pub(super) fn past(windows: Vec<Window>, asked: &Asked) -> Self {
        let Asked { coverages, horizon, .. } = asked.clone();
        Self { windows, coverages, horizon, is_past: true }
    }

    /// How many forecasts there are of each status.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for window in &self.windows {
            *counts.entry(window.outcome.status.word()).or_default() += 1;
        }
        counts
    }

    pub(super) fn n_forecasts(&self) -> usize {
        self.windows.len()
    }

    /// What is counted.
    pub(super) fn unit(&self) -> &'static str {
        if self.is_past { "forecasts" } else { "series" }
    }

    fn each(&self) -> impl Iterator<Item = Line<'_>> {
        self.windows.iter().flat_map(move |window| {
            (1..=self.horizon).flat_map(move |step| {
                let forecast = window.outcome.steps.get(step - 1);
                let line = move |(idx, coverage): (usize, &f64)| {
                    let ends = forecast.map(|forecast| forecast.intervals[idx]);
                    Line { window, step, forecast, coverage: *coverage, ends }
                };
                self.coverages.iter().enumerate().map(line)
            })
        })
    }

    fn columns(&self) -> Vec<&'static str> {
        COLUMNS.into_iter().chain(COLUMNS_PAST.into_iter().filter(|_| self.is_past)).collect()
    }

    /// For JSON and CSV.
    pub(super) fn rows(&self) -> Rows {
        let columns = self.columns();
        let mut rows = Rows::new(&columns);
        for line in self.each() {
            rows.push(line.cells().into_iter().take(columns.len()).collect());
        }
        rows
    }

    /// As a table with types; a panel may have millions of rows, whose cells are not made first.
    pub(super) fn frame(&self) -> Result<DataFrame> {
        let texts = |name: &str, text: &dyn Fn(&Line<'_>) -> Option<String>| {
            let texts: Vec<Option<String>> = self.each().map(|line| text(&line)).collect();
            Column::new(name.into(), texts)
        };
        let numbers = |name: &str, number: &dyn Fn(&Line<'_>) -> Option<f64>| {
            let numbers: Vec<Option<f64>> = self.each().map(|line| number(&line)).collect();
            Column::new(name.into(), numbers)
        };
        let step = |line: Line<'_>| i64::try_from(line.step).unwrap_or(i64::MAX);
        let mut columns = vec![
            texts("unique_id", &|line| Some(line.outcome().unique_id.clone())),
            texts("ds", &|line| line.forecast.map(|forecast| forecast.ds.to_string())),
            Column::new("step".into(), self.each().map(step).collect::<Vec<_>>()),
            numbers("yhat", &|line| line.forecast.map(|forecast| forecast.yhat)),
            numbers("lo", &|line| line.ends.map(|ends| ends.0)),
            numbers("hi", &|line| line.ends.map(|ends| ends.1)),
            numbers("coverage", &|line| Some(line.coverage)),
            texts("model_used", &|line| Some(line.outcome().model_used.to_owned())),
            texts("fallback_reason", &|line| line.outcome().reason.clone()),
            texts("status", &|line| Some(line.outcome().status.word().to_owned())),
        ];
        if self.is_past {
            columns.push(texts("cutoff", &|line| line.window.cutoff.map(|at| at.to_string())));
            columns.push(numbers("y", &|line| line.actual()));
        }
        let n_rows = columns[0].len();
        Ok(DataFrame::new(n_rows, columns)?)
    }

    pub(super) fn print_for_people(&self) -> Result<()> {
        let number =
            |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6e}"));
        let text = |line: Line<'_>| {
            let mut cells = vec![
                line.outcome().unique_id.clone(),
                line.forecast.map_or_else(String::new, |forecast| forecast.ds.to_string()),
                number(line.forecast.map(|forecast| forecast.yhat)),
                number(line.ends.map(|ends| ends.0)),
                number(line.ends.map(|ends| ends.1)),
                line.coverage.to_string(),
                line.outcome().status.word().to_owned(),
                line.outcome().reason.clone().unwrap_or_default(),
            ];
            if self.is_past {
                cells.insert(2, number(line.actual()));
            }
            cells
        };
        let n_rows = self.each().count();
        let mut shown: Vec<_> = self.each().take(ROWS_SHOWN).map(text).collect();
        if n_rows > ROWS_SHOWN {
            shown.push(vec![format!("... and {} more", n_rows - ROWS_SHOWN)]);
        }
        let mut header =
            vec!["unique_id", "ds", "yhat", "lo", "hi", "coverage", "status", "reason"];
        let mut right = vec![2, 3, 4, 5];
        if self.is_past {
            header.insert(2, "y");
            right.push(6);
        }
        output::print(&table(&header, &right, shown))
    }
}

impl Line<'_> {
    fn outcome(&self) -> &Outcome {
        &self.window.outcome
    }

    /// What came, if it has.
    fn actual(&self) -> Option<f64> {
        self.window.actual.get(self.step - 1).copied()
    }

    fn cells(&self) -> Vec<Value> {
        vec![
            json!(self.outcome().unique_id),
            json!(self.forecast.map(|forecast| forecast.ds.to_string())),
            json!(self.step),
            json!(self.forecast.map(|forecast| forecast.yhat)),
            json!(self.ends.map(|ends| ends.0)),
            json!(self.ends.map(|ends| ends.1)),
            json!(self.coverage),
            json!(self.outcome().model_used),
            json!(self.outcome().reason),
            json!(self.outcome().status.word()),
            json!(self.window.cutoff.map(|at| at.to_string())),
            json!(self.actual()),
        ]
    }
}
