//! Everything that one `chipcast ingest` reads: what became of each value, and one commit at the end.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::archive::{Archive, Batch, Status};
use crate::cli::data::{key_and_value, status_word};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::ingest::{Parsed, SetAside};
use crate::observation::{Announcement, Observation};
use crate::report::format;

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
const REASONS_SHOWN: usize = 20;

/// Everything read in one call; stored in one commit at the end, or not at all.
pub(super) struct Read {
    before: Archive,
    after: Archive,
    batch: Batch,
    rows: Rows,
    counts: BTreeMap<(&'static str, &'static str), usize>,
    reasons: BTreeMap<String, usize>,
}

impl Read {
    pub(super) fn new(context: &Context) -> Result<Self> {
        let before = context.archive()?;
        let batch = Batch {
            observations: Vec::new(),
            announcements: Vec::new(),
            known_through: before.known_through(),
        };
        Ok(Self {
            after: before.clone(),
            before,
            batch,
            rows: Rows::new(&COLUMNS),
            counts: BTreeMap::new(),
            reasons: BTreeMap::new(),
        })
    }

    /// The day up to which the archive knew before anything was read.
    pub(super) fn known_through(&self) -> chrono::NaiveDate {
        self.before.known_through()
    }

    /// Takes one payload: a value that contradicts a held one is set aside, visibly.
    pub(super) fn take(&mut self, parsed: &Parsed) -> Result<()> {
        let mut announced = parsed.announcements.clone();
        self.after.align_announcements(&mut announced)?;
        let mut read = parsed.observations.clone();
        let retrieved_at = Context::today();
        for announcement in &announced {
            read.extend(announcement.observations(retrieved_at)?);
        }
        self.after.align(&mut read)?;
        let mut kept = Vec::new();
        for (row, status) in read.iter().zip(&self.after.review(&read)?) {
            let reason = if let Status::Conflict { held, source } = status {
                Some(format!("the archive holds {held} for this key, from {source}"))
            } else {
                kept.push(row.clone());
                None
            };
            self.observed(row, status_word(status), reason);
        }
        for announcement in &announced {
            self.announced(announcement);
        }
        for aside in &parsed.set_aside {
            self.set_aside(aside);
        }
        let known_through = parsed.read_through.unwrap_or(self.before.known_through());
        let batch = Batch { observations: kept, announcements: announced, known_through };
        let (after, fresh) = self.after.append(&batch)?;
        self.after = after;
        self.batch.observations.extend(fresh.observations);
        self.batch.announcements.extend(fresh.announcements);
        self.batch.known_through = self.batch.known_through.max(fresh.known_through);
        Ok(())
    }

    fn count(&mut self, kind: &'static str, status: &'static str, reason: Option<&str>) {
        *self.counts.entry((kind, status)).or_default() += 1;
        if let Some(reason) = reason {
            *self.reasons.entry(reason.to_owned()).or_default() += 1;
        }
    }

    fn observed(&mut self, row: &Observation, status: &'static str, reason: Option<String>) {
        self.count("observation", status, reason.as_deref());
        let mut cells = vec![json!("observation")];
        cells.extend(key_and_value(row));
        cells.extend([json!(row.locator), json!(status), json!(reason)]);
        self.rows.push(cells);
    }

    fn announced(&mut self, a: &Announcement) {
        let status = if self.after.holds(a) { "repeat" } else { "added" };
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
        ]);
    }

    fn set_aside(&mut self, aside: &SetAside) {
        self.count("observation", "set_aside", Some(&aside.reason));
        self.rows.push(vec![
            json!("observation"),
            json!(aside.series),
            json!(aside.period.map(crate::period::Period::start)),
            json!(aside.period.map(crate::period::Period::end)),
            Value::Null,
            Value::Null,
            Value::Null,
            json!(aside.locator),
            json!("set_aside"),
            json!(aside.reason),
        ]);
    }

    pub(super) fn finish(self, context: &Context) -> Result<Outcome> {
        let after = context.append(&self.batch)?;
        let mut shown: Vec<Vec<String>> = Vec::new();
        for ((kind, status), n) in &self.counts {
            shown.push(vec![
                (*kind).to_owned(),
                (*status).to_owned(),
                n.to_string(),
                String::new(),
            ]);
        }
        for (reason, n) in self.reasons.iter().take(REASONS_SHOWN) {
            let what = "set aside because".to_owned();
            shown.push(vec![String::new(), what, n.to_string(), reason.clone()]);
        }
        let header = ["kind", "status", "values", "reason"];
        self.rows.print(context.global.format, || table(&header, &[2], shown))?;
        context.say(format!(
            "archive known through {}; `chipcast data list` shows what it holds",
            format::date(after.known_through())
        ));
        Ok(Outcome::Done)
    }
}
