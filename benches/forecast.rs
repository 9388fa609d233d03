//! What a forecast is made of: rolling ridge, a single model, conformal ranks, draws, a whole forecast.

use std::collections::BTreeMap;
use std::hint::black_box;

use chipcast::draws::{Draws, Randomness};
use chipcast::forecast::backtest::Book;
use chipcast::forecast::conformal::{adaptive_path, split_bound, symmetric_quantiles};
use chipcast::forecast::engine::Chipcast;
use chipcast::forecast::panel::{
    Asked, Cell, Ds, Model, Point, Refit, Ridge, Series, Shard, Windows, cross_validate,
};
use chipcast::forecast::univariate::Question;
use chipcast::ingest::bundled;
use divan::Bencher;
use divan::counter::ItemsCount;

const N_SERIES: usize = 100;
const N_VALUES: usize = 100;
const HORIZON: usize = 4;

fn main() {
    divan::main();
}

fn stream() -> Randomness {
    Randomness::new(0, "bench", "2026-09-24".parse().expect("a day"))
}

/// Random walks, each with columns that are known ahead.
fn panel(n_columns: usize) -> Vec<Series> {
    let of = |series_idx: usize| {
        let mut random = stream().draw(series_idx);
        let (mut level, mut points, mut beside) = (100.0, Vec::new(), BTreeMap::new());
        for at in 0..N_VALUES {
            let ds = Ds::Number(i64::try_from(at).expect("small"));
            level += random.normal();
            points.push(Point { ds: Ok(ds), y: Cell::Value(level) });
            beside.insert(ds, (0..n_columns).map(|_| random.normal()).collect::<Vec<f64>>());
        }
        Series::new(format!("s{series_idx:03}"), points).with_drivers(&beside)
    };
    (0..N_SERIES).map(of).collect()
}

/// One lag and four columns: five variables. The figures of `benches/peers.py` are of 1,000 such series.
#[divan::bench(args = [1, 10, 40], sample_count = 20)]
fn rolling_ridge(bencher: Bencher, n_windows: usize) {
    let panel = panel(4);
    let mut asked = Asked::new(Model::Ridge, HORIZON, Some(1), Vec::new()).expect("in bounds");
    asked.ridge = Ridge::new(vec![1], 1.0).expect("in bounds");
    let windows = Windows { n_windows, step_size: 1, refit: Refit::Once };
    bencher.counter(ItemsCount::new(N_SERIES * n_windows)).bench(|| {
        let whole = Shard::read("1/1").expect("a shard");
        cross_validate(black_box(&panel), &asked, &windows, whole).expect("windows")
    });
}

#[divan::bench(args = ["Theta", "DynamicOptimizedTheta", "AutoETS", "AutoCES"])]
fn one_series(bencher: Bencher, name: &str) {
    let Ok(Model::Alone(local)) = Model::read(name) else { panic!("`{name}` is no single model") };
    let mut random = stream();
    let y: Vec<f64> = (0..N_VALUES).map(|_| 100.0 + random.normal()).collect();
    let question = Question { season: 4, horizon: 8 };
    bencher
        .counter(ItemsCount::new(N_VALUES))
        .bench(|| local.answer(black_box(&y), question, "bench"));
}

#[divan::bench(args = [40, 1_000, 10_000])]
fn conformal(bencher: Bencher, n_scores: usize) {
    let mut random = stream();
    let scores: Vec<f64> = (0..n_scores).map(|_| random.normal().abs()).collect();
    let missed: Vec<f64> = scores.iter().map(|score| f64::from(*score > 1.3)).collect();
    bencher.counter(ItemsCount::new(n_scores)).bench(|| {
        let scores = black_box(&scores);
        let bound = split_bound(scores, 0.2);
        let path = adaptive_path(0.2, 0.02, black_box(&missed));
        (bound, path, symmetric_quantiles(1.0, scores, &[0.1, 0.5, 0.9]))
    });
}

#[divan::bench(args = [1_000, 10_000, 100_000])]
fn draws(bencher: Bencher, n_draws: usize) {
    let stream = stream();
    bencher.counter(ItemsCount::new(n_draws)).bench(|| {
        let normals = Draws::from_fn(n_draws, |draw_idx| stream.draw(draw_idx).normal());
        normals.map(f64::exp).quantiles(&[0.05, 0.5, 0.95])
    });
}

/// A forecast as `chipcast forecast` makes it, its record of earlier origins with it. An archive keeps what was
/// derived from it, so that each run gets a new one, as a new process does.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn whole_forecast(bencher: Bencher) {
    let series = "nvda.revenue".parse().expect("an id");
    let day = "2026-09-01".parse().expect("a day");
    bencher
        .counter(ItemsCount::new(HORIZON))
        .with_inputs(|| bundled::archive().expect("the bundled data are sound"))
        .bench_values(|archive| {
            let book = Book::new(&archive.as_of(day).expect("known"), HORIZON).expect("in bounds");
            book.forecast(&Chipcast, black_box(&series)).expect("it can be forecast")
        });
}
