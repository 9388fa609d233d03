//! Reads a job file: TOML, then what the environment overrides, then the rules that no type can hold.
//!
//! May use `error`, `series` and what `job` says of files, sources and schedules. An error names
//! the file, the key and what was expected; an override is named by its variable.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::file::{self, Alert, Job, Sink};
use super::schedule::Times;
use super::source::{KINDS, Source};
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// What the variables that override keys begin with: `CHIPCAST_JOB__SEED=7`,
/// `CHIPCAST_JOB__FORECASTS__0__HORIZON=2`.
pub const PREFIX: &str = "CHIPCAST_JOB__";

/// Reads a job file.
///
/// - `name`: the file, for messages. `variables`: the environment, names beside values.
///
/// # Errors
/// [`Error::Parse`] if it is no TOML; [`Error::Invalid`] naming the key that breaks a rule.
pub fn load(
    name: &str,
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Job> {
    let at = format!("`{name}`");
    let mut table: Table = toml::from_str(text).map_err(|e| {
        Error::parse(format!("{at} is no TOML: {}", e.to_string().trim_end()))
            .hint("docs/jobs.md shows a job file; `chipcast job schema` prints its JSON Schema")
    })?;
    let mut overrides: Vec<_> =
        variables.into_iter().filter(|(key, _)| key.starts_with(PREFIX)).collect();
    overrides.sort();
    for (variable, value) in &overrides {
        put(&mut table, &variable[PREFIX.len()..], value)
            .map_err(|what| Error::invalid(format!("variable `{variable}`: {what}")))?;
    }
    table.iter_mut().for_each(|(_, value)| plain(value));
    let job = job(&table).map_err(|error| {
        error
            .within(&at)
            .hint("`chipcast job schema` prints what a job file may hold; docs/jobs.md explains it")
    })?;
    check(&job).map_err(|error| error.within(&at))?;
    Ok(job)
}

/// Puts a value at a path such as `FORECASTS__0__HORIZON`.
fn put(table: &mut Table, path: &str, text: &str) -> Result<(), String> {
    let value = Table::from_str(&format!("value = {text}"))
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let lower = path.to_ascii_lowercase();
    let keys: Vec<_> = lower.split("__").collect();
    let [first, rest @ ..] = keys.as_slice() else { return Err("no key".to_owned()) };
    let mut place = table.entry((*first).to_owned()).or_insert(Value::Table(Table::new()));
    for key in rest {
        place = match (place, key.parse::<usize>()) {
            (Value::Array(items), Ok(idx)) => {
                let n = items.len();
                items.get_mut(idx).ok_or_else(|| {
                    format!("there are {n} entries, counted from 0; asked is {idx}")
                })?
            }
            (Value::Table(inner), _) => {
                inner.entry((*key).to_owned()).or_insert(Value::Table(Table::new()))
            }
            (other, _) => return Err(format!("`{key}` is asked of a {}", other.type_str())),
        };
    }
    *place = value;
    Ok(())
}

/// Days may be written without quotes; they are text from here on.
fn plain(value: &mut Value) {
    match value {
        Value::Datetime(day) => *value = Value::String(day.to_string()),
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| plain(value)),
        _ => {}
    }
}

/// The job table by table, so that an error says where it is.
fn job(table: &Table) -> Result<Job> {
    for (key, value) in table {
        let Value::Array(items) = value else { continue };
        for (idx, item) in items.iter().enumerate() {
            let at = format!("`{key}[{idx}]`");
            if key == "sources" {
                known_kind(item, &KINDS, &at)?;
            }
            match key.as_str() {
                "sources" => part::<Source>(item, &at).map(drop)?,
                "forecasts" => part::<file::ForecastSpec>(item, &at).map(drop)?,
                "freshness" => part::<file::Freshness>(item, &at).map(drop)?,
                "alerts" => part::<Alert>(item, &at).map(drop)?,
                "sinks" => part::<Sink>(item, &at).map(drop)?,
                _ => {}
            }
        }
    }
    for (key, value) in table.iter().filter(|(_, value)| value.is_table()) {
        let at = format!("`[{key}]`");
        match key.as_str() {
            "fetch" => part::<file::Fetch>(value, &at).map(drop)?,
            "reports" => part::<file::Reports>(value, &at).map(drop)?,
            "schedule" => part::<file::Schedule>(value, &at).map(drop)?,
            "retention" => part::<file::Retention>(value, &at).map(drop)?,
            "metrics" => part::<file::Metrics>(value, &at).map(drop)?,
            _ => {}
        }
    }
    part(&Value::Table(table.clone()), "the job")
}

fn known_kind(item: &Value, kinds: &[&str], at: &str) -> Result<()> {
    match item.get("kind").and_then(Value::as_str) {
        Some(kind) if kinds.contains(&kind) => Ok(()),
        Some(kind) => Err(Error::invalid(format!(
            "{at}: unknown kind `{kind}`, expected one of {}",
            kinds.join(", ")
        ))),
        None => Err(Error::invalid(format!(
            "{at}: `kind` is missing, expected one of {}",
            kinds.join(", ")
        ))),
    }
}

fn part<T: DeserializeOwned>(value: &Value, at: &str) -> Result<T> {
    value.clone().try_into().map_err(|e: toml::de::Error| {
        let told = e.to_string();
        let lines: Vec<_> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Error::invalid(format!("{at}: {}", lines.join(" ")))
    })
}

/// The rules that no type can hold.
fn check(job: &Job) -> Result<()> {
    if job.schema_version != file::SCHEMA_VERSION {
        return Err(wrong("schema_version", &job.schema_version, "1"));
    }
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if job.name.is_empty() || job.name.len() > 64 || !job.name.chars().all(is_name) {
        return Err(wrong("name", &job.name, "1 to 64 of a-z, 0-9, `-` and `_`"));
    }
    if job.out.trim().is_empty() {
        return Err(wrong("out", &job.out, "a folder"));
    }
    if !(1..=20).contains(&job.fetch.attempts) {
        return Err(wrong("fetch.attempts", &job.fetch.attempts, "1 to 20"));
    }
    for (idx, spec) in job.forecasts.iter().enumerate() {
        series(&format!("forecasts[{idx}].series"), &spec.series)?;
        if !(1..=40).contains(&spec.horizon) {
            return Err(wrong(&format!("forecasts[{idx}].horizon"), &spec.horizon, "1 to 40"));
        }
        if let Some(wide) = spec.coverage.iter().find(|c| !(**c > 0.0 && **c < 1.0)) {
            let key = format!("forecasts[{idx}].coverage");
            return Err(wrong(&key, wide, "a share between 0 and 1, such as 0.8"));
        }
    }
    freshness(job)?;
    for (idx, alert) in job.alerts.iter().enumerate() {
        check_alert(&format!("alerts[{idx}]"), alert)?;
    }
    if let Some(schedule) = &job.schedule {
        Times::new(schedule)?;
    }
    if job.retention.keep_runs == Some(0) {
        return Err(wrong("retention.keep_runs", &0, "1 or more"));
    }
    Ok(())
}

fn freshness(job: &Job) -> Result<()> {
    for (idx, rule) in job.freshness.iter().enumerate() {
        let at = format!("freshness[{idx}]");
        match (&rule.source, &rule.series) {
            (Some(kind), None) if job.sources.iter().any(|s| s.kind() == kind) => {}
            (Some(kind), None) => {
                let kinds: Vec<_> = job.sources.iter().map(Source::kind).collect();
                let needed = format!("the kind of a source of this job: {}", kinds.join(", "));
                return Err(wrong(&format!("{at}.source"), kind, &needed));
            }
            (None, Some(id)) => series(&format!("{at}.series"), id)?,
            _ => {
                return Err(Error::invalid(format!("`{at}` needs either `source` or `series`")));
            }
        }
        match (rule.warn_after, rule.error_after) {
            (None, None) => {
                let what = format!("`{at}` needs `warn_after`, `error_after` or both");
                return Err(Error::invalid(what));
            }
            (Some(warn), Some(error)) if error < warn => {
                let what = format!("`{at}`: `error_after` is shorter than `warn_after`");
                return Err(Error::invalid(what));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_alert(at: &str, alert: &Alert) -> Result<()> {
    let share = |key: &str, value: f64| {
        let key = format!("{at}.{key}");
        if value > 0.0 && value < 1.0 {
            Ok(())
        } else {
            Err(wrong(&key, &value, "a share between 0 and 1"))
        }
    };
    match alert {
        Alert::Impact { series: ids, times, at_least } => {
            if ids.is_empty() {
                return Err(Error::invalid(format!("`{at}.series` names no series")));
            }
            ids.iter().try_for_each(|id| series(&format!("{at}.series"), id))?;
            if !(*times > 0.0 && times.is_finite()) {
                return Err(wrong(&format!("{at}.times"), times, "a positive number"));
            }
            if !(*at_least >= 0.0 && at_least.is_finite()) {
                return Err(wrong(&format!("{at}.at_least"), at_least, "a share, such as 0.05"));
            }
        }
        Alert::Threshold { series: id, probability, horizon, value } => {
            series(&format!("{at}.series"), id)?;
            share("probability", *probability)?;
            if !(1..=40).contains(horizon) {
                return Err(wrong(&format!("{at}.horizon"), horizon, "1 to 40"));
            }
            if !value.is_finite() {
                return Err(wrong(&format!("{at}.value"), value, "a finite number"));
            }
        }
        Alert::Refusal { series: ids } => {
            ids.iter().try_for_each(|id| series(&format!("{at}.series"), id))?;
        }
        Alert::Calibration { coverage, significance } => {
            if ![0.5, 0.8, 0.95].contains(coverage) {
                return Err(wrong(&format!("{at}.coverage"), coverage, "0.5, 0.8 or 0.95"));
            }
            share("significance", *significance)?;
        }
        Alert::Stale {} => {}
    }
    Ok(())
}

fn series(key: &str, id: &str) -> Result<()> {
    SeriesId::new(id).map(drop).map_err(|error| error.within(format!("`{key}`")))
}

fn wrong(key: &str, found: &impl std::fmt::Display, needed: &str) -> Error {
    Error::invalid(format!("`{key}` is {found}; needed is {needed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "schema_version = 1\nname = \"w\"\n[[forecasts]]\nseries = \"nvda.revenue\"\n";

    fn told(text: &str, variables: &[(&str, &str)]) -> Result<Job> {
        let own = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load("w.toml", text, own)
    }

    #[test]
    fn the_environment_overrides_keys_by_their_path() {
        let variables = [
            ("CHIPCAST_JOB__SEED", "7"),
            ("CHIPCAST_JOB__FORECASTS__0__HORIZON", "2"),
            ("CHIPCAST_JOB__OUT", "elsewhere/runs"),
            ("CHIPCAST_JOB__RETENTION__KEEP_RUNS", "3"),
            ("OTHER", "x"),
        ];
        let job = told(TEXT, &variables).expect("a job");
        assert_eq!((job.seed, job.forecasts[0].horizon), (7, 2));
        assert_eq!((job.out.as_str(), job.retention.keep_runs), ("elsewhere/runs", Some(3)));
        let far = told(TEXT, &[("CHIPCAST_JOB__FORECASTS__4__HORIZON", "2")]);
        let told_far = far.expect_err("no such entry").to_string();
        assert!(told_far.contains("CHIPCAST_JOB__FORECASTS__4__HORIZON"), "{told_far}");
    }

    #[test]
    fn an_error_names_file_key_and_what_was_expected() {
        let with = |more: &str| told(&format!("{TEXT}{more}"), &[]).expect_err("wrong").to_string();
        let cases: [(&str, &[&str]); 9] = [
            ("horizn = 2\n", &["`forecasts[0]`", "horizn", "horizon"]),
            ("horizon = 99\n", &["forecasts[0].horizon", "99", "1 to 40"]),
            ("[[sources]]\nkind = \"sec\"\n", &["`sources[0]`", "sec", "edgar"]),
            ("[[sources]]\nkind = \"twse\"\ncomp = 1\n", &["`sources[0]`", "comp", "company"]),
            (
                "[[freshness]]\nseries = \"a.b\"\nwarn_after = \"soon\"\n",
                &["`freshness[0]`", "soon"],
            ),
            ("[[freshness]]\nseries = \"a.b\"\n", &["freshness[0]", "warn_after"]),
            ("[schedule]\ncron = \"x y\"\n", &["schedule.cron", "x y"]),
            ("[schedule]\ncron = \"0 7 * * *\"\ntime_zone = \"Mars\"\n", &["time_zone", "Mars"]),
            ("[[alerts]]\nkind = \"impact\"\nseries = []\n", &["alerts[0].series"]),
        ];
        for (more, named) in cases {
            let text = with(more);
            assert!(text.starts_with("`w.toml`: "), "{text}");
            assert!(named.iter().all(|name| text.contains(name)), "{more}: {text}");
        }
        assert!(told("name = ", &[]).expect_err("no TOML").to_string().contains("line 1"));
    }
}
