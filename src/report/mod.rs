//! Reports: one model, written as HTML, PDF, Markdown or JSON.
//!
//! May use the core and, for composing pages, `forecast` and `scaling`. Everything here
//! is pure: the clock, the disk and the network stay outside. A number enters a report only through
//! a type that holds its sources, and [`lint::check`] runs before every rendering.

pub mod buyers;
pub mod calibration;
pub mod cell;
pub mod chart;
pub mod company;
pub mod desk;
pub(crate) mod disclosures;
pub mod format;
pub mod glance;
pub mod html;
pub mod industry;
pub mod json;
pub mod lint;
pub mod machines;
pub mod markdown;
pub(crate) mod marks;
pub mod moves;
#[cfg(feature = "pdf")]
pub mod pdf;
pub mod plain;
pub mod require;
pub mod source;
pub mod statement;
pub mod stress;

use chrono::NaiveDate;

use crate::error::Result;

pub use cell::{Cell, Prose, Table, Value};
pub use chart::Chart;
pub use html::Html;
pub use json::Json;
pub use markdown::Markdown;
#[cfg(feature = "pdf")]
pub use pdf::Pdf;
pub use source::{Footnotes, SourceKind, SourceRef, Sources};

/// The renderer of PDF, if this build has it.
///
/// # Errors
/// [`crate::Error::Invalid`] if it was made without the feature `pdf`.
pub fn pdf_renderer() -> Result<&'static dyn Render> {
    #[cfg(feature = "pdf")]
    return Ok(&Pdf);
    #[cfg(not(feature = "pdf"))]
    return Err(crate::Error::invalid("this build was made without the feature `pdf`")
        .hint("build with `--features pdf`, or print the html page, which has a print style"));
}

/// A format in which a report is written.
pub trait Render {
    /// The ending of its files.
    fn extension(&self) -> &'static str;

    /// The report's bytes; the same report gives the same bytes.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the report does not pass [`lint::check`].
    fn render(&self, report: &Report) -> Result<Vec<u8>>;
}

/// A company's or the industry's analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What it is about: `NVIDIA: data center revenue`.
    pub title: String,
    /// What it found, in one sentence.
    pub finding: Prose,
    /// What was measured, from what, in one sentence.
    pub subtitle: String,
    /// What was known at the end of this day.
    pub as_of: NaiveDate,
    /// The run that made it.
    pub run_id: String,
    /// The hash of the data that went in.
    pub data_hash: String,
    /// The figures of the front page; the first is printed large.
    pub key_figures: Vec<KeyFigure>,
    /// The front page's points, each a sentence or two.
    pub bullets: Vec<Prose>,
    /// The body.
    pub sections: Vec<Section>,
    /// What the reader must know: method, limits, conflicts, no advice.
    pub disclosures: Vec<Prose>,
}

/// A figure of the front page.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFigure {
    /// What it is: `Revenue, quarter to 25 Oct 2026`.
    pub label: String,
    /// The figure: a number, a count, a grade.
    pub value: Cell,
    /// Its interval, if it is a forecast.
    pub interval: Option<Cell>,
    /// Its change, and against what: (`+$3.1 billion`, `on the forecast of 27 Aug 2026`).
    pub change: Option<(Cell, String)>,
    /// A short remark.
    pub note: Option<Prose>,
}

impl KeyFigure {
    /// A figure that stands alone: a grade, a cap, a count.
    pub fn fact(label: impl Into<String>, value: Cell, note: impl Into<Prose>) -> Self {
        let note = Some(note.into()).filter(|note: &Prose| !note.text.is_empty());
        Self { label: plain::text(&label.into()), value, interval: None, change: None, note }
    }

    /// A forecast with its interval and its change against something named.
    pub fn forecast(
        label: impl Into<String>,
        value: Cell,
        interval: Cell,
        change: (Cell, &str),
    ) -> Self {
        let change = Some((change.0, plain::text(change.1)));
        Self {
            label: plain::text(&label.into()),
            value,
            interval: Some(interval),
            change,
            note: None,
        }
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        let change = self.change.iter().map(|(cell, _)| cell);
        std::iter::once(&self.value).chain(&self.interval).chain(change)
    }
}

/// A part of the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its anchor: lower-case letters, digits and hyphens, once in a report.
    pub id: String,
    /// What it found.
    pub heading: String,
    /// Its content.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A section from its parts.
    pub fn new(id: impl Into<String>, heading: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self { id: id.into(), heading: plain::text(&heading.into()), blocks }
    }
}

/// How a note is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Worth knowing.
    Remark,
    /// Missing, stale, extrapolated: read before relying on a number.
    Caution,
    /// No number is given, and this is what would make the question answerable.
    Refusal,
}

impl Tone {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Remark => "Note",
            Self::Caution => "Caution",
            Self::Refusal => "No forecast",
        }
    }
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Text(Vec<Prose>),
    /// A list of points.
    List(Vec<Prose>),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Box<Chart>),
    /// A remark, a caution or a refusal.
    Note(Tone, Prose),
}

impl Block {
    /// A paragraph of one piece of prose.
    pub fn text(prose: impl Into<Prose>) -> Self {
        Self::Text(vec![prose.into()])
    }

    /// Every source in reading order.
    pub fn sources(&self) -> Vec<&SourceRef> {
        match self {
            Self::Text(prose) | Self::List(prose) => {
                prose.iter().flat_map(Prose::sources).collect()
            }
            Self::Table(table) => table.sources().collect(),
            Self::Chart(chart) => chart.sources.as_slice().iter().collect(),
            Self::Note(_, prose) => prose.sources().iter().collect(),
        }
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<Chart> for Block {
    fn from(chart: Chart) -> Self {
        Self::Chart(Box::new(chart))
    }
}

impl Report {
    /// Its sources, numbered by first use in reading order.
    pub fn footnotes(&self) -> Footnotes<'_> {
        let figures = self.key_figures.iter().flat_map(|figure| {
            let note = figure.note.iter().flat_map(Prose::sources);
            figure.cells().flat_map(Cell::sources).chain(note)
        });
        let prose = |prose| <[Prose]>::iter(prose).flat_map(Prose::sources);
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        Footnotes::number(
            self.finding
                .sources()
                .iter()
                .chain(figures)
                .chain(prose(&self.bullets))
                .chain(blocks.flat_map(Block::sources))
                .chain(prose(&self.disclosures)),
        )
    }
}
