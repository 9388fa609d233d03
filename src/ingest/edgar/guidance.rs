//! Guidance: what a company expects, out of the words of its earnings release.
//!
//! May use the core files and `ingest`. [`read`] is pure: it looks at nothing but the release, the day it
//! came out and the quarters that are known. Nothing is guessed: a sentence that looks like a guide and
//! cannot be read is set aside with the reason.
//!
//! `text` and `html` make blocks and sentences, `tokens`, `numbers` and `values` read amounts exactly,
//! `label` and `dates` turn `second quarter of fiscal 2025` into days, `metric` knows what is guided,
//! `fit` what a value is to it, `action` whether it changes an earlier word; `grammar` and `table` put
//! them together, by the lists in `words`.

mod action;
mod dates;
mod fit;
mod grammar;
mod html;
mod label;
mod metric;
mod numbers;
mod table;
mod text;
mod tokens;
mod values;
mod words;

use chrono::NaiveDate;

use self::dates::{Dates, Place};
use self::grammar::{Around, Claim, Sentence};
use self::label::Label;
use self::metric::Basis;
use self::text::{Block, Kind};
use self::tokens::Measure;
use crate::error::Result;
use crate::ingest::{Parsed, Raw, SetAside};
use crate::observation::{Action, Announcement};
use crate::period::Period;
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

/// No release states more guides.
const MOST: usize = 200;
/// Longer quotes are cut.
const QUOTE_LIMIT: usize = 400;

/// Reads the guides of a release.
///
/// - `company`: its ticker; `published`: the day the release came out.
/// - `calendar`: the company's known quarters, in any order; may be empty. They settle which days a fiscal
///   quarter has where the release does not say.
/// - Returns announcements in the order of the text, one for each metric and period, and what was set
///   aside. An expense in `other income and expense` is below zero. Without a band or range the two ends
///   are the middle.
///
/// ```
/// use chipcast::ingest::{Raw, edgar::guidance};
///
/// let day = "2025-08-27".parse().expect("a date");
/// let text = "Results for the second quarter of fiscal 2026 ended July 27, 2025.\n\n\
///     We expect third quarter revenue of $54.0 billion, plus or minus 2%.";
/// let raw = Raw::new("release.txt", text.into(), day);
/// let parsed = guidance::read(&raw, "nvda", day, &[])?;
/// let guide = &parsed.announcements[0];
/// assert_eq!((guide.low, guide.high), (52.92e9, 55.08e9));
/// assert_eq!(guide.period.to_string(), "2025-07-28..2025-10-26");
/// # Ok::<(), chipcast::Error>(())
/// ```
///
/// # Errors
/// [`crate::Error::Parse`] if the bytes are no text, [`crate::Error::Invalid`] if `company` is no part of a series id.
pub fn read(raw: &Raw, company: &str, published: NaiveDate, calendar: &[Period]) -> Result<Parsed> {
    let company = company.to_ascii_lowercase();
    SeriesId::new(&format!("{company}.revenue"))?;
    let blocks = text::blocks(&raw.name, &raw.bytes)?;
    let dates = dates(&blocks, published, calendar);
    let own = own_words(&company);
    let locator = match &raw.filing {
        Some(filing) => format!("accn {}", filing.accession),
        None => raw.name.clone(),
    };
    let is_early = blocks.iter().take(200).any(|block| is_preliminary(&block.text));
    let mut reader = Reader {
        dates,
        company,
        published,
        locator,
        own,
        is_early,
        section: Section::default(),
        last_table: 0,
        parsed: Parsed { read_through: Some(published), ..Parsed::default() },
    };
    for (idx, block) in blocks.iter().enumerate() {
        reader.block(idx + 1, block, &blocks[idx..]);
    }
    Ok(reader.parsed)
}

/// The quarter that a release reports, by its own words and the company's known quarters.
pub(super) fn quarter_reported(
    raw: &Raw,
    published: NaiveDate,
    calendar: &[Period],
) -> Result<Option<Period>> {
    let blocks = text::blocks(&raw.name, &raw.bytes)?;
    Ok(dates(&blocks, published, calendar).reported().map(|place| place.period))
}

/// The sentences of a document with the number of their paragraph; tables are left out.
pub(super) fn sentences(raw: &Raw) -> Result<Vec<(usize, String)>> {
    let blocks = text::blocks(&raw.name, &raw.bytes)?;
    let spoken = blocks.iter().enumerate().filter(|(_, b)| !matches!(b.kind, Kind::Row(_)));
    let of_block = |(idx, block): (usize, &'_ Block)| {
        let owned = |text: &str| (idx + 1, text.to_owned());
        text::sentences(&block.text).into_iter().map(owned).collect::<Vec<_>>()
    };
    Ok(spoken.flat_map(of_block).collect())
}

fn dates(blocks: &[Block], published: NaiveDate, calendar: &[Period]) -> Dates {
    // What ended later was not known as a quarter yet.
    let ended: Vec<_> = calendar.iter().copied().filter(|p| p.end() < published).collect();
    Dates::of(blocks, published, &ended)
}

fn is_preliminary(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("preliminary") && (lower.contains("result") || lower.contains("revenue"))
}

/// Words by which the company calls itself.
fn own_words(company: &str) -> Vec<String> {
    let name = Registry::bundled().company(company).map_or("", |company| company.name.as_str());
    let mut own: Vec<_> = name.to_lowercase().split(' ').map(str::to_owned).collect();
    own.push(company.to_owned());
    own.retain(|word| !word.is_empty());
    own
}

/// The part of the release that a block stands in.
#[derive(Debug, Clone, Copy, Default)]
struct Section {
    is_outlook: bool,
    /// A way from one measure to another, or a legal note: the same figures again, or none.
    is_skipped: bool,
    scope: Option<Label>,
    basis: Option<Basis>,
}

impl Section {
    /// The section under a heading.
    fn under(self, heading: &str) -> Self {
        let lower = heading.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let sentence = Sentence::read(heading, Around::default(), None);
        let scope = match sentence.labels.as_slice() {
            [] => None,
            [only] => Some(*only),
            // Two periods in one heading: each sentence must say which it means.
            _ => return Self { is_outlook: has(&OUTLOOK), ..Self::default() },
        };
        let basis = table::basis(heading);
        let is_outlook = has(&OUTLOOK);
        if has(&["reconcil", "forward-looking", "cautionary", "safe harbor"])
            || (self.is_skipped && is_outlook)
            || (self.is_skipped && scope.is_some())
        {
            return Self { is_skipped: true, ..Self::default() };
        }
        if is_outlook {
            return Self { is_outlook, is_skipped: false, scope, basis };
        }
        let is_short = heading.split(' ').count() <= 4;
        let names = scope.is_some() || basis.is_some() || sentence.names_a_metric();
        if self.is_outlook && is_short && names {
            return Self { scope: scope.or(self.scope), basis: basis.or(self.basis), ..self };
        }
        Self::default()
    }
}

/// Words of headings over a company's outlook.
const OUTLOOK: [&str; 4] = ["outlook", "guidance", "forecast", "expectations for"];

struct Reader {
    dates: Dates,
    company: String,
    published: NaiveDate,
    locator: String,
    own: Vec<String>,
    /// Whether the release gives results before they are final.
    is_early: bool,
    section: Section,
    last_table: usize,
    parsed: Parsed,
}

impl Reader {
    /// Reads the first of `blocks`, with the rows after it if it begins a table.
    fn block(&mut self, paragraph: usize, block: &Block, blocks: &[Block]) {
        match block.kind {
            Kind::Row(_) if block.table == self.last_table => {}
            Kind::Row(_) => {
                self.last_table = block.table;
                self.table(paragraph, block.table, blocks);
            }
            Kind::Heading => self.section = self.section.under(&block.text),
            Kind::Line | Kind::Item => self.sentences(paragraph, block),
        }
    }

    fn around(&self) -> Around<'_> {
        Around { is_outlook: self.section.is_outlook, basis: self.section.basis, own: &self.own }
    }

    fn sentences(&mut self, paragraph: usize, block: &Block) {
        if self.section.is_skipped {
            return;
        }
        let mut scope = self.section.scope;
        let mut spoken_of = None;
        for text in text::sentences(&block.text) {
            let sentence = Sentence::read(text, self.around(), None);
            let (opens, claims) = (sentence.opens_outlook(), sentence.claims());
            spoken_of = sentence.labels.first().copied().or(spoken_of);
            for claim in claims {
                scope = claim.label.or(scope);
                self.take(&claim, scope, text, paragraph);
            }
            if opens {
                scope = spoken_of.or(scope);
                self.section = Section { is_outlook: true, scope, ..self.section };
            }
        }
    }

    fn table(&mut self, paragraph: usize, table: usize, blocks: &[Block]) {
        if self.section.is_skipped {
            return;
        }
        let rows: Vec<_> = blocks
            .iter()
            .take_while(|block| block.table == table || table == 0)
            .enumerate()
            .filter_map(|(idx, block)| match &block.kind {
                Kind::Row(cells) => Some((idx, block, cells.as_slice())),
                _ => None,
            })
            .collect();
        let cells: Vec<_> = rows.iter().map(|(_, _, cells)| *cells).collect();
        for (row, label, claim) in table::claims(&cells, self.around()) {
            let (idx, block, _) = rows[row];
            let scope = label.or(self.section.scope);
            self.take(&claim, scope, &block.text, paragraph + idx);
        }
    }

    /// Makes an announcement of a claim, or sets it aside.
    fn take(&mut self, claim: &Claim, scope: Option<Label>, words: &str, paragraph: usize) {
        let label = claim.label.or(scope);
        let unsaid = || self.dates.reported().filter(|_| self.is_early).map(Ok);
        let place = label.map(|label| self.dates.place(&label, scope.as_ref())).or_else(unsaid);
        let place = place.unwrap_or_else(|| Err("no period is named".to_owned()));
        let period = place.as_ref().ok().map(|place| place.period);
        let locator = format!("{}; paragraph {paragraph}", self.locator);
        match self.announcement(claim, place, words, &locator) {
            Ok(new) => self.add(new),
            Err(reason) => self.set_aside(&claim.metric, period, locator, reason),
        }
    }

    /// The announcement of a claim, or why there is none.
    fn announcement(
        &self,
        claim: &Claim,
        place: Result<Place, String>,
        words: &str,
        locator: &str,
    ) -> Result<Announcement, String> {
        let value = claim.value.as_ref().map_err(|reason| (*reason).to_owned())?;
        let Place { period, has_ended } = place?;
        if has_ended && !self.is_early {
            return Err("the period had ended when the release came out".to_owned());
        }
        let unit = match value.measure {
            Measure::Dollar => Unit::Usd,
            Measure::TaiwanDollar => Unit::Twd,
            Measure::Percent | Measure::BasisPoint => Unit::Ratio,
            Measure::OtherMoney | Measure::Nothing => {
                return Err("in a currency that no unit stands for".to_owned());
            }
        };
        let is_out_of_turn = has_ended && claim.action == Action::Guide;
        let announcement = Announcement {
            company: self.company.clone(),
            published: self.published,
            metric: claim.metric.clone(),
            period,
            low: value.low.value(),
            mid: value.mid.value(),
            high: value.high.value(),
            unit,
            action: if is_out_of_turn { Action::Revise } else { claim.action },
            quote: shortened(words),
            locator: locator.to_owned(),
        };
        announcement.check().map_err(|e| e.to_string())?;
        Ok(announcement)
    }

    /// One announcement for each metric and period: the first, or the one with a range about it.
    fn add(&mut self, new: Announcement) {
        let same = |held: &&mut Announcement| {
            held.metric == new.metric
                && (held.period == new.period || held.period.is_nearly(new.period))
        };
        let n_held = self.parsed.announcements.len();
        let Some(held) = self.parsed.announcements.iter_mut().find(same) else {
            if n_held < MOST {
                self.parsed.announcements.push(new);
            } else {
                let reason = format!("{MOST} guides stand before it; no release states more");
                self.set_aside(&new.metric, Some(new.period), new.locator, reason);
            }
            return;
        };
        if held.low == new.low && held.high == new.high {
            return;
        }
        let holds = |outer: &Announcement, inner: &Announcement| {
            outer.low <= inner.low && inner.high <= outer.high && outer.unit == inner.unit
        };
        if held.low == held.high && holds(&new, held) {
            *held = new;
        } else if !(new.low == new.high && holds(held, &new)) {
            let reason = "another value for the same metric and period stands before it";
            let Announcement { metric, period, locator, .. } = new;
            self.set_aside(&metric, Some(period), locator, reason.to_owned());
        }
    }

    fn set_aside(&mut self, metric: &str, period: Option<Period>, locator: String, reason: String) {
        let series = format!("{}.{metric}", self.company);
        let new = SetAside { series, period, locator, reason };
        // The same words give the same reason twice for two bases; they stand side by side.
        let is_told = self.parsed.set_aside.iter().rev().take(4).any(|held| *held == new);
        if !is_told {
            self.parsed.set_aside.push(new);
        }
    }
}

/// The words, cut at a limit.
fn shortened(words: &str) -> String {
    match words.char_indices().nth(QUOTE_LIMIT - 1) {
        Some((at, _)) => format!("{}…", words[..at].trim_end()),
        None => words.to_owned(),
    }
}
