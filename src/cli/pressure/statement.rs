//! The statement for one company.

use serde_json::{Value, json};

use super::{COLUMNS, entry_words, row, two, usd};
use crate::archive::Snapshot;
use crate::cli::output::{Rows, table};
use crate::cli::scale::words::wrapped;
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::report::{format, statement as words};
use crate::strategy::options::Way;
use crate::strategy::pressure::{Falsifier, Pressure, pressure};
use crate::strategy::pricing::{Priced, priced};
use crate::strategy::rule::Rule;
use crate::strategy::standing::share_signal;
use crate::strategy::trial::{Engine, trials};
use crate::units::Unit;

pub(super) fn run(
    context: &Context,
    known: &Snapshot,
    company: &str,
    rule: &Rule,
) -> Result<Outcome> {
    let seed = context.global.seed;
    let past = trials(known, rule, Engine::Drawn(seed))?;
    let share = share_signal(known, &company.to_ascii_lowercase())?;
    let found = pressure(known, company, rule, share.as_ref(), seed, &past)?;
    let prices = match priced(known, &found.situation.series) {
        Ok(prices) => prices,
        Err(Error::Insufficient(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut rows = Rows::new(&COLUMNS);
    rows.push(row(&found.situation, found.belief.as_ref(), found.drawn, rule, None));
    rows.beside("statement", json!(words::statement(&found, rule)));
    rows.beside("grade", json!(found.record.grade().letter()));
    rows.beside("evidence", found.evidence.iter().map(evidence).collect());
    rows.beside("options", found.ways.iter().map(way).collect());
    rows.beside("falsifiers", found.falsifiers.iter().map(falsifier).collect());
    rows.beside("prices", prices.iter().map(price).collect());
    rows.beside(
        "precedents",
        json!({
            "like": found.like.words(), "n": found.precedents.n, "bought": found.precedents.n_hits,
            "rate": found.precedents.value, "lower": found.precedents.lower,
            "upper": found.precedents.upper,
        }),
    );
    rows.print(context.global.format, || people(&found, &prices, rule))?;
    Ok(if found.belief.is_some() { Outcome::Done } else { Outcome::Refused })
}

fn people(found: &Pressure, prices: &[Priced], rule: &Rule) -> String {
    let mut first = wrapped("", &words::statement(found, rule));
    for line in words::beside(found) {
        first.push_str(&wrapped("- ", &line));
    }
    let mut parts = vec![first];
    let lines = found.evidence.iter().map(|e| {
        let value = e.value.map_or_else(
            || "-".to_owned(),
            |value| match e.unit {
                Unit::Usd => usd(value),
                Unit::Count => format::plain(value, 0),
                _ => format::plain(value, 3),
            },
        );
        vec![e.name.to_owned(), value, e.meaning.to_owned()]
    });
    parts.push(table(&["signal", "value", "what it is"], &[1], lines.collect()));
    let lines = found.ways.iter().map(|way| {
        let cost = words::cost(way).unwrap_or_else(|| "not known".to_owned());
        vec![way.kind.word().to_owned(), cost, way.unit.to_owned()]
    });
    parts.push(table(&["option", "cost", "unit"], &[], lines.collect()));
    let lines = found.falsifiers.iter().map(|f| {
        let limit = if f.unit == "USD" { usd(f.limit) } else { format::plain(f.limit, 3) };
        vec![f.words.clone(), limit, two(f.probability)]
    });
    if !found.falsifiers.is_empty() {
        parts.push(table(&["what would lower it", "limit", "then"], &[1, 2], lines.collect()));
    }
    let mut sources = String::from("sources\n");
    for e in &found.evidence {
        sources.push_str(&wrapped(&format!("- {}: ", e.name), &e.source));
    }
    for way in &found.ways {
        sources.push_str(&wrapped(&format!("- {}: ", way.kind.word()), &way.words));
    }
    parts.push(sources);
    parts.push(wrapped("", &entry_words(prices)));
    let parts: Vec<_> = parts.iter().map(|part| part.trim_end()).collect();
    parts.join("\n\n")
}

fn evidence(e: &crate::strategy::signals::Evidence) -> Value {
    json!({
        "name": e.name, "meaning": e.meaning, "value": e.value, "unit": e.unit.word(),
        "source": e.source,
    })
}

fn way(way: &Way) -> Value {
    let (low, high) = way.cost.unzip();
    json!({
        "option": way.kind.word(), "low": low, "high": high, "unit": way.unit, "words": way.words,
    })
}

fn falsifier(f: &Falsifier) -> Value {
    json!({ "words": f.words, "limit": f.limit, "unit": f.unit, "probability": f.probability })
}

pub(super) fn price(p: &Priced) -> Value {
    json!({
        "series": p.series.as_str(), "horizon": p.horizon, "signal": p.signal, "price": p.price,
        "lower": p.lower, "n": p.n, "verdict": p.verdict.word(),
    })
}
