//! Nested rolling origins of one series and horizon: what each set of variables would have said at
//! every earlier origin, from the rows resolved there.
//!
//! May use the core files, `gram`, `partial`, `lab`, `price`, `bootstrap`, `regression` and the spec. A
//! sweep follows the origins with sums that are updated row by row; nothing is refitted.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::gram::Gram;
use super::lab::{Came, Lab};
use super::partial::Partial;
use super::price::{self, Choice, Compared};
use super::spec::Rule;
use crate::archive::is_public;
use crate::draws::Randomness;
use crate::error::{Error, Result};
use crate::forecast::bootstrap::{Blocks, block_length, quarter};
use crate::forecast::regression::{Design, Estimator, Linear, fit};

/// Variables by their bits.
type Set = u32;

/// The trials of one horizon.
pub struct Bench<'a> {
    lab: &'a Lab<'a>,
    horizon: usize,
    came: Vec<Option<Came>>,
    /// Rows in the order in which they were resolved.
    resolved: Vec<usize>,
    /// What each set said at each row; not a number where it had no answer.
    sweeps: BTreeMap<Set, Vec<f64>>,
    /// Blocks of quarters, by their number and the last origin: the same for every candidate.
    blocks: BTreeMap<(usize, NaiveDate), Blocks>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(lab: &'a Lab<'a>, horizon: usize, came: Vec<Option<Came>>) -> Self {
        let mut resolved: Vec<usize> = (0..came.len()).filter(|row| came[*row].is_some()).collect();
        resolved.sort_by_key(|row| (came[*row].map(|(_, vintage)| vintage), *row));
        Self { lab, horizon, came, resolved, sweeps: BTreeMap::new(), blocks: BTreeMap::new() }
    }

    /// The lab.
    pub fn lab(&self) -> &Lab<'a> {
        self.lab
    }

    /// Periods ahead.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// What came of a row, if it is known.
    pub fn came(&self, row: usize) -> Option<Came> {
        self.came[row]
    }

    /// Rows whose outcome was public on a day.
    pub fn n_resolved(&self, day: NaiveDate) -> usize {
        self.came.iter().flatten().filter(|(_, vintage)| is_public(*vintage, day)).count()
    }

    /// Whether resolved forecasts of these origins, in order, are enough for a bound: as many as the spec
    /// asks for, over as many blocks of quarters; overlapping horizons say little anew.
    pub fn is_enough(&self, origins: impl Iterator<Item = NaiveDate>) -> bool {
        let (mut n, mut n_quarters, mut last) = (0, 0, None);
        for origin in origins {
            n += 1;
            n_quarters += usize::from(last != Some(quarter(origin)));
            last = Some(quarter(origin));
        }
        let spec = self.lab.spec();
        let block = block_length(self.horizon, usize::MAX);
        n >= spec.min_validations && n_quarters >= spec.min_blocks * block
    }

    /// The values of variables now; all of them must be known.
    pub fn values_now(&self, variables: &[usize]) -> Vec<f64> {
        let now = self.lab.now().values(self.horizon);
        variables.iter().filter_map(|variable| now[*variable]).collect()
    }

    /// The variables that today's forecast uses.
    pub fn choose_now(&mut self) -> Vec<usize> {
        let now = self.lab.now();
        self.choose(now.day, now.values(self.horizon)).accepted
    }

    /// Every candidate with its price as of today, and which are accepted.
    pub fn price_now(&mut self) -> Choice {
        let now = self.lab.now();
        price::listed(self, now.day, now.values(self.horizon))
    }

    /// The choice as of a day, from rows resolved there.
    pub fn choose(&mut self, day: NaiveDate, values: &[Option<f64>]) -> Choice {
        price::choose(self, day, values)
    }

    /// The least-squares line of some variables, from every row resolved by today.
    ///
    /// # Errors
    /// [`Error::Insufficient`] with too few rows a coefficient.
    pub fn fit_now(&self, variables: &[usize]) -> Result<Linear> {
        let day = self.lab.now().day;
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in 0..self.came.len() {
            let values = self.lab.rows()[row].values(self.horizon);
            let known: Option<Vec<f64>> = variables.iter().map(|at| values[*at]).collect();
            let came = self.came[row].filter(|(_, vintage)| is_public(*vintage, day));
            if let (Some(known), Some((growth, _))) = (known, came) {
                x.push(known);
                y.push(growth);
            }
        }
        let n_needed = self.n_needed(variables.len());
        if y.len() < n_needed {
            return Err(Error::insufficient(format!(
                "{} variables of {:?} at horizon {} need {n_needed} resolved rows; {} are known as of {day}",
                variables.len(),
                self.lab.target(),
                self.horizon,
                y.len()
            )));
        }
        let names = variables.iter().map(|at| self.lab.names()[*at].clone()).collect();
        fit(&Estimator::LeastSquares {}, &Design::new(names, &x)?, &y)
    }

    /// Errors with and without one more variable, at the rows where both could speak.
    pub(super) fn compare(
        &mut self,
        given: &[usize],
        more: usize,
        day: NaiveDate,
    ) -> Vec<Compared> {
        let before = set(given);
        self.sweep(before);
        self.sweep(before | bit(more));
        let (without, with) = (&self.sweeps[&before], &self.sweeps[&(before | bit(more))]);
        let rows = self.lab.rows().iter().zip(&self.came).zip(without.iter().zip(with));
        rows.filter_map(|((row, came), (without, with))| {
            let (growth, _) = came.filter(|(_, vintage)| is_public(*vintage, day))?;
            let gain = (growth - without).abs() - (growth - with).abs();
            (row.day < day && gain.is_finite()).then_some(Compared {
                origin: row.day,
                gain,
                naive: growth.abs(),
            })
        })
        .collect()
    }

    /// What a set of variables said at a row, from the rows resolved there; `None` without an answer.
    pub fn said(&mut self, variables: &[usize], row: usize) -> Option<f64> {
        let set = set(variables);
        self.sweep(set);
        Some(self.sweeps[&set][row]).filter(|said| said.is_finite())
    }

    /// The resamples of so many quarters up to an origin, drawn once.
    pub(super) fn blocks(&mut self, n_quarters: usize, last: NaiveDate) -> &Blocks {
        self.blocks.entry((n_quarters, last)).or_insert_with(|| {
            let key = format!("price.{}.{}", self.lab.target(), self.horizon);
            let stream = Randomness::new(0, &key, last);
            Blocks::of(n_quarters, block_length(self.horizon, n_quarters), &stream)
        })
    }

    fn n_needed(&self, n_variables: usize) -> usize {
        self.lab.spec().rows_per_coefficient * (n_variables + 1)
    }

    /// Lets a set of variables forecast at every row.
    fn sweep(&mut self, set: Set) {
        if self.sweeps.contains_key(&set) {
            return;
        }
        let members: Vec<usize> =
            (0..self.lab.names().len()).filter(|at| set & bit(*at) != 0).collect();
        let mut gram = Gram::new(1, members.len());
        let mut partial = Partial::new(&gram, members.len());
        let (mut row, mut with_first) = (vec![1.0; members.len() + 1], vec![0.0; members.len()]);
        let min_own_share = Rule::bundled().least_squares.min_own_share;
        let mut waiting = self.resolved.iter().peekable();
        let mut said = vec![f64::NAN; self.came.len()];
        for (at, said) in said.iter_mut().enumerate() {
            let day = self.lab.rows()[at].day;
            let is_known =
                |row: &&usize| self.came[**row].is_some_and(|(_, vintage)| is_public(vintage, day));
            while let Some(next) = waiting.next_if(|row| is_known(row)) {
                if let (true, Some((growth, _))) =
                    (self.fill(&mut row, *next, &members), self.came[*next])
                {
                    gram.add(&row, growth);
                }
            }
            let is_able = gram.n_rows() >= self.n_needed(members.len());
            if is_able && self.fill(&mut row, at, &members) && partial.read(&gram) {
                let now = partial.row(&row);
                partial.with_first(&gram, &now, min_own_share, &mut with_first);
                *said = with_first.last().copied().unwrap_or_else(|| partial.base(&now));
            }
        }
        self.sweeps.insert(set, said);
    }

    /// Puts a row's members after the constant; false if one of them is not known.
    fn fill(&self, values: &mut [f64], row: usize, members: &[usize]) -> bool {
        let known = self.lab.rows()[row].values(self.horizon);
        members.iter().zip(&mut values[1..]).all(|(member, value)| {
            known[*member].is_some_and(|found| {
                *value = found;
                true
            })
        })
    }
}

fn bit(variable: usize) -> Set {
    1 << variable
}

fn set(variables: &[usize]) -> Set {
    variables.iter().fold(0, |set, variable| set | bit(*variable))
}
