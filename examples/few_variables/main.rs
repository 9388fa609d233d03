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

mod fred;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use chipcast::forecast::few::spec::Rule;
use chipcast::forecast::few::study::{self, Line, Way};
use chipcast::forecast::few::surface::{self, score};
use chrono::{Datelike, NaiveDate};
use fred::Data;

const HORIZONS: [usize; 4] = [1, 2, 4, 8];
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

fn main() -> anyhow::Result<()> {
    let arguments = arguments()?;
    let data = fred::read(Path::new(&arguments.file), arguments.until)?;
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
fn inside(
    data: &Data,
    (first, horizon): (usize, usize),
    (low, high): (i32, i32),
) -> impl Fn(usize) -> bool + '_ {
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
