//! Draws: uncertainty as sample paths. The same index is the same world in every step.
//!
//! May use `error`. The only source of randomness: counter-based, keyed by (seed, series, origin,
//! draw), so that one core, two, or a cluster give the same bits.

use chrono::NaiveDate;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};

/// How many worlds a forecast samples unless asked otherwise.
pub const DEFAULT_N_DRAWS: usize = 10_000;

/// A sample of a quantity: one value a world.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws<T>(Vec<T>);

impl<T: Copy> Draws<T> {
    /// Wraps values, one a world.
    ///
    /// # Errors
    /// [`Error::Insufficient`] on no value.
    pub fn new(values: Vec<T>) -> Result<Self> {
        if values.is_empty() {
            return Err(Error::insufficient("a sample needs at least one draw"));
        }
        Ok(Self(values))
    }

    /// The same value in every world.
    pub fn constant(value: T, n_draws: usize) -> Self {
        Self(vec![value; n_draws.max(1)])
    }

    /// One value a world, from the world's index.
    pub fn from_fn(n_draws: usize, f: impl FnMut(usize) -> T) -> Self {
        Self((0..n_draws.max(1)).map(f).collect())
    }

    /// How many worlds there are.
    pub fn n_draws(&self) -> usize {
        self.0.len()
    }

    /// The values, in the order of the worlds.
    pub fn values(&self) -> &[T] {
        &self.0
    }

    /// Applies `f` in every world.
    #[must_use]
    pub fn map<U: Copy>(&self, f: impl FnMut(T) -> U) -> Draws<U> {
        Draws(self.0.iter().copied().map(f).collect())
    }

    /// Combines two samples world by world.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they hold different numbers of worlds.
    pub fn zip<U: Copy, V: Copy>(
        &self,
        other: &Draws<U>,
        mut f: impl FnMut(T, U) -> V,
    ) -> Result<Draws<V>> {
        if self.n_draws() != other.n_draws() {
            return Err(Error::invalid(format!(
                "samples of {} and {} draws cannot be combined world by world",
                self.n_draws(),
                other.n_draws()
            )));
        }
        Ok(Draws(self.0.iter().zip(&other.0).map(|(a, b)| f(*a, *b)).collect()))
    }
}

impl<T: Copy + Into<f64>> Draws<T> {
    /// The quantile at `quantile_level`, by linear interpolation between order statistics
    /// (Hyndman and Fan 1996, type 7).
    pub fn quantile(&self, quantile_level: f64) -> f64 {
        self.quantiles(&[quantile_level])[0]
    }

    /// Several quantiles with one sort.
    pub fn quantiles(&self, quantile_levels: &[f64]) -> Vec<f64> {
        let mut sorted: Vec<f64> = self.0.iter().map(|value| (*value).into()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        quantile_levels.iter().map(|level| sorted_quantile(&sorted, *level)).collect()
    }

    /// The middle of the sample: the point forecast.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 draws")]
        let n = self.n_draws() as f64;
        self.0.iter().map(|value| (*value).into()).sum::<f64>() / n
    }
}

/// Type-7 quantile of values that are sorted in ascending order; `values` must not be empty.
pub fn sorted_quantile(values: &[f64], quantile_level: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "indexes of a sample are small and not negative"
    )]
    let (low, share) = {
        let at = quantile_level.clamp(0.0, 1.0) * (values.len() - 1) as f64;
        (at.floor() as usize, at.fract())
    };
    let (low, high) = (values[low], values[(low + 1).min(values.len() - 1)]);
    // Equal ends need no way between them: two infinities have no difference.
    if low == high { low } else { low + share * (high - low) }
}

/// A stream of random numbers that belongs to (seed, key, origin), with one substream a draw.
#[derive(Debug, Clone)]
pub struct Randomness(ChaCha8Rng);

impl Randomness {
    /// The stream of a key, such as a series id or the name of a scaling step, at an origin.
    pub fn new(seed: u64, key: &str, origin: NaiveDate) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(key.as_bytes());
        hasher.update(origin.to_string().as_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// The substream of one draw: the same wherever and in whatever order it is asked for.
    #[must_use]
    pub fn draw(&self, draw_idx: usize) -> Self {
        let mut stream = self.0.clone();
        stream.set_stream(draw_idx as u64);
        Self(stream)
    }

    /// The next number of the stream, uniform on [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// The next number of the stream, standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// The next index below `n`, uniform.
    pub fn index(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_does_not_depend_on_the_order_in_which_draws_are_asked_for() {
        let day = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let stream = Randomness::new(7, "nvda.revenue", day);
        let forward: Vec<_> = (0..5).map(|i| stream.draw(i).uniform()).collect();
        let backward: Vec<_> = (0..5).rev().map(|i| stream.draw(i).uniform()).collect();
        assert!(forward.iter().eq(backward.iter().rev()));
        assert!((forward[0] - forward[1]).abs() > 1e-12);
        let other = Randomness::new(8, "nvda.revenue", day).draw(0).uniform();
        assert!((other - forward[0]).abs() > 1e-12);
    }

    #[test]
    fn quantiles_interpolate_like_type_seven() {
        let draws = Draws::new(vec![4.0, 1.0, 3.0, 2.0]).expect("four draws");
        assert!((draws.median() - 2.5).abs() < 1e-15);
        assert!((draws.quantile(0.9) - 3.7).abs() < 1e-12);
    }
}
