//! Guidance out of releases: sentences of our own wording, real releases of `../shared` against the
//! golden tables, and input that is none.

use std::collections::BTreeMap;

use chipcast::ingest::edgar::guidance;
use chipcast::ingest::{Filing, Parsed, Raw};
use chipcast::observation::Announcement;
use chipcast::period::Period;
use proptest::prelude::*;

use crate::support::{chipcast, day, shared, slow};

/// A company whose year is the calendar's, after its second quarter of 2025.
const CALENDAR: &str = "Acme Reports Second Quarter 2025 Results\n\n\
                        Results for the quarter ended June 30, 2025 follow.\n\n";
/// A company whose fiscal year 2026 ends on the last Sunday of January, after its second quarter.
const FISCAL: &str = "Acme Announces Results for Second Quarter Fiscal 2026\n\n\
                      Revenue for the second quarter ended July 27, 2025, was a record $46.7 \
                      billion.\n\n";
const OUTLOOK: &str =
    "Outlook\n\nThe outlook for the third quarter of fiscal 2026 is as follows:\n\n";

fn parsed(text: &str) -> Parsed {
    let raw = Raw::new("release.txt", text.as_bytes().to_vec(), day("2025-08-28"));
    guidance::read(&raw, "acme", day("2025-08-28"), &[]).expect("text is read")
}

/// Every guide as `metric period_end low mid high`, with money in millions.
fn guides(text: &str) -> Vec<String> {
    let parsed = parsed(text);
    let shown = |a: &Announcement| {
        let scale = if a.unit == chipcast::units::Unit::Ratio { 1.0 } else { 1e6 };
        let [low, mid, high] = [a.low, a.mid, a.high].map(|value| value / scale);
        format!("{} {} {low} {mid} {high}", a.metric, a.period.end())
    };
    parsed.announcements.iter().map(shown).collect()
}

#[test]
fn sentences_of_every_form() {
    let rows = include_str!("../fixtures/guidance/sentences.csv");
    let (mut n_rows, mut wrong) = (0, Vec::new());
    for row in csv::Reader::from_reader(rows.as_bytes()).records() {
        let row = row.expect("three cells");
        let before = match &row[0] {
            "calendar" => CALENDAR.to_owned(),
            _ => format!("{FISCAL}{OUTLOOK}"),
        };
        let found = guides(&format!("{before}{}\n", &row[1])).join("; ");
        if found != row[2] {
            wrong.push(format!("{}\n  found {found}\n  want  {}", &row[1], &row[2]));
        }
        n_rows += 1;
    }
    assert!(n_rows >= 90, "only {n_rows} sentences");
    assert!(wrong.is_empty(), "{} of {n_rows}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_cannot_be_read_is_set_aside_with_its_reason() {
    for (sentence, series, reason) in [
        ("We expect third quarter revenue of at least $5 billion.", "acme.revenue", "one end only"),
        (
            "We expect third quarter revenue between €7 billion and €8 billion.",
            "acme.revenue",
            "currency",
        ),
        ("We expect third quarter revenue to be up 5% sequentially.", "acme.revenue", "a change"),
        ("We expect gross margin in the mid-70% range in 2025.", "acme.gross_margin", "mid-70%"),
        ("We expect third quarter EPS of $2.50.", "acme.third_quarter_eps", "splits"),
        ("We expect revenue of $5 billion.", "acme.revenue", "no period"),
        ("We expect revenue of $50 billion in 2031.", "acme.revenue", "target"),
        ("We expect second quarter revenue of $5 billion.", "acme.revenue", "had ended"),
        (
            "We expect third quarter revenue of $7 billion to $5 billion.",
            "acme.revenue",
            "upper end",
        ),
        (
            "We expect revenue of $8 billion in the second half of 2025.",
            "acme.revenue",
            "half a year",
        ),
    ] {
        let parsed = parsed(&format!("{CALENDAR}{sentence}"));
        assert!(parsed.announcements.is_empty(), "{sentence}: {:?}", parsed.announcements);
        let aside: Vec<_> = parsed.set_aside.iter().collect();
        assert!(
            aside.len() == 1 && aside[0].series == series && aside[0].reason.contains(reason),
            "{sentence}: {aside:?}"
        );
        assert_eq!(aside[0].locator, "release.txt; paragraph 3");
    }
}

#[test]
fn words_say_how_a_guide_changes() {
    for (sentence, word) in [
        ("We expect revenue of $5 billion in the third quarter.", "guide"),
        ("Raises third quarter revenue guidance to $5.0 billion.", "raise"),
        (
            "Third quarter revenue is expected at $5 billion, up from our prior $4 billion view.",
            "raise",
        ),
        ("We lowered third quarter revenue guidance to $5 billion.", "lower"),
        ("Acme reiterates its third quarter revenue guidance of $5 billion.", "reiterate"),
        ("We continue to expect third quarter revenue of $5 billion.", "reiterate"),
        ("We now expect third quarter revenue of $5 billion.", "revise"),
        ("We expect third quarter revenue of $5-6 billion, narrowed from $4-6 billion.", "revise"),
        ("We expect third quarter revenue of $5 billion, up 24% from the prior year.", "guide"),
    ] {
        let found = parsed(&format!("{CALENDAR}{sentence}"));
        let actions: Vec<_> = found.announcements.iter().map(|a| a.action.word()).collect();
        assert_eq!(actions, [word], "{sentence}");
    }
}

#[test]
fn a_fiscal_year_of_53_weeks_follows_the_known_calendar() {
    let text = "Acme Announces Results for Third Quarter Fiscal 2027\n\nResults for the third \
                quarter ended October 25, 2026.\n\nWe expect fourth quarter revenue of $5 billion.";
    let calendar = quarters_of_nvidia();
    for (known, end) in [(&calendar[..], "2027-01-31"), (&[][..], "2027-01-24")] {
        let raw = Raw::new("r.txt", text.as_bytes().to_vec(), day("2026-11-18"));
        let parsed = guidance::read(&raw, "acme", day("2026-11-18"), known).expect("text");
        assert_eq!(parsed.announcements[0].period.end(), day(end));
    }
}

#[test]
fn a_quarter_that_ends_with_a_month_by_chance_follows_the_known_calendar() {
    let text = "Acme Announces Preliminary Results\n\nFor the second quarter of fiscal 2023 \
                ended July 31, 2022, revenue is expected to be approximately $6.70 billion, \
                compared with an outlook of $8.10 billion.";
    let raw = Raw::new("r.txt", text.as_bytes().to_vec(), day("2022-08-08"));
    let parsed =
        guidance::read(&raw, "acme", day("2022-08-08"), &quarters_of_nvidia()).expect("text");
    let [revision] = parsed.announcements.as_slice() else { panic!("{parsed:?}") };
    assert_eq!((revision.mid, revision.action.word()), (6.7e9, "revise"));
    assert_eq!(revision.period.start(), day("2022-05-02"));
}

#[test]
fn a_quote_is_found_again_by_its_filing_and_paragraph() {
    let sentence = "We expect third quarter revenue of $5 billion.";
    let filing = Filing {
        cik: 1,
        accession: "0000000001-25-000001".to_owned(),
        form: "8-K".to_owned(),
        items: vec!["2.02".to_owned()],
        filed: day("2025-08-28"),
        report_end: None,
    };
    let text = format!("{CALENDAR}{sentence}");
    let raw =
        Raw { filing: Some(filing), ..Raw::new("r.txt", text.into_bytes(), day("2025-08-28")) };
    let parsed = guidance::read(&raw, "ACME", day("2025-08-28"), &[]).expect("text");
    let found = &parsed.announcements[0];
    assert_eq!(found.locator, "accn 0000000001-25-000001; paragraph 3");
    assert_eq!((found.company.as_str(), found.quote.as_str()), ("acme", sentence));
    let error = guidance::read(
        &Raw::new("r", vec![0; 9], day("2025-08-28")),
        "acme",
        day("2025-08-28"),
        &[],
    );
    assert!(error.expect_err("no text").to_string().contains("neither HTML nor plain text"));
}

/// A row of the golden table of NVIDIA's guides: last day, day published, middle in billions.
fn golden(folder: &std::path::Path) -> Vec<(String, String, f64)> {
    let text =
        std::fs::read_to_string(folder.join("data/tables/nvidia_guidance.csv")).expect("a table");
    let rows = text.lines().filter(|line| line.starts_with("nvda_rev_guidance_mid,"));
    let cells = rows.map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    cells.map(|c| (c[5].clone(), c[7].clone(), c[6].parse().expect("a number"))).collect()
}

#[test]
fn releases_of_nvidia_agree_with_the_golden_table() {
    let Some(folder) = shared() else { return };
    let golden = golden(&folder);
    let mut n_read = 0;
    for (end, published, mid) in &golden {
        let files = std::fs::read_dir(folder.join("data/raw/press/nvidia")).expect("a folder");
        let name = fiscal_name(end);
        let Some(file) =
            files.flatten().find(|f| f.file_name().to_string_lossy().starts_with(&name))
        else {
            continue;
        };
        n_read += 1;
        let bytes = std::fs::read(file.path()).expect("a release");
        let raw = Raw::new(name.as_str(), bytes, day(published));
        let parsed = guidance::read(&raw, "nvda", day(published), &[]).expect("a release");
        let revenue: Vec<_> =
            parsed.announcements.iter().filter(|a| a.metric.starts_with("revenue")).collect();
        let [guide] = revenue.as_slice() else { panic!("{name}: {revenue:?}") };
        let exact = |percent: f64| (mid * 10.0 * percent).round() * 1e6;
        assert_eq!([guide.low, guide.mid, guide.high], [98.0, 100.0, 102.0].map(exact), "{name}");
        assert_eq!(guide.period.end(), day(end), "{name}");
        assert_eq!(guide.period.n_days(), 91, "{name}");
        assert_eq!(parsed.announcements.len(), 9, "{name}: {:?}", parsed.announcements);
    }
    assert_eq!(n_read, 11, "every release there is has its row");
}

/// The release that guides the quarter ending on a day: `FY2025Q2` guides 2024-10-27.
fn fiscal_name(guided_end: &str) -> String {
    use chrono::Datelike;
    let reported = day(guided_end) - chrono::Days::new(101);
    let (year, month) = (reported.year(), reported.month());
    let quarter = match month {
        3..=5 => 1,
        6..=8 => 2,
        9..=11 => 3,
        _ => 4,
    };
    format!("FY{}Q{quarter}", if quarter == 4 && month < 3 { year } else { year + 1 })
}

#[test]
fn the_release_of_amd_is_read() {
    let Some(folder) = shared() else { return };
    let bytes = std::fs::read(folder.join("data/raw/press/AMD_8K_2026-02-03_q42025991.htm"))
        .expect("there");
    let raw = Raw::new("amd", bytes, day("2026-02-03"));
    let parsed = guidance::read(&raw, "amd", day("2026-02-03"), &[]).expect("a release");
    let found: Vec<_> = parsed
        .announcements
        .iter()
        .map(|a| (a.metric.as_str(), a.period.start(), a.period.end(), a.low, a.mid, a.high))
        .collect();
    let (start, end) = (day("2025-12-28"), day("2026-03-28"));
    assert_eq!(
        found,
        [
            ("revenue", start, end, 9.5e9, 9.8e9, 10.1e9),
            ("gross_margin_non_gaap", start, end, 0.55, 0.55, 0.55)
        ]
    );
}

/// A fourth quarter of 14 weeks, and a first quarter after it.
fn quarters_of_nvidia() -> Vec<Period> {
    [("2020-10-26", "2021-01-31"), ("2022-01-31", "2022-05-01")]
        .map(|(start, end)| Period::new(day(start), day(end)).expect("in order"))
        .to_vec()
}

#[test]
fn every_labelled_text_of_our_own_is_read_and_nothing_else() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/guidance/");
    let labels = include_str!("../fixtures/guidance/labels.csv");
    let mut texts: BTreeMap<[&str; 3], Vec<&str>> = BTreeMap::new();
    for line in labels.lines().skip(1) {
        let mut cells = line.splitn(4, ',');
        let key = [(); 3].map(|()| cells.next().expect("four cells"));
        let guide = cells.next().expect("four cells");
        let guides = texts.entry(key).or_default();
        guides.extend((!guide.starts_with(',')).then_some(guide));
    }
    let mut n_texts = 0;
    for ([file, company, published], mut labelled) in texts {
        let Ok(bytes) = std::fs::read(format!("{folder}{file}")) else { continue };
        n_texts += 1;
        // Where a quarter ended with a month by chance, or a year has 53 weeks, only the calendar tells.
        let known = if company == "nvda" { quarters_of_nvidia() } else { Vec::new() };
        let raw = Raw::new(file, bytes, day(published));
        let parsed = guidance::read(&raw, company, day(published), &known).expect("a text");
        let shown = |a: &Announcement| {
            let (start, end) = (a.period.start(), a.period.end());
            format!("{},{start},{end},{},{},{}", a.metric, a.low, a.mid, a.high)
        };
        let mut found: Vec<_> = parsed.announcements.iter().map(shown).collect();
        found.sort();
        labelled.sort_unstable();
        assert_eq!(found, labelled, "{file}");
    }
    assert!(n_texts > 25, "the texts are there");
}

#[test]
fn the_command_stores_what_a_release_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let release =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/guidance/nvda_2020-05-21.txt");
    let press = |file: &str, day: &str| {
        chipcast(
            folder.path(),
            &[
                "ingest",
                "press",
                file,
                "--company",
                "NVDA",
                "--published",
                day,
                "--accession",
                "0001045810-20-000063",
                "--empty",
                "--format",
                "json",
            ],
        )
    };
    let run = press(release, "2020-05-21");
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    let guide =
        rows.iter().find(|row| row["kind"] == "announcement" && row["series"] == "nvda.revenue");
    let guide = guide.expect("a guide");
    assert_eq!(guide["value"], 3.65e9);
    assert_eq!(guide["period_end"], "2020-07-26");
    let again = press(release, "2020-05-21");
    let is_new =
        |row: &serde_json::Value| row["kind"] == "announcement" && row["status"] != "repeat";
    assert!(!again.rows().iter().any(is_new), "a second reading says nothing new");
    let shown = chipcast(folder.path(), &["data", "announcements", "nvda", "--format", "json"]);
    assert!(shown.out.contains("accn 0001045810-20-000063; paragraph"), "{}", shown.out);
    let none = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/guidance/tsla_2025-07-23.txt");
    let run = press(none, "2025-07-23");
    let only_words = |row: &serde_json::Value| {
        row["series"].as_str().is_some_and(|series| series.contains(".words.capacity_short"))
    };
    assert_eq!((run.code, run.rows().iter().all(only_words)), (0, true), "{}", run.err);
    assert!(run.err.contains("no guidance was read"), "{}", run.err);
}

/// Pieces of markup and of guidance.
const PIECES: &str = "<[a-z/]{1,6}( [a-z]=\"?)?>?|&[#a-z0-9]{0,6};?|[$0-9.,%±–-]{1,8}| (we expect\
                      |revenue|billion|to|between|Q3|fiscal|2025|plus or minus|ended|July|GAAP)";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if slow() { 4096 } else { 256 }))]

    #[test]
    fn no_text_makes_it_panic(
        text in "\\PC{0,400}",
        pieces in prop::collection::vec(PIECES, 0..120)
    ) {
        let html = pieces.concat();
        for text in [text, html] {
            let raw = Raw::new("r", text.into_bytes(), day("2025-08-28"));
            let _ = guidance::read(&raw, "acme", day("2025-08-28"), &[]);
        }
    }

    #[test]
    fn no_slip_in_a_release_makes_it_panic(
        cuts in prop::collection::vec((0..4000_usize, 0..40_usize, any::<u8>()), 1..12)
    ) {
        let mut bytes = include_bytes!("../fixtures/guidance/intc_2025-07-24.html").to_vec();
        for (at, n, byte) in cuts {
            let at = at % bytes.len();
            let end = (at + n).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        let raw = Raw::new("r", bytes, day("2025-07-24"));
        let _ = guidance::read(&raw, "intc", day("2025-07-24"), &[]);
    }
}
