//! The hard rules for rows on their way in: what breaks one is set aside with its reason.
//!
//! May use the core files, `ingest` and its sibling files. Only what cannot be true is refused
//! here; what merely looks odd is stored, and told by `run`. Pure: the archive is read, not
//! changed.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::held::{Step, step};
use super::jumps::{cannot_be_negative, is_share};
use super::rules::PERCENTILES;
use super::vintages;
use crate::archive::Archive;
use crate::error::Result;
use crate::ingest::SetAside;
use crate::observation::Observation;
use crate::period::{Frequency, Period};
use crate::series::SeriesId;

/// Powers of ten by which a value in thousands or millions is off.
const SCALES: [f64; 2] = [3.0, 6.0];
/// How exactly a value is a power of ten times another vintage of its period, in powers of ten: 0.5%.
const EXACTLY: f64 = 0.0022;
/// How nearly it is that times the values of the periods beside it: a factor of 2.
const ABOUT: f64 = 0.3;
/// How far apart those may lie from each other: a factor of 5.
const SPREAD: f64 = 0.7;
/// Periods before a series' last one that must agree, where none comes after it.
const N_BEFORE: usize = 3;
/// How exactly a quarter is its year.
const YEAR_SHARE: f64 = 1e-3;
/// What the three quarters before must be of the year, for the fourth not to be the year.
const REST_SHARE: f64 = 0.2;

/// Splits rows into those that may enter an archive and those that cannot be true.
///
/// A row is set aside if its value is not finite; if it is negative, or a share past 1, where it cannot
/// be; if a report is dated before its period was over; if a percentile lies on the wrong side of the
/// median of the same batch; if it is a thousand or a million times what both the other vintages of its
/// period and the periods beside it say; or if it is a whole year under a quarter's dates. Rows are
/// compared with what the archive holds, and with each other.
///
/// # Errors
/// [`crate::Error::Store`] if a part of the archive cannot be read.
pub fn admit(rows: Vec<Observation>, known: &Archive) -> Result<(Vec<Observation>, Vec<SetAside>)> {
    let context = Context::read(&rows, known)?;
    let disordered = disordered(&rows);
    let (mut kept, mut aside) = (Vec::new(), Vec::new());
    for (row_idx, row) in rows.into_iter().enumerate() {
        let reason = alone(&row)
            .or_else(|| disordered.get(&row_idx).cloned())
            .or_else(|| context.off_by_a_scale(&row))
            .or_else(|| context.a_year(&row));
        match reason {
            None => kept.push(row),
            Some(reason) => aside.push(SetAside {
                series: row.series.to_string(),
                period: Some(row.period),
                locator: row.locator,
                reason,
            }),
        }
    }
    Ok((kept, aside))
}

/// What a row says itself that cannot be.
fn alone(row: &Observation) -> Option<String> {
    if !row.value.is_finite() {
        return Some(format!("{} is not a finite number", row.value));
    }
    if is_share(row) && !(0.0..=1.0).contains(&row.value) {
        return Some(format!("{} is no share between 0 and 1", row.value));
    }
    if cannot_be_negative(row) && row.value < 0.0 {
        return Some(format!("{} is negative, which it cannot be", row.value));
    }
    vintages::is_early(row)
        .then(|| format!("a {} of {} lies before the period's end", row.vintage_basis, row.vintage))
}

/// Percentiles on the wrong side of the median that came with them, or of each other.
fn disordered(rows: &[Observation]) -> HashMap<usize, String> {
    let key = |row: &Observation, id: &str| (id.to_owned(), row.period, row.vintage);
    let is_percentile =
        |row: &Observation| PERCENTILES.iter().any(|end| row.series.as_str().ends_with(end));
    let wholes: HashSet<_> = rows
        .iter()
        .filter(|row| is_percentile(row))
        .filter_map(|row| row.series.parent())
        .collect();
    let values: HashMap<_, f64> = rows
        .iter()
        .filter(|row| is_percentile(row) || wholes.contains(&row.series))
        .map(|row| (key(row, row.series.as_str()), row.value))
        .collect();
    let mut found = HashMap::new();
    for (row_idx, row) in rows.iter().enumerate().filter(|(_, row)| is_percentile(row)) {
        let Some((whole, ending)) = row.series.as_str().rsplit_once('.') else { continue };
        let other = if ending == "p05" { "p95" } else { "p05" };
        for (name, id) in [("median", whole.to_owned()), (other, format!("{whole}.{other}"))] {
            let Some(value) = values.get(&key(row, &id)) else { continue };
            let wrong = if ending == "p05" { row.value > *value } else { row.value < *value };
            if wrong {
                let reason = format!("{ending} is {}, beside a {name} of {value}", row.value);
                found.entry(row_idx).or_insert(reason);
            }
        }
    }
    found
}

/// What else is said of the series of a batch: held rows first, then rows of the batch.
struct Context(BTreeMap<SeriesId, Line>);

/// One series: its periods by frequency, in order, each with one value; and every value by period.
#[derive(Default)]
struct Line {
    in_order: BTreeMap<Frequency, Vec<(Period, f64)>>,
    by_period: HashMap<Period, Vec<f64>>,
    /// The years of the same metric, which stand under an id of their own.
    years: Vec<(Period, f64)>,
}

impl Context {
    fn read(rows: &[Observation], known: &Archive) -> Result<Self> {
        let mut of_batch: BTreeMap<&SeriesId, Vec<&Observation>> = BTreeMap::new();
        for row in rows {
            of_batch.entry(&row.series).or_default().push(row);
        }
        let mut lines = BTreeMap::new();
        for (id, batch) in &of_batch {
            let mut line = Line::new(known.rows_of(id)?.iter().chain(batch.iter().copied()));
            if let Ok(annual) = SeriesId::new(&format!("{id}.annual")) {
                let of_batch = of_batch.get(&annual).into_iter().flatten().copied();
                let years = Line::new(known.rows_of(&annual)?.iter().chain(of_batch));
                line.years = years.in_order.get(&Frequency::Year).cloned().unwrap_or_default();
            }
            lines.insert((*id).clone(), line);
        }
        Ok(Self(lines))
    }

    /// A value that is 10^3 or 10^6 times what else is known, or that part of it.
    fn off_by_a_scale(&self, row: &Observation) -> Option<String> {
        let line = self.0.get(&row.series)?;
        let Beside { before, after } = line.beside(row.period);
        let beside: Vec<f64> = before.iter().chain(&after).copied().collect();
        let signed = |power: f64, other: f64| (row.value / other).abs().log10() - power;
        let powers = SCALES.into_iter().flat_map(|power| [power, -power]);
        let off = |power: &f64| {
            let about = |other: &f64| signed(*power, *other).abs() < ABOUT;
            let twins = line.by_period.get(&row.period).map_or(&[][..], Vec::as_slice);
            let twin = twins.iter().any(|other| signed(*power, *other).abs() < EXACTLY);
            let last = after.is_empty() && before.len() >= N_BEFORE;
            let enough = (!before.is_empty() && !after.is_empty()) || last;
            let agree = twin || (twins.len() == 1 && enough && spread(&beside) < SPREAD);
            agree && !beside.is_empty() && beside.iter().all(about)
        };
        let power = powers.into_iter().find(off)?;
        Some(format!(
            "{} is about 10^{power} times the values beside it, such as {}",
            row.value,
            beside.first()?
        ))
    }

    /// A quarter whose value is that of its whole year.
    fn a_year(&self, row: &Observation) -> Option<String> {
        if row.period.frequency() != Some(Frequency::Quarter) {
            return None;
        }
        let line = self.0.get(&row.series)?;
        let before = line.beside(row.period).before;
        let rest: f64 = before.iter().take(3).sum();
        let whole = before.len() >= 3 && before.iter().take(3).all(|value| *value > 0.0);
        if !whole || rest < REST_SHARE * row.value {
            return None;
        }
        let near = |year: f64| (row.value / year - 1.0).abs() < YEAR_SHARE;
        let twins = line.by_period.get(&row.period)?;
        let sums = twins.iter().filter(|twin| **twin != row.value).map(|twin| twin + rest);
        let years = line.years_that_end_with(row.period);
        let year = sums.chain(years).find(|year| near(*year))?;
        Some(format!("{} is the whole year, {year}, under the dates of a quarter", row.value))
    }
}

/// Values of the periods next to one, nearest first.
struct Beside {
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Line {
    fn new<'a>(rows: impl Iterator<Item = &'a Observation>) -> Self {
        let mut line = Self::default();
        for row in rows {
            let values = line.by_period.entry(row.period).or_default();
            if let Some(frequency) = row.period.frequency().filter(|_| values.is_empty()) {
                line.in_order.entry(frequency).or_default().push((row.period, row.value));
            }
            values.push(row.value);
        }
        for periods in line.in_order.values_mut() {
            periods.sort_by_key(|(period, _)| (period.end(), period.start()));
        }
        line
    }

    /// Up to [`N_BEFORE`] periods before and one after, as far as they follow each other.
    /// Values of the years that end with a quarter.
    fn years_that_end_with(&self, quarter: Period) -> impl Iterator<Item = f64> {
        let ends = move |year: Period| (year.end() - quarter.end()).num_days().abs() <= 7;
        self.years.iter().filter(move |(year, _)| ends(*year)).map(|(_, value)| *value)
    }

    fn beside(&self, period: Period) -> Beside {
        let none = Beside { before: Vec::new(), after: Vec::new() };
        let line = period.frequency().and_then(|frequency| self.in_order.get(&frequency));
        let Some(line) = line else { return none };
        let key = (period.end(), period.start());
        let place = line.binary_search_by_key(&key, |(other, _)| (other.end(), other.start())).ok();
        let Some(place) = place else { return none };
        let follows = |a: usize, b: usize| step(line[a].0, line[b].0) == Step::Next;
        let before = (1..=place.min(N_BEFORE))
            .take_while(|back| follows(place - back, place - back + 1))
            .map(|back| line[place - back].1);
        let next = (place + 1 < line.len() && follows(place, place + 1)).then(|| place + 1);
        Beside { before: before.collect(), after: next.map(|i| line[i].1).into_iter().collect() }
    }
}

/// Powers of ten between the smallest and the largest size.
fn spread(values: &[f64]) -> f64 {
    let logs = values.iter().map(|value| value.abs().log10());
    let (low, high) = logs.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    high - low
}
