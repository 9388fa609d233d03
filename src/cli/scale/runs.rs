//! `chipcast scale runs`: known training runs beside what the chain makes of them.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::draws::DEFAULT_N_DRAWS;
use crate::error::Result;
use crate::scaling::assumption::{Assumptions, Worlds};
use crate::scaling::known_runs::{
    CLUSTER_SHARE, Route, calibrate, check_runs, implied_shares, summarize,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(context: &Context, _arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let assumptions = Assumptions::bundled()?;
    let worlds =
        Worlds { seed: context.global.seed, origin: known.as_of(), n_draws: DEFAULT_N_DRAWS };
    let shares = implied_shares(&known, &assumptions, &worlds)?;
    let checks = check_runs(&shares, &assumptions, &worlds)?;
    let mut rows = Rows::new(&[
        "model",
        "organization",
        "released",
        "route",
        "known_flop",
        "p05",
        "p50",
        "p95",
        "ratio",
        "inside_90",
        "confidence",
    ]);
    let mut shown = Vec::new();
    for check in &checks {
        let [p05, p50, p95] = check.computed.map(|flop| flop.0);
        rows.push(vec![
            json!(check.model),
            json!(check.organization),
            json!(check.released),
            json!(check.route.word()),
            json!(check.known.0),
            json!(p05),
            json!(p50),
            json!(p95),
            json!(check.ratio()),
            json!(check.is_inside()),
            json!(check.confidence),
        ]);
        shown.push(vec![
            check.model.clone(),
            check.released.to_string(),
            check.route.word().to_owned(),
            format!("{:.1e}", check.known.0),
            format!("{p50:.1e}"),
            format!("{p05:.1e} to {p95:.1e}"),
            format!("{:.2}", check.ratio()),
            if check.is_inside() { "" } else { "outside" }.to_owned(),
        ]);
    }
    let summaries: Vec<_> =
        [Route::Cluster, Route::Fleet].into_iter().filter_map(|r| summarize(&checks, r)).collect();
    for summary in &summaries {
        let key = match summary.route {
            Route::Cluster => "cluster",
            Route::Fleet => "fleet",
        };
        let facts = json!({
            "n": summary.n,
            "coverage_90": summary.coverage_90,
            "median_ratio": summary.median_ratio,
        });
        rows.beside(key, facts);
    }
    let share = calibrate(&shares)?;
    rows.beside(
        "cluster_share",
        json!({"low": share.low, "median": share.median, "high": share.high, "n": shares.len()}),
    );
    let header = ["model", "released", "from", "known FLOP", "computed", "90%", "ratio", ""];
    rows.print(context.global.format, || table(&header, &[3, 4, 5, 6], shown))?;
    for summary in &summaries {
        context.say(format!(
            "from its {}: {} runs, {:.0}% inside the 90% interval, computed over known {:.2} in the \
             median",
            summary.route.word(),
            summary.n,
            100.0 * summary.coverage_90,
            summary.median_ratio
        ));
    }
    let used = assumptions.get(CLUSTER_SHARE)?;
    context.say(format!(
        "the share of a fleet in its largest run, by {} runs: {:.2} [{:.2}, {:.2}]; the chain draws \
         {:.2} [{:.2}, {:.2}]. From a fleet, each run is computed with the share of the others.",
        shares.len(),
        share.median,
        share.low,
        share.high,
        used.median,
        used.low,
        used.high
    ));
    Ok(Outcome::Done)
}
