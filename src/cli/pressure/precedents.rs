//! `--precedents`: the dated cases, and which of them count.

use serde_json::{Value, json};

use super::two;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::report::statement;
use crate::strategy::precedents::{Case, Like, Precedents, WayOut};
use crate::strategy::rule::Rule;

const COLUMNS: [&str; 14] = [
    "id",
    "incumbent",
    "market",
    "as_of",
    "own_change",
    "rival_change",
    "option",
    "did_on",
    "did",
    "bought",
    "held",
    "followed",
    "missing",
    "sources",
];

pub(super) fn run(context: &Context, rule: &Rule) -> Result<Outcome> {
    let day = context.snapshot()?.as_of();
    let found = Precedents::bundled();
    let mut rows = Rows::new(&COLUMNS);
    for case in &found.cases {
        rows.push(values(case));
    }
    let mut rates = Vec::new();
    let mut words = Vec::new();
    for like in [Like::All, Like::Eroding, Like::Holding] {
        let rate = found.rate(like, day, rule);
        rates.push(json!({
            "like": like.words(), "n": rate.n, "bought": rate.n_hits, "rate": rate.value,
            "lower": rate.lower, "upper": rate.upper,
        }));
        words.push(format!(
            "{}: {} of {} bought massively within a year, {}",
            like.words(),
            rate.n_hits,
            rate.n,
            statement::rate(rate)
        ));
    }
    rows.beside("rates", Value::Array(rates));
    let lines = || found.cases.iter().map(line).collect();
    let header =
        ["case", "as of", "own", "rival", "option", "bought", "held", "kept out: not known"];
    rows.print(context.global.format, || {
        format!("{}\n\n{}", table(&header, &[2, 3], lines()), words.join("\n"))
    })?;
    Ok(Outcome::Done)
}

fn values(case: &Case) -> Vec<Value> {
    let mut sources: Vec<String> = case
        .features
        .iter()
        .map(|f| {
            format!("{} {} {} ({}): {}; {}", f.name, f.value, f.unit, f.period, f.source, f.locator)
        })
        .collect();
    let others = [&case.did_source, &case.bought_source, &case.followed_source];
    sources.extend(others.into_iter().flatten().cloned());
    vec![
        json!(case.id),
        json!(case.incumbent),
        json!(case.market),
        json!(case.as_of),
        json!(case.own_change()),
        json!(case.rival_change()),
        json!(case.option.map(WayOut::word)),
        json!(case.did_on),
        json!(case.did),
        json!(case.bought),
        json!(case.held),
        json!(case.followed),
        json!(case.missing().join(", ")),
        json!(sources.join(" | ")),
    ]
}

fn line(case: &Case) -> Vec<String> {
    let yes = |known: Option<bool>| match known {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "-".to_owned(),
    };
    vec![
        case.id.clone(),
        case.as_of.to_string(),
        two(case.own_change()),
        two(case.rival_change()),
        case.option.map_or("-", WayOut::word).to_owned(),
        yes(case.bought),
        yes(case.held),
        case.missing().join(", "),
    ]
}
