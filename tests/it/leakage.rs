//! No look-ahead: values are powers of two, so that a sum names the rows that went in, and no model,
//! interval or skill may change when the future does.

use chipcast::archive::{Archive, Batch, Snapshot};
use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine;
use chipcast::forecast::record::{self, Truth};
use chipcast::observation::{Action, Announcement, Observation};
use chipcast::period::Period;
use chipcast::units::Unit;
use chrono::{Days, NaiveDate};

use crate::support::{archive, day, id, quarter, row};

/// Three quarters, the second revised: every row has a bit of its own.
fn powers() -> Archive {
    let rows = vec![
        row("acme.revenue", quarter(0), 1.0, day("2010-05-01")),
        row("acme.revenue", quarter(1), 2.0, day("2010-08-01")),
        row("acme.revenue", quarter(1), 4.0, day("2010-11-01")),
        row("acme.revenue", quarter(2), 8.0, day("2010-11-01")),
        row("acme.revenue", quarter(2), 16.0, day("2011-02-01")),
    ];
    archive(rows, "2011-12-31")
}

fn sum(snapshot: &Snapshot) -> f64 {
    let known = snapshot.series(&id("acme.revenue")).expect("a known series");
    known.points.iter().map(|point| point.value).sum()
}

#[test]
fn a_snapshot_holds_the_last_vintage_up_to_its_day_and_no_other_row() {
    let archive = powers();
    let seen = |text: &str| sum(&archive.as_of(day(text)).expect("known through 2011"));
    assert_eq!(seen("2010-04-30"), 0.0);
    assert_eq!(seen("2010-05-01"), 1.0, "a value counts from its very day on");
    assert_eq!(seen("2010-10-31"), 3.0);
    assert_eq!(seen("2010-11-01"), 1.0 + 4.0 + 8.0);
    assert_eq!(seen("2011-12-31"), 1.0 + 4.0 + 16.0);
}

#[test]
fn every_way_to_read_a_snapshot_keeps_the_rule() {
    let archive = powers();
    let snapshot = archive.as_of(day("2010-11-01")).expect("known");
    let series = id("acme.revenue");
    let first: f64 =
        snapshot.first_releases(&series).expect("known").points.iter().map(|p| p.value).sum();
    assert_eq!(first, 1.0 + 2.0 + 8.0);
    let all: f64 = snapshot.vintages(&series).expect("known").iter().map(|r| r.value).sum();
    assert_eq!(all, 1.0 + 2.0 + 4.0 + 8.0);
    let source = snapshot.source_of(&series, quarter(2)).expect("known").expect("a row");
    assert_eq!(source.value, 8.0);
    let earlier = snapshot.rewind(day("2010-08-01")).expect("earlier");
    assert_eq!(sum(&earlier), 3.0);
    assert!(snapshot.rewind(day("2010-11-02")).is_err(), "a snapshot never looks ahead");
    assert!(archive.as_of(day("2012-01-01")).is_err(), "nothing past known_through");
    let before = archive.as_of(day("2010-04-30")).expect("known");
    assert!(before.series_ids().expect("readable").is_empty());
}

#[test]
fn announcements_are_seen_from_the_day_they_were_published() {
    let guide = |published: &str, mid: f64| Announcement {
        company: "acme".to_owned(),
        published: day(published),
        metric: "revenue".to_owned(),
        period: quarter(3),
        low: mid,
        mid,
        high: mid,
        unit: Unit::Usd,
        action: Action::Guide,
        quote: String::new(),
        locator: "accn 1".to_owned(),
    };
    let batch = Batch {
        observations: Vec::new(),
        announcements: vec![guide("2010-11-01", 32.0), guide("2010-12-01", 64.0)],
        known_through: day("2011-12-31"),
    };
    let archive = powers().append(&batch).expect("no conflict").0;
    let seen = |text: &str| -> f64 {
        let snapshot = archive.as_of(day(text)).expect("known");
        snapshot.announcements("acme").map(|a| a.mid).sum()
    };
    assert_eq!(seen("2010-10-31"), 0.0);
    assert_eq!(seen("2010-11-01"), 32.0);
    assert_eq!(seen("2010-12-01"), 96.0);
}

/// A hundred and twenty months of a driver, each public ten days after it ended.
fn driver() -> impl Iterator<Item = Observation> {
    (0_u32..120).map(|idx| {
        let (year, month) = (2010 + i32::try_from(idx / 12).expect("small"), idx % 12 + 1);
        let period = Period::months(year, month, 1).expect("a month");
        let wave = f64::from((idx * 5) % 13) / 50.0;
        let value = (0.012 * f64::from(idx) + wave).exp() * 1e10;
        row("tsmc.revenue_monthly", period, value, period.end() + Days::new(10))
    })
}

/// Four companies, forty quarters, growth with a season; every value public 30 days after its quarter;
/// and a monthly driver.
pub(crate) fn panel() -> Vec<Observation> {
    let owners = ["msft", "googl", "amzn", "meta"];
    let rows = owners.iter().zip(0_u32..).flat_map(|(owner, company)| {
        (0_u32..40).map(move |idx| {
            let wave = f64::from((idx * 7 + company * 5) % 11) / 40.0;
            let growth = 0.03 * f64::from(idx) + if idx % 4 == 3 { 0.1 } else { 0.0 };
            let period = quarter(idx);
            let vintage = period.end() + Days::new(30);
            row(&format!("{owner}.capex_cash"), period, (growth + wave).exp() * 1e9, vintage)
        })
    });
    rows.chain(driver()).collect()
}

/// The same past with another future: every row public after `cut` is a thousand times as large.
fn other_future(cut: NaiveDate) -> Archive {
    let mut rows = panel();
    for row in rows.iter_mut().filter(|row| row.vintage > cut) {
        row.value *= 1000.0;
    }
    archive(rows, "2026-01-01")
}

#[test]
fn no_model_interval_or_skill_changes_when_the_future_does() {
    let cut = quarter(30).end() + Days::new(45);
    let target = id("msft.capex_cash");
    let (one, other) = (archive(panel(), "2026-01-01"), other_future(cut));
    for model in engine::models().iter().copied() {
        let said = |archive: &Archive| {
            let snapshot = archive.as_of(cut).expect("known");
            let book = Book::new(&snapshot, 4).expect("a horizon");
            book.forecast(model, &target).map(|forecast| {
                let steps = forecast.steps.iter().map(|step| {
                    (step.period, step.median, step.quantiles.interval(0.8), step.refusal.clone())
                });
                let draws = forecast.draws(7, 50);
                (steps.collect::<Vec<_>>(), draws, forecast.skill.horizon_cap)
            })
        };
        match (said(&one), said(&other)) {
            (Ok(one), Ok(other)) => assert_eq!(one, other, "{}", model.name()),
            (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
            _ => panic!("{} answers one and not the other", model.name()),
        }
    }
}

#[test]
fn a_backtest_row_does_not_change_when_what_comes_after_its_origin_does() {
    let cut = quarter(30).end() + Days::new(45);
    let target = id("googl.capex_cash");
    let (one, other) = (archive(panel(), "2026-01-01"), other_future(cut));
    for model in engine::models().iter().copied() {
        let rows = |archive: &Archive| {
            let snapshot = archive.as_of(archive.known_through()).expect("known");
            let book = Book::new(&snapshot, 4).expect("a horizon");
            let rows = book.backtest(model, &target, None, Truth::FirstRelease).unwrap_or_default();
            let early = rows.into_iter().filter(|row| row.origin <= cut);
            early
                .map(|r| (r.origin, r.horizon, r.median, r.quantiles.interval(0.8), r.refusal))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&one), rows(&other), "{}", model.name());
    }
}

#[test]
fn origins_are_the_days_after_first_releases_and_horizon_one_has_no_value_yet() {
    let known = archive(panel(), "2026-01-01");
    let snapshot = known.as_of(day("2026-01-01")).expect("known");
    let target = id("meta.capex_cash");
    let origins = record::origins(&snapshot, &target).expect("a series");
    assert_eq!(origins.len(), 40);
    assert_eq!(origins[0], quarter(0).end() + Days::new(31));
    let model = engine::model("pooled").expect("a model");
    let record = record::record(model, &snapshot, &target, 2, Truth::FirstRelease).expect("runs");
    for attempt in &record.attempts {
        assert!(attempt.period.end() >= attempt.origin - Days::new(31));
        if let Some(actual) = attempt.actual {
            assert!(actual.vintage > attempt.origin);
        }
    }
}
