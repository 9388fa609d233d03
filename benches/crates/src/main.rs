//! Models of augurs and anofox-forecast, timed on one thread:
//! `crate-speed TABLE.csv SEASON HORIZON MODEL RUNS`, the columns `unique_id, ds, y` in order.
//!
//! Prints the microseconds a series of the best run, and how many series got a forecast. With one run the
//! process is what a user of the crate would start: read the table, fit, predict.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use anofox_forecast::models::exponential::AutoETS as AnofoxEts;
use anofox_forecast::models::theta::{DynamicOptimizedTheta, Theta};
use anofox_forecast::prelude::{Forecaster, TimeSeries};
use augurs::ets::AutoETS as AugursEts;
use augurs::prelude::{Fit, Predict};
use chrono::{DateTime, Days};

type Path = Result<Vec<f64>, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, season, horizon, model, n_runs] = arguments.as_slice() else {
        return Err("needed are a table, a season, a horizon, a model and a number of runs".into());
    };
    let (season, horizon) = (season.parse()?, horizon.parse()?);
    let mut panel: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in csv::Reader::from_path(file)?.records() {
        let row = row?;
        panel.entry(row[0].to_owned()).or_default().push(row[2].parse()?);
    }
    let mut best = f64::INFINITY;
    let mut n_made = 0;
    for _ in 0..n_runs.parse::<u32>()? {
        let start = Instant::now();
        n_made = 0;
        for y in panel.values() {
            n_made += usize::from(black_box(path(model, y, season, horizon)).is_ok());
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{model} {:.3} us a series, {n_made} of {}", best * 1e6 / panel.len() as f64, panel.len());
    Ok(())
}

fn path(model: &str, y: &[f64], season: usize, horizon: usize) -> Path {
    let seasonal = season > 1;
    match model {
        "anofox-Theta" if seasonal => anofox(Theta::seasonal(season), y, horizon),
        "anofox-Theta" => anofox(Theta::new(), y, horizon),
        "anofox-DynamicOptimizedTheta" if seasonal => {
            anofox(DynamicOptimizedTheta::seasonal_optimized(season), y, horizon)
        }
        "anofox-DynamicOptimizedTheta" => anofox(DynamicOptimizedTheta::optimized(), y, horizon),
        "anofox-AutoETS" if seasonal => anofox(AnofoxEts::with_period(season), y, horizon),
        "anofox-AutoETS" => anofox(AnofoxEts::non_seasonal(), y, horizon),
        "augurs-AutoETS" => {
            let fitted = AugursEts::non_seasonal().fit(y)?;
            Ok(fitted.predict(horizon, None)?.point)
        }
        _ => Err(format!("no model `{model}`").into()),
    }
}

fn anofox(mut model: impl Forecaster, y: &[f64], horizon: usize) -> Path {
    let days = (0..y.len() as u64).map(|day| DateTime::UNIX_EPOCH + Days::new(day)).collect();
    model.fit(&TimeSeries::univariate(days, y.to_vec())?)?;
    Ok(model.predict(horizon)?.primary().to_vec())
}
