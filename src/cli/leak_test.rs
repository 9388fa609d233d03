//! `chipcast leak-test`: proves that no forecast saw the future.

use clap::Args;
use serde_json::json;

use super::output::{Rows, print, table};
use super::{Context, Format, Outcome, series_ids};
use crate::error::{Error, Result};
use crate::forecast::engine;
use crate::forecast::leak::{self, Suspect, Verdict};
use crate::report::desk::Desk;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Series ids; those of the main job by default
    #[arg(value_name = "SERIES")]
    series: Vec<String>,
    /// Models, separated by commas, or `all`; the engine's own by default
    #[arg(long, value_delimiter = ',', value_name = "NAMES", default_value = "chipcast")]
    models: Vec<String>,
    /// Earlier origins, spread over the history; the last day known is checked too
    #[arg(long, default_value_t = 6, value_name = "N")]
    origins: usize,
}

const COLUMNS: [&str; 9] =
    ["model", "series", "origin_date", "way", "status", "field", "detail", "truth", "other"];

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let archive = context.archive()?;
    let known = context.snapshot()?;
    let series = match arguments.series.as_slice() {
        [] => Desk::main_series()?,
        asked => series_ids(asked)?,
    };
    let suspects: Vec<Suspect> = match arguments.models.as_slice() {
        [all] if all == "all" => engine::models().iter().copied().map(Suspect::from).collect(),
        names => names
            .iter()
            .map(|name| engine::model(name).map(Suspect::from))
            .collect::<Result<_>>()?,
    };
    let origins = leak::spread_origins(&known, &series, arguments.origins)?;
    let verdicts = leak::check(&archive, &suspects, &series, &origins)?;
    report(context, &verdicts)?;
    let leaks: Vec<_> = verdicts.iter().filter(|verdict| verdict.leak.is_some()).collect();
    let Some(first) = leaks.first() else { return Ok(Outcome::Done) };
    Err(Error::invalid(format!(
        "{} of {} checks saw the future; first `{}` on {:?} from {}",
        leaks.len(),
        verdicts.len(),
        first.model,
        first.series,
        first.origin
    ))
    .hint("the rows say what changed with the future; a model may read its snapshot alone"))
}

/// Every leak as a line for people; every check as a row for programs.
fn report(context: &Context, verdicts: &[Verdict]) -> Result<()> {
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for verdict in verdicts {
        let leak = verdict.leak.as_ref();
        let detail = leak.map(|leak| format!("{} with {}", leak.place, leak.future.word()));
        let detail = detail.map(|text| text.trim_start().to_owned());
        rows.push(vec![
            json!(verdict.model),
            json!(verdict.series.as_str()),
            json!(verdict.origin),
            json!(verdict.way.word()),
            json!(if leak.is_some() { "leak" } else { "clean" }),
            json!(leak.map(|leak| &leak.field)),
            json!(detail),
            json!(leak.map(|leak| &leak.truth)),
            json!(leak.map(|leak| &leak.other)),
        ]);
        if let Some(leak) = leak {
            let short = |text: &str| text.chars().take(24).collect::<String>();
            shown.push(vec![
                verdict.model.to_owned(),
                verdict.series.to_string(),
                verdict.origin.to_string(),
                verdict.way.word().to_owned(),
                leak.field.clone(),
                detail.unwrap_or_default(),
                short(&leak.truth),
                short(&leak.other),
            ]);
        }
    }
    if context.global.format == Format::Table && shown.is_empty() {
        return print(&format!("{} checks, no forecast saw the future", verdicts.len()));
    }
    let header = ["model", "series", "origin", "way", "leak in", "where", "as it is", "otherwise"];
    rows.print(context.global.format, || table(&header, &[], shown))
}
