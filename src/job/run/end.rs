//! How a run ends: published, announced, on record; or failed, with what is known of it.
//!
//! May use `forecast`, `store` and `job`. A failure while a failure is put on record is told and
//! changes nothing.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Ended, Ground, Work, attempt_of, named, seconds_between};
use crate::error::{Error, Result};
use crate::forecast::run_record;
use crate::job::alert::{self, Facts, calibration};
use crate::job::deliver;
use crate::job::file::Alert;
use crate::job::forecasts;
use crate::job::freshness::{Judged, Level};
use crate::job::history::{Announced, Entry};
use crate::job::lineage;
use crate::job::make::Made;
use crate::job::manifest::{ATTEMPT_FILE, Input, LINEAGE_FILE, Manifest, SeriesStatus, Status};
use crate::job::metrics::{self, Figures};
use crate::store;
use crate::store::runs::OutFile;

/// The coverage that figures are told of, unless an alert watches another.
const COVERAGE: f64 = 0.8;

impl Work<'_> {
    /// Puts a run's folder into place.
    pub(super) fn publish(
        &mut self,
        manifest: &Manifest,
        mut files: Vec<OutFile>,
        ground: &Ground,
    ) -> Result<()> {
        let run_id = manifest.record.run_id.clone();
        self.beside(manifest, &mut files, ground)?;
        self.staged("publish", |work| work.runs.publish(&run_id, &files))?;
        Ok(())
    }

    /// The manifest, the attempt and the lineage of a run.
    fn beside(&self, manifest: &Manifest, files: &mut Vec<OutFile>, ground: &Ground) -> Result<()> {
        let attempt = attempt_of(self, &manifest.record.run_id, ages(ground));
        files.push((run_record::FILE_NAME.to_owned(), manifest.bytes()?));
        files.push((ATTEMPT_FILE.to_owned(), attempt.bytes()?));
        let lines = lineage::lines(manifest, attempt.started, attempt.ended);
        files.push((LINEAGE_FILE.to_owned(), lines));
        Ok(())
    }

    /// Moves `latest` to a run, unless it leads to one of a later day.
    pub(super) fn advance(&mut self, manifest: &Manifest) -> Result<()> {
        if let Some(latest) = self.runs.latest()
            && let Some(bytes) = self.runs.read(&latest, run_record::FILE_NAME)?
            && let Ok(held) = Manifest::read(&bytes)
            && held.record.as_of > manifest.record.as_of
        {
            return Ok(());
        }
        self.runs.set_latest(&manifest.record.run_id)
    }

    /// What follows once a run's folder is there.
    pub(super) fn finish(
        &mut self,
        ground: &Ground,
        manifest: Manifest,
        made: &Made,
    ) -> Result<Ended> {
        self.advance(&manifest)?;
        let told = self.staged("announce", |work| work.announce(ground, &manifest, made))?;
        self.conclude(ground, manifest, &told, None)
    }

    /// Puts the end of a run on record, with why it made nothing if so, and tells what is to be told.
    fn conclude(
        &mut self,
        ground: &Ground,
        manifest: Manifest,
        told: &Announced,
        why: Option<&str>,
    ) -> Result<Ended> {
        let now = (self.means.now)();
        self.history.end(named(ground).as_named(), (manifest.status, why), told, now)?;
        let mut troubles = Vec::new();
        self.deliver(&mut troubles)?;
        self.figures(&manifest, &mut troubles);
        Ok(self.ended(manifest, ground, false, (told.deliveries.len(), troubles)))
    }

    /// Data are too old: nothing is published, and it is told.
    pub(super) fn stale(&mut self, ground: &Ground) -> Result<Ended> {
        let mut manifest = self.manifest(ground, None)?;
        manifest.status = Status::Stale;
        let is_old = |judged: &&Judged| judged.level == Level::TooOld;
        let words: Vec<_> = ground.judged.iter().filter(is_old).map(Judged::words).collect();
        let mut files = Vec::new();
        self.beside(&manifest, &mut files, ground)?;
        self.history.begin(named(ground).as_named(), self.started)?;
        self.runs.keep_failed(&manifest.record.run_id, &files)?;
        let told = self.announce(ground, &manifest, &Made::default())?;
        self.conclude(ground, manifest, &told, Some(&words.join("; ")))
    }

    /// Puts a failure on record, as far as that can be done.
    pub(super) fn failed(&mut self, as_of: Option<NaiveDate>, error: &Error) {
        let record = |work: &mut Self| -> Result<()> {
            let missing = Vec::new();
            let ground = work.ground(as_of, missing)?;
            let mut manifest = work.manifest(&ground, None)?;
            (manifest.status, manifest.notes) = (Status::Failed, vec![error.to_string()]);
            let named = named(&ground);
            let now = (work.means.now)();
            let is_begun = work.history.run(&work.job.name, &ground.key.hash())?;
            if is_begun.as_ref().is_some_and(Entry::is_published) {
                // What was published by this key stands; the failure was of a fetch before it.
                tracing::warn!(run_id = %ground.key.run_id(), "an earlier run of this key stands");
            } else {
                if is_begun.is_none_or(|entry| entry.ended.is_some()) {
                    work.history.begin(named.as_named(), work.started)?;
                }
                let status = (Status::Failed, Some(manifest.notes[0].as_str()));
                work.history.end(named.as_named(), status, &Announced::default(), now)?;
            }
            let mut files = Vec::new();
            work.beside(&manifest, &mut files, &ground)?;
            work.runs.keep_failed(&manifest.record.run_id, &files)?;
            work.figures(&manifest, &mut Vec::new());
            Ok(())
        };
        if let Err(other) = record(self) {
            (self.means.say)(&format!("the failure could not be put on record: {other}"));
        }
    }

    /// What is to be told of a run.
    fn announce(&mut self, ground: &Ground, manifest: &Manifest, made: &Made) -> Result<Announced> {
        if self.job.alerts.is_empty() {
            return Ok(Announced::default());
        }
        let as_of = ground.known.as_of();
        let before = self.history.runs(Some(&self.job.name))?;
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let since = before
            .iter()
            .filter(|entry| entry.is_published())
            .filter_map(|entry| day(&entry.as_of))
            .filter(|day| *day < as_of)
            .max();
        let ledger = forecasts::read(self.means.data)?;
        let facts = Facts {
            run_id: &manifest.record.run_id,
            known: &ground.known,
            since: since.filter(|_| manifest.status.is_published()),
            forecasts: &made.forecasts,
            ledger: &ledger,
            judged: &ground.judged,
        };
        let states = self.history.alert_states(&self.job.name)?;
        alert::announced(self.job, &facts, &states)
    }

    /// Delivers what is pending, of this run and of runs before.
    pub(super) fn deliver(&mut self, troubles: &mut Vec<String>) -> Result<()> {
        for delivery in self.history.pending(&self.job.name)? {
            let means = deliver::Means {
                now: (self.means.now)(),
                variable: self.means.variable,
                pause: self.means.pause,
                print: self.means.print,
            };
            match deliver::deliver(self.job, &delivery, &means) {
                Ok(()) => {
                    tracing::info!(alert = %delivery.alert_id, sink = %delivery.sink, "delivered");
                    self.history.delivered(&self.job.name, &delivery, (self.means.now)())?;
                }
                Err(error) => {
                    tracing::error!(alert = %delivery.alert_id, error = %error, "not delivered");
                    troubles.push(format!("an alert was not delivered: {error}"));
                }
            }
        }
        Ok(())
    }

    /// Writes the figures for Prometheus.
    fn figures(&mut self, manifest: &Manifest, troubles: &mut Vec<String>) {
        let Some(asked) = &self.job.metrics else { return };
        let path = std::path::Path::new(&asked.file);
        let written =
            self.figures_text(manifest).and_then(|text| store::write_atomic(path, text.as_bytes()));
        if let Err(error) = written {
            troubles.push(format!("the figures were not written: {error}"));
        }
    }

    fn figures_text(&mut self, manifest: &Manifest) -> Result<String> {
        let today = (self.means.now)().date_naive();
        let age = |input: &Input| match input {
            Input::Series { name, newest_vintage: Some(newest), .. } => {
                Some((name.clone(), (today - *newest).num_days()))
            }
            _ => None,
        };
        let ages: Vec<_> = manifest.inputs.iter().filter_map(age).collect();
        let entries = self.history.runs(Some(&self.job.name))?;
        let moment = |text: &String| text.parse::<DateTime<Utc>>().ok();
        let last_success = entries
            .iter()
            .filter(|entry| entry.is_published())
            .filter_map(|entry| entry.ended.as_ref().and_then(moment))
            .max();
        let watched = self.job.alerts.iter().find_map(|alert| match alert {
            Alert::Calibration { coverage, .. } => Some(*coverage),
            _ => None,
        });
        let ledger = forecasts::read(self.means.data)?;
        let series: &[SeriesStatus] = &manifest.series;
        Ok(metrics::text(&Figures {
            job: &self.job.name,
            status: manifest.status,
            times: (self.started, (self.means.now)()),
            last_success,
            series,
            coverage: calibration::measure(
                &ledger,
                |id| series.iter().any(|of| of.series == id),
                watched.unwrap_or(COVERAGE),
            ),
            ages: &ages,
            n_undelivered: self.history.pending(&self.job.name)?.len(),
        }))
    }

    pub(super) fn ended(
        &self,
        manifest: Manifest,
        ground: &Ground,
        is_earlier: bool,
        (n_told, troubles): (usize, Vec<String>),
    ) -> Ended {
        let folder = self.runs.path(&manifest.record.run_id);
        let seconds = seconds_between(self.started, (self.means.now)());
        Ended { manifest, folder, is_earlier, ages: ages(ground), n_told, troubles, seconds }
    }
}

/// How old data are, where they are late.
fn ages(ground: &Ground) -> Vec<String> {
    let is_late = |judged: &&Judged| judged.level != Level::Fresh;
    ground.judged.iter().filter(is_late).map(Judged::words).collect()
}
