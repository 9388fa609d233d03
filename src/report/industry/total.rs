//! The total of the buyers that share a calendar, added world by world.
//!
//! May use the core, `forecast` and the rest of `report`.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Industry, sources_of};
use crate::draws::{DEFAULT_N_DRAWS, Draws};
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::history::History;
use crate::forecast::news::Account;
use crate::report::chart::{Band, Dated, Fan, FanStep};
use crate::report::moves::{Moves, history};
use crate::report::{Cell, Chart, KeyFigure, Prose, Section, Sources, Table, format};
use crate::series::company_name;
use crate::units::Unit;

/// Buyers whose quarters end on the same day, so that their spend adds up.
const CALENDAR_BUYERS: [&str; 4] = ["msft", "googl", "amzn", "meta"];
/// Quarters of history that the fan shows.
const SHOWN_PERIODS: usize = 16;

/// The buyers' spend in sum.
pub(super) struct Total {
    /// Past sums by quarter, oldest first.
    actuals: Vec<Dated>,
    /// Sums of the quarters ahead, nearest first.
    ahead: Vec<(NaiveDate, Draws<f64>)>,
    /// Quarters of which some part is withheld.
    refused: Vec<NaiveDate>,
    /// What the last reports said in sum, where all spoke.
    previous: Vec<Dated>,
    /// How far each part's forecast of the next quarter moved since its last report.
    moved: Vec<(String, f64)>,
    names: String,
    sources: Sources,
}

struct Part<'a> {
    forecast: &'a Forecast,
    moves: &'a Moves,
    history: History,
    draws: Vec<Draws<f64>>,
}

impl<'a> Part<'a> {
    fn of(material: &Industry<'_>, forecast: &'a Forecast, moves: &'a Moves) -> Result<Self> {
        let draws = forecast.draws(material.seed, DEFAULT_N_DRAWS);
        Ok(Self { forecast, moves, history: history(material.known, forecast)?, draws })
    }

    fn known(&self, end: NaiveDate) -> Option<f64> {
        let at = self.history.periods.iter().position(|period| period.end() == end)?;
        Some(self.history.values[at])
    }

    /// The worlds of a quarter: its value in each, where it is known; `None` where nothing is claimed.
    fn worlds(&self, end: NaiveDate) -> Option<Draws<f64>> {
        if let Some(value) = self.known(end) {
            return Some(Draws::constant(value, DEFAULT_N_DRAWS));
        }
        let steps = &self.forecast.steps;
        let at = steps.iter().position(|step| step.period.end() == end)?;
        self.draws.get(at).filter(|_| steps[at].refusal.is_none()).cloned()
    }

    fn account(&self, end: NaiveDate) -> Option<&Account> {
        let since = self.moves.since.as_ref()?;
        since.told.accounts.iter().find(|account| account.period.end() == end)
    }

    fn name(&self) -> &str {
        company_name(self.forecast.target.owner())
    }
}

impl Total {
    pub(super) fn of(material: &Industry<'_>) -> Result<Self> {
        let is_part = |forecast: &Forecast| {
            let target = &forecast.target;
            CALENDAR_BUYERS.contains(&target.owner()) && target.metric() == "capex_cash"
        };
        let held = material.with_moves().filter(|(forecast, _)| is_part(forecast));
        let parts = held.map(|(forecast, moves)| Part::of(material, forecast, moves));
        let parts: Vec<Part<'_>> = parts.collect::<Result<_>>()?;
        if parts.is_empty() {
            let why = "the industry page needs a forecast of a buyer's capex";
            return Err(Error::insufficient(why));
        }
        let sum = |of: &dyn Fn(&Part<'_>) -> Option<f64>| parts.iter().map(of).sum::<Option<f64>>();
        let ends = parts[0].history.periods.iter().map(|period| period.end());
        let actuals: Vec<Dated> =
            ends.filter_map(|end| Some((end, sum(&|part| part.known(end))?))).collect();
        let last = actuals.last().map(|(end, _)| *end);
        let steps = parts.iter().flat_map(|part| &part.forecast.steps);
        let ends: BTreeSet<NaiveDate> = steps.map(|step| step.period.end()).collect();
        let (mut ahead, mut refused) = (Vec::new(), Vec::new());
        for end in ends.into_iter().filter(|end| last.is_none_or(|last| *end > last)) {
            let worlds: Option<Vec<_>> = parts.iter().map(|part| part.worlds(end)).collect();
            match worlds.filter(|_| refused.is_empty()) {
                Some(worlds) => ahead.push((end, add(&worlds)?)),
                None => refused.push(end),
            }
        }
        let told = last.into_iter().chain(ahead.iter().map(|(end, _)| *end));
        let then = |end| sum(&|part| part.account(end).map(|account| account.prev));
        let previous = told.filter_map(|end| Some((end, then(end)?))).collect();
        let next = ahead.first().map(|(end, _)| *end);
        let moved = parts.iter().filter_map(|part| {
            let account = part.account(next?)?;
            Some((part.name().to_owned(), account.total()))
        });
        let moved = moved.collect();
        let names: Vec<&str> = parts.iter().map(Part::name).collect();
        let sources = sources_of(
            material,
            "forecasts with conformal intervals, added draw by draw",
            parts.iter().map(|part| part.forecast),
        )?;
        let names = match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        };
        Ok(Self { actuals, ahead, refused, previous, moved, names, sources })
    }

    /// The last sum known.
    fn last(&self) -> Option<f64> {
        self.actuals.last().map(|(_, value)| *value)
    }

    pub(super) fn finding(&self) -> Prose {
        let verb = if self.names.contains(" and ") { "are" } else { "is" };
        let text = self.ahead.first().map_or_else(
            || format!("No sum of what {} will spend can be trusted today.", self.names),
            |(end, draws)| {
                let change = self.last().map_or_else(String::new, |last| {
                    let share = format::signed(draws.median() / last - 1.0, Unit::Ratio, 0);
                    format!(", {share} on the quarter before")
                });
                format!(
                    "{} {verb} heading for {} of cash capital expenditure in the quarter to {}{change}.",
                    self.names,
                    format::words(draws.median(), Unit::Usd, 0),
                    format::date(*end),
                )
            },
        );
        Prose::cited(text, self.sources.clone())
    }

    pub(super) fn figure(&self) -> KeyFigure {
        let label = "Their cash capital expenditure, next quarter".to_owned();
        let Some((_, draws)) = self.ahead.first() else {
            let value = Cell::missing("a part of the sum is refused");
            return KeyFigure { label, value, interval: None, change: None, note: None };
        };
        let ends = draws.quantiles(&[0.1, 0.9]);
        let number = |value| Cell::number(value, Unit::Usd, 0, self.sources.clone());
        let change = |value| Cell::change(value, Unit::Usd, 1, self.sources.clone());
        KeyFigure {
            label,
            value: number(draws.median()),
            interval: Some(Cell::interval(
                (ends[0], ends[1]),
                0.8,
                Unit::Usd,
                0,
                self.sources.clone(),
            )),
            change: (!self.moved.is_empty())
                .then(|| (change(self.moved_in_sum()), "since the last reports".to_owned())),
            note: None,
        }
    }

    fn moved_in_sum(&self) -> f64 {
        self.moved.iter().map(|(_, change)| change).sum()
    }

    /// What moved the sum since the last reports.
    pub(super) fn moved(&self, material: &Industry<'_>) -> Prose {
        let model = material.model("account of news: the forecast made again after each event");
        let one = |(name, change): &(String, f64)| {
            format!("{name} {}", format::signed(*change, Unit::Usd, 1))
        };
        let text = if self.moved.is_empty() {
            "What moved it: there are no earlier reports to compare with.".to_owned()
        } else {
            format!(
                "What moved it since the eve of each company's latest results, by {} in sum: {}.",
                format::signed(self.moved_in_sum(), Unit::Usd, 1),
                self.moved.iter().map(one).collect::<Vec<_>>().join(", ")
            )
        };
        Prose::cited(text, self.sources.clone().and(&model))
    }

    pub(super) fn section(&self, material: &Industry<'_>) -> Result<Section> {
        let step = |(date, draws): &(NaiveDate, Draws<f64>)| {
            let band = |coverage: f64| {
                let tail = (1.0 - coverage) / 2.0;
                let ends = draws.quantiles(&[tail, 1.0 - tail]);
                Band { coverage, low: ends[0], high: ends[1] }
            };
            FanStep { date: *date, median: draws.median(), bands: [0.5, 0.8].map(band).to_vec() }
        };
        let steps: Vec<FanStep> = self.ahead.iter().map(step).collect();
        let title = steps.last().map_or_else(
            || "A part of the sum is refused, so the sum is".to_owned(),
            |last| {
                format!(
                    "The sum heads for {} a quarter by {}",
                    format::words(last.median, Unit::Usd, 0),
                    format::date(last.date)
                )
            },
        );
        let heading = match (self.last(), steps.last()) {
            (Some(last), Some(end)) => format!(
                "Their sum goes from {} to {} within {}",
                format::words(last, Unit::Usd, 0),
                format::words(end.median, Unit::Usd, 0),
                format::count(steps.len(), "quarter"),
            ),
            _ => "No sum can be given today".to_owned(),
        };
        let rows = steps.iter().map(|step| {
            let number = |value| Cell::number(value, Unit::Usd, 1, &self.sources);
            let then = self.previous.iter().find(|(date, _)| *date == step.date);
            let ends = &step.bands[1];
            vec![
                Cell::date(step.date),
                number(step.median),
                Cell::interval((ends.low, ends.high), 0.8, Unit::Usd, 1, &self.sources),
                then.map_or_else(
                    || Cell::missing("not every last report spoke of it"),
                    |then| number(then.1),
                ),
            ]
        });
        let headings = ["Quarter to", "Median of the sum", "80% interval", "Last reports"];
        let table = Table::new("The sum, quarter by quarter", &headings, rows.collect())?;
        let fan = Fan {
            actuals: self.actuals[self.actuals.len().saturating_sub(SHOWN_PERIODS)..].to_vec(),
            steps,
            references: Vec::new(),
            previous: self.previous.clone(),
            as_of: material.known.as_of(),
            refused: self.refused.clone(),
        };
        let chart = Chart::new(
            title,
            format!("Cash capital expenditure of {}", self.names),
            "Past sums, the median of the sum with its intervals, and the last reports in sum.",
            Unit::Usd,
            fan,
            self.sources.clone(),
        );
        let note = Prose::cited(
            "Sums are made world by world: half of each company's shock is taken to be common to all, so \
             the sum is less certain than independent companies would make it, and its median is not the \
             sum of the medians. The last reports are added by their medians.",
            material.model("copula of models/chipcast.toml"),
        );
        Ok(Section::new("total", heading, vec![chart.into(), table.with_note(note).into()]))
    }
}

fn add(parts: &[Draws<f64>]) -> Result<Draws<f64>> {
    let (first, rest) = parts.split_first().expect("a sum has a part");
    rest.iter().try_fold(first.clone(), |sum, part| sum.zip(part, |a, b| a + b))
}
