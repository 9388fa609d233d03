//! How much first releases are revised, by hand-checked values, and as it could be known.

use chipcast::archive::Revisions;
use chipcast::ingest::bundled;

use crate::support::{archive, chipcast, day, id, quarter, row};

fn bundled_as_of(as_of: &str, series: &str) -> Revisions {
    let archive = bundled::archive().expect("the bundled data read");
    archive.as_of(day(as_of)).expect("known").revisions(&id(series)).expect("bundled")
}

#[test]
fn every_number_by_hand() {
    let rows = vec![
        // Revised up by half, 31 days after the first release on the 30th day.
        row("a.b", quarter(0), 2.0, day("2010-04-30")),
        row("a.b", quarter(0), 3.0, day("2010-05-31")),
        // Revised twice, down to a quarter in the end.
        row("a.b", quarter(1), 8.0, day("2010-07-10")),
        row("a.b", quarter(1), 4.0, day("2010-07-20")),
        row("a.b", quarter(1), 2.0, day("2010-08-10")),
        // Never revised.
        row("a.b", quarter(2), 16.0, day("2010-10-20")),
    ];
    let archive = archive(rows, "2012-01-01");
    let as_of = |text: &str| archive.as_of(day(text)).expect("known");
    let found = as_of("2012-01-01").revisions(&id("a.b")).expect("there");
    assert_eq!((found.n_periods, found.n_revised), (3, 2));
    assert!((found.share_revised - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(found.mean_revision, Some(-0.125));
    assert_eq!(found.mean_abs_revision, Some(0.625));
    let largest = found.largest.expect("a revision");
    assert_eq!((largest.period, largest.first, largest.last), (quarter(1), 8.0, 2.0));
    assert_eq!(largest.revision(), -0.75);
    // 30, 10 and 20 days after the quarters' ends; 31 days each from first to last.
    assert_eq!(found.median_lag_days, Some(20.0));
    assert_eq!(found.lag_to_final_days, Some(31.0));
    let early = as_of("2010-07-31").revisions(&id("a.b")).expect("there");
    assert_eq!((early.n_periods, early.n_revised), (2, 2));
    assert_eq!(early.largest.expect("a revision").last, 4.0);
    assert_eq!(early.mean_revision, Some(0.0));
    let none = as_of("2010-04-30").revisions(&id("a.b")).expect("there");
    assert_eq!((none.n_revised, none.mean_revision, none.largest), (0, None, None));
}

#[test]
fn meta_restated_the_capital_expenditure_of_2023() {
    let now = bundled_as_of("2026-09-24", "meta.capex_cash");
    assert!(now.n_revised >= 1 && now.mean_revision.expect("revised") < 0.0, "{now:?}");
    let before = bundled_as_of("2024-01-31", "meta.capex_cash");
    assert!(before.n_revised < now.n_revised, "restated in 2024, {before:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let run = chipcast(
        folder.path(),
        &["--format", "json", "data", "vintages", "meta.capex_cash", "--period", "2023-03-31"],
    );
    let rows = run.rows();
    assert_eq!(rows.len(), 2, "{}", run.err);
    assert_eq!((&rows[0]["value"], &rows[0]["change"]), (&6_842e6.into(), &().into()));
    let change = rows[1]["change"].as_f64().expect("a change");
    assert!((change - (6_823.0 / 6_842.0 - 1.0)).abs() < 1e-12, "{change}");
    let none =
        chipcast(folder.path(), &["data", "vintages", "meta.capex_cash", "--period", "2023-04-01"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("ends on 2023-04-01") && none.err.contains("2023-03-31"));
}

#[test]
fn the_columns_are_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = chipcast(folder.path(), &["--format", "csv", "data", "revisions"]);
    assert_eq!(
        run.out.lines().next(),
        Some(
            "series,n_periods,n_revised,share_revised,mean_revision,mean_abs_revision,\
             max_abs_revision,max_period_start,max_period_end,median_lag_days,lag_to_final_days,\
             largest,largest_first_value,largest_last_value"
        )
    );
    assert!(run.out.contains("\nmeta.capex_cash,"), "{}", run.out);
    let one = chipcast(folder.path(), &["--format", "json", "data", "revisions", "aapl.revenue"]);
    assert!(one.rows()[0]["largest"].is_null());
    let nobody = chipcast(folder.path(), &["data", "revisions", "no.body"]);
    assert_eq!(nobody.code, 2);
}
