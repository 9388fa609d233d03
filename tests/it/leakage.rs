//! No look-ahead: values are powers of two, so that a sum names the rows that went in, and no model,
//! interval or skill may change when the future does.

use chipcast::Result;
use chipcast::archive::{Archive, Batch, Snapshot};
use chipcast::forecast::leak::{self, Suspect, Verdict, Way};
use chipcast::forecast::record::{self, Truth};
use chipcast::forecast::{Forecaster, Path, engine};
use chipcast::observation::{Action, Observation};
use chipcast::period::Period;
use chipcast::series::SeriesId;
use chrono::{Days, NaiveDate};

use crate::support::{archive, chipcast, day, guide, id, quarter, row};

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
    let batch = Batch {
        observations: Vec::new(),
        announcements: vec![
            guide("2010-11-01", 32.0, Action::Guide),
            guide("2010-12-01", 64.0, Action::Guide),
        ],
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

/// The panel, and a company of which nothing is known before the end.
fn panel_and_newcomer() -> Archive {
    let mut rows = panel();
    let late = quarter(39).end() + Days::new(60);
    rows.push(row("orcl.capex_cash", quarter(39), 1e9, late));
    archive(rows, "2026-01-01")
}

/// Days on which something is open; the last one has nothing real after it, only what is planted.
fn cuts() -> Vec<NaiveDate> {
    [12, 30, 39].map(|idx| quarter(idx).end() + Days::new(45)).to_vec()
}

#[test]
fn no_model_interval_skill_or_backtest_changes_when_the_future_does() {
    let suspects: Vec<_> = engine::models().iter().copied().map(Suspect::from).collect();
    let series = [id("msft.capex_cash"), id("googl.capex_cash")];
    let verdicts = leak::check(&panel_and_newcomer(), &suspects, &series, &cuts()).expect("runs");
    assert_eq!(verdicts.len(), suspects.len() * series.len() * (cuts().len() + 1));
    for verdict in &verdicts {
        assert_eq!(verdict.leak, None, "{verdict:?}");
    }
}

/// Says the value that comes, which it read when it was made.
struct Peek(Archive);

impl Forecaster for Peek {
    fn name(&self) -> &'static str {
        "peek"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let all = self.0.as_of(self.0.known_through())?.series(target)?;
        let periods = known.series(target)?.next_periods(horizon)?;
        let came = |period| all.points.iter().find(|p| p.period == period).map_or(1e9, |p| p.value);
        Ok(Path::new(self, periods.into_iter().map(|period| (period, came(period)))))
    }
}

/// Asks the snapshot for more than what was public: how many series there will be, or the archive's
/// hash.
struct Sly(fn(&Snapshot, &SeriesId) -> f64);

impl Forecaster for Sly {
    fn name(&self) -> &'static str {
        "sly"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let periods = known.series(target)?.next_periods(horizon)?;
        Ok(Path::new(self, periods.into_iter().map(|p| (p, 1e9 * (1.0 + self.0(known, target))))))
    }
}

fn verdicts(suspect: Suspect) -> Vec<Verdict> {
    leak::check(&panel_and_newcomer(), &[suspect], &[id("msft.capex_cash")], &cuts()).expect("runs")
}

#[test]
fn a_planted_leak_is_found_and_named() {
    let peek = Suspect::made(|archive| Box::leak(Box::new(Peek(archive.clone()))));
    let found = verdicts(peek);
    assert_eq!(found.len(), 4, "three forecasts and a backtest");
    for verdict in found {
        let leak = verdict.leak.as_ref().expect("the future was read");
        assert_eq!((verdict.model, leak.field.as_str()), ("peek", "median"), "{verdict:?}");
        assert!(verdict.way == Way::Backtest || leak.place == "horizon 1", "{verdict:?}");
        assert!(leak.truth != leak.other, "{verdict:?}");
    }
    // The hash of the archive covers the future: it names runs, and no model may use it.
    let sly: &'static dyn Forecaster = &Sly(|known, _| f64::from(known.digest().as_bytes()[0]));
    assert!(verdicts(sly.into()).iter().any(|verdict| verdict.leak.is_some()));
}

fn count(series: Result<Vec<SeriesId>>) -> f64 {
    f64::from(u8::try_from(series.expect("readable").len()).expect("few series"))
}

#[test]
fn a_snapshot_does_not_say_what_there_will_be() {
    let ways: [fn(&Snapshot, &SeriesId) -> f64; 4] = [
        |known, target| count(known.peers(target)),
        |known, _| count(known.matching(|_| true)),
        |known, _| count(known.series_ids()),
        |known, _| f64::from(u8::from(known.holds(&id("orcl.capex_cash")).expect("readable"))),
    ];
    for (i, way) in ways.into_iter().enumerate() {
        let sly: &'static dyn Forecaster = Box::leak(Box::new(Sly(way)));
        for verdict in verdicts(sly.into()) {
            assert_eq!(verdict.leak, None, "way {i}: {verdict:?}");
        }
    }
}

#[test]
fn the_command_finds_nothing_in_the_bundled_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let quick = [
        "leak-test",
        "nvda.revenue",
        "msft.capex_cash",
        "--origins",
        "2",
        "--models",
        "chipcast,guidance,ols,bridge",
    ];
    let run = chipcast(folder.path(), &quick);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.ends_with("checks, no forecast saw the future\n"), "{}", run.out);
    let one =
        ["--format", "json", "leak-test", "nvda.revenue", "--origins", "1", "--models", "naive"];
    let rows = chipcast(folder.path(), &one).rows();
    assert_eq!(rows.len(), 3, "an earlier origin, the last day, a backtest");
    assert!(rows.iter().all(|row| row["status"] == "clean"));
    assert_eq!(chipcast(folder.path(), &["leak-test", "no.body"]).code, 2);
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 0, "nothing is written");
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
