//! What k variables cost or gain on FRED-QD, and what the engine's own choice makes of them:
//! `few_variables FRED_QD.parquet [--from 1990-01-01] [--until DATE] [--csv FILE]`.
//!
//! The table has columns `date, unique_id, y, tcode`; `tcode` is McCracken and Ng's transformation. Rows
//! after `--until` are dropped before anything else. Data from 1970, 26 targets, horizons 1, 2, 4, 8.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::time::Instant;

use anyhow::{Context, bail};
use chipcast::forecast::few::spec::Rule;
use chipcast::forecast::few::study::{self, Line, Way};
use chipcast::forecast::few::surface::{self, score};
use chipcast::forecast::few::table::Table;
use chrono::{Datelike, NaiveDate};
use polars::prelude::{Column, DataType, ParquetReader, SerReader};

const HORIZONS: [usize; 4] = [1, 2, 4, 8];
/// First quarter of the data.
const START: &str = "1970-01-01";
/// Share of values that a series must have.
const MIN_KNOWN: f64 = 0.98;
/// The targets, by McCracken and Ng's groups.
const GROUPS: [(&str, &[&str]); 7] = [
    ("NIPA", &["GDPC1", "PCECC96", "PNFIx", "GPDIC1", "EXPGSC1", "IMPGSC1", "DPIC96"]),
    ("industrial production", &["INDPRO", "IPMAT", "IPBUSEQ", "IPDMAT", "CUMFNS"]),
    ("employment and unemployment", &["PAYEMS", "MANEMP", "UNRATE"]),
    ("housing", &["HOUST"]),
    ("inventories, orders and sales", &["AMDMNOx", "AMDMUOx", "BUSINVx", "RSAFSx", "CMRMTSPLx"]),
    ("prices", &["CPIAUCSL", "PCECTPI", "WPSFD49207", "PPIACO"]),
    ("stock markets", &["S&P 500"]),
];
/// Eras, by the year of the quarter that is forecast.
const ERAS: [(&str, i32, i32); 3] =
    [("to 2007", 0, 2007), ("2008 to 2019", 2008, 2019), ("from 2020", 2020, 9999)];

struct Arguments {
    file: String,
    from: NaiveDate,
    until: NaiveDate,
    csv: Option<String>,
}

struct Data {
    table: Table,
    dates: Vec<NaiveDate>,
}

fn main() -> anyhow::Result<()> {
    let arguments = arguments()?;
    let data = read(&arguments)?;
    let named = GROUPS.iter().flat_map(|(_, targets)| targets.iter());
    let targets: Vec<usize> = named.map(|name| data.table.index(name)).collect::<Result<_, _>>()?;
    let start = Instant::now();
    let lines = study::run(&data.table, &targets, &HORIZONS, Rule::bundled())?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} columns, {} quarters, {} targets; {seconds:.2} s on {} threads",
        data.table.n_columns(),
        data.table.n_rows(),
        targets.len(),
        rayon::current_num_threads()
    );
    let first = data.dates.partition_point(|date| *date < arguments.from);
    print_surface(&lines, &data, first);
    print_groups(&lines, &data, first);
    print_targets(&lines, &data, first);
    if let Some(file) = &arguments.csv {
        std::fs::write(file, csv(&lines, &data, first)).with_context(|| format!("`{file}`"))?;
    }
    Ok(())
}

fn arguments() -> anyhow::Result<Arguments> {
    let mut given = std::env::args().skip(1);
    let Some(file) = given.next() else { bail!("needed is the table of FRED-QD in Parquet") };
    let mut arguments =
        Arguments { file, from: "1990-01-01".parse()?, until: NaiveDate::MAX, csv: None };
    while let Some(option) = given.next() {
        let value = given.next().with_context(|| format!("`{option}` needs a value"))?;
        match option.as_str() {
            "--from" => arguments.from = value.parse()?,
            "--until" => arguments.until = value.parse()?,
            "--csv" => arguments.csv = Some(value),
            _ => bail!("no option `{option}`"),
        }
    }
    Ok(arguments)
}

/// Every series transformed, from 1970, the few missing values carried on from the last one known (at
/// the start, back from the first).
fn read(arguments: &Arguments) -> anyhow::Result<Data> {
    let frame = ParquetReader::new(File::open(&arguments.file)?).finish()?;
    let days = |column: &Column| column.cast(&DataType::Date);
    let dates = days(frame.column("date")?)?.cast(&DataType::Int32)?;
    let codes = frame.column("tcode")?.cast(&DataType::Int32)?;
    let cells = dates.i32()?.iter().zip(frame.column("unique_id")?.str()?.iter());
    let mut raw: BTreeMap<&str, (i32, BTreeMap<NaiveDate, f64>)> = BTreeMap::new();
    for ((date, id), (y, code)) in
        cells.zip(frame.column("y")?.f64()?.iter().zip(codes.i32()?.iter()))
    {
        let date = date.and_then(NaiveDate::from_epoch_days).context("a row without a date")?;
        let (id, code) = (id.context("a row without a name")?, code.context("no `tcode`")?);
        if let Some(y) = y.filter(|_| date <= arguments.until) {
            raw.entry(id).or_insert((code, BTreeMap::new())).1.insert(date, y);
        }
    }
    let mut dates: Vec<NaiveDate> = raw.values().flat_map(|(_, y)| y.keys().copied()).collect();
    dates.sort_unstable();
    dates.dedup();
    let skipped = dates.partition_point(|date| *date < START.parse().unwrap_or_default());
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for (id, (code, values)) in &raw {
        let levels: Vec<f64> =
            dates.iter().map(|d| values.get(d).copied().unwrap_or(f64::NAN)).collect();
        let changed = transformed(&levels, *code)?.split_off(skipped);
        let n_known = changed.iter().filter(|value| !value.is_nan()).count();
        #[expect(clippy::cast_precision_loss, reason = "few rows")]
        if n_known as f64 / changed.len() as f64 > MIN_KNOWN {
            names.push((*id).to_owned());
            columns.push(filled(changed));
        }
    }
    Ok(Data { table: Table::new(names, columns)?, dates: dates.split_off(skipped) })
}

/// McCracken and Ng's transformations 1 to 7, growth in percent.
fn transformed(x: &[f64], code: i32) -> anyhow::Result<Vec<f64>> {
    let log = || x.iter().map(|value| value.ln()).collect::<Vec<_>>();
    let growth = || -> Vec<f64> {
        let ratio = (1..x.len()).map(|t| x[t] / x[t - 1] - 1.0);
        std::iter::once(f64::NAN).chain(ratio).collect()
    };
    let percent = |values: Vec<f64>| values.into_iter().map(|value| 100.0 * value).collect();
    Ok(match code {
        1 => x.to_vec(),
        2 => differences(x),
        3 => differences(&differences(x)),
        4 => log(),
        5 => percent(differences(&log())),
        6 => percent(differences(&differences(&log()))),
        7 => percent(differences(&growth())),
        other => bail!("no transformation {other}"),
    })
}

fn differences(x: &[f64]) -> Vec<f64> {
    std::iter::once(f64::NAN).chain(x.windows(2).map(|pair| pair[1] - pair[0])).collect()
}

fn filled(mut column: Vec<f64>) -> Vec<f64> {
    let first = column.iter().copied().find(|value| value.is_finite()).unwrap_or(0.0);
    let mut last = first;
    for value in &mut column {
        if value.is_finite() {
            last = *value;
        } else {
            *value = last;
        }
    }
    column
}

fn word(way: Way) -> String {
    match way {
        Way::Base => "ar".to_owned(),
        Way::BaseInRange => "ar_in_range".to_owned(),
        Way::LeastSquares(k) => k.to_string(),
        Way::MeanOfBest => "mean_of_best".to_owned(),
        Way::Combination => "combination".to_owned(),
        Way::Engine => "engine".to_owned(),
    }
}

fn group(target: &str) -> &'static str {
    GROUPS.iter().find(|(_, targets)| targets.contains(&target)).map_or("", |(name, _)| name)
}

/// A predicate on origins: not before the first, and the quarter forecast inside an era.
fn inside<'a>(
    data: &'a Data,
    (first, horizon): (usize, usize),
    (low, high): (i32, i32),
) -> impl Fn(usize) -> bool + 'a {
    move |origin| {
        let year = data.dates[origin + horizon].year();
        origin >= first && low <= year && year <= high
    }
}

fn cells(values: impl Iterator<Item = Option<f64>>) -> String {
    let cell =
        |value: Option<f64>| value.map_or_else(|| "     -".to_owned(), |v| format!("{v:6.3}"));
    values.map(cell).collect::<Vec<_>>().join("  ")
}

fn print_surface(lines: &[Line], data: &Data, first: usize) {
    let all = [("all origins", i32::MIN, i32::MAX)];
    for (era, low, high) in all.iter().chain(&ERAS) {
        println!("\nRMSE relative to the autoregression, geometric mean over targets, {era}");
        println!("{:<14} {}", "", HORIZONS.map(|h| format!("   h={h}")).join("  "));
        for way in lines[0].ways() {
            let ratio = |h: &usize| {
                surface::at(lines.iter(), (*h, *way), inside(data, (first, *h), (*low, *high)))
            };
            println!("{:<14} {}", word(*way), cells(HORIZONS.iter().map(ratio)));
        }
    }
}

fn print_groups(lines: &[Line], data: &Data, first: usize) {
    println!("\nThe engine's RMSE relative to the autoregression, by group of targets");
    println!("{:<30} {}", "", HORIZONS.map(|h| format!("   h={h}")).join("  "));
    for (name, _) in GROUPS {
        let of_group =
            || lines.iter().filter(|line| group(&data.table.names()[line.target]) == name);
        let ratio = |h: &usize| {
            surface::at(
                of_group(),
                (*h, Way::Engine),
                inside(data, (first, *h), (i32::MIN, i32::MAX)),
            )
        };
        println!("{name:<30} {}", cells(HORIZONS.iter().map(ratio)));
    }
}

fn print_targets(lines: &[Line], data: &Data, first: usize) {
    println!(
        "\nThe engine by target: relative RMSE; * better at 5% (DM-HLN, one-sided), ! worse at 5%;"
    );
    println!("in brackets the share of origins at which the combination was refused");
    for of_target in lines.chunks(HORIZONS.len()) {
        let mut text = format!("{:<12}", data.table.names()[of_target[0].target]);
        for line in of_target {
            let keep = |origin: usize| origin >= first;
            let Some(score) = score(line, Way::Engine, keep) else { continue };
            let mark = match score.against_base.map(|test| test.p_less) {
                Some(p) if p < 0.05 => "*",
                Some(p) if p > 0.95 => "!",
                _ => " ",
            };
            let skipped = first.saturating_sub(line.first_origin);
            let refused = &line.is_refused[skipped..];
            let n_refused = refused.iter().filter(|is_refused| **is_refused).count();
            let _ =
                write!(text, "  {:.3}{mark} [{n_refused:>3}/{}]", score.relative, refused.len());
        }
        println!("{text}");
    }
}

/// One row a target, horizon, way and era.
fn csv(lines: &[Line], data: &Data, first: usize) -> String {
    let mut text = "target,group,horizon,way,era,n,rmse,relative_rmse,dm_hln,p_better\n".to_owned();
    let all = ("all", i32::MIN, i32::MAX);
    for line in lines {
        let target = &data.table.names()[line.target];
        for way in line.ways() {
            for (era, low, high) in std::iter::once(&all).chain(&ERAS) {
                let keep = inside(data, (first, line.horizon), (*low, *high));
                let Some(score) = score(line, *way, keep) else { continue };
                let test = score.against_base;
                let optional = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
                let _ = writeln!(
                    text,
                    "{target},\"{}\",{},{},{era},{},{},{},{},{}",
                    group(target),
                    line.horizon,
                    word(*way),
                    score.n,
                    score.rmse,
                    score.relative,
                    // The reference counts the statistic as positive where the way is better.
                    optional(test.map(|test| -test.dm_hln)),
                    optional(test.map(|test| test.p_less)),
                );
            }
        }
    }
    text
}
