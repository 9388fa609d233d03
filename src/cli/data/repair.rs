//! `chipcast data repair`: restores what is damaged, and says what it could not.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::ingest::bundled;
use crate::store::repair::{End, Unrestorable, repair};

/// The columns of a row of repair.
const COLUMNS: [&str; 3] = ["file", "status", "note"];

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Move segments that cannot be restored to `archive/damaged/`, and go on without their rows
    #[arg(long)]
    set_aside: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let lost = if arguments.set_aside { Unrestorable::SetAside } else { Unrestorable::Stays };
    let done = repair(&context.global.data, &bundled::batch()?, lost)?;
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::with_capacity(done.len());
    for mended in &done {
        rows.push(vec![json!(mended.file), json!(mended.end.word()), json!(mended.note)]);
        shown.push(vec![mended.end.word().to_owned(), mended.file.clone(), mended.note.clone()]);
    }
    rows.print(context.global.format, || table(&["status", "file", "note"], &[], shown))?;
    let n = |end| done.iter().filter(|mended| mended.end == end).count();
    let (restored, aside, lost) = (n(End::Restored), n(End::SetAside), n(End::Lost));
    context.say(format!("{restored} files restored, {aside} set aside, {lost} lost"));
    Ok(if lost + aside > 0 { Outcome::Partial } else { Outcome::Done })
}
