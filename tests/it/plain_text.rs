//! Poisoned text: whatever an announcement holds, every format shows it as plain text.

use chipcast::report::chart::{Ink, Line, Lines};
use chipcast::report::{
    Block, Cell, Chart, Html, Json, KeyFigure, Markdown, Prose, Render, Report, Section,
    SourceKind, SourceRef, Table, lint, plain,
};
use chipcast::units::Unit;
use quick_xml::events::Event;

use crate::report_sample::{day, sample};
use crate::support::chipcast;

/// Scripts, escape sequences, marks of direction, markup of every format, formulas.
const POISON: &str = "=cmd|' /C calc'!A0\t<script>alert(1)</script>\r\n\u{202e}gpj.exe\u{2066}\u{200f} \
    \u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{0}\u{8} ]]> #let [x](javascript:alert(1)) **b** $a$ @r \
    \" onload='x' {{7*7}} ![i](http://x.y/z) | a |\n# heading\n- item";

/// The sample with `text` in every place that takes text from outside.
fn report(text: &str) -> Report {
    let source = SourceRef::new(SourceKind::Guided, text, "an announcement", day("2026-03-31"));
    let cited = || Prose::cited(text, &source);
    let points = vec![(day("2026-03-31"), 1.0), (day("2026-06-30"), 2.0)];
    let lines = Lines { lines: vec![Line { label: text.into(), points }] };
    let row = vec![Cell::label(text), Cell::cited(text, &source), Cell::missing(text)];
    let table = Table::new(text, &[text, "b", "c"], vec![row]).expect("even");
    let chart = Chart::new(text, text, text, Unit::Usd, lines, &source);
    let blocks = vec![Block::text(cited()), table.into(), chart.into(), Block::List(vec![cited()])];
    Report {
        finding: cited(),
        key_figures: vec![KeyFigure::fact("Said", Cell::cited(text, &source), cited())],
        bullets: vec![cited()],
        sections: vec![Section::new("s", text, blocks)],
        disclosures: vec![cited()],
        ..sample()
    }
}

fn rendered(format: &dyn Render, text: &str) -> String {
    String::from_utf8(format.render(&report(text)).expect("clean")).expect("UTF-8")
}

/// Fails where a character is left that steers a terminal, turns text or is not seen.
fn shows_only_what_it_says(format: &str, document: &str) {
    let hidden = document.lines().find(|line| line.chars().any(char::is_control));
    assert_eq!(hidden, None, "{format}");
    for mark in "\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2069}".chars() {
        assert!(!document.contains(mark), "{format} holds {mark:?}");
    }
}

#[test]
fn poison_is_plain_in_html_markdown_and_json() {
    let formats: [(&str, &dyn Render); 3] = [("html", &Html), ("md", &Markdown), ("json", &Json)];
    for (name, format) in formats {
        let document = rendered(format, POISON);
        shows_only_what_it_says(name, &document);
        assert!(!document.contains("owned") && document.contains("gpj.exe"), "{name}");
    }
    let page = rendered(&Html, POISON);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for bad in ["<script", "\" onload", "href=\"javascript", " src="] {
        assert!(!page.contains(bad), "{bad}");
    }
    let markdown = rendered(&Markdown, POISON);
    for bad in ["<script", "![i]", "**b**", "\n# heading", "\n- item"] {
        assert!(!markdown.contains(bad), "{bad}");
    }
    assert!(!markdown.replace("\\]", "").contains("](javascript"), "a link");
    let json: serde_json::Value = serde_json::from_str(&rendered(&Json, POISON)).expect("JSON");
    assert_eq!(json["finding"]["text"], plain::text(POISON));
}

#[test]
fn a_drawing_holds_poison_as_text_alone() {
    let report = report(POISON);
    let blocks = report.sections.iter().flat_map(|section| &section.blocks);
    let chart = blocks.filter_map(|block| if let Block::Chart(c) = block { Some(c) } else { None });
    let svg = chart.map(|chart| chart.svg("c", Ink::Fixed)).next().expect("a chart");
    shows_only_what_it_says("svg", &svg);
    let mut reader = quick_xml::Reader::from_str(&svg);
    let mut words = String::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) | Event::Empty(tag) => {
                assert_ne!(tag.name().0, "script");
                for attribute in tag.attributes() {
                    let key = attribute.expect("well-formed").key.0;
                    assert!(!key.starts_with("on"), "a handler: {key}");
                }
            }
            Event::Text(text) => words.push_str(&text),
            Event::GeneralRef(name) => words.push_str(&name),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(words.contains("ltscriptgtalert(1)"), "{words}");
}

#[test]
fn a_megabyte_of_text_is_cut_with_a_mark() {
    let text = "x".repeat(1 << 20);
    let formats: [&dyn Render; 3] = [&Html, &Markdown, &Json];
    for format in formats {
        let document = rendered(format, &text);
        assert!(document.len() < 500_000, "{}: {} bytes", format.extension(), document.len());
        assert!(document.contains("xxx … "), "{}", format.extension());
    }
}

#[test]
fn words_that_slipped_past_the_constructors_fail_the_report() {
    let report = Report { title: "a\u{202e}b".into(), ..sample() };
    assert_eq!(lint::problems(&report), ["title is not plain text"]);
}

#[test]
fn imported_poison_neither_steers_the_terminal_nor_opens_a_formula() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "series,period_start,period_end,value,unit,vintage,source,locator\n\
        acme.revenue,2026-01-01,2026-03-31,5,USD,2026-05-01,\
        \"=HYPERLINK(\"\"http://x.y\"\")\u{1b}[31m\u{202e}\",@SUM(A1)\n";
    std::fs::write(folder.path().join("t.csv"), text).expect("written");
    let run = chipcast(folder.path(), &["--data", "d", "data", "import", "t.csv"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let show = |format: &str| {
        let arguments = ["--data", "d", "--format", format, "data", "show", "acme.revenue"];
        let run = chipcast(folder.path(), &arguments);
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    };
    shows_only_what_it_says("table", &show("table"));
    let csv = show("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let row = reader.records().next().expect("a row").expect("CSV");
    let opens = |cell: &str| cell.starts_with(['=', '+', '@']);
    assert!(!row.iter().any(opens), "{row:?}");
    assert!(row.iter().any(|cell| cell.starts_with("'=HYPERLINK")), "{row:?}");
    assert!(row.iter().any(|cell| cell == "'@SUM(A1)"), "{row:?}");
    assert!(row.iter().any(|cell| cell.parse::<f64>() == Ok(5.0)), "{row:?}");
}

#[cfg(feature = "pdf")]
#[test]
fn poison_and_a_megabyte_are_set_as_pdf() {
    use chipcast::report::Pdf;
    for text in [POISON, &"x".repeat(1 << 20)] {
        let bytes = Pdf.render(&report(text)).expect("set");
        assert!(bytes.starts_with(b"%PDF-") && bytes.len() < 3_000_000, "{} bytes", bytes.len());
    }
}
