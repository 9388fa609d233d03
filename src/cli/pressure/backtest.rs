//! `--backtest`: every statement that would have been made, scored, with the placebo.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::statement::price;
use super::{COLUMNS, entry_words, row, three, two};
use crate::archive::Snapshot;
use crate::cli::output::{Rows, table};
use crate::cli::scale::words::wrapped;
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::forecast::reliability::Share;
use crate::report::statement as words;
use crate::strategy::noise::{Placebo, placebos, quiet};
use crate::strategy::pricing::{Priced, priced};
use crate::strategy::quiet::{Moved, Quiet, events, moved, revenue_before};
use crate::strategy::rule::Rule;
use crate::strategy::situation::{panel, situations};
use crate::strategy::trial::{
    Bin, Engine, Score, Trial, Way, false_alarms, reliability, score, trials,
};

/// Before this day no purchase of machines for AI was forced.
const QUIET_BEFORE: NaiveDate = NaiveDate::from_ymd_opt(2016, 1, 1).expect("a date");

/// What the backtest found.
struct Found {
    scores: Vec<Score>,
    bins: Vec<Bin>,
    alarms: Share,
    quiet: Share,
    /// Company-quarters before 2016 that have four quarters in a row.
    n_early: usize,
    quiet_panels: Vec<Quiet>,
    moved: Moved,
    placebos: Vec<Placebo>,
    prices: Vec<Priced>,
}

pub(super) fn run(context: &Context, known: &Snapshot, rule: &Rule, n: usize) -> Result<Outcome> {
    let seed = context.global.seed;
    let day = known.as_of();
    let trials = trials(known, rule, Engine::Drawn(seed))?;
    if trials.is_empty() {
        return Err(Error::insufficient(format!(
            "pressure needs {} resolved company-quarters before a day; no day up to {day} has them",
            rule.min_rows
        )));
    }
    let mut prices = Vec::new();
    for series in panel(known)? {
        match priced(known, &series) {
            Ok(found) => prices.extend(found),
            Err(Error::Insufficient(why)) => context.say(format!("{series}: {why}")),
            Err(error) => return Err(error),
        }
    }
    let as_often = events(&trials, day, rule);
    let early = situations(known)?.into_iter().filter(|row| row.last.end() < QUIET_BEFORE);
    let found = Found {
        n_early: early.count(),
        quiet_panels: revenue_before(known, QUIET_BEFORE, as_often, rule)?,
        moved: moved(known, rule)?,
        scores: Way::ALL.map(|way| score(&trials, way, day, rule)).to_vec(),
        bins: reliability(&trials, Way::Signals, day, rule),
        alarms: false_alarms(&trials, Way::Signals, day, rule),
        quiet: quiet(&trials, QUIET_BEFORE, day, rule),
        placebos: placebos(known, rule, n, seed)?,
        prices,
    };
    let mut rows = Rows::new(&COLUMNS);
    for trial in &trials {
        let outcome = trial.situation.resolved_by(day);
        rows.push(row(&trial.situation, Some(&trial.belief), trial.drawn, rule, outcome));
    }
    rows.beside("scores", found.scores.iter().map(score_value).collect());
    rows.beside("reliability", found.bins.iter().map(bin_value).collect());
    rows.beside("false_alarms", share_value(found.alarms));
    rows.beside("false_alarms_before_2016", share_value(found.quiet));
    rows.beside("quiet_panels", found.quiet_panels.iter().map(quiet_value).collect());
    rows.beside("moved", moved_value(&found.moved));
    rows.beside("placebos", found.placebos.iter().map(placebo_value).collect());
    rows.beside("prices", found.prices.iter().map(price).collect());
    rows.beside("alarm", json!(rule.alarm));
    rows.print(context.global.format, || people(&trials, &found, day, rule))?;
    Ok(Outcome::Done)
}

fn people(trials: &[Trial], found: &Found, day: NaiveDate, rule: &Rule) -> String {
    let mut parts = Vec::new();
    let came: Vec<bool> = trials.iter().filter_map(|trial| trial.came(day, rule)).collect();
    let hits = came.iter().filter(|came| **came).count();
    parts.push(format!(
        "{} statements, {} resolved by {day}, {hits} with cash capex at {} times or more",
        trials.len(),
        came.len(),
        rule.threshold
    ));
    let lines = found.scores.iter().map(|s| {
        let ends = s.difference.map(|(low, high)| format!("{low:+.3} to {high:+.3}"));
        vec![
            s.way.word().to_owned(),
            s.n.to_string(),
            three(s.brier),
            three(s.brier_base),
            ends.unwrap_or_else(|| "-".to_owned()),
            two(s.skill),
            two(s.skill_lower),
        ]
    });
    let header = ["way", "n", "Brier", "base rate's", "difference (90%)", "skill", "at least"];
    parts.push(table(&header, &[1, 2, 3, 4, 5, 6], lines.collect()));
    let lines = found.bins.iter().map(|bin| {
        vec![
            format!("{:.1} to {:.1}", bin.low, bin.high),
            bin.came.n.to_string(),
            format!("{:.2}", bin.stated),
            two(bin.came.value()),
            ends(bin.came),
        ]
    });
    let header = ["stated", "n", "mean stated", "came", "(95%, Wilson)"];
    parts.push(table(&header, &[1, 2, 3, 4], lines.collect()));
    let header = ["false alarms in", "n", "rate", "(95%, Wilson)", "panels that claim skill"];
    parts.push(table(&header, &[1, 2, 3, 4], alarm_lines(found)));
    parts.push(placebo_words(found, rule));
    parts.push(wrapped("", &entry_words(&found.prices)).trim_end().to_owned());
    parts.join("\n\n")
}

fn alarm_lines(found: &Found) -> Vec<Vec<String>> {
    let mut lines = vec![
        alarm_line("all quarters", found.alarms, None),
        alarm_line("quarters before 2016", found.quiet, None),
    ];
    lines.extend(found.quiet_panels.iter().map(|panel| {
        let claims = Share { n_hits: usize::from(panel.score.beats_base_rate()), n: 1 };
        let what = format!("revenue before 2016, {:.2} times", panel.threshold);
        alarm_line(&what, panel.false_alarms, Some(claims))
    }));
    let moved = &found.moved;
    lines.push(alarm_line("signals moved in time", moved.false_alarms, Some(moved.claims)));
    lines.extend(found.placebos.iter().map(|p| {
        alarm_line(&format!("made up: {}", p.kind.word()), p.false_alarms, Some(p.claims))
    }));
    lines
}

/// What each placebo is, and what came of it.
fn placebo_words(found: &Found, rule: &Rule) -> String {
    let mut words = wrapped(
        "- ",
        &format!(
            "an alarm is a probability of {} or more; a false one is followed by no event",
            rule.alarm
        ),
    );
    let mut say = |line: &str| words.push_str(&wrapped("- ", line));
    if found.quiet.n == 0 {
        say(&format!(
            "quarters before 2016: no statement; {} company-quarters of the buyers' capex have four in a row \
             by then, and {} resolved ones are needed",
            found.n_early, rule.min_rows
        ));
    }
    if let Some(panel) = found.quiet_panels.first() {
        say(&format!(
            "revenue before 2016: the same machinery asked whether the revenue of {} companies ({}) in the \
             next four quarters comes to so many times that of the last four, in quarters that ended before \
             2016, when nobody was forced to buy machines for AI",
            panel.companies.len(),
            panel.companies.join(", ")
        ));
    }
    for (at, panel) in found.quiet_panels.iter().enumerate() {
        say(&format!(
            "revenue at {:.2} times{}: {} of {} with the event; {}; the base rate alone alarms falsely in {} \
             of {}",
            panel.threshold,
            if at == 0 { "" } else { ", which as many reach as the real event" },
            panel.events.n_hits,
            panel.events.n,
            words::score(&panel.score),
            panel.base_alarms.n_hits,
            panel.base_alarms.n
        ));
    }
    let moved = &found.moved;
    say(&format!(
        "signals moved in time: every company-quarter with the signals of the one so many places later in order \
         of time, round the list, for each of {} moves of {} places or more; mean Brier {}; {} of the moves \
         score as well as the signals in their place or better",
        moved.claims.n,
        moved.n_places,
        three(moved.brier),
        moved.as_good.n_hits
    ));
    words.trim_end().to_owned()
}

fn alarm_line(what: &str, share: Share, claims: Option<Share>) -> Vec<String> {
    let claims = claims
        .map_or_else(|| "-".to_owned(), |claims| format!("{} of {}", claims.n_hits, claims.n));
    vec![what.to_owned(), share.n.to_string(), two(share.value()), ends(share), claims]
}

fn ends(share: Share) -> String {
    share.wilson().map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.2}-{high:.2}"))
}

fn score_value(s: &Score) -> Value {
    let (low, high) = s.difference.unzip();
    json!({
        "way": s.way.word(), "n": s.n, "brier": s.brier, "brier_base_rate": s.brier_base,
        "difference_lower": low, "difference_upper": high, "skill": s.skill,
        "skill_lower": s.skill_lower, "grade": s.grade().letter(),
    })
}

fn bin_value(bin: &Bin) -> Value {
    let came = share_value(bin.came);
    json!({ "low": bin.low, "high": bin.high, "stated": bin.stated, "came": came })
}

fn share_value(share: Share) -> Value {
    let (low, high) = share.wilson().unzip();
    json!({
        "n": share.n, "hits": share.n_hits, "rate": share.value(), "lower": low, "upper": high,
    })
}

fn quiet_value(panel: &Quiet) -> Value {
    json!({
        "series": "revenue", "before": QUIET_BEFORE, "companies": panel.companies,
        "threshold": panel.threshold, "events": share_value(panel.events),
        "false_alarms": share_value(panel.false_alarms),
        "false_alarms_of_base_rate": share_value(panel.base_alarms),
        "score": score_value(&panel.score),
    })
}

fn moved_value(moved: &Moved) -> Value {
    json!({
        "places": moved.n_places, "brier": moved.brier, "as_good": share_value(moved.as_good),
        "claims": share_value(moved.claims), "false_alarms": share_value(moved.false_alarms),
    })
}

fn placebo_value(p: &Placebo) -> Value {
    json!({
        "kind": p.kind.word(), "false_alarms": share_value(p.false_alarms),
        "claims": share_value(p.claims), "events": share_value(p.events),
    })
}
