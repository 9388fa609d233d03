//! Rows of a backtest: one a horizon with what is measured, or one a forecast with what came.
//!
//! May use `forecast` and `rows`. Hides no number: a refused row keeps its median and its error.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Rows;
use crate::forecast::backtest::Row;
use crate::forecast::calibration::{Calibrated, calibrated};
use crate::forecast::contest;
use crate::forecast::engine;
use crate::forecast::score::compare::EqualAccuracy;
use crate::forecast::summary::{Metrics, Scores, summarise};

/// Columns of the measures by series, model and horizon.
pub const COLUMNS: [&str; 39] = [
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

/// Columns of the forecasts one by one.
pub const ORIGIN_COLUMNS: [&str; 13] = [
    "series",
    "model",
    "origin_date",
    "horizon",
    "target_end_date",
    "median",
    "lower_80",
    "upper_80",
    "lower_95",
    "upper_95",
    "actual",
    "refusal",
    "model_used",
];

/// What is measured of one model at one horizon.
pub struct Measured<'a> {
    /// Of which series; `all` of several together.
    pub series: &'a str,
    /// Which model.
    pub model: &'a str,
    /// Periods ahead.
    pub horizon: usize,
    /// Errors and skill, over all forecasts and those not refused.
    pub metrics: Metrics,
    /// Errors and coverage with their bars.
    pub calibrated: Calibrated,
    /// Of no autocorrelation in the errors.
    pub ljung_box_p: Option<f64>,
    /// The test of equal accuracy against the last value.
    pub against_last_value: Option<EqualAccuracy>,
    /// Of belonging to the best.
    pub mcs_p: Option<f64>,
}

/// Series and horizon, and the rows of each model.
pub type Group<'a> = ((String, usize), Vec<Vec<&'a Row>>);
/// Rows by rank and name of the model.
type ByModel<'a> = BTreeMap<(usize, &'a str), Vec<&'a Row>>;

/// The rows whose actual is known, by series and horizon, then by model in the engine's order; under
/// `all` those of every series, where there are several.
pub fn grouped(rows: &[Row]) -> Vec<Group<'_>> {
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

/// What is measured of each model at each horizon, in the order of [`grouped`].
pub fn measured<'a>(groups: &'a [Group<'a>]) -> Vec<Measured<'a>> {
    let mut found = Vec::new();
    for ((series, horizon), models) in groups {
        let p_values = contest::confidence_set(models, series);
        for (rows, mcs_p) in models.iter().zip(p_values) {
            found.push(Measured {
                series,
                model: rows[0].model,
                horizon: *horizon,
                metrics: summarise(rows),
                calibrated: calibrated(rows),
                ljung_box_p: contest::autocorrelation_p(rows),
                against_last_value: contest::against_last_value(rows),
                mcs_p,
            });
        }
    }
    found
}

/// One row a series, model and horizon; those of all series together stand beside them as `pooled`.
pub fn by_horizon(found: &[Measured<'_>]) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    let mut all = Vec::new();
    for measured in found {
        let values = values(measured);
        if measured.series == "all" {
            let named = COLUMNS.iter().map(|name| (*name).to_owned()).zip(values);
            all.push(Value::Object(named.collect()));
        } else {
            rows.push(values);
        }
    }
    rows.beside("pooled", Value::Array(all));
    rows
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

/// One row a forecast, with what came.
pub fn by_origin(found: &[Row]) -> Rows {
    let mut rows = Rows::new(&ORIGIN_COLUMNS);
    for row in found {
        let (low_80, high_80) = row.quantiles.interval(0.8).unzip();
        let (low_95, high_95) = row.quantiles.interval(0.95).unzip();
        rows.push(vec![
            json!(row.series.as_str()),
            json!(row.model),
            json!(row.origin),
            json!(row.horizon),
            json!(row.period.end()),
            json!(row.median),
            json!(low_80),
            json!(high_80),
            json!(low_95),
            json!(high_95),
            json!(row.actual),
            json!(row.refusal.as_ref().map(|r| r.code.word())),
            json!(row.model_used),
        ]);
    }
    rows
}
