//! Checks on what is stored and on what comes in: quiet on the bundled data, loud on faults put into
//! copies of them. Faults go into each place in turn, so that the share found is measured.

use std::collections::BTreeSet;

use chipcast::archive::{Archive, Batch};
use chipcast::ingest::{bundled, checks};
use chipcast::observation::{Observation, VintageBasis};
use chipcast::period::Period;
use chrono::{Days, NaiveDate};

use crate::support::{chipcast, day, id, quarter, row};

/// Long series of four companies, a market and a month.
const SERIES: [&str; 6] = [
    "nvda.revenue",
    "intc.revenue",
    "aapl.revenue",
    "googl.capex_cash",
    "msft.revenue",
    "tsmc.revenue_monthly",
];

/// The bundled rows of a series and its parts, the last vintage of each period.
fn rows_of(series: &str) -> Vec<Observation> {
    let archive = bundled::archive().expect("the bundled data read");
    let snapshot = archive.as_of(archive.known_through()).expect("known");
    let ids = snapshot.series_ids().expect("readable");
    let within = ids.iter().filter(|id| checks::is_within(id.as_str(), series));
    within.flat_map(|id| snapshot.current(id).expect("readable")).collect()
}

fn only(series: &str) -> Vec<Observation> {
    let mut rows = rows_of(series);
    rows.retain(|row| row.series == id(series));
    rows
}

/// What the checks find beside notes: check and series.
fn findings(observations: Vec<Observation>) -> BTreeSet<(String, String)> {
    let known_through = day("2026-09-24");
    let batch = Batch { observations, announcements: Vec::new(), known_through };
    let archive = Archive::of(batch).expect("rows that can be stored");
    let snapshot = archive.as_of(known_through).expect("known");
    let found = checks::run(&snapshot).expect("readable");
    let told = found.into_iter().filter(|f| f.severity != checks::Severity::Note);
    told.map(|f| (f.check, f.series)).collect()
}

/// The share of places of a fault at which one of the checks named speaks up anew.
fn share_found(
    name: &str,
    series: &[&str],
    expected: &[&str],
    fault: impl Fn(&[Observation], usize) -> Option<Vec<Observation>>,
) -> f64 {
    let (mut n, mut n_found) = (0_u32, 0_u32);
    for series in series {
        let clean = only(series);
        let before = findings(clean.clone());
        for place in (0..clean.len()).step_by(3) {
            let Some(faulty) = fault(&clean, place) else { continue };
            let after = findings(faulty);
            let new =
                after.difference(&before).any(|(check, _)| expected.contains(&check.as_str()));
            n += 1;
            n_found += u32::from(new);
        }
    }
    assert!(n >= 10, "{name}: too few places, {n}");
    eprintln!("{name}: {n_found} of {n} found");
    f64::from(n_found) / f64::from(n)
}

fn with(rows: &[Observation], place: usize, change: impl Fn(&mut Observation)) -> Vec<Observation> {
    let mut rows = rows.to_vec();
    change(&mut rows[place]);
    rows
}

#[test]
fn another_scale_is_found() {
    for (name, factor) in [("x1000", 1e3), ("/1000", 1e-3), ("x1e6", 1e6)] {
        let fault =
            |rows: &[Observation], place: usize| Some(with(rows, place, |row| row.value *= factor));
        assert!(share_found(name, &SERIES, &["scale"], fault) > 0.97, "{name}");
    }
    let onward = |rows: &[Observation], place: usize| {
        let mut rows = rows.to_vec();
        rows[place..].iter_mut().for_each(|row| row.value *= 1e3);
        (place >= 2 && place + 2 < rows.len()).then_some(rows)
    };
    assert!(share_found("x1000 from here on", &SERIES, &["scale"], onward) > 0.97);
    let percent =
        |rows: &[Observation], place: usize| Some(with(rows, place, |row| row.value *= 100.0));
    let shares = ["desktop_os.share.windows", "desktop_os.share.linux"];
    assert!(share_found("per cent", &shares, &["scale", "range"], percent) > 0.97);
}

#[test]
fn a_flipped_sign_is_found() {
    let flip =
        |rows: &[Observation], place: usize| Some(with(rows, place, |row| row.value *= -1.0));
    assert_eq!(share_found("flipped sign", &SERIES[..5], &["range"], flip), 1.0);
    let as_income = |rows: &[Observation], place: usize| {
        let mut rows = with(rows, place, |row| row.value *= -1.0);
        for row in &mut rows {
            row.series = id("acme.operating_income");
        }
        Some(rows)
    };
    let steady = ["intc.revenue", "msft.revenue"];
    assert!(share_found("flipped income", &steady, &["sign"], as_income) > 0.9);
}

#[test]
fn duplicates_gaps_and_early_days_are_found() {
    let twice = |rows: &[Observation], place: usize| {
        let mut twin = rows[place].clone();
        let (start, end) = (twin.period.start(), twin.period.end());
        twin.period = Period::new(start + Days::new(1), end + Days::new(1)).expect("start first");
        Some([rows, &[twin]].concat())
    };
    let quarters = &SERIES[..5];
    assert_eq!(share_found("a quarter twice", quarters, &["duplicate"], twice), 1.0);
    let year = |rows: &[Observation], place: usize| {
        let mut year = rows[place].clone();
        let start = year.period.end() - Days::new(364);
        year.period = Period::new(start, year.period.end()).expect("start first");
        (place > 0).then(|| [rows, &[year]].concat())
    };
    assert_eq!(share_found("a year among quarters", quarters, &["overlap"], year), 1.0);
    let early = |rows: &[Observation], place: usize| {
        let change = |row: &mut Observation| {
            row.vintage = row.period.start();
            row.vintage_basis = VintageBasis::Filing;
        };
        Some(with(rows, place, change))
    };
    assert_eq!(share_found("an early day", &SERIES, &["early"], early), 1.0);
    let mut rows = only("intc.revenue");
    rows.remove(rows.len() / 2);
    let archive = archive_of(rows);
    let snapshot = archive.as_of(archive.known_through()).expect("known");
    let found = checks::run(&snapshot).expect("readable");
    assert!(found.iter().any(|f| f.check == "gap" && f.found.starts_with("1 of ")), "{found:#?}");
}

#[test]
fn a_whole_year_in_a_quarter_is_found() {
    let fault = |rows: &[Observation], place: usize| {
        let sum: f64 = rows[place.checked_sub(3)?..=place].iter().map(|row| row.value).sum();
        Some(with(rows, place, |row| row.value = sum))
    };
    let steady = ["intc.revenue", "msft.revenue", "nvda.revenue", "orcl.revenue"];
    let share = share_found("a year in a quarter", &steady, &["year_in_quarter", "outlier"], fault);
    assert!(share > 0.9, "{share}");
}

#[test]
fn made_up_shapes_are_found() {
    let interpolated = |rows: &[Observation], place: usize| {
        let mut rows = rows.to_vec();
        let (first, last) = (rows[place].value, rows.get(place + 3)?.value);
        for step in 1..3_u32 {
            let part = f64::from(step) / 3.0;
            rows[place + step as usize].value = (first + (last - first) * part).round();
        }
        ((last / first - 1.0).abs() > 0.02).then_some(rows)
    };
    let share = share_found("an interpolated year", &SERIES[..5], &["interpolated"], interpolated);
    assert!(share > 0.9, "{share}");
    let (mut n_found, n) = (0, 40);
    for seed in 0..n {
        let mut noise = Noise(seed);
        let mut value: f64 = 5e9;
        let rows = (0..12).map(|idx| {
            value *= 1.06 + 0.005 * noise.next();
            let value = (value / 1e6).round() * 1e6;
            let vintage = quarter(40 + idx).end() + Days::new(30);
            row("acme.capex_cash", quarter(40 + idx), value, vintage)
        });
        let found = findings(rows.collect());
        n_found += u64::from(found.iter().any(|(check, _)| check == "smooth"));
    }
    eprintln!("smooth capex: {n_found} of {n} found");
    assert!(n_found * 10 >= n * 9, "{n_found} of {n}");
    let constant = |rows: &[Observation], place: usize| {
        let mut rows = rows.to_vec();
        let value = rows[place].value;
        rows.get_mut(place + 1..place + 4)?.iter_mut().for_each(|row| row.value = value);
        Some(rows)
    };
    assert!(share_found("a constant year", &SERIES[..5], &["constant"], constant) > 0.97);
    let mut rows = only("intc.revenue");
    let copies: Vec<_> = rows.iter().take(6).cloned().collect();
    rows.extend(copies.into_iter().map(|row| Observation { series: id("acme.revenue"), ..row }));
    assert!(findings(rows).iter().any(|(check, _)| check == "copy"));
}

/// A number between -1 and 1 from a seed, the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = u32::try_from(self.0 >> 33).expect("31 bits");
        f64::from(high) / f64::from(1_u32 << 30) - 1.0
    }
}

#[test]
fn a_column_that_slipped_is_found() {
    for series in SERIES {
        let clean = only(series);
        let mut rows = clean.clone();
        for pair in clean.windows(2).skip(3).take(6) {
            let mut slipped = pair[1].clone();
            (slipped.value, slipped.vintage) = (pair[0].value, day("2026-09-20"));
            rows.push(slipped);
        }
        let found = findings(rows);
        assert!(found.iter().any(|(check, _)| check == "shifted"), "{series}: {found:?}");
    }
}

#[test]
fn sums_percentiles_and_power_that_fail_are_found() {
    let clean = rows_of("nvda.revenue");
    let at = |rows: &[Observation], series: &str, end: &str| {
        let is_it = |row: &Observation| row.series == id(series) && row.period.end() == day(end);
        rows.iter().position(is_it).expect("bundled")
    };
    for (part, end) in [
        ("gaming", "2025-10-26"),
        ("edge", "2026-07-26"),
        ("data_center.networking", "2025-10-26"),
        ("data_center.acie", "2026-04-26"),
    ] {
        let place = at(&clean, &format!("nvda.revenue.{part}"), end);
        let found = findings(with(&clean, place, |row| row.value *= 1.1));
        assert!(found.iter().any(|(check, _)| check == "platforms"), "{part}: {found:?}");
    }
    let income = |metric: &str, value: f64| {
        row(&format!("acme.{metric}"), quarter(50), value, quarter(50).end() + Days::new(30))
    };
    let statement = |cost: f64| {
        vec![income("revenue", 64e6), income("cost_of_revenue", cost), income("gross_profit", 48e6)]
    };
    assert!(findings(statement(16e6)).is_empty());
    assert_eq!(findings(statement(32e6)).len(), 1);
    let owner = rows_of("amzn");
    let place = at(&owner, "amzn.installed_power.nvda", "2025-12-31");
    let found = findings(with(&owner, place, |row| row.value = 0.0));
    assert!(found.iter().any(|(check, _)| check == "zero"), "{found:?}");
    let mut swapped = owner.clone();
    for row in &mut swapped {
        let name = row.series.as_str();
        let other = match name.rsplit_once('.') {
            Some((whole, "p05")) => format!("{whole}.p95"),
            Some((whole, "p95")) => format!("{whole}.p05"),
            _ => continue,
        };
        row.series = id(&other);
    }
    assert!(findings(swapped).iter().any(|(check, _)| check == "percentiles"));
}

#[test]
fn the_bundled_data_pass_on_their_way_in() {
    let batch = bundled::batch().expect("the bundled data read");
    let n = batch.observations.len();
    let empty = Archive::empty(batch.known_through);
    let (kept, aside) = checks::admit(batch.observations.clone(), &empty).expect("readable");
    assert!(aside.is_empty(), "{aside:#?}");
    assert_eq!(kept.len(), n);
    let held = bundled::archive().expect("the bundled data read");
    let (_, aside) = checks::admit(batch.observations, &held).expect("readable");
    assert!(aside.is_empty(), "a second reading of the same: {aside:#?}");
}

fn archive_of(observations: Vec<Observation>) -> Archive {
    let known_through = day("2026-09-24");
    Archive::of(Batch { observations, announcements: Vec::new(), known_through }).expect("stored")
}

/// The share of rows of a series that are set aside after a change, one at a time.
fn share_refused(name: &str, series: &[&str], change: impl Fn(&mut Observation)) -> f64 {
    let (mut n, mut n_refused) = (0_u32, 0_u32);
    for series in series {
        let clean = only(series);
        let held = archive_of(clean.clone());
        for row in clean.iter().step_by(3) {
            let mut faulty = row.clone();
            change(&mut faulty);
            let (kept, aside) = checks::admit(vec![faulty], &held).expect("readable");
            assert_eq!(kept.len() + aside.len(), 1, "nothing is dropped");
            n += 1;
            n_refused += u32::from(aside.len() == 1);
        }
    }
    eprintln!("{name} on the way in: {n_refused} of {n} set aside");
    f64::from(n_refused) / f64::from(n)
}

#[test]
fn what_cannot_be_true_is_set_aside_with_its_reason() {
    let later = |row: &mut Observation| row.vintage = day("2026-09-20");
    let thousand = |row: &mut Observation| {
        later(row);
        row.value *= 1e3;
    };
    assert!(share_refused("a revision x1000", &SERIES, thousand) > 0.97);
    let negative = |row: &mut Observation| row.value = -row.value;
    assert_eq!(share_refused("a negative", &SERIES[..5], negative), 1.0);
    let early = |row: &mut Observation| {
        row.vintage = row.period.end() - Days::new(1);
        row.vintage_basis = VintageBasis::PressRelease;
    };
    assert_eq!(share_refused("an early report", &SERIES, early), 1.0);
    let whole = |row: &mut Observation| row.value *= 100.0;
    let share = share_refused("per cent", &["desktop_os.share.windows"], whole);
    assert_eq!(share, 1.0);
    let revised = |row: &mut Observation| {
        later(row);
        row.value *= 1.25;
    };
    assert_eq!(share_refused("a true revision by a quarter", &SERIES, revised), 0.0);
}

#[test]
fn a_new_quarter_in_thousands_and_a_year_in_a_quarter_are_set_aside() {
    let published = |idx: u32| -> NaiveDate { quarter(idx).end() + Days::new(30) };
    let plain = |idx: u32, value: f64| row("acme.revenue", quarter(idx), value, published(idx));
    let held: Vec<_> = (0..8).map(|idx| plain(idx, 100e6 + f64::from(idx) * 7e6)).collect();
    let held = archive_of(held);
    let reason = |row: Observation| {
        let (_, aside) = checks::admit(vec![row], &held).expect("readable");
        aside.first().map(|aside| aside.reason.clone())
    };
    assert_eq!(reason(plain(8, 160e6)), None);
    let scale = reason(plain(8, 160e3)).expect("set aside");
    assert!(scale.contains("10^-3"), "{scale}");
    // Quarters 4 to 6 are 128, 135 and 142 million, and the year to quarter 7 is 554 million.
    let year = Period::new(quarter(4).start(), quarter(7).end()).expect("a year");
    let annual = row("acme.revenue.annual", year, 554e6, published(7));
    let mut late = plain(7, 554e6);
    late.vintage = day("2013-01-01");
    let (kept, aside) = checks::admit(vec![annual, late], &held).expect("readable");
    assert_eq!((kept.len(), aside.len()), (1, 1));
    assert!(aside[0].reason.contains("whole year"), "{}", aside[0].reason);
    // Growth by a factor of 400 out of nothing is odd, but can be true.
    assert_eq!(reason(plain(8, 40e9)), None);
}

#[test]
fn swapped_percentiles_of_one_batch_are_set_aside_and_the_median_stays() {
    let series = ["acme.units", "acme.units.p05", "acme.units.p95"];
    let values = [8.0, 16.0, 4.0];
    let rows = series.iter().zip(values);
    let rows = rows.map(|(series, value)| row(series, quarter(60), value, day("2026-01-01")));
    let empty = Archive::empty(day("2026-09-24"));
    let (kept, aside) = checks::admit(rows.collect(), &empty).expect("readable");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].series, id("acme.units"));
    assert_eq!(aside.len(), 2);
}

#[test]
fn an_import_sets_rows_aside_and_check_filters() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "series,period_start,period_end,value,unit,vintage,source,locator\n\
                a.share.b,2020-01-01,2020-03-31,0.5,ratio,2020-05-01,s,l\n\
                a.share.b,2020-04-01,2020-06-30,55,ratio,2020-08-01,s,page 2\n";
    std::fs::write(folder.path().join("t.csv"), text).expect("writable");
    let run = chipcast(folder.path(), &["--format", "json", "data", "import", "t.csv"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    assert_eq!((&rows[0]["status"], &rows[0]["reason"]), (&"added".into(), &().into()));
    assert_eq!(rows[1]["status"], "set_aside");
    assert!(rows[1]["reason"].as_str().expect("a reason").contains("between 0 and 1"));
    let check = |more: &[&str]| {
        chipcast(folder.path(), &[&["--format", "json", "data", "check"], more].concat())
    };
    let all = check(&[]);
    assert_eq!(all.code, 0, "{}", all.out);
    let keys = ["check", "severity", "series", "period_end", "found", "needed", "locator"];
    assert!(all.rows().iter().all(|row| keys.iter().all(|key| row.get(key).is_some())));
    assert!(check(&["--severity", "error"]).rows().is_empty());
    let boards = check(&["aib.units", "--severity", "warning"]).rows();
    assert_eq!(boards.len(), 1, "{boards:?}");
    assert_eq!(boards[0]["check"], "staleness");
    let nobody = check(&["nobody.revenue"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("`nobody.revenue`") && nobody.err.contains("hint:"));
}
