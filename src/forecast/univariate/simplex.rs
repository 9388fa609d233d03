//! Minimises a function of one to four bounded variables, by the simplex of Nelder and Mead (1965).
//!
//! Pure, without randomness: the same function gives the same point on every machine.

use super::count;

/// The point of the box from `low` to `high` at which `f` is least, as far as `n_max` values of `f` show.
///
/// `starts` and the end are those of a [`Search`].
pub(super) fn minimise<const D: usize>(
    starts: &[[f64; D]],
    bounds: ([f64; D], [f64; D]),
    n_max: usize,
    mut f: impl FnMut(&[f64; D]) -> f64,
) -> [f64; D] {
    let mut search = Search::new(starts, bounds, n_max);
    while let Some(x) = search.asks() {
        search.tell(f(&x));
    }
    search.best()
}

/// A search that asks for a value at one point after the other, so that several can go on side by
/// side.
///
/// Ends early once values agree to 1e-9 and points to a thousandth of the box, or points to 1e-7 of it.
#[derive(Debug, Clone)]
pub(super) struct Search<'a, const D: usize> {
    starts: &'a [[f64; D]],
    low: [f64; D],
    high: [f64; D],
    n_max: usize,
    n_seen: usize,
    /// Best first, at the start of a round.
    corners: Vec<([f64; D], f64)>,
    point: [f64; D],
    what: Point,
}

/// What the point is that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Point {
    Start(usize),
    Corner(usize),
    Reflected,
    /// Twice as far as the reflected one, whose value is told.
    Expanded(f64),
    Nearer(f64),
    Half(usize),
    None,
}

impl<'a, const D: usize> Search<'a, D> {
    /// - `starts`: one or more points to look at first; the search goes on from the best.
    /// - `n_max`: values after which the search ends.
    pub(super) fn new(
        starts: &'a [[f64; D]],
        (low, high): ([f64; D], [f64; D]),
        n_max: usize,
    ) -> Self {
        let corners = Vec::with_capacity(D + 1);
        let what = Point::Start(0);
        let mut search =
            Self { starts, low, high, n_max, n_seen: 0, corners, point: starts[0], what };
        search.point = search.inside(starts[0]);
        search
    }

    /// Where a value is needed next; none once the search has ended.
    pub(super) fn asks(&self) -> Option<[f64; D]> {
        (self.what != Point::None).then_some(self.point)
    }

    /// The best point, after the search.
    pub(super) fn best(&self) -> [f64; D] {
        self.corners[0].0
    }

    /// Takes in the value at the point that was asked for: it may be infinity, and never NaN.
    pub(super) fn tell(&mut self, value: f64) {
        self.n_seen += 1;
        let told = (self.point, value);
        match self.what {
            Point::Start(nth) => {
                match self.corners.first_mut() {
                    None => self.corners.push(told),
                    Some(best) if value.total_cmp(&best.1).is_lt() => *best = told,
                    Some(_) => {}
                }
                match self.starts.get(nth + 1) {
                    Some(start) => self.ask(Point::Start(nth + 1), self.inside(*start)),
                    None => self.ask_corner(0),
                }
            }
            Point::Corner(d) => {
                self.corners.push(told);
                if d + 1 < D { self.ask_corner(d + 1) } else { self.begin_round() }
            }
            Point::Reflected if value < self.corners[0].1 => {
                self.ask(Point::Expanded(value), self.toward(-2.0));
            }
            Point::Reflected if value < self.corners[D - 1].1 => self.replace_worst(told),
            Point::Reflected => {
                let share = if value < self.corners[D].1 { -0.5 } else { 0.5 };
                self.ask(Point::Nearer(value), self.toward(share));
            }
            Point::Expanded(reflected) if value < reflected => self.replace_worst(told),
            Point::Expanded(reflected) => self.replace_worst((self.toward(-1.0), reflected)),
            Point::Nearer(reflected) if value < self.corners[D].1.min(reflected) => {
                self.replace_worst(told);
            }
            Point::Nearer(_) => self.ask_half(1),
            Point::Half(nth) => {
                self.corners[nth] = told;
                if nth < D { self.ask_half(nth + 1) } else { self.begin_round() }
            }
            Point::None => {}
        }
    }

    fn ask(&mut self, what: Point, point: [f64; D]) {
        (self.what, self.point) = (what, point);
    }

    fn ask_corner(&mut self, d: usize) {
        let mut x = self.corners[0].0;
        let step = 0.25 * (self.high[d] - self.low[d]);
        x[d] += if x[d] + step <= self.high[d] { step } else { -step };
        self.ask(Point::Corner(d), x);
    }

    fn ask_half(&mut self, nth: usize) {
        let (best, corner) = (self.corners[0].0, self.corners[nth].0);
        let half = std::array::from_fn(|d| best[d] + 0.5 * (corner[d] - best[d]));
        self.ask(Point::Half(nth), half);
    }

    fn replace_worst(&mut self, corner: ([f64; D], f64)) {
        self.corners[D] = corner;
        self.begin_round();
    }

    fn begin_round(&mut self) {
        self.corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (self.corners[0], self.corners[D]);
        let width = |d: usize| (worst.0[d] - best.0[d]).abs() / (self.high[d] - self.low[d]);
        let width = (0..D).map(width).fold(0.0, f64::max);
        let agree = (worst.1 - best.1).abs() <= 1e-9 * best.1.abs();
        if self.n_seen >= self.n_max || (agree && width < 1e-3) || width < 1e-7 {
            self.what = Point::None;
        } else {
            self.ask(Point::Reflected, self.toward(-1.0));
        }
    }

    /// From the middle of the other corners toward the worst one.
    fn toward(&self, share: f64) -> [f64; D] {
        let others = &self.corners[..D];
        let worst = self.corners[D].0;
        self.inside(std::array::from_fn(|d| {
            let centre = others.iter().map(|(x, _)| x[d]).sum::<f64>() / count(D);
            centre + share * (worst[d] - centre)
        }))
    }

    fn inside(&self, x: [f64; D]) -> [f64; D] {
        std::array::from_fn(|d| x[d].clamp(self.low[d], self.high[d]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_point_is_found_inside_and_on_the_edge() {
        let found = minimise(&[[0.1, 0.1]], ([0.0; 2], [4.0; 2]), 400, |[x, y]| {
            (x - 1.0).powi(2) + 10.0 * (y - x * x).powi(2)
        });
        assert!((found[0] - 1.0).abs() < 1e-3 && (found[1] - 1.0).abs() < 1e-3, "{found:?}");
        assert_eq!(minimise(&[[0.5], [0.2]], ([0.0], [1.0]), 100, |[x]| -x), [1.0]);
        let nowhere = minimise(&[[0.5]], ([0.0], [1.0]), 100, |_| f64::INFINITY);
        assert!((0.0..=1.0).contains(&nowhere[0]));
    }
}
