//! Microseconds a series of anofox-forecast's theta, the best of some runs on one thread:
//! `anofox-speed TABLE.csv SEASON HORIZON`, the columns `unique_id, ds, y` in order.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use anofox_forecast::models::theta::Theta;
use anofox_forecast::prelude::{Forecaster, TimeSeries};
use chrono::{DateTime, Days};

const N_RUNS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, season, horizon] = arguments.as_slice() else {
        return Err("needed are a table, a season and a horizon".into());
    };
    let (season, horizon) = (season.parse()?, horizon.parse()?);
    let mut panel: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in csv::Reader::from_path(file)?.records() {
        let row = row?;
        panel.entry(row[0].to_owned()).or_default().push(row[2].parse()?);
    }
    let mut best = f64::INFINITY;
    for _ in 0..N_RUNS {
        let start = Instant::now();
        for y in panel.values() {
            black_box(theta(y, season, horizon));
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{:.2} us a series", best * 1e6 / panel.len() as f64);
    Ok(())
}

fn theta(y: &[f64], season: usize, horizon: usize) -> Option<Vec<f64>> {
    let days = (0..y.len() as u64).map(|day| DateTime::UNIX_EPOCH + Days::new(day)).collect();
    let series = TimeSeries::univariate(days, y.to_vec()).ok()?;
    let mut model = if season > 1 { Theta::seasonal(season) } else { Theta::new() };
    model.fit(&series).ok()?;
    Some(model.predict(horizon).ok()?.primary().to_vec())
}
