//! The page on how reliable forecasts were: coverage, errors beside the rivals, and what is open.
//!
//! May use the core, `forecast` and the rest of `report`. Composes; the arithmetic is
//! `forecast/reliability.rs`. Forecasts made before the value was known and those made afterwards
//! never share a section.

use super::chart::{Bar, Bars};
use super::disclosures::disclosures;
use super::{
    Block, Cell, Chart, KeyFigure, Prose, Report, Section, SourceRef, Table, Tone, format,
};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::ledger::Basis;
use crate::forecast::reliability::{COVERAGES, Claim, N_BINS, Reliability};
use crate::units::Unit;

/// What the page is made of.
pub struct Subject<'a> {
    /// What was known.
    pub known: &'a Snapshot,
    /// The run that makes it.
    pub run_id: &'a str,
    /// The forecasts.
    pub claims: &'a [Claim],
    /// How reliable they were, by basis and horizon.
    pub groups: &'a [Reliability],
}

impl Subject<'_> {
    /// The source of a number of one basis.
    fn source(&self, basis: Basis) -> SourceRef {
        let step = match basis {
            Basis::Live => "ledger: forecasts made before the value was known",
            Basis::Replayed => "ledger: pseudo real time, replayed from an earlier day",
            Basis::Backtest => "rolling-origin backtest in pseudo real time",
        };
        let scored = pooled(self).find(|group| group.basis == basis).map_or(0, |group| group.n);
        SourceRef::model(step, self.run_id, self.known.as_of()).of(scored)
    }
}

/// The page.
///
/// # Errors
/// [`crate::Error::Invalid`] if a table is uneven, which is a bug.
pub fn calibration(subject: &Subject<'_>) -> Result<Report> {
    let mut sections = Vec::new();
    for basis in [Basis::Live, Basis::Replayed, Basis::Backtest] {
        let of_basis: Vec<_> = subject.groups.iter().filter(|g| g.basis == basis).collect();
        if let Some((all, horizons)) = of_basis.split_last() {
            sections.push(section(subject, basis, all, horizons)?);
        }
    }
    if sections.is_empty() {
        let text = "The ledger holds no forecast yet. A run adds those that it makes; they are \
                    scored when their values are released.";
        let blocks = vec![Block::Note(Tone::Caution, Prose::plain(text))];
        sections.push(Section::new("empty", "Nothing has been forecast yet", blocks));
    }
    Ok(Report {
        title: "Chipcast: calibration".to_owned(),
        finding: finding(subject),
        subtitle: "Every forecast on record against the first release of what came".to_owned(),
        as_of: subject.known.as_of(),
        run_id: subject.run_id.to_owned(),
        data_hash: subject.known.digest()[..16].to_owned(),
        key_figures: key_figures(subject),
        bullets: Vec::new(),
        sections,
        disclosures: disclosures(),
    })
}

/// All horizons of a basis together.
fn pooled<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a Reliability> {
    subject.groups.iter().filter(|group| group.horizon.is_none())
}

fn finding(subject: &Subject<'_>) -> Prose {
    let scored = pooled(subject).find(|group| group.n > 0);
    let Some((group, share)) = scored.and_then(|g| Some((g, g.covered[1].value()?))) else {
        return Prose::plain("No forecast on record has been scored yet.");
    };
    let text = format!(
        "The 80% interval held {} of {} that came ({}).",
        format::percent((share * 100.0).round() / 100.0),
        format::count(group.covered[1].n, "value"),
        group.basis.label()
    );
    Prose::cited(text, subject.source(group.basis))
}

fn key_figures(subject: &Subject<'_>) -> Vec<KeyFigure> {
    pooled(subject)
        .map(|group| {
            let n = Cell::count(group.n, "forecast", subject.source(group.basis));
            KeyFigure::fact("Scored", n, group.basis.label())
        })
        .collect()
}

fn section(
    subject: &Subject<'_>,
    basis: Basis,
    all: &Reliability,
    horizons: &[&Reliability],
) -> Result<Section> {
    let source = subject.source(basis);
    let mut groups = horizons.to_vec();
    groups.push(all);
    let mut blocks: Vec<Block> = vec![Block::text(Prose::plain(counted(basis)))];
    if all.n == 0 {
        let text = "None of these forecasts has been scored yet: their values are still to come.";
        blocks.push(Block::Note(Tone::Remark, Prose::plain(text)));
    } else {
        blocks.push(coverage_chart(&groups, &source).into());
        if all.pit.iter().sum::<usize>() > 0 {
            blocks.push(pit_chart(all, &source).into());
        }
        blocks.push(coverage_table(&groups, &source)?.into());
        blocks.push(error_table(&groups, &source)?.into());
        blocks.push(latest_table(subject, basis, &source)?.into());
    }
    let id = basis.word();
    Ok(Section::new(id, format::capitalised(basis.label()), blocks))
}

fn counted(basis: Basis) -> &'static str {
    match basis {
        Basis::Live | Basis::Replayed => {
            "Of several forecasts of one target, horizon and model, the first counts. A refused \
             forecast claims nothing: it is counted and not scored."
        }
        Basis::Backtest => {
            "Rows of a backtest show what the method of today would have said; they are no \
             forecasts. Refused rows are counted and not scored."
        }
    }
}

fn ahead(group: &Reliability) -> String {
    group.horizon.map_or_else(|| "all horizons".to_owned(), |h| format!("{h} ahead"))
}

fn coverage_chart(groups: &[&Reliability], source: &SourceRef) -> Chart {
    let bars = groups.iter().flat_map(|group| {
        COVERAGES.iter().zip(group.covered).filter_map(|(coverage, share)| {
            Some(Bar {
                label: format!("{}, {} interval", ahead(group), format::percent(*coverage)),
                value: share.value()?,
                interval: share.wilson(),
                is_emphasised: group.horizon.is_none(),
            })
        })
    });
    Chart::new(
        "How often each interval held what came",
        "Share of values inside, with the interval in which the true share lies",
        "Bars: the share of values inside the intervals, by horizon; whiskers: Wilson intervals.",
        Unit::Ratio,
        Bars { bars: bars.collect() },
        source,
    )
}

fn pit_chart(all: &Reliability, source: &SourceRef) -> Chart {
    #[expect(clippy::cast_precision_loss, reason = "counts of forecasts are small")]
    let bar = |(bin, n): (usize, &usize)| Bar {
        label: format!("{} to {}", format::percent(edge(bin)), format::percent(edge(bin + 1))),
        value: *n as f64,
        interval: None,
        is_emphasised: false,
    };
    Chart::new(
        "Where in its distribution each value fell: even bars are well calibrated",
        "Values by their place in the forecast distribution",
        "Bars: how many values fell into each tenth of the forecast distribution.",
        Unit::Count,
        Bars { bars: all.pit.iter().enumerate().map(bar).collect() },
        source,
    )
}

#[expect(clippy::cast_precision_loss, reason = "ten bins")]
fn edge(bin: usize) -> f64 {
    bin as f64 / N_BINS as f64
}

fn coverage_table(groups: &[&Reliability], source: &SourceRef) -> Result<Table> {
    let rows = groups.iter().map(|group| {
        let mut row = vec![
            Cell::label(ahead(group)),
            Cell::count(group.n, "", source),
            Cell::count(group.n_open, "", source),
            Cell::count(group.n_refused, "", source),
        ];
        row.extend(group.covered.map(|share| match (share.value(), share.wilson()) {
            (Some(value), Some((low, high))) => {
                let range = format::range(low, high, Unit::Ratio, 0);
                let value = format::words(value, Unit::Ratio, 0);
                Cell::cited(format!("{value} ({range})"), source)
            }
            _ => Cell::missing("no such interval was claimed"),
        }));
        row
    });
    let headings =
        ["Horizon", "Scored", "Open", "Refused", "In the 50%", "In the 80%", "In the 95%"];
    let table = Table::new("Coverage, with Wilson intervals", &headings, rows.collect())?;
    Ok(table.with_note(Prose::cited(
        "In brackets the 95% Wilson interval of the share, as if forecasts were independent; \
         neighbouring ones are not, so that it is too narrow.",
        source,
    )))
}

fn error_table(groups: &[&Reliability], source: &SourceRef) -> Result<Table> {
    let number = |value: Option<f64>| {
        let missing = || Cell::missing("nothing to measure");
        value.map_or_else(missing, |value| Cell::number(value, Unit::Index, 3, source))
    };
    let rows = groups.iter().map(|group| {
        let skill = group.skill.map_or_else(
            || Cell::missing("nothing to measure"),
            |skill| Cell::change(skill, Unit::Ratio, 0, source),
        );
        vec![
            Cell::label(ahead(group)),
            number(group.mae_log),
            number(group.mae_log_naive),
            skill,
            Cell::count(group.n_guide, "", source),
            number(group.mae_log_at_guide),
            number(group.mae_log_guide),
            number(group.wis_log),
        ]
    });
    let headings = [
        "Horizon",
        "Log error",
        "Last value's",
        "Skill",
        "With a guide",
        "Error there",
        "Guide's",
        "WIS of logs",
    ];
    let caption = "Mean absolute log errors beside the last value's and the guide's";
    Table::new(caption, &headings, rows.collect())
}

/// Scored forecasts that a page shows.
const SHOWN: usize = 40;

fn latest_table(subject: &Subject<'_>, basis: Basis, source: &SourceRef) -> Result<Table> {
    let mut scored: Vec<_> = subject
        .claims
        .iter()
        .filter(|claim| claim.basis == basis)
        .filter_map(|claim| Some((claim, claim.median?, claim.actual?)))
        .collect();
    scored.sort_by(|a, b| (b.0.period_end, &a.0.series).cmp(&(a.0.period_end, &b.0.series)));
    let rows = scored.into_iter().take(SHOWN).map(|(claim, median, actual)| {
        let inside = claim.interval(0.8).map(|(low, high)| low <= actual && actual <= high);
        vec![
            Cell::label(claim.series.clone()),
            Cell::date(claim.period_end),
            Cell::date(claim.origin),
            Cell::label(claim.horizon.to_string()),
            Cell::change(actual / median - 1.0, Unit::Ratio, 1, source),
            Cell::change(actual / claim.naive - 1.0, Unit::Ratio, 1, source),
            match inside {
                Some(true) => Cell::label("yes"),
                Some(false) => Cell::label("no"),
                None => Cell::missing("no interval was claimed"),
            },
        ]
    });
    let headings =
        ["Series", "Period to", "Forecast on", "Horizon", "Miss", "Last value's", "Inside"];
    Table::new("The latest scored forecasts", &headings, rows.collect())
}
