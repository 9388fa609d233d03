//! `chipcast merge`: the shards of a panel's forecasts as the one table that a single run would have
//! written, byte for byte.
//!
//! A series' name says to which shard it belongs, so that a shard that is missing or stands twice is found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use polars::prelude::{DataFrame, SortMultipleOptions, StringChunked};

use super::{Context, Ending, FILE_LIMIT, Out, Outcome, Shard, ending, parquet};
use crate::error::{Error, Result};
use crate::store;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The files that `panel --shard` wrote, all CSV or all Parquet, in any order
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the rows here; CSV or Parquet as the files are
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(in crate::cli) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let out = Out::at(&arguments.out)?;
    for file in &arguments.files {
        if ending(file)? != out.ending {
            return Err(Error::invalid(format!(
                "`{}` and `{}` are not of one kind",
                file.display(),
                out.path.display()
            ))
            .hint("merge CSV into CSV, or Parquet into Parquet"));
        }
    }
    let n_series = match out.ending {
        Ending::Csv => merge_csv(&arguments.files, out.path)?,
        Ending::Parquet => merge_parquet(&arguments.files, out.path)?,
    };
    context.say(format!("{n_series} series of {} shards", arguments.files.len()));
    Ok(Outcome::Done)
}

/// Which shard each file is, found by the names of its series.
#[derive(Default)]
struct Found {
    /// Files by the shard that they are.
    files: BTreeMap<usize, PathBuf>,
    n_series: usize,
}

impl Found {
    /// Takes the series of a file in, of `n` files.
    fn add<'a>(&mut self, file: &Path, ids: impl Iterator<Item = &'a str>, n: usize) -> Result<()> {
        let mut last = None;
        let mut shard = None;
        for id in ids {
            if last == Some(id) {
                continue;
            }
            last = Some(id);
            self.n_series += 1;
            let of = Shard::of(id, n);
            if *shard.get_or_insert(of) != of {
                return Err(Error::invalid(format!(
                    "`{}` is not one of {n} shards: it holds series of several",
                    file.display()
                ))
                .hint("name every shard once, as `panel --shard I/N` wrote them"));
            }
        }
        let Some(shard) = shard else { return Ok(()) };
        match self.files.insert(shard, file.to_owned()) {
            None => Ok(()),
            Some(other) => Err(Error::invalid(format!(
                "`{}` and `{}` are the same shard {shard}/{n}",
                other.display(),
                file.display()
            ))),
        }
    }
}

/// Lines stay as they are written.
fn merge_csv(files: &[PathBuf], out: &Path) -> Result<usize> {
    let mut found = Found::default();
    let mut header = None;
    let mut lines: BTreeMap<String, Vec<csv::StringRecord>> = BTreeMap::new();
    for file in files {
        let bytes = store::read_file(file, FILE_LIMIT)?;
        let broken = |e: csv::Error| {
            Error::parse(format!("`{}` is not CSV as `panel` writes it", file.display()))
                .caused_by(e)
        };
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let named = reader.headers().map_err(broken)?.clone();
        same_header(file, header.get_or_insert_with(|| named.clone()), &named)?;
        let records: Vec<_> = reader.records().collect::<Result<_, _>>().map_err(broken)?;
        found.add(file, records.iter().map(|record| &record[0]), files.len())?;
        for record in records {
            lines.entry(record[0].to_owned()).or_default().push(record);
        }
    }
    let broken = |e: csv::Error| Error::store("the rows cannot be written as CSV").caused_by(e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header.unwrap_or_default()).map_err(broken)?;
    for record in lines.values().flatten() {
        writer.write_record(record).map_err(broken)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| Error::store("the rows cannot be written as CSV").caused_by(e.into_error()))?;
    store::write_atomic(out, &bytes)?;
    Ok(found.n_series)
}

fn same_header(file: &Path, one: &csv::StringRecord, other: &csv::StringRecord) -> Result<()> {
    if one.get(0) != Some("unique_id") || one != other {
        let text = |record: &csv::StringRecord| record.iter().collect::<Vec<_>>().join(",");
        return Err(Error::invalid(format!(
            "`{}` has the columns `{}`; needed are those of the first file, `{}`, and `unique_id` first",
            file.display(),
            text(other),
            text(one)
        )));
    }
    Ok(())
}

fn merge_parquet(files: &[PathBuf], out: &Path) -> Result<usize> {
    let mut found = Found::default();
    let mut whole: Option<DataFrame> = None;
    for file in files {
        let broken = |e| {
            Error::parse(format!("`{}` is not a table as `panel` writes it", file.display()))
                .caused_by(e)
        };
        let bytes = store::read_file(file, FILE_LIMIT)?;
        let frame =
            crate::parquet::table(&bytes).map_err(|e| e.within(format!("`{}`", file.display())))?;
        let ids: &StringChunked =
            frame.column("unique_id").and_then(|ids| ids.str()).map_err(broken)?;
        found.add(file, ids.iter().map(Option::unwrap_or_default), files.len())?;
        match &mut whole {
            None => whole = Some(frame),
            Some(whole) => {
                whole.vstack_mut(&frame).map_err(broken)?;
            }
        }
    }
    let whole = whole.unwrap_or_default();
    let in_order = SortMultipleOptions::default().with_maintain_order(true);
    let mut whole = whole.sort(["unique_id"], in_order)?;
    whole.rechunk_mut();
    store::write_atomic(out, &parquet(&mut whole)?)?;
    Ok(found.n_series)
}
