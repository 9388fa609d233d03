//! Minimises a function of one to four bounded variables, by the simplex of Nelder and Mead (1965).
//!
//! Pure, without randomness: the same function gives the same point on every machine.

use super::count;

/// The point of the box from `low` to `high` at which `f` is least, as far as `n_max` values of `f` show.
///
/// - `starts`: where to look first; the search goes on from the best. `f`: may give infinity where there is no value, never NaN.
/// - Ends early once values agree to 1e-9 and points to a thousandth of the box, or points to 1e-7 of it.
pub(super) fn minimise<const D: usize>(
    starts: &[[f64; D]],
    (low, high): ([f64; D], [f64; D]),
    n_max: usize,
    mut f: impl FnMut(&[f64; D]) -> f64,
) -> [f64; D] {
    let inside = |x: [f64; D]| -> [f64; D] { std::array::from_fn(|d| x[d].clamp(low[d], high[d])) };
    let values = starts.iter().map(|start| (inside(*start), f(&inside(*start))));
    let best = values.min_by(|a, b| a.1.total_cmp(&b.1));
    let best = best.unwrap_or_else(|| (low, f(&low)));
    let start = best.0;
    let mut corners: Vec<([f64; D], f64)> = Vec::with_capacity(D + 1);
    corners.push(best);
    for d in 0..D {
        let mut x = start;
        let step = 0.25 * (high[d] - low[d]);
        x[d] += if x[d] + step <= high[d] { step } else { -step };
        corners.push((x, f(&x)));
    }
    let mut n_seen = D + starts.len();
    loop {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (corners[0], corners[D]);
        let width = |d: usize| (worst.0[d] - best.0[d]).abs() / (high[d] - low[d]);
        let width = (0..D).map(width).fold(0.0, f64::max);
        let agree = (worst.1 - best.1).abs() <= 1e-9 * best.1.abs();
        if n_seen >= n_max || (agree && width < 1e-3) || width < 1e-7 {
            return best.0;
        }
        let centre: [f64; D] =
            std::array::from_fn(|d| corners[..D].iter().map(|(x, _)| x[d]).sum::<f64>() / count(D));
        let toward =
            |t: f64| inside(std::array::from_fn(|d| centre[d] + t * (worst.0[d] - centre[d])));
        let mut value_at = |x: [f64; D]| {
            n_seen += 1;
            (x, f(&x))
        };
        let reflected = value_at(toward(-1.0));
        if reflected.1 < best.1 {
            let expanded = value_at(toward(-2.0));
            corners[D] = if expanded.1 < reflected.1 { expanded } else { reflected };
        } else if reflected.1 < corners[D - 1].1 {
            corners[D] = reflected;
        } else {
            let nearer = value_at(toward(if reflected.1 < worst.1 { -0.5 } else { 0.5 }));
            if nearer.1 < worst.1.min(reflected.1) {
                corners[D] = nearer;
            } else {
                for corner in &mut corners[1..] {
                    let half = |d: usize| best.0[d] + 0.5 * (corner.0[d] - best.0[d]);
                    *corner = value_at(std::array::from_fn(half));
                }
            }
        }
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
