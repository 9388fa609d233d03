//! `chipcast scale multiple`: what more parameters cost, by each published law.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, print, table};
use crate::cli::{Context, Format, Outcome};
use crate::error::Result;
use crate::scaling::multiple::{claims, multiple};
use crate::scaling::published::PublishedLaws;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many times the parameters
    #[arg(long, default_value_t = 2.0, value_name = "X", allow_negative_numbers = true)]
    parameters: f64,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let laws = PublishedLaws::bundled()?;
    let mut rows = Rows::new(&[
        "law",
        "exponent",
        "efficiency_per_doubling",
        "compute_multiple",
        "gpu_hours_multiple",
    ]);
    let mut shown = Vec::new();
    for row in multiple(arguments.parameters, &laws)? {
        rows.push(vec![
            json!(row.law),
            json!(row.exponent),
            json!(row.efficiency_per_doubling),
            json!(row.compute_multiple),
            json!(row.gpu_hours_multiple),
        ]);
        shown.push(vec![
            row.law.clone(),
            format!("N ~ C^{}", row.exponent),
            format!("{:.3}", row.efficiency_per_doubling),
            format!("{:.2}x", row.compute_multiple),
            format!("{:.2}x", row.gpu_hours_multiple),
        ]);
    }
    let claims = claims(&laws)?;
    rows.beside(
        "claims",
        json!(claims.iter().map(|claim| claim.words.clone()).collect::<Vec<_>>()),
    );
    let header = ["law", "parameters by compute", "kept per doubling", "compute", "GPU-hours"];
    rows.print(context.global.format, || table(&header, &[2, 3, 4], shown))?;
    if context.global.format == Format::Table {
        for claim in &claims {
            print(&format!("\n{}", claim.words))?;
        }
    }
    Ok(Outcome::Done)
}
