//! Joint draws: sums over companies and quarters, with the dependence that was measured by the origin,
//! beside none. And the hierarchy of buyers and seller, which adds up draw by draw.

use chipcast::archive::Snapshot;
use chipcast::forecast::Forecast;
use chipcast::forecast::backtest::Book;
use chipcast::forecast::copula::Dependence;
use chipcast::forecast::engine::Chipcast;
use chipcast::forecast::hierarchy::hierarchy;
use chipcast::forecast::score::distribution::{energy_score, variogram_score};
use chipcast::forecast::score::mean;
use chipcast::ingest::bundled;
use chrono::{Days, Months, NaiveDate};

use crate::support::{day, id};

const BUYERS: [&str; 4] = ["msft", "googl", "amzn", "meta"];
const N_DRAWS: usize = 400;

fn known() -> Snapshot {
    let archive = bundled::archive().expect("the bundled data read");
    archive.as_of(archive.known_through()).expect("known")
}

fn forecasts(known: &Snapshot, day: NaiveDate) -> Vec<Forecast> {
    let book = Book::new(&known.rewind(day).expect("earlier"), 4).expect("a horizon");
    let of = |buyer: &&str| book.forecast(&Chipcast, &id(&format!("{buyer}.capex_cash")));
    BUYERS.iter().map(|buyer| of(buyer).expect("a forecast")).collect()
}

/// What came of each company and step, where all of it is known.
fn actuals(known: &Snapshot, forecasts: &[Forecast]) -> Option<Vec<Vec<f64>>> {
    let of = |forecast: &Forecast| -> Option<Vec<f64>> {
        let first = known.first_releases(&forecast.target).expect("a series");
        let came = |period| first.points.iter().find(|p| p.period == period).map(|p| p.value);
        forecast.steps.iter().map(|step| came(step.period)).collect()
    };
    forecasts.iter().map(of).collect()
}

/// Coverage of the 80% interval of sums, and joint scores on logarithms; each a sum over origins.
#[derive(Debug, Default)]
struct Measured {
    n: f64,
    companies: f64,
    quarters: f64,
    all: f64,
    energy: f64,
    variogram: f64,
}

fn inside(sums: Vec<f64>, actual: f64) -> f64 {
    let draws = chipcast::draws::Draws::new(sums).expect("draws");
    let ends = draws.quantiles(&[0.1, 0.9]);
    f64::from(u8::from(ends[0] <= actual && actual <= ends[1]))
}

fn measure(
    measured: &mut Measured,
    forecasts: &[Forecast],
    actual: &[Vec<f64>],
    dependence: Option<&Dependence>,
) {
    let draws: Vec<Vec<Vec<f64>>> = forecasts
        .iter()
        .map(|forecast| {
            let mut forecast = forecast.clone();
            if let Some(dependence) = dependence {
                forecast.dependence = dependence.clone();
            }
            forecast.draws(0, N_DRAWS).iter().map(|d| d.values().to_vec()).collect()
        })
        .collect();
    let (n_companies, n_steps) = (draws.len(), draws[0].len());
    let cells = |pairs: &[(usize, usize)]| -> (Vec<f64>, f64) {
        let world = |w: usize| pairs.iter().map(|(c, h)| draws[*c][*h][w]).sum();
        let came = pairs.iter().map(|(c, h)| actual[*c][*h]).sum();
        ((0..N_DRAWS).map(world).collect(), came)
    };
    let cover = |pairs: &[(usize, usize)]| {
        let (sums, came) = cells(pairs);
        inside(sums, came)
    };
    let all: Vec<_> = (0..n_companies).flat_map(|c| (0..n_steps).map(move |h| (c, h))).collect();
    let of_step = |h| (0..n_companies).map(|c| (c, h)).collect::<Vec<_>>();
    let of_company = |c| (0..n_steps).map(|h| (c, h)).collect::<Vec<_>>();
    measured.n += 1.0;
    let mean = |shares: Vec<f64>| mean(&shares).expect("a share");
    measured.companies += mean((0..n_steps).map(|h| cover(&of_step(h))).collect());
    measured.quarters += mean((0..n_companies).map(|c| cover(&of_company(c))).collect());
    measured.all += cover(&all);
    let logs = |w: usize| all.iter().map(|(c, h)| draws[*c][*h][w].ln()).collect();
    let worlds: Vec<Vec<f64>> = (0..N_DRAWS).map(logs).collect();
    let came: Vec<f64> = all.iter().map(|(c, h)| actual[*c][*h].ln()).collect();
    measured.energy += energy_score(&came, &worlds).expect("worlds");
    measured.variogram += variogram_score(&came, &worlds, 0.5).expect("worlds");
}

#[test]
fn sums_are_covered_better_when_worlds_hang_together() {
    let known = known();
    let variants = ["measured", "stated", "none"];
    let mut measured: Vec<Measured> = variants.iter().map(|_| Measured::default()).collect();
    // The ends of February, May, August and November: every company has reported its quarter.
    let days = (0..21).map(|i| day("2021-06-01") + Months::new(3 * i) - Days::new(1));
    for day in days.filter(|day| *day <= known.as_of()) {
        let forecasts = forecasts(&known, day);
        let Some(actual) = actuals(&known, &forecasts) else { continue };
        let (stated, none) = (Dependence::stated(), Dependence::none());
        for (measured, dependence) in measured.iter_mut().zip([None, Some(&stated), Some(&none)]) {
            measure(measured, &forecasts, &actual, dependence);
        }
    }
    for (name, m) in variants.iter().zip(&measured) {
        eprintln!(
            "{name}: n {}, 80% of sums over companies {:.3}, quarters {:.3}, both {:.3}; energy {:.4}, variogram {:.4}",
            m.n,
            m.companies / m.n,
            m.quarters / m.n,
            m.all / m.n,
            m.energy / m.n,
            m.variogram / m.n
        );
    }
    let (fitted, none) = (&measured[0], &measured[2]);
    assert!(fitted.n >= 16.0, "{}", fitted.n);
    assert!(fitted.all >= none.all && fitted.companies >= none.companies);
    assert!(fitted.variogram < none.variogram);
}

#[test]
fn dependence_is_measured_and_two_companies_share_it() {
    let known = known();
    let forecasts = forecasts(&known, known.as_of());
    let dependence = &forecasts[0].dependence;
    eprintln!("capital expenditure, today: {dependence:?}");
    assert!(dependence.n_quarters >= 40);
    assert!((0.0..=0.95).contains(&dependence.common_share));
    assert_eq!(dependence.persistence.len(), 3);
    assert_eq!(dependence, &forecasts[1].dependence, "one panel, one dependence");
}

#[test]
fn buyers_and_seller_add_up_in_every_world() {
    let known = known();
    let all = hierarchy(&known, 2, 0, 500).expect("both sides are known");
    assert!(all.links.len() >= 3 && !all.quarters.is_empty());
    for quarter in &all.quarters {
        for world in 0..500 {
            let sum = |of: &dyn Fn(&chipcast::forecast::hierarchy::Node) -> f64| {
                quarter.parts.iter().map(of).sum::<f64>()
            };
            let base = sum(&|part| part.base.values()[world]);
            let agreed = sum(&|part| part.reconciled.values()[world]);
            let (total, gap) = (&quarter.total, &quarter.gap);
            assert!((base / total.base.values()[world] - 1.0).abs() < 1e-12);
            assert!((agreed / total.reconciled.values()[world] - 1.0).abs() < 1e-9);
            assert!(gap.reconciled.values()[world].abs() < 1e-6 * base);
        }
    }
    let early = known.rewind(day("2026-01-01")).expect("earlier");
    let error = hierarchy(&early, 2, 0, 10).expect_err("hyperscale revenue was not public");
    assert!(error.to_string().contains("hyperscale"), "{error}");
}
