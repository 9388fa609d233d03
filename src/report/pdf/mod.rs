//! PDF: the report as a note on A4 pages, set by typst.
//!
//! May use typst and the font `Noto Sans`, both compiled in. Words from the report reach the template
//! `note.typ` as data and are never read as markup. The same report gives the same bytes: the only day
//! that typst sees is the report's own. Conforms to PDF/UA-1, so that it can be read aloud.

mod page;
mod world;

use chrono::{Datelike, NaiveDate};
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::error::{Error, Result};
use crate::report::{Render, Report, lint};

/// Writes a report as PDF.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pdf;

impl Render for Pdf {
    fn extension(&self) -> &'static str {
        "pdf"
    }

    fn render(&self, report: &Report) -> Result<Vec<u8>> {
        lint::check(report)?;
        let options = options(report)?;
        let pages = set(report)?;
        let bytes = typst_pdf::pdf(&pages, &options).map_err(|errors| refused(report, &errors));
        // What typst remembers of one report is of no use to the next.
        typst::comemo::evict(0);
        bytes
    }
}

/// The report on its pages.
fn set(report: &Report) -> Result<PagedDocument> {
    let desk = world::Desk::new(page::Page::of(report), datetime(report.as_of));
    typst::compile(&desk).output.map_err(|errors| refused(report, &errors))
}

fn refused(report: &Report, errors: &[SourceDiagnostic]) -> Error {
    let words: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    Error::invalid(format!("`{}` cannot be set as PDF: {}", report.title, words.join("; ")))
}

/// What makes the file's name, day and form depend on the report alone.
fn options(report: &Report) -> Result<PdfOptions> {
    let standards = PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|error| {
        Error::invalid(format!("PDF/UA-1 is not to be had: {}", error.message()))
    })?;
    let ident = format!("{} {} {}", report.title, report.run_id, report.data_hash);
    Ok(PdfOptions {
        ident: Smart::Custom(ident),
        creator: Smart::Custom(Some(concat!("chipcast ", env!("CARGO_PKG_VERSION")).to_owned())),
        timestamp: datetime(report.as_of).map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    })
}

/// The first second of a day.
fn datetime(day: NaiveDate) -> Option<Datetime> {
    let [month, of_month] = [day.month(), day.day()].map(|part| u8::try_from(part).ok());
    Datetime::from_ymd_hms(day.year(), month?, of_month?, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use typst::layout::{Frame, FrameItem};

    use super::*;
    use crate::report::chart::{Line, Lines};
    use crate::report::{
        Block, Cell, Chart, KeyFigure, Prose, Section, SourceKind, SourceRef, Table, Tone,
    };
    use crate::units::Unit;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 9, 24).expect("a date")
    }

    /// A report with `text` in every place that takes text from outside.
    fn report(text: &str) -> Report {
        let source = SourceRef::new(SourceKind::Estimate, text, text, day());
        let cited = || Prose::cited(text, &source);
        let points = vec![(day(), 1.0), (day() + chrono::Days::new(91), 2.0)];
        let lines = Lines { lines: vec![Line { label: text.into(), points }] };
        let rows = vec![vec![Cell::label(text), Cell::number(96.2e9, Unit::Usd, 1, &source)]];
        let table = Table::new(text, &[text, "Value"], rows).expect("even");
        let chart = Chart::new(text, text, text, Unit::Usd, lines, &source);
        Report {
            title: "Sample Corp".into(),
            finding: cited(),
            subtitle: "A sample".into(),
            as_of: day(),
            run_id: "r-1".into(),
            data_hash: "d-1".into(),
            key_figures: vec![KeyFigure::fact("Grade", Cell::cited(text, &source), cited())],
            bullets: vec![cited()],
            sections: vec![Section::new(
                "s",
                text,
                vec![
                    Block::text(cited()),
                    Block::List(vec![cited()]),
                    table.into(),
                    chart.into(),
                    Block::Note(Tone::Caution, cited()),
                ],
            )],
            disclosures: vec![cited()],
        }
    }

    fn text_of(frame: &Frame, words: &mut String) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => text_of(&group.frame, words),
                FrameItem::Text(text) => words.push_str(&text.text),
                _ => {}
            }
        }
    }

    /// Every letter on the pages, without the spaces.
    fn letters(report: &Report) -> String {
        let mut words = String::new();
        let pages = set(report).expect("set");
        pages.pages().iter().for_each(|page| text_of(&page.frame, &mut words));
        words.retain(|c| !c.is_whitespace() && c != '\u{200b}');
        words
    }

    #[test]
    fn words_are_never_markup() {
        let poison = "#panic() $x^2$ [b] @ref <source-1> *bold* _it_ `raw` \\ // c /* = ~ \
                      #import \"/etc/passwd\" =cmd|' /C calc'!A <script>alert</script>";
        let needed: String = poison.chars().filter(|c| !c.is_whitespace()).collect();
        let found = letters(&report(poison));
        assert!(found.matches(&needed).count() >= 9, "{found}");
        assert!(Pdf.render(&report(poison)).is_ok());
    }

    #[test]
    fn strange_and_endless_text_is_set_all_the_same() {
        let controls = "a\u{202e}b\u{2066}c\u{1b}[31md\u{0}e\r\nf 日本 שלום \u{fdd0} 🚀";
        assert!(letters(&report(controls)).contains("abcdef"));
        for poison in [controls, &"x".repeat(1 << 20), &"\u{301}".repeat(9000)] {
            let bytes = Pdf.render(&report(poison)).expect("set");
            assert!(bytes.starts_with(b"%PDF-"));
            assert!(bytes.len() < 3_000_000, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn the_same_report_gives_the_same_bytes_with_title_language_and_tags() {
        let report = report("Revenue grows");
        let bytes = Pdf.render(&report).expect("set");
        assert!(bytes == Pdf.render(&report).expect("set"), "not the same bytes");
        let text = String::from_utf8_lossy(&bytes);
        for needed in ["/MarkInfo", "/StructTreeRoot", "/Lang", "pdfuaid:part", "D:20260924000000"]
        {
            assert!(text.contains(needed), "{needed}");
        }
        let other = Report { run_id: "r-2".into(), ..report };
        assert!(bytes != Pdf.render(&other).expect("set"));
    }
}
