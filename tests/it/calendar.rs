//! Calendar quarters out of fiscal ones, and growth per week, by hand-computed values.

use chipcast::archive::{Method, calendar_quarters, frame, growth};
use chipcast::ingest::bundled;
use chipcast::observation::Observation;
use chipcast::period::Period;
use chipcast::units::Unit;
use chrono::Days;

use crate::support::{chipcast, day, id, quarter, row};

fn current(series: &str) -> Vec<Observation> {
    let archive = bundled::archive().expect("the bundled data read");
    let snapshot = archive.as_of(archive.known_through()).expect("known");
    snapshot.current(&id(series)).expect("bundled")
}

fn period(start: &str, end: &str) -> Period {
    Period::new(day(start), day(end)).expect("start before end")
}

#[test]
fn nvidia_in_the_last_quarter_of_2024() {
    let quarters = calendar_quarters(&current("nvda.revenue"));
    let (found, method) = quarters
        .iter()
        .find(|(row, _)| row.period == period("2024-10-01", "2024-12-31"))
        .expect("both neighbours are known");
    // 27 of the 91 days to 2024-10-27 (35,082 million), 65 of the 91 to 2025-01-26 (39,331 million).
    let by_hand = (35_082e6 * 27.0 + 39_331e6 * 65.0) / 91.0;
    assert!((found.value / by_hand - 1.0).abs() < 1e-12, "{} {by_hand}", found.value);
    assert!((found.value - 38_502.516_483e6).abs() < 1e3);
    assert_eq!(*method, Method::Calendarised);
    assert_eq!((found.vintage, found.unit), (day("2025-02-26"), Unit::Usd));
    assert!(found.locator.starts_with("derived: ") && found.locator.contains(" + "));
    assert_eq!(frame(found.period), "CY2024Q4");
    // The last fiscal quarter ends on 2026-07-26: the third quarter of 2026 is not known.
    assert_eq!(quarters.last().expect("rows").0.period, period("2026-04-01", "2026-06-30"));
}

#[test]
fn sums_over_whole_spans_stay() {
    // Four fiscal quarters of 13 weeks that end with the calendar years of 2012 and 2013.
    let mut start = day("2013-01-01");
    let mut rows = Vec::new();
    for (value, n_days) in [(1.0, 91), (2.0, 91), (4.0, 91), (8.0, 92)] {
        let end = start + Days::new(n_days - 1);
        rows.push(row("a.b", Period::new(start, end).expect("days"), value, end + Days::new(20)));
        start = end + Days::new(1);
    }
    let quarters = calendar_quarters(&rows);
    let sum: f64 = quarters.iter().map(|(row, _)| row.value).sum();
    assert!((sum - 15.0).abs() < 1e-12, "{sum}");
    assert_eq!(quarters.len(), 4);
    // The first quarter has 90 days, all of the first 91.
    assert!((quarters[0].0.value - 90.0 / 91.0).abs() < 1e-12);
    // Without the second fiscal quarter, the first and the last stay; nothing is filled in.
    rows.remove(1);
    let ends: Vec<_> = calendar_quarters(&rows).iter().map(|(row, _)| row.period.end()).collect();
    assert_eq!(ends, [day("2013-03-31"), day("2013-12-31")]);
}

#[test]
fn stocks_shares_and_calendar_quarters_stay_as_reported() {
    for series in ["msft.revenue", "crwv.backlog", "aib.share.nvidia", "tsmc.revenue_monthly"] {
        let rows = current(series);
        let quarters = calendar_quarters(&rows);
        assert!(quarters.iter().all(|(_, method)| *method == Method::Reported), "{series}");
        let same: Vec<_> = quarters.into_iter().map(|(row, _)| row).collect();
        assert_eq!(same, rows, "{series}");
    }
    assert_eq!(frame(period("2025-12-31", "2025-12-31")), "CY2025Q4I");
    assert_eq!(frame(period("2024-01-29", "2025-01-26")), "CY2024");
    assert_eq!(frame(period("2026-04-27", "2026-07-26")), "CY2026Q2");
}

#[test]
fn fourteen_weeks_are_no_growth() {
    let rows = current("nvda.revenue");
    let growth = growth(&rows);
    let at = |end: &str| {
        let place = rows.iter().position(|row| row.period.end() == day(end)).expect("bundled");
        growth[place]
    };
    // Fiscal 2021Q4 has 14 weeks: 5,003 million after 4,726 million in 13 is a fall of 1.7%.
    let long = at("2021-01-31");
    assert_eq!(long.weeks, Some(14.0));
    let by_hand = (5_003.0 / 14.0) / (4_726.0 / 13.0) - 1.0;
    assert!((long.sequential.expect("known") - by_hand).abs() < 1e-12 && by_hand < -0.016);
    // A year later 13 weeks with 7,643 million stand against those 14.
    let yearly = at("2022-01-30").yearly.expect("known");
    assert!((yearly - ((7_643.0 / 13.0) / (5_003.0 / 14.0) - 1.0)).abs() < 1e-12, "{yearly}");
    assert_eq!(at("2005-10-30").yearly, None);
    let even = [
        row("a.b", period("2026-07-27", "2026-10-25"), 13.0, day("2026-11-20")),
        row("a.b", period("2026-10-26", "2027-01-31"), 14.0, day("2027-02-20")),
    ];
    let even = chipcast::archive::growth(&even);
    assert!(even[1].sequential.expect("known").abs() < 1e-12);
}

#[test]
fn growth_skips_no_gap_and_stands_on_no_zero() {
    let value = |idx, value| row("a.b", quarter(idx), value, quarter(idx).end() + Days::new(9));
    let growth = growth(&[value(0, 0.0), value(1, 1.0), value(3, 2.0), value(5, 8.0)]);
    assert!(growth.iter().all(|growth| growth.sequential.is_none()), "{growth:?}");
    assert!((growth[3].yearly.expect("a year before") - 7.0).abs() < 0.2);
}

#[test]
fn the_command_adds_columns_only_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let show = |more: &[&str]| {
        let arguments = ["--format", "csv", "data", "show", "nvda.revenue"];
        chipcast(folder.path(), &[&arguments[..], more].concat()).out
    };
    let plain = show(&[]);
    let header = "series,period_start,period_end,value,unit,vintage,source,locator,vintage_basis";
    assert_eq!(plain.lines().next(), Some(header));
    assert_eq!(plain, show(&["--quarters", "reported"]));
    let calendar = show(&["--quarters", "calendar", "--growth"]);
    let more = format!("{header},method,frame,weeks,growth_sequential,growth_yearly");
    assert_eq!(calendar.lines().next(), Some(more.as_str()));
    assert!(calendar.contains("calendarised,CY2024Q4"));
    let early = show(&["--quarters", "calendar", "--as-of", "2025-02-25"]);
    assert!(!early.contains("CY2024Q4") && early.contains("CY2024Q3"), "{early}");
}
