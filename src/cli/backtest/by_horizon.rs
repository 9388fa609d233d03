//! One row a series, model and horizon: errors with their bars, skill, and who beats whom.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::Context;
use super::super::output::{Rows, table};
use crate::error::Result;
use crate::forecast::backtest::Row;
use crate::forecast::calibration::{Calibrated, calibrated};
use crate::forecast::contest;
use crate::forecast::engine;
use crate::forecast::score::compare::EqualAccuracy;
use crate::forecast::summary::{Metrics, Scores, summarise};

const COLUMNS: [&str; 39] = [
    "series",
    "model",
    "horizon",
    "n",
    "mae_log",
    "mase",
    "wis",
    "coverage_80",
    "coverage_95",
    "skill",
    "skill_lower",
    "n_answered",
    "mae_log_answered",
    "mase_answered",
    "wis_answered",
    "coverage_80_answered",
    "coverage_95_answered",
    "skill_answered",
    "mae_log_lower",
    "mae_log_upper",
    "wis_lower",
    "wis_upper",
    "coverage_80_lower",
    "coverage_80_upper",
    "coverage_95_lower",
    "coverage_95_upper",
    "crps",
    "crps_lower",
    "crps_upper",
    "pinball_10",
    "pinball_50",
    "pinball_90",
    "interval_score_80",
    "pit_p",
    "ljung_box_p",
    "dm_hln",
    "dm_p",
    "mcs_p",
    "in_mcs",
];

/// What is measured of one model at one horizon.
struct Measured<'a> {
    series: &'a str,
    model: &'a str,
    horizon: usize,
    metrics: Metrics,
    calibrated: Calibrated,
    ljung_box_p: Option<f64>,
    against_last_value: Option<EqualAccuracy>,
    mcs_p: Option<f64>,
}

/// Series and horizon, and the rows of each model.
type Group<'a> = ((String, usize), Vec<Vec<&'a Row>>);
/// Rows by rank and name of the model.
type ByModel<'a> = BTreeMap<(usize, &'a str), Vec<&'a Row>>;

/// The rows whose actual is known, by series and horizon, then by model in the engine's order; under
/// `all` those of every series, where there are several.
pub(super) fn grouped(rows: &[Row]) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(bool, String, usize), ByModel<'_>> = BTreeMap::new();
    let models = engine::models();
    let rank = |name: &str| models.iter().position(|m| m.name() == name).unwrap_or(models.len());
    let n_series = rows.iter().map(|row| &row.series).collect::<BTreeSet<_>>().len();
    for row in rows.iter().filter(|row| row.actual.is_some()) {
        let own = (false, row.series.to_string(), row.horizon);
        let all = (n_series > 1).then(|| (true, "all".to_owned(), row.horizon));
        for key in std::iter::once(own).chain(all) {
            let of_model = (rank(row.model), row.model);
            groups.entry(key).or_default().entry(of_model).or_default().push(row);
        }
    }
    let plain = |((_, series, horizon), models): ((bool, String, usize), BTreeMap<_, _>)| {
        ((series, horizon), models.into_values().collect())
    };
    groups.into_iter().map(plain).collect()
}

pub(super) fn print(context: &Context, rows: &[Row]) -> Result<()> {
    let groups = grouped(rows);
    let mut printed = Rows::new(&COLUMNS);
    let (mut shown, mut all) = (Vec::new(), Vec::new());
    for ((series, horizon), models) in &groups {
        let p_values = contest::confidence_set(models, series);
        for (rows, mcs_p) in models.iter().zip(p_values) {
            let measured = Measured {
                series,
                model: rows[0].model,
                horizon: *horizon,
                metrics: summarise(rows),
                calibrated: calibrated(rows),
                ljung_box_p: contest::autocorrelation_p(rows),
                against_last_value: contest::against_last_value(rows),
                mcs_p,
            };
            shown.push(people(&measured));
            let values = values(&measured);
            if series == "all" {
                let named = COLUMNS.iter().map(|name| (*name).to_owned()).zip(values);
                all.push(Value::Object(named.collect()));
            } else {
                printed.push(values);
            }
        }
    }
    printed.beside("pooled", Value::Array(all));
    let header = [
        "series", "model", "h", "n", "mae log", "(90%)", "mase", "cover 80", "cover 95", "skill",
        "at least", "best", "answered", "mae log",
    ];
    printed.print(context.global.format, || {
        format!(
            "{}\nbest: in the 90% model confidence set; (90%): block bootstrap over quarters",
            table(&header, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13], shown)
        )
    })
}

fn values(measured: &Measured<'_>) -> Vec<Value> {
    let Measured { metrics: m, calibrated: c, .. } = measured;
    let test = measured.against_last_value;
    let mut values = vec![json!(measured.series), json!(measured.model), json!(measured.horizon)];
    values.extend(scores(&m.all));
    values.push(json!(m.skill_lower));
    values.extend(scores(&m.answered));
    for bar in [&c.mae_log, &c.wis, &c.coverage[1], &c.coverage[3]] {
        values.extend([json!(bar.lower), json!(bar.upper)]);
    }
    values.extend([json!(c.crps.value), json!(c.crps.lower), json!(c.crps.upper)]);
    values.extend(c.pinball.iter().map(|bar| json!(bar.value)));
    values.extend([
        json!(c.interval_score_80.value),
        json!(c.uniform_p),
        json!(measured.ljung_box_p),
        json!(test.map(|test| test.dm_hln)),
        json!(test.map(|test| test.p)),
        json!(measured.mcs_p),
        json!(measured.mcs_p.map(|p| p > contest::LEVEL)),
    ]);
    values
}

/// The cells of one set of forecasts, in the order of its columns.
fn scores(s: &Scores) -> [Value; 7] {
    [
        json!(s.n),
        json!(s.mae_log),
        json!(s.mase),
        json!(s.wis),
        json!(s.coverage_80),
        json!(s.coverage_95),
        json!(s.skill),
    ]
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
