//! The archive: what an append means, and that the disk holds the old or the new state.

use std::path::Path;

use chipcast::archive::{Archive, Batch, Status};
use chipcast::period::Period;
use chipcast::store::Store;
use chrono::NaiveDate;

use crate::support::{archive, chipcast, day, id, quarter, row, slow};

fn batch(rows: Vec<chipcast::observation::Observation>) -> Batch {
    Batch { observations: rows, announcements: Vec::new(), known_through: day("2012-01-01") }
}

fn values(archive: &Archive, as_of: NaiveDate) -> Vec<f64> {
    let snapshot = archive.as_of(as_of).expect("known");
    let known = snapshot.series(&id("acme.revenue")).expect("a series");
    known.points.iter().map(|p| p.value).collect()
}

#[test]
fn a_repeat_is_dropped_a_revision_kept_and_a_conflict_refused() {
    let first = row("acme.revenue", quarter(0), 1.0, day("2010-05-01"));
    let held = archive(vec![first.clone()], "2012-01-01");
    let later = |value: f64, vintage: &str| row("acme.revenue", quarter(0), value, day(vintage));
    let asked = [
        later(1.0, "2010-08-01"),
        later(2.0, "2010-08-01"),
        later(1.0, "2010-04-15"),
        later(4.0, "2010-05-01"),
    ];
    let status = |row: &chipcast::observation::Observation| {
        held.review(std::slice::from_ref(row)).expect("units agree").remove(0)
    };
    assert_eq!(status(&asked[0]), Status::Repeat);
    assert_eq!(status(&asked[1]), Status::Revision);
    assert_eq!(status(&asked[2]), Status::Revision, "an earlier day for a known value");
    assert!(matches!(status(&asked[3]), Status::Conflict { held, .. } if held == 1.0));
    let error = held.append(&batch(asked.to_vec())).err().expect("a conflict is an error");
    assert!(error.to_string().contains("`acme.revenue`"), "{error}");
    let (after, fresh) = held.append(&batch(asked[..3].to_vec())).expect("no conflict");
    assert_eq!(fresh.observations.len(), 2);
    assert_eq!(values(&after, day("2010-04-20")), [1.0]);
    assert_eq!(values(&after, day("2010-08-01")), [2.0]);
}

#[test]
fn a_quarter_filed_under_dates_that_differ_by_days_is_the_held_quarter() {
    let held = archive(vec![row("acme.revenue", quarter(0), 1.0, day("2010-05-01"))], "2012-01-01");
    let slip = Period::new(day("2010-01-02"), day("2010-03-31")).expect("a period");
    let next = Period::new(day("2010-04-03"), day("2010-07-02")).expect("a period");
    let mut rows = [
        row("acme.revenue", slip, 2.0, day("2011-05-01")),
        row("acme.revenue", next, 4.0, day("2010-08-01")),
    ];
    held.align(&mut rows).expect("readable");
    assert_eq!((rows[0].period, rows[1].period), (quarter(0), next));
    assert_eq!(rows[0].locator, "accn 0; filed for 2010-01-02..2010-03-31");
    assert_eq!(held.review(&rows).expect("units agree"), [Status::Revision, Status::Added]);
}

#[test]
fn what_is_written_is_read_back_and_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::at(folder.path()).expect("a folder");
    let rows: Vec<_> = (0..40)
        .map(|idx| {
            let period = quarter(idx % 20);
            let series = if idx < 20 { "acme.revenue" } else { "beta.revenue" };
            row(series, period, f64::from(idx) + 0.1, period.end() + chrono::Days::new(30))
        })
        .collect();
    let written = batch(rows.clone());
    store.lock().expect("free").commit(&written).expect("writable");
    let read = store.read().expect("readable");
    assert_eq!(read.vintages(&id("beta.revenue")).expect("held"), rows[20..]);
    assert_eq!(read.digest(), Archive::of(written).expect("rows").digest());
    assert_eq!(read.known_through(), day("2012-01-01"));
}

/// A folder that holds one committed row, and the batch that comes next.
fn committed(folder: &Path) -> (Store, Batch) {
    let store = Store::at(folder).expect("a folder");
    let first = batch(vec![row("acme.revenue", quarter(0), 1.0, day("2010-05-01"))]);
    store.lock().expect("free").commit(&first).expect("writable");
    (store, batch(vec![row("acme.revenue", quarter(1), 2.0, day("2010-08-01"))]))
}

#[test]
fn a_crash_between_any_two_steps_of_a_write_leaves_the_old_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, next) = committed(folder.path());
    let old_manifest = std::fs::read(folder.path().join("archive/manifest.json")).expect("there");
    let old = values(&store.read().expect("readable"), day("2012-01-01"));
    // The steps of a write: a temporary segment, its rename, a temporary manifest, its rename.
    let archive = folder.path().join("archive");
    std::fs::write(archive.join("segments/.tmpAbC123"), b"half a segm").expect("writable");
    assert_eq!(values(&store.read().expect("old"), day("2012-01-01")), old);
    store.lock().expect("free").commit(&next).expect("writable");
    let new = values(&store.read().expect("new"), day("2012-01-01"));
    assert_eq!(new, [1.0, 2.0]);
    // Crash after the segment's rename, before the manifest's: the old manifest, the new segment.
    std::fs::write(archive.join("manifest.json"), &old_manifest).expect("writable");
    assert_eq!(values(&store.read().expect("old"), day("2012-01-01")), old);
    std::fs::write(archive.join(".tmpXyZ789"), &old_manifest[..20]).expect("writable");
    assert_eq!(values(&store.read().expect("old"), day("2012-01-01")), old);
    store.lock().expect("free").commit(&next).expect("the same write goes through later");
    assert_eq!(values(&store.read().expect("new"), day("2012-01-01")), new);
}

#[test]
fn a_first_write_cut_short_leaves_no_archive_and_a_lost_manifest_is_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = committed(folder.path());
    let archive = folder.path().join("archive");
    assert!(store.exists() && !archive.join("unfinished").exists());
    // The manifest is lost: the segments are still somebody's data.
    std::fs::remove_file(archive.join("manifest.json")).expect("there");
    assert!(store.exists());
    let error = store.read().err().expect("damaged");
    assert!(error.to_string().contains("manifest.json"), "{error}");
    let data = folder.path().to_str().expect("text");
    let run = chipcast(folder.path(), &["--data", data, "data", "list"]);
    assert_eq!(run.code, 2, "{}", run.out);
    // A first write that crashed between its segment and its manifest had marked itself.
    std::fs::write(archive.join("unfinished"), b"").expect("writable");
    assert!(!store.exists());
    let (_, next) = committed(folder.path());
    store.lock().expect("free").commit(&next).expect("writable");
    assert_eq!(values(&store.read().expect("whole"), day("2012-01-01")), [1.0, 2.0]);
}

#[test]
fn a_killed_import_leaves_the_old_or_the_new_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = "series,period_start,period_end,value,unit,vintage,source,locator\n".to_owned();
    for company in 0..400 {
        for idx in 0..40 {
            let period = quarter(idx);
            let (start, end) = (period.start(), period.end());
            table.push_str(&format!("c{company}.revenue,{start},{end},{idx}.5,USD,{end},s,l\n"));
        }
    }
    std::fs::write(folder.path().join("big.csv"), table).expect("writable");
    let data = folder.path().join("data");
    let n_kills = if slow() { 40 } else { 6 };
    for attempt in 0..n_kills {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_chipcast"))
            .current_dir(folder.path())
            .args(["--empty", "-q", "data", "import", "big.csv"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the binary is built");
        // Waits by polling for a file, so that kills fall between different steps of the write.
        let mut polls = 0_u32;
        while polls < attempt * 4_000 && child.try_wait().expect("a child").is_none() {
            polls += 1;
        }
        let _ = child.kill();
        child.wait().expect("a child");
        let n = chipcast(folder.path(), &["--empty", "--format", "json", "data", "list"]);
        assert_eq!(n.code, 0, "{}", n.err);
        let n_series = n.rows().len();
        assert!(n_series == 0 || n_series == 400, "{n_series} series after kill {attempt}");
        let _ = std::fs::remove_dir_all(&data);
    }
}

#[test]
fn a_damaged_file_is_named_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, next) = committed(folder.path());
    let segments = folder.path().join("archive/segments");
    let segment = std::fs::read_dir(&segments).expect("there").next().expect("one").expect("ok");
    let mut bytes = std::fs::read(segment.path()).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(segment.path(), &bytes).expect("writable");
    let error = store.read().expect("the manifest is fine").series_ids().expect_err("damaged");
    assert!(error.to_string().contains(segment.file_name().to_str().expect("text")), "{error}");
    let manifest = folder.path().join("archive/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("readable").replace("2012", "2013");
    std::fs::write(&manifest, &text).expect("writable");
    let error = store.read().err().expect("a changed manifest is seen");
    assert!(error.to_string().contains("manifest.json"), "{error}");
    assert!(store.lock().expect("free").commit(&next).is_err());
    assert_eq!(std::fs::read_to_string(&manifest).expect("readable"), text);
}

#[test]
fn two_writers_do_not_meet() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = committed(folder.path());
    let _held = store.lock().expect("free");
    std::fs::write(
        folder.path().join("one.csv"),
        "series,period_start,period_end,value,unit,vintage,source,locator\n\
         acme.revenue,2011-01-01,2011-03-31,1,USD,2011-05-01,s,l\n",
    )
    .expect("writable");
    let data = folder.path().to_str().expect("text");
    let run = chipcast(folder.path(), &["--data", data, "data", "import", "one.csv"]);
    assert_eq!(run.code, 5, "{}", run.err);
    assert!(run.err.contains("locked by another run"), "{}", run.err);
}
