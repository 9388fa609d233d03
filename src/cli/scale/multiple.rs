//! `chipcast scale multiple`: what more parameters cost, by each published law.

use clap::Args;

use crate::cli::output::{Rows, print, table};
use crate::cli::{Context, Format, Outcome};
use crate::error::Result;
use crate::rows::scale::{multiples, parameters};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many times the parameters
    #[arg(long, default_value_t = 2.0, value_name = "X", allow_negative_numbers = true)]
    parameters: f64,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let (found, claims) = parameters(arguments.parameters)?;
    let mut shown = Vec::new();
    for row in &found {
        shown.push(vec![
            row.law.clone(),
            format!("N ~ C^{}", row.exponent),
            format!("{:.3}", row.efficiency_per_doubling),
            format!("{:.2}x", row.compute_multiple),
            format!("{:.2}x", row.gpu_hours_multiple),
        ]);
    }
    let rows = Rows::from(multiples(&found, &claims));
    let header = ["law", "parameters by compute", "kept per doubling", "compute", "GPU-hours"];
    rows.print(context.global.format, || table(&header, &[2, 3, 4], shown))?;
    if context.global.format == Format::Table {
        for claim in &claims {
            print(&format!("\n{}", claim.words))?;
        }
    }
    Ok(Outcome::Done)
}
