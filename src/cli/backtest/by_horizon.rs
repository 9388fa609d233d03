//! One line a series, model and horizon: errors with their bars, skill, and who beats whom.

use super::super::Context;
use super::super::output::{Rows, table};
use crate::error::Result;
use crate::forecast::backtest::Row;
use crate::forecast::contest;
use crate::rows::backtest::{Measured, by_horizon, grouped, measured};

pub(super) fn print(context: &Context, rows: &[Row]) -> Result<()> {
    let groups = grouped(rows);
    let found = measured(&groups);
    let header = [
        "series", "model", "h", "n", "mae log", "(90%)", "mase", "cover 80", "cover 95", "skill",
        "at least", "best", "answered", "mae log",
    ];
    Rows::from(by_horizon(&found)).print(context.global.format, || {
        let shown = found.iter().map(people).collect();
        format!(
            "{}\nbest: in the 90% model confidence set; (90%): block bootstrap over quarters",
            table(&header, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13], shown)
        )
    })
}

fn people(measured: &Measured<'_>) -> Vec<String> {
    let Measured { metrics: m, calibrated: c, .. } = measured;
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let bar = match (c.mae_log.lower, c.mae_log.upper) {
        (Some(low), Some(high)) => format!("{low:.3}-{high:.3}"),
        _ => "-".to_owned(),
    };
    let best = match measured.mcs_p {
        Some(p) if p > contest::LEVEL => "yes",
        Some(_) => "no",
        None => "-",
    };
    vec![
        measured.series.to_owned(),
        measured.model.to_owned(),
        measured.horizon.to_string(),
        m.all.n.to_string(),
        number(m.all.mae_log, 4),
        bar,
        number(m.all.mase, 3),
        number(m.all.coverage_80, 2),
        number(m.all.coverage_95, 2),
        number(m.all.skill, 3),
        number(m.skill_lower, 3),
        best.to_owned(),
        m.answered.n.to_string(),
        number(m.answered.mae_log, 4),
    ]
}
