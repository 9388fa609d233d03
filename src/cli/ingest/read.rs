//! Everything that one `chipcast ingest` reads: what became of each value, and when it is stored.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::archive::{Archive, Batch, Snapshot, Status};
use crate::cli::data::status_word;
use crate::cli::output::{Spool, table};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::ingest::edgar::ixbrl;
use crate::ingest::{Parsed, SetAside, checks};
use crate::observation::{Announcement, Observation};
use crate::period::{Frequency, Period};
use crate::report::format;
use crate::rows;
use crate::series::SeriesId;

/// The columns of a row of ingest.
const COLUMNS: [&str; 10] = [
    "kind",
    "series",
    "period_start",
    "period_end",
    "value",
    "unit",
    "vintage",
    "locator",
    "status",
    "reason",
];
/// Reasons shown to people; `--format csv` has them all.
const REASONS_SHOWN: usize = 15;
const REASON_WIDTH: usize = 120;

/// Everything read in one call. What was taken is stored by a commit, whole or not at all.
pub(super) struct Read<'a> {
    context: &'a Context,
    /// The archive on disk when it was last read.
    stored: Archive,
    archive: Archive,
    batch: Batch,
    rows: Spool,
    counts: BTreeMap<(&'static str, &'static str), usize>,
    /// Reasons that differ in figures alone, counted under the first of them.
    reasons: BTreeMap<String, (usize, String)>,
    n_failed: usize,
}

impl<'a> Read<'a> {
    pub(super) fn new(context: &'a Context) -> Result<Self> {
        let archive = context.archive()?;
        Ok(Self {
            context,
            batch: Batch::empty(archive.known_through()),
            stored: archive.clone(),
            archive,
            rows: Spool::new(context.global.format, &COLUMNS)?,
            counts: BTreeMap::new(),
            reasons: BTreeMap::new(),
            n_failed: 0,
        })
    }

    /// The archive with all that was taken so far.
    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// All that is known with what was read so far.
    pub(super) fn snapshot(&self) -> Result<Snapshot> {
        self.archive.as_of(self.archive.known_through())
    }

    /// The quarters of a company's revenue; none if it is not known.
    pub(super) fn quarters(&self, company: &str) -> Result<Vec<Period>> {
        let rows = self.archive.rows_of(&SeriesId::new(&format!("{company}.revenue"))?)?;
        let mut quarters: Vec<_> = rows.iter().map(|row| row.period).collect();
        quarters.retain(|period| period.frequency() == Some(Frequency::Quarter));
        quarters.dedup();
        Ok(quarters)
    }

    /// Takes one payload: a value that cannot be true, or contradicts a held one, is set aside, visibly.
    pub(super) fn take(&mut self, parsed: &Parsed) -> Result<()> {
        let mut announced = parsed.announcements.clone();
        self.archive.align_announcements(&mut announced)?;
        let mut read = parsed.observations.clone();
        for announcement in &announced {
            read.extend(announcement.observations(Context::today())?);
        }
        self.archive.align(&mut read)?;
        let (read, impossible) = checks::admit(read, &self.archive)?;
        let (mut kept, mut statuses) = (Vec::with_capacity(read.len()), Vec::new());
        let reviewed = self.archive.review(&read)?;
        for (row, status) in read.into_iter().zip(reviewed) {
            let held = match &status {
                Status::Conflict { held, source } => {
                    Some(format!("the archive holds {held} for this key, from {source}"))
                }
                _ => None,
            };
            self.observed(&row, status_word(&status), held.as_deref())?;
            if held.is_none() {
                kept.push(row);
                statuses.push(status);
            }
        }
        for announcement in &announced {
            self.announced(announcement)?;
        }
        for aside in parsed.set_aside.iter().chain(&impossible) {
            self.set_aside(aside)?;
        }
        let known_through = parsed.read_through.unwrap_or(self.archive.known_through());
        let batch = Batch { observations: kept, announcements: announced, known_through };
        let (archive, fresh) = self.archive.append_reviewed(&batch, &statuses)?;
        self.archive = archive;
        self.batch.observations.extend(fresh.observations);
        self.batch.announcements.extend(fresh.announcements);
        self.batch.known_through = self.batch.known_through.max(fresh.known_through);
        Ok(())
    }

    /// Takes a report, and the fourth quarters that follow from it and what is known.
    pub(super) fn take_report(&mut self, parsed: &Parsed) -> Result<()> {
        self.take(parsed)?;
        let known = self.snapshot()?;
        let years = ixbrl::years_beside(parsed, &known)?;
        self.take(&ixbrl::fourth_quarters(&years, &known)?)
    }

    /// A payload that could not be read, among others that could: the run ends as partial.
    pub(super) fn failed(&mut self, what: &str, error: &Error) -> Result<()> {
        self.n_failed += 1;
        Context::fail(what, error);
        self.not_read(what, error)
    }

    /// A payload that is not there, among others that are: on record, and no failure.
    pub(super) fn missing(&mut self, what: &str, error: &Error) -> Result<()> {
        self.context.say(format!("not there: {what}"));
        self.not_read(what, error)
    }

    fn not_read(&mut self, what: &str, error: &Error) -> Result<()> {
        let (series, reason) = ("payload".to_owned(), error.to_string());
        self.set_aside(&SetAside { series, period: None, locator: what.to_owned(), reason })
    }

    /// Whether nothing has been read yet.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    fn count(&mut self, kind: &'static str, status: &'static str, reason: Option<&str>) {
        *self.counts.entry((kind, status)).or_default() += 1;
        if let Some(reason) = reason {
            let words = reason.split(':').next().unwrap_or_default();
            let kind: String = words.chars().filter(|c| !c.is_ascii_digit()).collect();
            let alike = self.reasons.entry(kind).or_insert_with(|| (0, reason.to_owned()));
            alike.0 += 1;
        }
    }

    fn observed(
        &mut self,
        row: &Observation,
        status: &'static str,
        reason: Option<&str>,
    ) -> Result<()> {
        self.count("observation", status, reason);
        if !self.rows.is_wanted() {
            return Ok(());
        }
        let mut cells = vec![json!("observation")];
        cells.extend(rows::data::key_and_value(row));
        cells.extend([json!(row.locator), json!(status), json!(reason)]);
        self.rows.push(cells)
    }

    fn announced(&mut self, a: &Announcement) -> Result<()> {
        let status = if self.archive.holds(a) { "repeat" } else { "added" };
        self.count("announcement", status, None);
        self.rows.push(vec![
            json!("announcement"),
            json!(format!("{}.{}", a.company, a.metric)),
            json!(a.period.start()),
            json!(a.period.end()),
            json!(a.mid),
            json!(a.unit.word()),
            json!(a.published),
            json!(a.locator),
            json!(status),
            Value::Null,
        ])
    }

    fn set_aside(&mut self, aside: &SetAside) -> Result<()> {
        self.count("observation", "set_aside", Some(&aside.reason));
        self.rows.push(vec![
            json!("observation"),
            json!(aside.series),
            json!(aside.period.map(Period::start)),
            json!(aside.period.map(Period::end)),
            Value::Null,
            Value::Null,
            Value::Null,
            json!(aside.locator),
            json!("set_aside"),
            json!(aside.reason),
        ])
    }

    /// Stores what was taken since the last commit.
    pub(super) fn commit(&mut self) -> Result<()> {
        let taken = std::mem::replace(&mut self.batch, Batch::empty(self.archive.known_through()));
        self.context.append_to(&self.stored, &taken)?;
        // Read again, so that what is stored need not stay in memory.
        self.stored = self.context.archive()?;
        self.archive = self.stored.clone();
        Ok(())
    }

    /// Stores the rest and says what became of everything.
    pub(super) fn finish(mut self) -> Result<Outcome> {
        self.commit()?;
        let mut shown: Vec<Vec<String>> = Vec::new();
        for ((kind, status), n) in &self.counts {
            shown.push(vec![
                (*kind).to_owned(),
                (*status).to_owned(),
                n.to_string(),
                String::new(),
            ]);
        }
        let mut reasons: Vec<_> = self.reasons.into_values().collect();
        reasons.sort_by(|a, b| b.cmp(a));
        for (n, reason) in reasons.into_iter().take(REASONS_SHOWN) {
            let what = "set aside because".to_owned();
            shown.push(vec![
                String::new(),
                what,
                n.to_string(),
                reason.chars().take(REASON_WIDTH).collect(),
            ]);
        }
        let header = ["kind", "status", "values", "reason"];
        if !self.context.is_for_job {
            self.rows.print(|| table(&header, &[2], shown))?;
        }
        self.context.say(format!(
            "archive known through {}; `chipcast data list` shows what it holds",
            format::date(self.archive.known_through())
        ));
        Ok(if self.n_failed > 0 { Outcome::Partial } else { Outcome::Done })
    }
}
