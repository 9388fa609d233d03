//! Any bytes as a file that a user writes or is given: a job, a scenario, assumptions, descriptions of
//! sources, precedents, a model's spec, a table of training runs, a column map, a saved model, what a panel
//! taught, a shard's name, the records of runs, sentences on capacity. The first byte picks which.

#![no_main]

use chipcast::cells::Cells;
use chipcast::forecast::ledger::Ledger;
use chipcast::forecast::panel::{Ds, Lesson, Model, Shard};
use chipcast::forecast::run_record::RunRecord;
use chipcast::forecast::saved::Saved;
use chipcast::forecast::specified::spec::ModelSpec;
use chipcast::ingest::edgar::{capacity, tickers};
use chipcast::ingest::table::ColumnMap;
use chipcast::ingest::{Raw, described};
use chipcast::job::file::Job;
use chipcast::job::load::load;
use chipcast::job::manifest::Manifest;
use chipcast::scaling::assumption::Assumptions;
use chipcast::scaling::chinchilla::RunColumns;
use chipcast::scaling::scenario::Scenario;
use chipcast::strategy::precedents::Precedents;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let raw = || Raw::new("fuzz", rest.to_vec(), NaiveDate::default());
    if kind % 16 == 0 {
        if let Ok(saved) = Saved::read(rest) {
            // What is read can be written, and says the same then.
            let again = saved.write().expect("a model that was read is written");
            let _ = saved.coefficients();
            Saved::read(&again).expect("and read again");
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match kind % 16 {
        1 => {
            if let Ok(job) = load("fuzz.toml", text, []) {
                // A job from a manifest has the hash of the job that it was made of.
                if let Ok(shown) = serde_json::from_value::<Job>(job.shown()) {
                    assert_eq!(shown.canonical(), job.canonical());
                }
            }
        }
        2 => drop(Scenario::read(text)),
        3 => drop(Assumptions::read(text)),
        4 => drop(described::read("fuzz.toml", text)),
        5 => drop(Precedents::read(text)),
        6 => drop(ModelSpec::read("fuzz.toml", text)),
        7 => drop(RunColumns::parse(text)),
        8 => drop(ColumnMap::parse(text)),
        9 => drop(Lesson::from_json(text)),
        10 => {
            let _ = (Model::read(text), Ds::read(text), Shard::read(text));
        }
        11 => drop(RunRecord::read(rest)),
        12 => drop(Manifest::read(rest)),
        13 => drop(Ledger::read(text.lines())),
        14 => {
            let _ = (capacity::said(text), tickers::read(&raw()));
        }
        _ => drop(Cells::csv("fuzz.csv", text)),
    }
});
