//! What the engine does where it should know less, or nothing; and the columns that say so.

use chipcast::forecast::backtest::Book;
use chipcast::forecast::conformal::Method;
use chipcast::forecast::engine::{self, Chipcast, LeftOut};
use chipcast::forecast::leave_one_out::left_out;
use chipcast::forecast::placebo::{Kind, Neighbours, false_alarms};
use chipcast::forecast::record::Truth;
use chipcast::forecast::{Forecaster, calibration};

use crate::leakage::panel;
use crate::support::{archive, chipcast, day, id};

#[test]
fn a_company_left_out_teaches_itself_nothing() {
    let known = archive(panel(), "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let target = id("msft.capex_cash");
    let rows = left_out(&known, &target, 2, None, Truth::FirstRelease).expect("rows");
    let book = Book::new(&known, 2).expect("a horizon");
    let own = book.backtest(&Chipcast, &target, None, Truth::FirstRelease).expect("rows");
    assert_eq!(rows.len(), own.len());
    let late = day("2018-01-01");
    let residuals = |rows: &[chipcast::forecast::backtest::Row]| {
        rows.iter().find(|row| row.origin > late).map(|row| row.quantiles.n_residuals())
    };
    let (without, with) = (residuals(&rows).expect("a row"), residuals(&own).expect("a row"));
    assert!(without > 0 && without < with, "{without} of {with}");
    // The company's own past moves its median, but not through the pool: made a thousand times as
    // large, it only shifts it.
    let path = LeftOut.path(&known, &target, 1).expect("a path").steps[0].median;
    let mut other = panel();
    for row in other.iter_mut().filter(|row| row.series == target) {
        row.value *= 1000.0;
    }
    let other = archive(other, "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let moved = LeftOut.path(&other, &target, 1).expect("a path").steps[0].median;
    assert!((moved / path / 1000.0 - 1.0).abs() < 1e-9);
    let alone = archive(panel(), "2026-01-01").as_of(day("2010-01-01")).expect("known");
    assert!(left_out(&alone, &target, 2, None, Truth::FirstRelease).is_err());
}

#[test]
fn placebos_are_the_same_from_the_same_seed_and_seldom_answered() {
    let known = archive(panel(), "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let target = id("msft.capex_cash");
    for kind in Kind::ALL {
        let what = (kind, Neighbours::Placebos);
        let one = false_alarms(&known, &target, what, (2, 20), 1).expect("placebos");
        assert_eq!(one, false_alarms(&known, &target, what, (2, 20), 1).expect("placebos"));
        assert!(one[0].n_answered <= 10, "{kind:?} {one:?}");
    }
}

#[test]
fn every_interval_method_answers_and_pit_agrees_with_the_interval() {
    let known = archive(panel(), "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let target = id("googl.capex_cash");
    for method in [Method::Split, Method::Rolling { window: 8 }, Method::bundled()] {
        let book = Book::new(&known, 2).expect("a horizon").with_intervals(method);
        let model = engine::model("pooled").expect("a model");
        let rows = book.backtest(model, &target, None, Truth::FirstRelease).expect("rows");
        let mut n_inside = 0;
        for row in &rows {
            let (Some(actual), Some((low, high))) = (row.actual, row.quantiles.interval(0.8))
            else {
                continue;
            };
            let level = calibration::pit(&row.quantiles, actual).expect("residuals are known");
            if low < actual && actual < high {
                assert!((0.1..=0.9).contains(&level), "{level}");
                n_inside += 1;
            } else if actual < low || high < actual {
                assert!(level <= 0.1 || level >= 0.9, "{level}");
            }
            assert!(calibration::crps(&row.quantiles, actual).expect("residuals") >= 0.0);
        }
        assert!(n_inside > 10, "{method:?}");
    }
}

#[test]
fn the_columns_of_trials_and_calibration_are_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let run = chipcast(folder.path(), arguments);
        assert_eq!(run.code, 0, "{}", run.err);
        run.out.lines().next().expect("a header").to_owned()
    };
    let backtest = |rest: &[&str]| {
        let mut all = vec!["--format", "csv", "backtest", "msft.capex_cash", "--horizon", "1"];
        all.extend(rest);
        run(&all)
    };
    let header = backtest(&["--models", "chipcast,naive,drift"]);
    assert!(header.starts_with("series,model,horizon,n,mae_log,mase,wis,"), "{header}");
    assert!(header.ends_with("pit_p,ljung_box_p,dm_hln,dm_p,mcs_p,in_mcs"), "{header}");
    assert_eq!(
        backtest(&["--models", "chipcast", "--by", "calibration"]),
        "series,model,horizon,n,kind,level,expected,share,lower,upper"
    );
    assert!(backtest(&["--leave-one-out"]).starts_with("series,horizon,n,mae_log,"));
    assert_eq!(
        backtest(&["--placebo", "2"]),
        "series,kind,neighbours,horizon,n,n_answered,n_by_panel,false_alarm_rate,lower,upper"
    );
    assert_eq!(
        run(&["--format", "csv", "hierarchy", "--horizon", "1"]),
        "node,horizon,target_end_date,unit,stage,median,lower_80,upper_80"
    );
    let both = ["backtest", "msft.capex_cash", "--placebo", "2", "--leave-one-out"];
    let refused = chipcast(folder.path(), &both);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("cannot be used with"), "{}", refused.err);
    let none = chipcast(folder.path(), &["backtest", "msft.capex_cash", "--placebo", "0"]);
    assert_eq!(none.code, 2);
}
