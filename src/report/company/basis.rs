//! A forecast and what it stands on: the sources that its numbers name.
//!
//! May use the core, `forecast` and the rest of `report`. Says where numbers come from, and makes
//! none.

use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::report::{SourceRef, Sources};

/// A forecast, what was known, and the run that made it.
#[derive(Clone, Copy)]
pub(crate) struct Basis<'a> {
    /// What was known.
    pub(crate) known: &'a Snapshot,
    /// The run.
    pub(crate) run_id: &'a str,
    /// The forecast.
    pub(crate) forecast: &'a Forecast,
}

impl Basis<'_> {
    /// The source of a number that this run forecast or measured; its n is that of the scored forecasts
    /// one period ahead.
    pub(crate) fn model(self, step: &str) -> SourceRef {
        self.computed(step, self.forecast.skill.by_horizon.first().map_or(0, |at| at.n))
    }

    /// The source of a number that this run computed from `n` of something.
    pub(crate) fn computed(self, step: &str, n: usize) -> SourceRef {
        SourceRef::model(step, self.run_id, self.known.as_of()).of(n)
    }

    /// The source of the last known value.
    pub(crate) fn last_value(self) -> Result<Option<SourceRef>> {
        SourceRef::last_of(self.known, &self.forecast.target)
    }

    /// Sources of a forecast number: the model, the guide if one went in, and the last value.
    pub(crate) fn forecast_sources(self) -> Result<Sources> {
        let mut sources = Sources::from(&self.model("forecast with conformal intervals"));
        if let Some(guide) = &self.forecast.announcement {
            sources = sources.and(&SourceRef::announced(guide));
        }
        if let Some(last) = self.last_value()? {
            sources = sources.and(&last);
        }
        Ok(sources)
    }
}
