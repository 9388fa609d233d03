//! Features of a series' past, known at a period, and the growth that followed.
//!
//! May use the core files, `history`, `pooled` and the spec. Every feature of a period uses levels
//! up to that period alone; a missing level leaves the row out.

use super::spec::Feature;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::history::History;
use crate::forecast::{pooled, score};
use crate::series::SeriesId;

/// What features are made of.
pub(crate) struct Past<'a> {
    pub(crate) history: &'a History,
    peers: Vec<History>,
    lags: &'a [usize],
    features: &'a [Feature],
}

/// One training row: the period's number, its features and the growth that followed.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) number: i64,
    pub(crate) x: Vec<f64>,
    pub(crate) y: f64,
}

impl<'a> Past<'a> {
    /// The past of a series; the panel is read only if a feature asks for it.
    pub(crate) fn of(
        known: &Snapshot,
        target: &SeriesId,
        history: &'a History,
        lags: &'a [usize],
        features: &'a [Feature],
    ) -> Result<Self> {
        let mut peers = Vec::new();
        if features.contains(&Feature::Panel) {
            for peer in pooled::panel(known, target)?.iter().filter(|peer| *peer != target) {
                peers.extend(History::of(known, peer, 8).ok());
            }
            peers.retain(|peer: &History| peer.scale == history.scale);
        }
        Ok(Self { history, peers, lags, features })
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        let lags = self.lags.iter().map(|lag| format!("change_lag_{lag}"));
        let named = self.usable().map(|feature| feature.column().to_owned());
        lags.chain(named).collect()
    }

    /// The features of a period, for growth `ahead` periods on; `None` where a level is missing.
    pub(crate) fn at(&self, number: i64, ahead: i64) -> Option<Vec<f64>> {
        let features = self.usable().map(|feature| self.feature(feature, number, ahead));
        self.lags_at(number).chain(features).collect()
    }

    /// Every lag and feature by itself; `None` for one that is missing or that the series cannot have.
    pub(crate) fn each_at(&self, number: i64, ahead: i64) -> Vec<Option<f64>> {
        let features = self.features.iter().map(|feature| {
            let is_usable = self.usable().any(|usable| usable == *feature);
            is_usable.then(|| self.feature(*feature, number, ahead)).flatten()
        });
        self.lags_at(number).chain(features).collect()
    }

    fn lags_at(&self, number: i64) -> impl Iterator<Item = Option<f64>> + '_ {
        let change = move |lag: &usize| self.change(number + 1 - i64::try_from(*lag).ok()?, 1);
        self.lags.iter().map(change)
    }

    fn feature(&self, feature: Feature, number: i64, ahead: i64) -> Option<f64> {
        let season = self.season();
        match feature {
            Feature::Year => self.change(number, season),
            Feature::Season => {
                let years_back = (ahead + season - 1) / season * season;
                self.change(number + ahead - years_back, ahead)
            }
            Feature::Panel => self.panel(number),
        }
    }

    /// The change over some periods up to the one with a number.
    fn change(&self, to: i64, periods: i64) -> Option<f64> {
        Some(self.history.level_at(to)? - self.history.level_at(to - periods)?)
    }

    /// Every row whose growth `ahead` periods on is known, oldest first.
    pub(crate) fn rows(&self, ahead: i64) -> Vec<Row> {
        let row = |number: &i64| {
            let growth = self.history.level_at(number + ahead)? - self.history.level_at(*number)?;
            Some(Row { number: *number, x: self.at(*number, ahead)?, y: growth })
        };
        self.history.numbers.iter().filter_map(row).collect()
    }

    /// The features that the series can have: none of a year where there is no season, none of a panel
    /// of one.
    fn usable(&self) -> impl Iterator<Item = Feature> + '_ {
        let has_season = self.season() > 1;
        self.features.iter().copied().filter(move |feature| match feature {
            Feature::Year | Feature::Season => has_season,
            Feature::Panel => !self.peers.is_empty(),
        })
    }

    fn season(&self) -> i64 {
        i64::try_from(self.history.frequency.season()).unwrap_or(1)
    }

    /// The panel's mean growth over the year that ended a period before; `None` if no peer has it.
    fn panel(&self, number: i64) -> Option<f64> {
        let season = self.season();
        let change =
            |peer: &History| Some(peer.level_at(number - 1)? - peer.level_at(number - 1 - season)?);
        score::mean(&self.peers.iter().filter_map(change).collect::<Vec<_>>())
    }
}
