//! What the buyers spend and what the seller sells, made to agree: the capital expenditure of the
//! hyperscalers, its sum, and NVIDIA's Hyperscale revenue as a share of it.
//!
//! May use the core files and all of `forecast`. Sums are taken draw by draw, before and after
//! reconciliation.

use chrono::NaiveDate;
use ndarray::Array2;

use super::backtest::Book;
use super::engine::Chipcast;
use super::history::History;
use super::reconcile::{Reconciliation, Trust};
use super::{Forecast, score};
use crate::archive::Snapshot;
use crate::draws::{Draws, Randomness};
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// The buyers: companies that rent out or run the machines at the largest scale.
pub const BUYERS: [&str; 5] = ["msft", "googl", "amzn", "meta", "orcl"];
/// What the buyers spend.
const SPEND: &str = "capex_cash";
/// The seller's revenue that is forecast, and the part of it that the buyers pay.
const SALES: &str = "nvda.revenue.data_center";
const PART: &str = "nvda.revenue.data_center.hyperscale";

/// One past quarter in which both sides are known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// End of the seller's quarter.
    pub end: NaiveDate,
    /// NVIDIA's Hyperscale revenue.
    pub hyperscale_usd: f64,
    /// Summed capital expenditure of the buyers in the nearest quarter.
    pub capex_usd: f64,
    /// Hyperscale revenue as a share of Data Center revenue.
    pub share_of_sales: f64,
}

impl Link {
    /// Hyperscale revenue as a share of the buyers' capital expenditure.
    pub fn share_of_capex(&self) -> f64 {
        self.hyperscale_usd / self.capex_usd
    }
}

/// A quantity as forecast by itself, and as made to agree with the rest.
#[derive(Debug, Clone)]
pub struct Node {
    /// Series id, or the name of a sum.
    pub name: String,
    /// As forecast.
    pub base: Draws<f64>,
    /// As reconciled.
    pub reconciled: Draws<f64>,
}

/// One quarter ahead.
#[derive(Debug, Clone)]
pub struct Quarter {
    /// Quarters ahead of the first that some buyer has not reported.
    pub horizon: usize,
    /// Last day of the last buyer's quarter.
    pub end: NaiveDate,
    /// The buyers, in the order of [`BUYERS`].
    pub parts: Vec<Node>,
    /// Their sum.
    pub total: Node,
    /// NVIDIA's Hyperscale revenue.
    pub hyperscale: Node,
    /// Hyperscale revenue less its share of the sum.
    pub gap: Node,
}

/// The whole: how the two sides hung together, and the quarters ahead.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    /// Past quarters, oldest first.
    pub links: Vec<Link>,
    /// Quarters ahead, nearest first.
    pub quarters: Vec<Quarter>,
    /// Why it goes no further, if a part is refused.
    pub refusal: Option<String>,
}

/// Forecasts both sides and makes them agree.
///
/// Hyperscale revenue is Data Center revenue times its share, drawn between the least and the greatest
/// known; its own record is too short to forecast. What it says of the buyers' sum is that revenue over
/// its share of capital expenditure, drawn alike. Each node is trusted by the mean square of its draws
/// around their mean.
///
/// # Errors
/// [`Error::Insufficient`] if no quarter is known on both sides; else as [`Book::forecast`].
pub fn hierarchy(known: &Snapshot, horizon: usize, seed: u64, n_draws: usize) -> Result<Hierarchy> {
    hierarchy_in(&Book::new(known, horizon)?, known, horizon, seed, n_draws)
}

/// [`hierarchy`] with the records of a book that is at hand; it must reach as far as the horizon.
///
/// # Errors
/// As [`hierarchy`].
pub fn hierarchy_in(
    book: &Book,
    known: &Snapshot,
    horizon: usize,
    seed: u64,
    n_draws: usize,
) -> Result<Hierarchy> {
    let side = |series: SeriesId| Side::of(book, known, series, seed, n_draws);
    let id = |buyer: &&str| SeriesId::new(&format!("{buyer}.{SPEND}"));
    let buyers: Vec<Side> = BUYERS.iter().map(|b| side(id(b)?)).collect::<Result<_>>()?;
    let seller = side(SeriesId::new(SALES)?)?;
    let links = links(known, &buyers, &seller)?;
    let first = buyers.iter().map(|buyer| buyer.history.last_number()).min().unwrap_or(0) + 1;
    let (mut quarters, mut refusal) = (Vec::new(), None);
    for (number, ahead) in (first..).zip(1..=horizon) {
        let refused = buyers.iter().chain([&seller]).find_map(|side| side.refusal(number));
        if refused.is_some() {
            refusal = refused;
            break;
        }
        quarters.push(quarter(&buyers, &seller, &links, (number, ahead), (known, seed, n_draws))?);
    }
    Ok(Hierarchy { links, quarters, refusal })
}

/// One series with its past and its draws.
struct Side {
    history: History,
    forecast: Forecast,
    draws: Vec<Draws<f64>>,
}

impl Side {
    fn of(
        book: &Book,
        known: &Snapshot,
        series: SeriesId,
        seed: u64,
        n_draws: usize,
    ) -> Result<Self> {
        let forecast = book.forecast(&Chipcast, &series)?;
        let draws = forecast.draws(seed, n_draws);
        Ok(Self { history: History::of(known, &series, 1)?, forecast, draws })
    }

    /// The known value of a quarter by its number.
    fn known(&self, number: i64) -> Option<f64> {
        self.history.numbers.binary_search(&number).ok().map(|at| self.history.values[at])
    }

    /// Which step of the forecast is a quarter.
    fn step(&self, number: i64) -> Option<usize> {
        usize::try_from(number - self.history.last_number() - 1).ok()
    }

    fn refusal(&self, number: i64) -> Option<String> {
        let series = &self.forecast.target;
        let step = self.forecast.steps.get(self.step(number)?);
        match step.map(|step| (&step.refusal, step.period)) {
            Some((None, _)) => None,
            Some((Some(why), period)) => {
                Some(format!("{series:?} is refused for {period}: {}", why.measured))
            }
            None => Some(format!("{series:?} is not forecast as far")),
        }
    }

    /// What is drawn of a quarter: its value in every world where it is known.
    fn draws(&self, number: i64, n_draws: usize) -> Result<Draws<f64>> {
        if let Some(value) = self.known(number) {
            return Ok(Draws::constant(value, n_draws));
        }
        self.step(number).and_then(|step| self.draws.get(step)).cloned().ok_or_else(|| {
            Error::insufficient(format!(
                "{:?} has a gap among its known quarters",
                self.forecast.target
            ))
        })
    }

    fn end(&self, number: i64) -> Option<NaiveDate> {
        self.forecast.steps.get(self.step(number)?).map(|step| step.period.end())
    }
}

fn links(known: &Snapshot, buyers: &[Side], seller: &Side) -> Result<Vec<Link>> {
    let part = History::of(known, &SeriesId::new(PART)?, 1)?;
    let link = |at: usize| -> Option<Link> {
        let number = part.numbers[at];
        let capex: Option<f64> = buyers.iter().map(|buyer| buyer.known(number)).sum();
        Some(Link {
            end: part.periods[at].end(),
            hyperscale_usd: part.values[at],
            capex_usd: capex?,
            share_of_sales: part.values[at] / seller.known(number)?,
        })
    };
    let links: Vec<Link> = (0..part.values.len()).filter_map(link).collect();
    if links.is_empty() {
        return Err(Error::insufficient(format!(
            "no quarter of `{PART}` is known as of {} together with what every buyer spent",
            known.as_of()
        )));
    }
    Ok(links)
}

fn quarter(
    buyers: &[Side],
    seller: &Side,
    links: &[Link],
    (number, horizon): (i64, usize),
    (known, seed, n_draws): (&Snapshot, u64, usize),
) -> Result<Quarter> {
    let between = |name: &str, of: &dyn Fn(&Link) -> f64| {
        let low = links.iter().map(of).fold(f64::INFINITY, f64::min);
        let high = links.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        let stream = Randomness::new(seed, &format!("hierarchy.{name}"), known.as_of());
        Draws::from_fn(n_draws, |i| low + (high - low) * stream.draw(i).uniform())
    };
    let share_of_sales = between("share_of_sales", &|link| link.share_of_sales);
    let share_of_capex = between("share_of_capex", &Link::share_of_capex);
    let hyperscale = seller.draws(number, n_draws)?.zip(&share_of_sales, |a, b| a * b)?;
    let implied = hyperscale.zip(&share_of_capex, |revenue, share| revenue / share)?;
    let spent: Vec<Draws<f64>> =
        buyers.iter().map(|buyer| buyer.draws(number, n_draws)).collect::<Result<_>>()?;
    let mut base = Array2::zeros((buyers.len() + 1, implied.n_draws()));
    for (row, draws) in std::iter::once(&implied).chain(&spent).enumerate() {
        base.row_mut(row).assign(&ndarray::ArrayView1::from(draws.values()));
    }
    let agreed = agree(&base)?;
    let column = |row: usize| Draws::new(agreed.row(row).to_vec());
    let total = sum(&spent)?;
    let parts = buyers.iter().zip(&spent).enumerate().map(|(i, (buyer, base))| {
        let name = buyer.forecast.target.to_string();
        Ok(Node { name, base: base.clone(), reconciled: column(i + 1)? })
    });
    let parts: Vec<Node> = parts.collect::<Result<_>>()?;
    let agreed_total = column(0)?;
    let agreed_hyperscale = agreed_total.zip(&share_of_capex, |total, share| total * share)?;
    let gap = |hyperscale: &Draws<f64>, total: &Draws<f64>| -> Result<Draws<f64>> {
        hyperscale.zip(&total.zip(&share_of_capex, |t, share| t * share)?, |h, due| h - due)
    };
    let ends = buyers.iter().filter_map(|buyer| buyer.end(number));
    Ok(Quarter {
        horizon,
        end: ends.max().unwrap_or(known.as_of()),
        gap: Node {
            name: "gap".to_owned(),
            base: gap(&hyperscale, &total)?,
            reconciled: gap(&agreed_hyperscale, &agreed_total)?,
        },
        parts,
        total: Node {
            name: format!("industry.{SPEND}.total"),
            base: total,
            reconciled: agreed_total,
        },
        hyperscale: Node { name: PART.to_owned(), base: hyperscale, reconciled: agreed_hyperscale },
    })
}

/// Draws of a sum and its parts made to add up in every world: rows are nodes, the sum first.
fn agree(base: &Array2<f64>) -> Result<Array2<f64>> {
    let n_parts = base.nrows() - 1;
    let summing = Array2::from_shape_fn((n_parts + 1, n_parts), |(i, j)| {
        f64::from(u8::from(i == 0 || i == j + 1))
    });
    let mut errors = base.clone();
    for mut row in errors.rows_mut() {
        let centre = score::mean(&row.to_vec()).unwrap_or(0.0);
        // A part that is already known has no error; a trace of one keeps its weight finite.
        let trace = 1e-9 * centre.abs().max(1.0);
        row.iter_mut().zip([1.0, -1.0].into_iter().cycle()).for_each(|(value, sign)| {
            *value = *value - centre + sign * trace;
        });
    }
    let map = Reconciliation::new(summing, Trust::Squares(&errors))?;
    let mut agreed = Array2::zeros(base.dim());
    for (world, mut column) in base.columns().into_iter().zip(agreed.columns_mut()) {
        column.assign(&map.apply(world));
    }
    Ok(agreed)
}

fn sum(parts: &[Draws<f64>]) -> Result<Draws<f64>> {
    let (first, rest) =
        parts.split_first().ok_or_else(|| Error::insufficient("a sum needs a part"))?;
    rest.iter().try_fold(first.clone(), |sum, part| sum.zip(part, |a, b| a + b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_that_agree_add_up_in_every_world_and_known_parts_stay() {
        let base = Array2::from_shape_fn((4, 50), |(node, world)| {
            let wave = f64::from(u32::try_from(node * 7 + world * 3).expect("small") % 11);
            if node == 3 { 5.0 } else { 10.0 + wave + if node == 0 { 25.0 } else { 0.0 } }
        });
        let agreed = agree(&base).expect("a hierarchy");
        for world in agreed.columns() {
            assert!((world[0] - world[1] - world[2] - world[3]).abs() < 1e-9);
            assert!((world[3] - 5.0).abs() < 1e-6, "what is known does not move");
        }
    }
}
