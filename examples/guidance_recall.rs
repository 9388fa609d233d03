//! Precision and recall of the guidance reader over labelled texts, metric by metric.
//!
//! `cargo run --release --example guidance_recall -- ../shared`: the labels stand in
//! `tests/fixtures/guidance/labels.csv`; texts that are not beside them are taken from
//! `data/raw/press` of the folder named. Each miss and each false alarm is printed.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chipcast::ingest::edgar::guidance;
use chipcast::ingest::{Raw, bundled};
use chipcast::observation::Announcement;
use chipcast::period::Period;
use chipcast::series::SeriesId;
use chrono::NaiveDate;

/// One guide: metric, first and last day, low, mid, high.
type Guide = (String, String, String, String, String, String);

#[derive(Default)]
struct Score {
    labelled: usize,
    found: usize,
    correct: usize,
}

fn main() -> Result<()> {
    let shared = std::env::args().nth(1).unwrap_or_else(|| "../shared".to_owned());
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/guidance"));
    let mut texts: BTreeMap<(String, String, NaiveDate), BTreeSet<Guide>> = BTreeMap::new();
    for row in csv::Reader::from_path(folder.join("labels.csv"))?.records() {
        let row = row?;
        let cell = |idx: usize| row[idx].to_owned();
        let guides = texts.entry((cell(0), cell(1), row[2].parse()?)).or_default();
        if !row[3].is_empty() {
            guides.insert((cell(3), cell(4), cell(5), cell(6), cell(7), cell(8)));
        }
    }
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut n_read = 0;
    for ((file, company, published), labelled) in &texts {
        let beside = folder.join(file);
        let path = if beside.is_file() { beside } else { press(&shared, file) };
        let Ok(bytes) = std::fs::read(&path) else {
            println!("left out: {} is not here", path.display());
            continue;
        };
        n_read += 1;
        let raw = Raw::new(file.as_str(), bytes, *published);
        let parsed = guidance::read(&raw, company, *published, &calendar(company, *published)?)
            .with_context(|| file.clone())?;
        let found: BTreeSet<Guide> = parsed.announcements.iter().map(guide).collect();
        for guide in labelled.union(&found) {
            let score = scores.entry(guide.0.clone()).or_default();
            let (is_labelled, is_found) = (labelled.contains(guide), found.contains(guide));
            score.labelled += usize::from(is_labelled);
            score.found += usize::from(is_found);
            score.correct += usize::from(is_labelled && is_found);
            if is_labelled != is_found {
                println!("{}: {file}: {guide:?}", if is_found { "false alarm" } else { "miss" });
            }
        }
    }
    println!("{n_read} texts of {}", texts.len());
    println!("{:28} labelled  found  correct  precision  recall", "metric");
    let mut all = Score::default();
    for (metric, score) in &scores {
        print(metric, score);
        all.labelled += score.labelled;
        all.found += score.found;
        all.correct += score.correct;
    }
    print("all", &all);
    Ok(())
}

fn press(shared: &str, file: &str) -> PathBuf {
    Path::new(shared).join("data/raw/press").join(file)
}

fn guide(a: &Announcement) -> Guide {
    let [low, mid, high] = [a.low, a.mid, a.high].map(|value| value.to_string());
    (a.metric.clone(), a.period.start().to_string(), a.period.end().to_string(), low, mid, high)
}

/// The quarters of the company's revenue that had ended by a day, out of the bundled data.
fn calendar(company: &str, by: NaiveDate) -> Result<Vec<Period>> {
    let rows = bundled::archive()?.vintages(&SeriesId::new(&format!("{company}.revenue"))?);
    let periods = rows.unwrap_or_default().into_iter().map(|row| row.period);
    Ok(periods.filter(|period| period.end() < by).collect())
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn print(metric: &str, score: &Score) {
    let share = |of: usize| {
        if of == 0 { "-".to_owned() } else { format!("{:.3}", score.correct as f64 / of as f64) }
    };
    println!(
        "{metric:28} {:8} {:6} {:8} {:>10} {:>7}",
        score.labelled,
        score.found,
        score.correct,
        share(score.found),
        share(score.labelled)
    );
}
