//! `chipcast data check`: damaged files, then what the checks find, worst first.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::ingest::checks::{self, Finding, Severity};
use crate::period::Period;
use crate::store::repair::{self, Damage};

/// The columns of a finding.
const COLUMNS: [&str; 8] =
    ["check", "severity", "series", "period_start", "period_end", "found", "needed", "locator"];

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Series, or wholes such as `nvda` and `nvda.revenue` with all their parts; everything by default
    series: Vec<String>,
    /// Leave out what is less bad than this
    #[arg(long, value_enum, default_value_t = Least::Note)]
    severity: Least,
}

/// The least severity shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Least {
    /// Numbers that contradict each other.
    Error,
    /// Also what is usable with care.
    Warning,
    /// Everything.
    Note,
}

impl From<Least> for Severity {
    fn from(least: Least) -> Self {
        match least {
            Least::Error => Self::Error,
            Least::Warning => Self::Warning,
            Least::Note => Self::Note,
        }
    }
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let damage = repair::survey(&context.global.data)?;
    let damaged: Vec<_> = damage.iter().map(finding).collect();
    if damage.iter().any(|damage| damage.stops_reading) {
        print(context, &damaged)?;
        context.say(format!(
            "{} files are damaged, and no value was checked; `chipcast data repair` restores what can be",
            damaged.len()
        ));
        return Ok(Outcome::Partial);
    }
    let known = context.snapshot()?;
    let ids = known.series_ids()?;
    for asked in &arguments.series {
        if !ids.iter().any(|id| checks::is_within(id.as_str(), asked)) {
            return Err(Error::not_found(format!("no series `{asked}`, nor one within it"))
                .hint("`chipcast data list` shows every series"));
        }
    }
    let mut findings = checks::run(&known)?;
    findings.retain(|finding| {
        let is_asked = |asked: &String| checks::is_within(&finding.series, asked);
        finding.severity <= arguments.severity.into()
            && (arguments.series.is_empty() || arguments.series.iter().any(is_asked))
    });
    findings.splice(0..0, damaged);
    print(context, &findings)?;
    let n = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (n(Severity::Error), n(Severity::Warning));
    let notes = n(Severity::Note);
    context.say(format!(
        "{errors} errors, {warnings} warnings, {notes} notes; as of {}",
        known.as_of()
    ));
    Ok(if errors > 0 { Outcome::Partial } else { Outcome::Done })
}

/// A damaged file as a finding.
fn finding(damage: &Damage) -> Finding {
    Finding {
        check: "file".to_owned(),
        severity: Severity::Error,
        series: String::new(),
        period: None,
        found: damage.to_string(),
        needed: "the bytes that were written; `chipcast data repair`".to_owned(),
        locator: damage.file.clone(),
    }
}

fn print(context: &Context, findings: &[Finding]) -> Result<()> {
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::with_capacity(findings.len());
    for finding in findings {
        rows.push(vec![
            json!(finding.check),
            json!(finding.severity.word()),
            json!(finding.series),
            json!(finding.period.map(Period::start)),
            json!(finding.period.map(Period::end)),
            json!(finding.found),
            json!(finding.needed),
            json!(finding.locator),
        ]);
        shown.push(vec![
            finding.severity.word().to_owned(),
            finding.check.clone(),
            finding.series.clone(),
            finding.period.map_or_else(String::new, |period| period.end().to_string()),
            finding.found.clone(),
            finding.needed.clone(),
        ]);
    }
    let header = ["severity", "check", "series", "period end", "found", "needed"];
    rows.print(context.global.format, || table(&header, &[], shown))
}
