//! The pages of a run: what changed adds up, the last report is what was said on its day, and what is
//! withheld is hatched.

use std::sync::OnceLock;

use chipcast::forecast::Forecast;
use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine::Chipcast;
use chipcast::forecast::record::Truth;
use chipcast::forecast::releases::{Supposed, suppose};
use chipcast::ingest::bundled;
use chipcast::report::chart::{Fan, Ink, Plot, Waterfall};
use chipcast::report::desk::{Desk, HORIZON};
use chipcast::report::moves::Moves;
use chipcast::report::{Block, Chart, Html, Render, Report};
use chrono::NaiveDate;

use crate::support::{chipcast, day, id};

fn desk() -> &'static Desk {
    static DESK: OnceLock<Desk> = OnceLock::new();
    DESK.get_or_init(|| {
        let archive = bundled::archive().expect("the bundle");
        let known = archive.as_of(day("2026-09-24")).expect("known");
        Desk::new(known, "test".to_owned(), 0).expect("a desk")
    })
}

fn said(on: NaiveDate, series: &str) -> Forecast {
    let known = desk().known.rewind(on).expect("an earlier day");
    let book = Book::new(&known, HORIZON + 1).expect("a book");
    book.forecast(&Chipcast, &id(series)).expect("a forecast")
}

fn charts<'a>(report: &'a Report, section: &str) -> Vec<&'a Chart> {
    let section = report.sections.iter().find(|found| found.id == section).expect("the section");
    let chart = |block: &'a Block| match block {
        Block::Chart(chart) => Some(chart.as_ref()),
        _ => None,
    };
    section.blocks.iter().filter_map(chart).collect()
}

fn fan(report: &Report) -> &Fan {
    match &charts(report, "outlook")[0].plot {
        Plot::Fan(fan) => fan,
        other => panic!("a fan is needed, not {other:?}"),
    }
}

fn waterfall<'a>(report: &'a Report, section: &str) -> &'a Waterfall {
    let plots = charts(report, section).into_iter().map(|chart| &chart.plot);
    let mut found = plots.filter_map(|plot| match plot {
        Plot::Waterfall(waterfall) => Some(waterfall),
        _ => None,
    });
    found.next().expect("a waterfall")
}

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs(), "{found} is not {wanted}");
}

fn end_of(waterfall: &Waterfall) -> f64 {
    waterfall.start.1 + waterfall.changes.iter().map(|(_, change)| change).sum::<f64>()
}

#[test]
fn the_bars_lead_from_what_was_said_on_the_eve_to_what_is_said_today() {
    // The results of these companies became public on 2026-08-26 (accession 0001045810-26-000073) and
    // on 2026-07-29 (accession 0001193125-26-323660).
    for (series, eve) in [("nvda.revenue", "2026-08-25"), ("msft.capex_cash", "2026-07-28")] {
        let page = desk().page(&id(series)).expect("a page");
        let bars = waterfall(&page.report, "changed");
        let then = said(day(eve), series);
        let period = page.forecast.steps[0].period;
        let step = then.steps.iter().find(|step| step.period.is_nearly(period));
        near(bars.start.1, step.expect("it was forecast").median);
        near(end_of(bars), page.forecast.steps[0].median);
        assert!(!bars.changes.is_empty());
    }
}

#[test]
fn a_report_since_an_origin_of_the_backtest_shows_what_it_said_and_withholds_what_it_withheld() {
    let series = id("msft.capex_cash");
    let known = desk().known.clone();
    let rows = desk().book.backtest(&Chipcast, &series, None, Truth::FirstRelease).expect("rows");
    let origin = day("2026-04-30");
    let asked = Desk::new(known, "test".to_owned(), 0).expect("a desk").since(Some(origin));
    let page = asked.page(&series).expect("a page");
    let drawn = &fan(&page.report).previous;
    assert!(!drawn.is_empty());
    let of_day: Vec<_> = rows.iter().filter(|row| row.origin == origin).collect();
    assert!(!of_day.is_empty(), "an origin of the backtest");
    for row in of_day {
        match drawn.iter().find(|(end, _)| *end == row.period.end()) {
            Some((_, value)) => {
                near(*value, row.median);
                assert!(row.refusal.is_none(), "{:?} was withheld", row.period);
            }
            None => assert!(row.refusal.is_some(), "{:?} was said, and is not drawn", row.period),
        }
    }
}

#[test]
fn what_is_withheld_is_hatched_and_what_is_answered_is_not() {
    for (series, is_refused) in [("amd.revenue", true), ("msft.capex_cash", false)] {
        let page = desk().page(&id(series)).expect("a page");
        let fan = fan(&page.report);
        let withheld: Vec<_> = page.forecast.steps.iter().filter(|s| s.refusal.is_some()).collect();
        let ends: Vec<_> = withheld.iter().map(|step| step.period.end()).collect();
        assert_eq!(fan.refused, ends);
        assert_eq!(!ends.is_empty(), is_refused, "{series}");
        let svg = charts(&page.report, "outlook")[0].svg("c", Ink::Css);
        assert_eq!(svg.contains("No claim made"), is_refused, "{series}");
        assert_eq!(svg.contains("c-hatch"), is_refused, "{series}");
        let html = String::from_utf8(Html.render(&page.report).expect("clean")).expect("UTF-8");
        assert_eq!(html.contains("callout refusal"), is_refused, "{series}");
        for step in withheld {
            assert!(fan.steps.iter().all(|shown| shown.date != step.period.end()));
        }
    }
}

#[test]
fn the_terms_lead_from_the_last_value_to_the_median() {
    for series in
        ["msft.capex_cash", "nvda.revenue", "nvda.revenue.data_center", "tsmc.revenue_monthly"]
    {
        let page = desk().page(&id(series)).expect("a page");
        let bars = waterfall(&page.report, "drivers");
        near(bars.start.1, page.forecast.last_value);
        near(end_of(bars), page.forecast.steps[0].median);
    }
}

#[test]
fn a_supposed_value_does_what_the_real_one_did() {
    // Nothing else of the panel became public on 2026-07-29.
    let (eve, results) = (day("2026-07-28"), day("2026-07-29"));
    let series = id("msft.capex_cash");
    let known = desk().known.rewind(eve).expect("known");
    let after = said(results, "msft.capex_cash");
    let came = Supposed { day: results, value: after.last_value, guide: None };
    let step = suppose(&Chipcast, &known, &series, came).expect("an answer");
    assert_eq!(step.period, after.steps[0].period);
    near(step.median, after.steps[0].median);
}

#[test]
fn the_guide_that_is_named_leaves_the_forecast_where_it_is() {
    let series = id("nvda.revenue");
    let forecast = desk().forecast(&series).expect("a forecast");
    let moves = Moves::of(&desk().known, &forecast, None).expect("moves");
    let test = moves.tests.expect("a test");
    let due = moves.next[0].due.median;
    let ask = |guide: f64| {
        let value = forecast.steps[0].median;
        let supposed = Supposed { day: due, value, guide: Some(guide) };
        suppose(&Chipcast, &desk().known, &series, supposed).expect("an answer").median
    };
    let guide = test.guide.expect("NVIDIA guides");
    near(ask(guide), test.stands);
    assert!(ask(guide * 1.01) > test.stands && ask(guide * 0.99) < test.stands);
    let none = suppose(
        &Chipcast,
        &desk().known,
        &id("msft.capex_cash"),
        Supposed { day: due, value: 4e10, guide: Some(4e10) },
    );
    assert!(none.is_err(), "Microsoft gives no guide of its cash capital expenditure");
}

#[test]
fn the_industry_adds_up_what_was_reported() {
    let buyers = ["msft.capex_cash", "googl.capex_cash", "amzn.capex_cash", "meta.capex_cash"];
    let forecasts: Vec<_> =
        buyers.iter().map(|series| desk().forecast(&id(series)).expect("a forecast")).collect();
    let report = desk().industry(&forecasts, &[]).expect("a page");
    let Plot::Fan(fan) = &charts(&report, "total")[0].plot else { panic!("a fan") };
    let (end, value) = fan.actuals.last().expect("a sum");
    assert_eq!(*end, day("2026-06-30"));
    let last: f64 = forecasts.iter().map(|forecast| forecast.last_value).sum();
    near(*value, last);
    let then: f64 = forecasts
        .iter()
        .map(|forecast| {
            let moves = desk().moves(forecast).expect("moves");
            let since = moves.since.as_ref().expect("a report");
            let told = said(since.day, forecast.target.as_str());
            let step = told.steps.iter().find(|s| s.period.end() == fan.steps[0].date);
            step.expect("it was forecast").median
        })
        .sum();
    let drawn = fan.previous.iter().find(|(end, _)| *end == fan.steps[0].date).expect("drawn");
    near(drawn.1, then);
    assert!(Html.render(&report).is_ok());
}

#[test]
fn the_command_tells_the_change_since_the_day_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = chipcast(folder.path(), &["report", "msft", "--since", "2026-06-01", "--out", "."]);
    assert_eq!((run.code, run.out.trim()), (0, "./msft.html"), "{}", run.err);
    let page = std::fs::read_to_string(folder.path().join("msft.html")).expect("a page");
    assert!(page.contains("as of 1 Jun 2026 (as asked)"));
    let late = chipcast(folder.path(), &["report", "msft", "--since", "2027-06-01"]);
    assert_eq!(late.code, 2);
    assert!(late.err.contains("changes since 2027-06-01 asked of a report as of"), "{}", late.err);
}
