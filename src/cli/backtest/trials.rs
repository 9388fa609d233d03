//! `--leave-one-out` and `--placebo`: what the engine does where it should know less, or nothing.

use serde_json::{Value, json};

use super::super::output::{Rows, table};
use super::super::{Context, Outcome, series_ids};
use super::Arguments;
use crate::error::{Error, Result};
use crate::forecast::backtest::{Book, Row};
use crate::forecast::calibration::{Bar, Calibrated, calibrated};
use crate::forecast::engine::Chipcast;
use crate::forecast::leave_one_out::left_out;
use crate::forecast::placebo::{FalseAlarms, Kind, Neighbours, false_alarms};
use crate::forecast::score::compare::wilson;
use crate::forecast::spec::Spec;

const LEFT_OUT_COLUMNS: [&str; 17] = [
    "series",
    "horizon",
    "n",
    "mae_log",
    "mae_log_lower",
    "mae_log_upper",
    "mae_log_with_own",
    "coverage_80",
    "coverage_80_lower",
    "coverage_80_upper",
    "coverage_80_with_own",
    "coverage_95",
    "coverage_95_lower",
    "coverage_95_upper",
    "coverage_95_with_own",
    "wis",
    "wis_with_own",
];

pub(super) fn leave_one_out(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let (horizon, truth) = (arguments.horizon, arguments.truth.truth());
    let book = Book::new(&known, horizon)?;
    let (mut without, mut with, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    let all = series_ids(&arguments.series)?;
    for series in &all {
        let both = left_out(&known, series, horizon, arguments.from, truth)
            .and_then(|rows| Ok((rows, book.backtest(&Chipcast, series, arguments.from, truth)?)));
        match both {
            Ok((left_out, own)) => {
                without.extend(left_out);
                with.extend(own);
            }
            Err(error @ Error::Insufficient(_)) => failures.push((series, error)),
            Err(error) => return Err(error),
        }
    }
    if without.is_empty()
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    let mut printed = Rows::new(&LEFT_OUT_COLUMNS);
    let mut shown = Vec::new();
    let mut pooled = Vec::new();
    let names: Vec<_> = all.iter().map(|id| Some(id.as_str())).chain([None]).collect();
    for name in names.into_iter().filter(|name| name.is_some() || all.len() > 1) {
        for ahead in 1..=horizon {
            let of = |rows: &[Row]| -> Calibrated {
                let own = |row: &&Row| name.is_none_or(|name| row.series.as_str() == name);
                let kept = rows.iter().filter(|r| r.horizon == ahead && r.actual.is_some());
                calibrated(&kept.filter(own).collect::<Vec<_>>())
            };
            let (out, own) = (of(&without), of(&with));
            if out.n == 0 {
                continue;
            }
            let values = left_out_values(name.unwrap_or("all"), ahead, &out, &own);
            shown.push(left_out_line(name.unwrap_or("all"), ahead, &out, &own));
            if name.is_some() {
                printed.push(values);
            } else {
                let keys = LEFT_OUT_COLUMNS.iter().map(|key| (*key).to_owned());
                pooled.push(Value::Object(keys.zip(values).collect()));
            }
        }
    }
    printed.beside("pooled", Value::Array(pooled));
    let header = [
        "series", "h", "n", "mae log", "with own", "cover 80", "(90%)", "with own", "cover 95",
        "with own",
    ];
    printed.print(context.global.format, || table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9], shown))?;
    for (series, error) in &failures {
        Context::fail(series, error);
    }
    Ok(if failures.is_empty() { Outcome::Done } else { Outcome::Partial })
}

fn left_out_values(name: &str, ahead: usize, out: &Calibrated, own: &Calibrated) -> Vec<Value> {
    let whole = |bar: &Bar| [json!(bar.value), json!(bar.lower), json!(bar.upper)];
    let mut values = vec![json!(name), json!(ahead), json!(out.n)];
    for (out, own) in [
        (&out.mae_log, &own.mae_log),
        (&out.coverage[1], &own.coverage[1]),
        (&out.coverage[3], &own.coverage[3]),
    ] {
        values.extend(whole(out));
        values.push(json!(own.value));
    }
    values.extend([json!(out.wis.value), json!(own.wis.value)]);
    values
}

fn left_out_line(name: &str, ahead: usize, out: &Calibrated, own: &Calibrated) -> Vec<String> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let bar = &out.coverage[1];
    let ends = bar.lower.zip(bar.upper);
    vec![
        name.to_owned(),
        ahead.to_string(),
        out.n.to_string(),
        number(out.mae_log.value, 4),
        number(own.mae_log.value, 4),
        number(bar.value, 2),
        ends.map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.2}-{high:.2}")),
        number(own.coverage[1].value, 2),
        number(out.coverage[3].value, 2),
        number(own.coverage[3].value, 2),
    ]
}

const PLACEBO_COLUMNS: [&str; 10] = [
    "series",
    "kind",
    "neighbours",
    "horizon",
    "n",
    "n_answered",
    "n_by_panel",
    "false_alarm_rate",
    "lower",
    "upper",
];

pub(super) fn placebo(context: &Context, arguments: &Arguments, n: usize) -> Result<Outcome> {
    let known = context.snapshot()?;
    let mut printed = Rows::new(&PLACEBO_COLUMNS);
    let mut shown = Vec::new();
    let seed = context.global.seed;
    for series in series_ids(&arguments.series)? {
        for kind in Kind::ALL {
            for beside in Neighbours::ALL {
                let sizes = (arguments.horizon, n);
                for alarms in false_alarms(&known, &series, (kind, beside), sizes, seed)? {
                    let (values, line) = placebo_row(series.as_str(), kind, beside, alarms);
                    printed.push(values);
                    shown.push(line);
                }
            }
        }
    }
    let level = Spec::bundled().skill.bound_level;
    printed.beside("bound_level", json!(level));
    let header = [
        "series",
        "placebo",
        "beside",
        "h",
        "n",
        "answered",
        "by panel",
        "false alarms",
        "(90%, Wilson)",
    ];
    printed.print(context.global.format, || table(&header, &[3, 4, 5, 6, 7, 8], shown))?;
    context.say(format!(
        "nothing foretells these series; the bound of skill is one-sided at {level:.2}"
    ));
    Ok(Outcome::Done)
}

fn placebo_row(
    series: &str,
    kind: Kind,
    beside: Neighbours,
    alarms: FalseAlarms,
) -> (Vec<Value>, Vec<String>) {
    let ends = wilson(alarms.n_answered, alarms.n, 0.9);
    #[expect(clippy::cast_precision_loss, reason = "placebos are few")]
    let rate = alarms.n_answered as f64 / alarms.n as f64;
    let values = vec![
        json!(series),
        json!(kind.word()),
        json!(beside.word()),
        json!(alarms.horizon),
        json!(alarms.n),
        json!(alarms.n_answered),
        json!(alarms.n_by_panel),
        json!(rate),
        json!(ends.map(|ends| ends.0)),
        json!(ends.map(|ends| ends.1)),
    ];
    let line = vec![
        series.to_owned(),
        kind.word().to_owned(),
        beside.word().to_owned(),
        alarms.horizon.to_string(),
        alarms.n.to_string(),
        alarms.n_answered.to_string(),
        alarms.n_by_panel.to_string(),
        format!("{rate:.3}"),
        ends.map_or_else(|| "-".to_owned(), |(a, b)| format!("{a:.3}-{b:.3}")),
    ];
    (values, line)
}
