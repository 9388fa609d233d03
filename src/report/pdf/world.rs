//! What typst may see: the template, one report's data and drawings, one font, one day.
//!
//! May use typst and `page`. No disk, no network, no clock.

use std::path::PathBuf;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::page::Page;

/// The template's name.
const MAIN: &str = "note.typ";
/// The name under which the template reads the report.
const DATA: &str = "report.json";

static LIBRARY: LazyLock<LazyHash<Library>> =
    LazyLock::new(|| LazyHash::new(<Library as LibraryExt>::default()));
static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    [notosans::REGULAR_TTF, notosans::BOLD_TTF, notosans::ITALIC_TTF, notosans::BOLD_ITALIC_TTF]
        .into_iter()
        .filter_map(|face| Font::new(Bytes::new(face), 0))
        .collect()
});
static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));
static TEMPLATE: LazyLock<Source> =
    LazyLock::new(|| Source::new(id(MAIN), include_str!("note.typ").to_owned()));

fn id(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("a plain name");
    FileId::new(RootedPath::new(VirtualRoot::Project, path))
}

/// Whether the font can draw a character.
pub(super) fn can_draw(c: char) -> bool {
    FONTS.first().is_some_and(|font| font.info().coverage.contains(u32::from(c)))
}

/// One report on its way to paper.
pub(super) struct Desk {
    data: Bytes,
    charts: Vec<(String, Bytes)>,
    day: Option<Datetime>,
}

impl Desk {
    pub(super) fn new(page: Page, day: Option<Datetime>) -> Self {
        let charts = page.charts.into_iter().map(|(name, svg)| (name, Bytes::from_string(svg)));
        Self { data: Bytes::from_string(page.data.to_string()), charts: charts.collect(), day }
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        TEMPLATE.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == TEMPLATE.id() { Ok(TEMPLATE.clone()) } else { Err(missing(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let name = id.vpath().get_without_slash();
        if name == DATA {
            return Ok(self.data.clone());
        }
        let chart = self.charts.iter().find(|(chart, _)| chart == name);
        chart.map(|(_, svg)| svg.clone()).ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        self.day
    }
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(PathBuf::from(id.vpath().get_without_slash()))
}
