//! HTML: one page that holds everything, readable without scripts, in light, dark and print.
//!
//! May use the rest of `report`, and maud, which escapes every text. Loads nothing from outside:
//! the only addresses on the page are the links of its footnotes. The drawings come from `chart`
//! with their own escaping.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::error::Result;
use crate::report::cell::Column;
use crate::report::marks::Marks;
use crate::report::{
    Block, Cell, Chart, Footnotes, KeyFigure, Prose, Render, Report, Section, SourceRef, Table,
    Tone, Value, chart, format, lint,
};

/// The look of every page, those of the web page included.
pub(crate) const STYLE: &str = include_str!("style.css");
/// Nothing may be loaded; only the page's own style applies.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Writes a report as a self-contained HTML page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Html;

impl Render for Html {
    fn extension(&self) -> &'static str {
        "html"
    }

    fn render(&self, report: &Report) -> Result<Vec<u8>> {
        lint::check(report)?;
        Ok(page(report).into_string().into_bytes())
    }
}

/// What stands in `main` and what in `footer`, for a page that holds a report.
pub(crate) fn parts(report: &Report) -> (Markup, Markup) {
    let notes = &report.footnotes();
    let mut ids = Ids::Numbered(0);
    let main = html! {
        (front_page(report, notes))
        @if report.sections.len() > 2 { (contents(report)) }
        @for item in &report.sections { (section(item, notes, &mut ids)) }
    };
    let footer = html! {
        (sources(notes))
        (disclosures(report, notes))
        (stamp(report))
    };
    (main, footer)
}

/// The front page of a report, to stand in somebody else's page, such as a notebook: in the light look of
/// the pages, without marks of sources, since their list is left out.
///
/// # Errors
/// As [`Render::render`].
pub fn front(report: &Report) -> Result<String> {
    lint::check(report)?;
    Ok(fragment(report, &[]))
}

/// The same with the sections after it.
///
/// # Errors
/// As [`Render::render`].
pub fn body(report: &Report) -> Result<String> {
    lint::check(report)?;
    Ok(fragment(report, &report.sections))
}

fn fragment(report: &Report, sections: &[Section]) -> String {
    let notes = &Footnotes::number(std::iter::empty());
    let mut ids = Ids::Digests;
    // The style's first block holds the colours of the light theme; its other rules are nested.
    let colours = STYLE.split(['{', '}']).nth(1).unwrap_or_default();
    let style = format!(
        ".chipcast{{{colours};padding:.1rem 1.2rem;background:var(--paper);color:var(--text);\
         font:400 .95rem/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums;{STYLE}}}"
    );
    let markup = html! {
        style { (PreEscaped(style)) }
        div.chipcast {
            (front_page(report, notes))
            @for item in sections { (section(item, notes, &mut ids)) }
            (stamp(report))
        }
    };
    markup.into_string()
}

fn page(report: &Report) -> Markup {
    let (main, footer) = parts(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="description" content=(report.finding.text);
                meta name="generator" content="chipcast";
                title { (report.title) " as of " (format::date(report.as_of)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                header.masthead {
                    span.brand { "Chipcast" }
                    span.asof { "As of " (time(report.as_of)) }
                }
                main id="main" { (main) }
                footer { (footer) }
            }
        }
    }
}

fn front_page(report: &Report, notes: &Footnotes<'_>) -> Markup {
    html! {
        div.front {
            p.kicker { (report.title) }
            h1 { (prose(&report.finding, notes)) }
            p.subtitle { (report.subtitle) }
            @if let Some((first, rest)) = report.key_figures.split_first() {
                div.figures {
                    (hero(first, notes))
                    @if !rest.is_empty() {
                        dl.facts { @for figure in rest { (fact(figure, notes)) } }
                    }
                }
            }
            @if !report.bullets.is_empty() {
                ul.points { @for bullet in &report.bullets { li { (prose(bullet, notes)) } } }
            }
        }
    }
}

fn hero(figure: &KeyFigure, notes: &Footnotes<'_>) -> Markup {
    html! {
        div.hero {
            p.label { (figure.label) }
            p.number { (cell_words(&figure.value)) (marks(figure.value.sources(), notes)) }
            (figure_details(figure, notes))
        }
    }
}

fn fact(figure: &KeyFigure, notes: &Footnotes<'_>) -> Markup {
    html! {
        div {
            dt { (figure.label) }
            dd {
                p.value { (cell_words(&figure.value)) (marks(figure.value.sources(), notes)) }
                (figure_details(figure, notes))
            }
        }
    }
}

fn figure_details(figure: &KeyFigure, notes: &Footnotes<'_>) -> Markup {
    html! {
        @if let Some(interval) = &figure.interval { p.interval { (cell_words(interval)) } }
        @if let Some((change, against)) = &figure.change {
            p.change {
                strong { (cell_words(change)) } " " (against) (marks(change.sources(), notes))
            }
        }
        @if let Some(note) = &figure.note { p.note { (prose(note, notes)) } }
    }
}

fn contents(report: &Report) -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            ol {
                @for section in &report.sections {
                    li { a href={ "#" (section.id) } { (section.heading) } }
                }
            }
        }
    }
}

/// What charts and sections are called in a page.
enum Ids {
    /// So many charts have a number; sections have their own names.
    Numbered(usize),
    /// Charts by what they draw and sections not at all: the page may hold another report.
    Digests,
}

impl Ids {
    fn chart(&mut self, chart: &Chart) -> String {
        match self {
            Self::Numbered(n) => {
                *n += 1;
                format!("chart-{n}")
            }
            Self::Digests => chart.id(),
        }
    }

    fn section<'a>(&self, section: &'a Section) -> Option<&'a str> {
        matches!(self, Self::Numbered(_)).then_some(section.id.as_ref())
    }
}

fn section(section: &Section, notes: &Footnotes<'_>, ids: &mut Ids) -> Markup {
    html! {
        section id=[ids.section(section)] {
            h2 { (section.heading) }
            @for item in &section.blocks { (block(item, notes, ids)) }
        }
    }
}

fn block(block: &Block, notes: &Footnotes<'_>, ids: &mut Ids) -> Markup {
    match block {
        Block::Text(items) => html! {
            p { @for item in items { (prose(item, notes)) " " } }
        },
        Block::List(items) => html! {
            ul { @for item in items { li { (prose(item, notes)) } } }
        },
        Block::Table(item) => table(item, notes),
        Block::Chart(item) => figure(item, notes, &ids.chart(item)),
        Block::Note(tone, item) => {
            let class = match tone {
                Tone::Remark => "callout",
                Tone::Caution => "callout caution",
                Tone::Refusal => "callout refusal",
            };
            html! {
                div class=(class) role="note" {
                    p { strong { (tone.word()) } " " (prose(item, notes)) }
                }
            }
        }
    }
}

fn figure(item: &Chart, notes: &Footnotes<'_>, id: &str) -> Markup {
    html! {
        figure id=(id) {
            figcaption {
                p.title { (item.title) }
                p.measure { (item.measure()) }
            }
            div.scroll tabindex="0" role="group" aria-label={ "Chart: " (item.title) } {
                (PreEscaped(item.svg(id, chart::Ink::Css)))
            }
            p.source { (source_line(item.sources.as_slice(), notes)) }
            details {
                summary { "Data of this chart" }
                (table(&item.data(), notes))
            }
        }
    }
}

/// `Source: label, label [1] [2]`, for as many labels as a line holds.
fn source_line(sources: &[SourceRef], notes: &Footnotes<'_>) -> Markup {
    const NAMED: usize = 2;
    let labels: Vec<_> = sources.iter().take(NAMED).map(|source| source.label.as_str()).collect();
    let more = sources.len().saturating_sub(NAMED);
    html! {
        @if sources.len() == 1 { "Source: " } @else { "Sources: " }
        (labels.join("; "))
        @if more > 0 { " and " (more) " more" }
        (marks(sources, notes))
    }
}

fn table(table: &Table, notes: &Footnotes<'_>) -> Markup {
    let (columns, marks) = (table.columns(), Marks::of(table, notes));
    html! {
        div.scroll tabindex="0" role="group" aria-label={ "Table: " (table.caption()) } {
            table {
                caption { (table.caption()) }
                thead { tr {
                    @for column in &columns { (column_heading(column)) }
                    @if let Marks::Rows(_) = &marks { th.mark scope="col" { "Source" } }
                } }
                tbody {
                    @for (row_idx, row) in table.rows().iter().enumerate() { tr {
                        @for (column_idx, (cell, column)) in row.iter().zip(&columns).enumerate() {
                            @let text = table_cell(cell, &column.texts[row_idx]);
                            @if column_idx == 0 { th scope="row" { (text) } }
                            @else { td.num[column.is_figure] {
                                (text)
                                @if let Marks::Cells = &marks {
                                    (self::marks(cell.sources(), notes))
                                }
                            } }
                        }
                        @if let Marks::Rows(rows) = &marks {
                            td.mark { (mark_links(&rows[row_idx])) }
                        }
                    } }
                }
            }
        }
        (table_notes(table, &marks, notes))
    }
}

fn column_heading(column: &Column) -> Markup {
    html! {
        th.num[column.is_figure] scope="col" {
            (column.heading)
            @if let Some(unit) = &column.unit { span.unit { " " (unit) } }
        }
    }
}

fn table_cell(cell: &Cell, text: &str) -> Markup {
    match cell.value() {
        Value::Missing(_) => cell_words(cell),
        Value::Date(day) => time(*day),
        _ => html! { (text) },
    }
}

/// Under a table: its note, why values are missing, and its sources where they are one set.
fn table_notes(table: &Table, marks: &Marks, notes: &Footnotes<'_>) -> Markup {
    let reasons = table.reasons();
    let numbers = if let Marks::Table(numbers) = marks { numbers.as_slice() } else { &[] };
    html! {
        @if table.note().is_some() || !reasons.is_empty() || !numbers.is_empty() {
            p.source {
                @if let Some(note) = table.note() { (prose(note, notes)) " " }
                @if !reasons.is_empty() { "– " (reasons.join("; ")) ". " }
                @if !numbers.is_empty() {
                    @if numbers.len() == 1 { "Source" } @else { "Sources" } (mark_links(numbers))
                }
            }
        }
    }
}

fn cell_words(cell: &Cell) -> Markup {
    html! {
        @if let Value::Missing(reason) = cell.value() {
            span.missing title=(reason) { "–" span.hidden { " " (reason) } }
        } @else {
            (cell.words())
        }
    }
}

pub(crate) fn time(day: chrono::NaiveDate) -> Markup {
    html! { time datetime=(day) { (format::date(day)) } }
}

fn prose(prose: &Prose, notes: &Footnotes<'_>) -> Markup {
    html! { (prose.text) (marks(prose.sources(), notes)) }
}

fn marks(sources: &[SourceRef], notes: &Footnotes<'_>) -> Markup {
    mark_links(&notes.numbers_of(sources))
}

fn mark_links(numbers: &[usize]) -> Markup {
    html! {
        @for number in numbers {
            a.ref href={ "#source-" (number) } aria-label={ "source " (number) } {
                "[" (number) "]"
            }
        }
    }
}

fn sources(notes: &Footnotes<'_>) -> Markup {
    html! {
        section id="sources" {
            h2 { "Sources" }
            ol.sources {
                @for (idx, source) in notes.notes().iter().enumerate() {
                    li id={ "source-" (idx + 1) } {
                        (source.label) ". "
                        span.kind { (source.standing()) }
                        ", public " (time(source.vintage)) ". "
                        span.locator {
                            @for (word, link) in source.locator_parts() {
                                @if let Some(link) = link {
                                    a href=(link) rel="noreferrer" { (word) }
                                }
                                @else { (word) }
                                " "
                            }
                        }
                    }
                }
            }
        }
    }
}

fn disclosures(report: &Report, notes: &Footnotes<'_>) -> Markup {
    html! {
        @if !report.disclosures.is_empty() {
            section id="disclosures" {
                h2 { "Disclosures" }
                @for item in &report.disclosures { p { (prose(item, notes)) } }
            }
        }
    }
}

fn stamp(report: &Report) -> Markup {
    html! {
        dl.stamp {
            div { dt { "As of" } dd { (time(report.as_of)) } }
            div { dt { "Run" } dd { code { (report.run_id) } } }
            div { dt { "Data" } dd { code { (report.data_hash) } } }
        }
    }
}
