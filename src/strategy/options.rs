//! What a company under pressure could do instead, and what that would cost, as far as a source tells.
//!
//! May use the core files, `precedents`, `rule`, `signals` and `situation`. A cost is computed from held values
//! or it is not given.

use super::precedents::WayOut;
use super::rule::Rule;
use super::signals::Signals;
use super::situation::Situation;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::series::SeriesId;

/// What customers paid for chips of their own design.
const CUSTOM_CHIPS: &str = "avgo.revenue.ai_semiconductor";
/// What renters paid, and for how much power.
const RENT: (&str, &str) = ("crwv.revenue", "crwv.active_power");
/// Watts in a gigawatt (definition).
const W_PER_GW: f64 = 1e9;

/// A way out with what it would cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// Which: own chips, others' machines, rented ones or a partner's, or nothing new.
    pub kind: WayOut,
    /// Low and high, in `unit`; `None` where nothing held tells it.
    pub cost: Option<(f64, f64)>,
    /// What the cost is counted in.
    pub unit: &'static str,
    /// What the cost means and where it comes from.
    pub words: String,
}

/// The ways out of a situation.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn ways(known: &Snapshot, now: &Situation, rule: &Rule) -> Result<Vec<Way>> {
    Ok(vec![build(known)?, buy(now, rule), partner(known)?, wait(&now.signals)])
}

/// At most what all of Broadcom's customers paid in four quarters for chips of their own design.
fn build(known: &Snapshot) -> Result<Way> {
    let rows = rows(known, CUSTOM_CHIPS)?;
    let sums: Vec<f64> = rows.windows(4).map(|year| year.iter().map(|r| r.value).sum()).collect();
    let kind = WayOut::Build;
    let (Some(last), Some(high)) = (rows.last(), sums.last()) else {
        let words = format!("own chips: {CUSTOM_CHIPS} is not known for four quarters");
        return Ok(Way { kind, cost: None, unit: "USD a year", words });
    };
    let words = format!(
        "own chips: up to what all of Broadcom's customers together paid for AI chips in the four quarters \
         to {}; what one of them paid is not public ({})",
        last.period.end(),
        last.locator
    );
    Ok(Way { kind, cost: Some((0.0, *high)), unit: "USD a year", words })
}

fn buy(now: &Situation, rule: &Rule) -> Way {
    let more = (rule.threshold - 1.0) * now.spent;
    let most = now.signals.outlook.map_or(more, |outlook| ((outlook - 1.0) * now.spent).max(more));
    let words = format!(
        "machines: what four quarters would cost beyond the last four, from the threshold to the own \
         outlook ({} to {})",
        now.series,
        now.last.end()
    );
    Way { kind: WayOut::Buy, cost: Some((more.min(most), most)), unit: "USD more a year", words }
}

/// What CoreWeave's customers paid in a year for a gigawatt that was active at the quarter's end.
fn partner(known: &Snapshot) -> Result<Way> {
    let (revenue, power) = (rows(known, RENT.0)?, rows(known, RENT.1)?);
    let of_quarter = |row: &Observation| {
        let power = power.iter().find(|p| p.period.end() == row.period.end())?;
        (power.value > 0.0).then_some(4.0 * row.value / (power.value / W_PER_GW))
    };
    let rents: Vec<f64> = revenue.iter().filter_map(of_quarter).collect();
    let low = rents.iter().copied().fold(f64::INFINITY, f64::min);
    let high = rents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let cost = (!rents.is_empty()).then_some((low, high));
    let words = match revenue.last().filter(|_| cost.is_some()) {
        Some(last) => format!(
            "rented: what CoreWeave took in a quarter, times four, for each gigawatt active at its end, \
             lowest and highest of {} quarters to {} ({})",
            rents.len(),
            last.period.end(),
            last.locator
        ),
        None => format!("rented: {} and {} are not known for one quarter", RENT.0, RENT.1),
    };
    Ok(Way { kind: WayOut::Partner, cost, unit: "USD a year and GW", words })
}

/// What becomes of its share of the watched companies' spend if it stands still for a year.
fn wait(signals: &Signals) -> Way {
    let lost = signals.rivals.map(|rivals| 1.0 - 1.0 / rivals);
    let words = "no more than now: how much smaller its spend becomes beside the others' if they grow for \
                 a year as over the last one; what that loses in sales no source tells";
    Way {
        kind: WayOut::Wait,
        cost: lost.map(|lost| (lost.min(0.0), lost.max(0.0))),
        unit: "ratio",
        words: words.to_owned(),
    }
}

fn rows(known: &Snapshot, series: &str) -> Result<Vec<Observation>> {
    let series = SeriesId::new(series)?;
    if known.holds(&series)? { known.current(&series) } else { Ok(Vec::new()) }
}
