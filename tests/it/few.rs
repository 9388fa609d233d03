//! Few variables: sums against a refit, the reference's rows, the price of a variable, and the command.

use std::path::Path;

use chipcast::archive::{Archive, Snapshot};
use chipcast::forecast::few::envelope::{self, Count};
use chipcast::forecast::few::gram::Gram;
use chipcast::forecast::few::lab::Lab;
use chipcast::forecast::few::partial::Partial;
use chipcast::forecast::few::price::{Choice, Verdict};
use chipcast::forecast::few::spec::Rule as ManyRule;
use chipcast::forecast::few::study::{self, Way};
use chipcast::forecast::few::surface;
use chipcast::forecast::few::table::Table;
use chipcast::forecast::leak::Future;
use chipcast::forecast::specified::selection::Selection;
use chipcast::forecast::specified::spec::{ModelSpec, Rule};
use chipcast::observation::Observation;
use chipcast::period::Period;
use chrono::{Days, NaiveDate};

use crate::fred;
use crate::leakage::panel;
use crate::support::{archive, chipcast, day, id, quarter, row};

const TARGET: &str = "msft.capex_cash";

fn selection(text: &str) -> Selection {
    let head = "schema_version = 1\nname = \"mine\"\nkind = \"selection\"\n";
    let spec = ModelSpec::read("mine.toml", &format!("{head}{text}")).expect("a spec");
    let Rule::Selection(spec) = spec.rule else { panic!("a selection") };
    spec
}

fn bundled() -> Selection {
    let text = include_str!("../../models/few.toml");
    let Rule::Selection(spec) = ModelSpec::read("few.toml", text).expect("bundled").rule else {
        panic!("a selection")
    };
    spec
}

#[test]
fn three_rows_by_hand() {
    // y = 1, 3, 2 on x = 0, 1, 2: means 2 and 1, slope (−1·−1 + 0·1 + 1·0)/2 = 1/2, at x = 4 it is 3.5.
    let mut gram = Gram::new(1, 1);
    for (x, y) in [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)] {
        gram.add(&[1.0, x], y);
    }
    let mut partial = Partial::new(&gram, 1);
    assert!(partial.read(&gram));
    let row = partial.row(&[1.0, 4.0]);
    let mut said = [0.0];
    partial.with_first(&gram, &row, 1e-10, &mut said);
    assert!((said[0] - 3.5).abs() < 1e-12 && (partial.base(&row) - 2.0).abs() < 1e-12);
    assert!((partial.with_one(&row, 0, f64::INFINITY) - 1.5).abs() < 1e-12);
    // Clipped at one deviation of x, sqrt(2/3), beyond its mean.
    let clipped = partial.with_one(&row, 0, 1.0);
    assert!((clipped - 0.5 * (2.0_f64 / 3.0).sqrt()).abs() < 1e-12);
    assert_eq!(gram.range(1), (0.0, 2.0));
    assert_eq!((gram.with_target(1), gram.target_squares()), (7.0, 14.0));
}

#[test]
fn a_table_and_a_study_say_what_is_wrong_with_them() {
    let names = |n: usize| (0..n).map(|i| format!("c{i}")).collect::<Vec<_>>();
    let wrong = Table::new(names(2), vec![vec![1.0, 2.0], vec![1.0, f64::NAN]]);
    assert!(wrong.expect_err("not finite").to_string().contains("column `c1` is NaN in row 1"));
    assert!(Table::new(names(2), vec![vec![1.0], vec![1.0, 2.0]]).is_err());
    assert!(Table::new(names(1), vec![vec![1.0]]).is_err());
    let flat = Table::new(names(2), vec![vec![1.0; 80], (0..80).map(f64::from).collect()]);
    let flat = flat.expect("a table");
    assert!(flat.index("c9").is_err());
    let error = study::run(&flat, &[0], &[1], ManyRule::bundled()).expect_err("constant");
    assert!(error.to_string().contains("`c0` does not vary enough"), "{error}");
    let short = Table::new(names(2), vec![vec![1.0; 9], vec![2.0; 9]]).expect("a table");
    assert!(study::run(&short, &[0], &[1], ManyRule::bundled()).is_err());
}

#[test]
fn the_surface_of_plain_numbers_scores_what_was_said() {
    let columns: Vec<Vec<f64>> = (0..12)
        .map(|c| (0..90).map(|t| f64::from((t * (7 + c) + c * c) % 23) - 11.0).collect())
        .collect();
    let names = (0..12).map(|i| format!("c{i}")).collect();
    let table = Table::new(names, columns).expect("a table");
    let lines = study::run(&table, &[0, 3], &[1, 2], ManyRule::bundled()).expect("long enough");
    assert_eq!(lines.len(), 4);
    for line in &lines {
        let base = surface::score(line, Way::Base, |_| true).expect("scored");
        assert!((base.relative - 1.0).abs() < 1e-15 && base.against_base.is_none());
        let errors = line.errors(Way::LeastSquares(3)).expect("asked");
        let score = surface::score(line, Way::LeastSquares(3), |_| true).expect("scored");
        let squares: f64 = errors.iter().map(|e| e * e).sum();
        #[expect(clippy::cast_precision_loss, reason = "few origins")]
        let rmse = (squares / errors.len() as f64).sqrt();
        assert!((score.rmse - rmse).abs() < 1e-12 && score.n == errors.len());
        assert_eq!(line.first_origin, ManyRule::bundled().combination.min_rows + line.horizon);
        assert_eq!(line.actual.len(), 90 - line.horizon - line.first_origin);
        assert!(surface::score(line, Way::Base, |_| false).is_none());
    }
    let both = surface::at(lines.iter(), (1, Way::Engine), |_| true).expect("two lines");
    let one = |i: usize| surface::score(&lines[i], Way::Engine, |_| true).expect("x").relative;
    assert!((both - (one(0) * one(2)).sqrt()).abs() < 1e-12);
}

/// Sixty quarters of a target whose growth follows one driver's growth of the year before, and nine
/// drivers of noise.
fn driven() -> Archive {
    let mut rows: Vec<Observation> = Vec::new();
    let mut state = 11_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        #[expect(clippy::cast_precision_loss, reason = "a random number")]
        let value = (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5;
        value
    };
    let mut drivers = vec![vec![0.0_f64; 61]; 10];
    for driver in &mut drivers {
        for t in 1..61 {
            driver[t] = driver[t - 1] + 0.2 * noise();
        }
    }
    let mut target = 0.0;
    for t in 0..60_u32 {
        let at = t as usize;
        if at > 4 {
            target += 0.6 * (drivers[0][at - 1] - drivers[0][at - 5]) + 0.02 * noise();
        }
        let mut put = |name: &str, level: f64, late: u64| {
            let period = quarter(t);
            let vintage = period.end() + Days::new(late);
            rows.push(row(name, period, level.exp() * 1e9, vintage));
        };
        put("acme.revenue", target, 30);
        for (i, driver) in drivers.iter().enumerate() {
            put(&format!("d{i}.sales"), driver[at], 20);
        }
    }
    archive(rows, "2026-01-01")
}

fn driven_spec() -> Selection {
    let drivers: Vec<String> = (0..10).map(|i| format!("\"d{i}.sales\"")).collect();
    selection(&format!(
        "drivers = [{}]\nrows_per_variable = 12\nmax_variables = 3\nrows_per_coefficient = 4\n\
         min_validations = 8\nmin_blocks = 3\neras = [2018]\n",
        drivers.join(", ")
    ))
}

fn choice(known: &Snapshot, target: &str, spec: &Selection, horizon: usize) -> Choice {
    let lab = Lab::of(known, &id(target), spec).expect("a lab");
    lab.bench(horizon).price_now()
}

#[test]
fn one_true_driver_is_accepted_and_nine_columns_of_noise_are_not() {
    let archive = driven();
    let spec = driven_spec();
    let known = archive.as_of(day("2025-02-15")).expect("known");
    let found = choice(&known, "acme.revenue", &spec, 1);
    assert_eq!(found.accepted, [0], "{found:?}");
    assert_eq!(found.budget, spec.budget(found.n_rows));
    assert_eq!(found.offers.len(), 10, "every candidate is listed");
    let first = &found.offers[0];
    assert_eq!((first.variable, first.verdict), (0, Verdict::Accepted));
    assert!(first.price > Some(0.5) && first.lower > Some(0.3), "{first:?}");
    for offer in &found.offers[1..] {
        assert_eq!(offer.given, [0]);
        assert!(matches!(offer.verdict, Verdict::NoGain | Verdict::NotSure), "{offer:?}");
        assert!(offer.lower.is_none_or(|lower| lower <= 0.0));
    }
    // Early on the budget is zero: nothing may be accepted, whatever its price.
    let early = archive.as_of(day("2012-06-01")).expect("known");
    let found = choice(&early, "acme.revenue", &spec, 1);
    assert_eq!((found.budget, found.accepted.len()), (0, 0));
    assert_eq!((spec.budget(11), spec.budget(24), spec.budget(600)), (0, 2, 3));
}

#[test]
fn the_surface_shows_what_more_variables_cost() {
    let archive = driven();
    let spec = driven_spec();
    let known = archive.as_of(day("2025-02-15")).expect("known");
    let lab = Lab::of(&known, &id("acme.revenue"), &spec).expect("a lab");
    let on = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
        pool.install(|| envelope::measure(&lab, 2))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(format!("{one:?}"), format!("{three:?}"), "threads do not matter");
    let skill = |count, regime: &str| {
        let cell =
            one.surface.iter().find(|c| c.horizon == 1 && c.count == count && c.regime == regime);
        cell.and_then(|cell| cell.skill).expect("measured")
    };
    for (regime, gain) in [("all", 0.4), ("to 2017", 0.0), ("from 2018", 0.8)] {
        assert!(skill(Count::Forced(1), regime) > skill(Count::Forced(0), regime) + gain);
    }
    // Two columns of noise more gain next to nothing, and the choice leaves them out.
    assert!(skill(Count::Forced(3), "from 2018") < skill(Count::Forced(1), "from 2018") + 0.01);
    assert!(skill(Count::Chosen, "from 2018") > 0.9);
    let chosen = one.surface.iter().filter(|cell| cell.count == Count::Chosen && cell.horizon == 1);
    assert!(chosen.clone().all(|cell| cell.mean_variables <= 1.2));
    assert!(chosen.clone().any(|cell| cell.mean_variables > 0.9));
    let n_cells = (spec.max_variables + 2) * 3 * 2;
    assert_eq!(one.surface.len(), n_cells);
}

#[test]
fn a_value_outside_what_was_seen_is_flagged() {
    let mut rows = panel();
    let late = quarter(40);
    rows.push(row(TARGET, late, 1e12, late.end() + Days::new(30)));
    let archive = archive(rows, "2026-01-01");
    let spec = bundled();
    let flags = |text: &str| -> Vec<String> {
        let known = archive.as_of(day(text)).expect("known");
        let lab = Lab::of(&known, &id(TARGET), &spec).expect("a lab");
        let found = lab.extrapolations();
        found.iter().map(|outside| lab.names()[outside.variable].clone()).collect()
    };
    assert!(!flags("2020-03-01").contains(&"change_lag_1".to_owned()));
    let after = flags("2020-06-01");
    assert!(after.contains(&"change_lag_1".to_owned()), "{after:?}");
    assert!(after.contains(&"growth_of_year".to_owned()), "{after:?}");
}

#[test]
fn prices_are_blind_to_every_later_vintage() {
    let archive = archive(panel(), "2026-01-01");
    let spec = bundled();
    let told = |archive: &Archive, text: &str| {
        let known = archive.as_of(day(text)).expect("known");
        let lab = Lab::of(&known, &id(TARGET), &spec).expect("a lab");
        format!("{:?} {:?}", envelope::measure(&lab, 4), lab.extrapolations())
    };
    for origin in ["2015-03-20", "2018-06-10", "2020-03-01"] {
        let truth = told(&archive, origin);
        for future in [Future::Absurd, Future::Random, Future::Absent] {
            let other = future.of(&archive, day(origin)).expect("another future");
            assert_eq!(truth, told(&other, origin), "{origin} {}", future.word());
        }
    }
}

#[test]
fn a_months_driver_counts_as_far_as_it_is_known() {
    let rows = panel();
    let spec = selection(
        "drivers = [\"tsmc.revenue_monthly\"]\nrows_per_variable = 12\nmax_variables = 1\n\
         rows_per_coefficient = 4\nmin_validations = 8\nmin_blocks = 3\n",
    );
    let value = |rows: Vec<Observation>| {
        let known = archive(rows, "2026-01-01").as_of(day("2019-05-15")).expect("known");
        let lab = Lab::of(&known, &id(TARGET), &spec).expect("a lab");
        lab.now().values(1)[0].expect("known in May")
    };
    let before = value(rows.clone());
    // The last month is known in May: April. March to be revised later changes nothing.
    let mut revised = rows.clone();
    let march = Period::months(2019, 3, 1).expect("a month");
    revised.push(row("tsmc.revenue_monthly", march, 9e13, day("2019-06-01")));
    assert_eq!(before, value(revised));
    let mut moved = rows;
    moved.push(row("tsmc.revenue_monthly", march, 9e13, day("2019-05-01")));
    assert!((before - value(moved)).abs() > 0.1);
}

#[test]
fn a_wrong_selection_names_its_key() {
    let good = include_str!("../../models/few.toml");
    let wrong = [
        (
            good.replace("rows_per_variable = 12", "rows_per_variable = 1"),
            "`rows_per_variable` is 1",
        ),
        (good.replace("max_variables = 4", "max_variables = 9"), "`max_variables` is 9"),
        (good.replace("min_validations = 8", "min_validations = 0"), "`min_validations` is 0"),
        (good.replace("[2020, 2023]", "[2023, 2020]"), "`eras`"),
        (good.replace("tsmc.revenue_monthly", "TSMC!"), "`drivers`"),
        (good.replace("guide = true", "gide = true"), "unknown field `gide`"),
    ];
    for (text, named) in wrong {
        let error = ModelSpec::read("few.toml", &text).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}

#[test]
fn the_command_prints_every_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let head = ["skill", "nvda.revenue", "--horizon", "2", "--models", "chipcast,drift"];
        chipcast(folder.path(), &[&head[..], arguments].concat())
    };
    let table = run(&["--svg", "heat.svg"]);
    assert_eq!(table.code, 0, "{}", table.err);
    for words in
        ["price of a variable", "guide", " in", "horizon cap", "chosen", "from 2023", "h=2"]
    {
        assert!(table.out.contains(words), "`{words}`: {}", table.out);
    }
    assert!(!table.out.contains('\u{1b}'), "no colour where there is no terminal");
    let svg = std::fs::read_to_string(folder.path().join("heat.svg")).expect("written");
    assert!(svg.starts_with("<svg") && svg.contains("from 2023"));
    let json: serde_json::Value =
        serde_json::from_str(&run(&["--format", "json"]).out).expect("one document");
    assert_eq!(json["rows"].as_array().expect("rows").len(), 4);
    assert_eq!(json["rows"][0]["model"], "chipcast");
    let prices = json["prices"].as_array().expect("prices");
    let guide = prices.iter().find(|row| row["variable"] == "guide" && row["horizon"] == 1);
    let guide = guide.expect("the guide is priced");
    assert_eq!(guide["verdict"], "accepted", "{guide}");
    assert!(guide["price_lower"].as_f64().expect("a bound") > 0.0);
    assert!(prices.iter().any(|row| row["verdict"] != "accepted"), "the rejected are listed");
    let limits = &json["limits"][0];
    let m = limits["n_residuals"].as_f64().expect("a count");
    let highest = limits["highest_coverage"].as_f64().expect("a share");
    assert!((highest - (1.0 - 2.0 / (m + 1.0))).abs() < 1e-12);
    assert!(json["surface"].as_array().expect("rows").len() >= 2 * 6 * 4);
    let header = |part: &[&str]| {
        let out = run(&[&["--format", "csv"], part].concat()).out;
        out.lines().next().expect("a header").to_owned()
    };
    assert_eq!(
        header(&[]),
        "series,model,n_variables,horizon,n,skill,skill_lower,basis,grade,horizon_cap"
    );
    assert_eq!(
        header(&["--show", "surface"]),
        "series,horizon,variables,regime,n,skill,skill_lower,mean_variables"
    );
    assert_eq!(
        header(&["--show", "prices"]),
        "series,horizon,variable,price,price_lower,n,beside,verdict,budget,n_rows"
    );
}

#[test]
fn the_rows_of_least_squares_are_those_of_the_shared_reference() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bench");
    let Ok(reference) = std::fs::read_to_string(shared.join("fred_qd_few_vars.csv")) else {
        eprintln!("left out: ../shared/data/bench is not there");
        return;
    };
    let data = fred::read(&shared.join("fred_qd.parquet"), NaiveDate::MAX).expect("FRED-QD");
    let table = data.table;
    let targets = ["GDPC1", "CPIAUCSL", "CUMFNS"];
    let columns = targets.map(|name| table.index(name).expect("a target"));
    let lines = study::run(&table, &columns, &[1, 2, 4, 8], ManyRule::bundled()).expect("long");
    let mut n_compared = 0;
    for line in &lines {
        for way in line.ways() {
            let k = match way {
                Way::Base => "0".to_owned(),
                Way::LeastSquares(k) => k.to_string(),
                Way::MeanOfBest => "comb_top20".to_owned(),
                _ => continue,
            };
            let target = &table.names()[line.target];
            let start = format!("{target},{},{k},", line.horizon);
            let Some(theirs) = reference.lines().find(|text| text.starts_with(&start)) else {
                panic!("no row {start}")
            };
            let rmse: f64 = theirs.split(',').nth(4).expect("rmse").parse().expect("a number");
            let inside = |origin: usize| data.dates[origin] >= day("1990-01-01");
            let score = surface::score(line, *way, inside).expect("scored");
            assert!((score.rmse / rmse - 1.0).abs() < 1e-9, "{start}: {} {rmse}", score.rmse);
            n_compared += 1;
        }
    }
    assert_eq!(n_compared, 3 * 4 * 8);
}
