//! The objective of Hoffmann et al., its slope and curvature, and the way to its lowest point.
//!
//! May use `law::solve` and `runs`. Pure numbers: no names, no randomness.
//!
//! Newton's method with Levenberg's damping. Huber's loss with so small a bound is nearly the sum
//! of absolute errors: its curvature sits in the few runs that the curve meets, and quasi-Newton
//! methods stop early on it (as the published fit did). The exact curvature costs little for five
//! parameters and gets there in about eight steps from a near start.

use rayon::prelude::*;

use super::runs::TrainingRun;
use crate::scaling::law::solve::solve;

/// Where Huber's loss turns from a square to a line (Hoffmann et al. 2022, section D.2).
const HUBER_DELTA: f64 = 1e-3;
/// Starts for a and b, e, and α and β: the grid of Hoffmann et al. (2022), section D.2.
const COEFFICIENT_STARTS: [f64; 6] = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0];
const IRREDUCIBLE_STARTS: [f64; 5] = [-1.0, -0.5, 0.0, 0.5, 1.0];
const EXPONENT_STARTS: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];
/// How many of the grid's lowest points are followed down.
pub(super) const N_STARTS: usize = 24;
/// Steps after which a descent stops in any case.
const MAX_STEPS: usize = 500;
/// A step that promises less than this share of the objective is the last.
const RESOLVED: f64 = 1e-12;
/// Damping beyond which no step helps.
const MAX_DAMPING: f64 = 1e12;

/// a, b, e, α, β: the logarithms of A, B and E, and the exponents.
pub(super) type Vector = [f64; 5];
type Matrix = [[f64; 5]; 5];

/// `Σ w Huber(ln L − LSE(a − α ln N, b − β ln D, e))` over runs.
#[derive(Debug, Clone)]
pub(super) struct Objective {
    points: Vec<Point>,
    /// What the objective is when every residual is at Huber's bound: its natural size.
    size: f64,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    ln_parameters: f64,
    ln_tokens: f64,
    ln_loss: f64,
    weight: f64,
}

/// Value, slope and curvature at one place.
struct Local {
    value: f64,
    gradient: Vector,
    hessian: Matrix,
    /// `Σ w (∂f/∂θᵢ)²`: the scale of each parameter, for the damping.
    scale: Vector,
}

/// Where a descent ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minimum {
    pub(super) at: Vector,
    pub(super) value: f64,
    /// Whether it ended because no step promises anything more.
    pub(super) is_settled: bool,
}

impl Objective {
    /// - `weights`: how often each run counts; runs with 0 are left out.
    pub(super) fn new(runs: &[TrainingRun], weights: &[f64]) -> Self {
        let counted = runs.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
        let points: Vec<_> = counted
            .map(|(run, weight)| Point {
                ln_parameters: run.parameters.ln(),
                ln_tokens: run.tokens.ln(),
                ln_loss: run.loss.ln(),
                weight: *weight,
            })
            .collect();
        let weight: f64 = points.iter().map(|point| point.weight).sum();
        Self { points, size: weight * HUBER_DELTA * HUBER_DELTA }
    }

    /// The lowest point found from the grid of starts: all are looked at, the lowest followed down.
    pub(super) fn minimum(&self) -> Minimum {
        let mut starts: Vec<_> =
            grid().into_par_iter().map(|at| (self.local(&at).value, at)).collect();
        starts.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let starts = starts.into_par_iter().take(N_STARTS);
        let ends: Vec<_> = starts.map(|(_, at)| self.descend(at)).collect();
        lowest(ends)
    }

    /// The lowest point downhill of `start`.
    pub(super) fn descend(&self, start: Vector) -> Minimum {
        let mut at = start;
        let mut here = self.local(&at);
        let mut damping = 1e-3;
        for _ in 0..MAX_STEPS {
            let Some((step, promised, is_last)) = self.step(&here, damping) else {
                damping = (4.0 * damping).max(1e-9);
                if damping > MAX_DAMPING {
                    break;
                }
                continue;
            };
            let next = std::array::from_fn(|i| at[i] + step[i]);
            let there = self.local(&next);
            if is_last {
                let (at, value) =
                    if there.value < here.value { (next, there.value) } else { (at, here.value) };
                return Minimum { at, value, is_settled: true };
            }
            if there.value < here.value {
                let kept = (here.value - there.value) / promised;
                (at, here) = (next, there);
                if kept > 0.75 {
                    damping *= 0.1;
                } else if kept < 0.25 {
                    damping *= 2.0;
                }
            } else {
                damping = (4.0 * damping).max(1e-9);
            }
            if damping > MAX_DAMPING {
                break;
            }
        }
        Minimum { at, value: here.value, is_settled: false }
    }

    /// A damped Newton step, what it promises, and whether that is too little to go on; none where
    /// the damped curvature does not point downhill.
    fn step(&self, here: &Local, damping: f64) -> Option<(Vector, f64, bool)> {
        let mut curvature = here.hessian;
        for (i, row) in curvature.iter_mut().enumerate() {
            row[i] += damping * here.scale[i];
        }
        let step = solve(curvature, here.gradient.map(|slope| -slope), 5)?;
        let downhill = -dot(&here.gradient, &step);
        let bend: f64 = (0..5).map(|i| step[i] * dot(&here.hessian[i], &step)).sum();
        let is_last = downhill <= RESOLVED * (here.value + self.size);
        Some((step, downhill - 0.5 * bend, is_last))
    }

    /// Value, gradient and Hessian.
    ///
    /// With `f = ln Σ exp(uₖ·θ)`, shares `sₖ = exp(uₖ·θ − f)`, residual `r` and `ψ = Huber'(r)`:
    /// gradient `−Σ w ψ ∇f`, Hessian `Σ w [(ψ' + ψ) ∇f ∇fᵀ − ψ Σₖ sₖ uₖ uₖᵀ]`.
    fn local(&self, at: &Vector) -> Local {
        let [a, b, e, alpha, beta] = *at;
        let irreducible = e.exp();
        let mut local =
            Local { value: 0.0, gradient: [0.0; 5], hessian: [[0.0; 5]; 5], scale: [0.0; 5] };
        for point in &self.points {
            let Point { ln_parameters: x, ln_tokens: z, ln_loss, weight } = *point;
            let of_parameters = (a - alpha * x).exp();
            let of_tokens = (b - beta * z).exp();
            let loss = of_parameters + of_tokens + irreducible;
            let residual = ln_loss - loss.ln();
            let size = residual.abs();
            let (value, psi, slope) = if size <= HUBER_DELTA {
                (0.5 * residual * residual, residual, 1.0)
            } else {
                let line = HUBER_DELTA * (size - 0.5 * HUBER_DELTA);
                (line, HUBER_DELTA.copysign(residual), 0.0)
            };
            local.value += weight * value;
            let (p, t, c) = (of_parameters / loss, of_tokens / loss, irreducible / loss);
            let toward = [p, t, c, -x * p, -z * t];
            let (outer, inner) = (weight * (slope + psi), weight * psi);
            for i in 0..5 {
                local.gradient[i] -= inner * toward[i];
                local.scale[i] += weight * toward[i] * toward[i];
                for j in 0..=i {
                    local.hessian[i][j] += outer * toward[i] * toward[j];
                }
            }
            local.hessian[0][0] -= inner * p;
            local.hessian[3][0] += inner * p * x;
            local.hessian[3][3] -= inner * p * x * x;
            local.hessian[1][1] -= inner * t;
            local.hessian[4][1] += inner * t * z;
            local.hessian[4][4] -= inner * t * z * z;
            local.hessian[2][2] -= inner * c;
        }
        for i in 0..5 {
            for j in 0..i {
                local.hessian[j][i] = local.hessian[i][j];
            }
        }
        local
    }
}

/// Every start of the grid, 4,500.
pub(super) fn grid() -> Vec<Vector> {
    let mut starts = Vec::new();
    for a in COEFFICIENT_STARTS {
        for b in COEFFICIENT_STARTS {
            for e in IRREDUCIBLE_STARTS {
                for alpha in EXPONENT_STARTS {
                    starts.extend(EXPONENT_STARTS.map(|beta| [a, b, e, alpha, beta]));
                }
            }
        }
    }
    starts
}

/// The lowest end, the first of equals.
pub(super) fn lowest(ends: Vec<Minimum>) -> Minimum {
    let first = ends.into_iter().min_by(|a, b| a.value.total_cmp(&b.value));
    first.expect("the grid has starts")
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::{RunColumns, runs};
    use super::*;
    use crate::cells::Cells;

    /// The 240 runs of Besiroglu et al.
    fn runs_240() -> Vec<TrainingRun> {
        let text = include_str!("../../../datasets/chinchilla.csv");
        let cells = Cells::csv("chinchilla.csv", text).expect("bundled");
        let mut runs = runs(&cells, &RunColumns::default()).expect("bundled");
        runs.sort_by(|a, b| a.loss.total_cmp(&b.loss));
        runs.truncate(runs.len() - 5);
        runs
    }

    #[test]
    fn slope_and_curvature_agree_with_central_differences() {
        let objective = Objective::new(&runs_240(), &[1.0; 240]);
        // Far from the runs no residual crosses Huber's bound, so that differences are smooth; the
        // other places cross it.
        for at in [[5.0, 6.0, 1.5, 0.3, 0.3], [6.17, 7.67, 0.5972, 0.3473, 0.3672]] {
            let here = objective.local(&at);
            for i in 0..5 {
                let moved = |by: f64| {
                    let mut moved = at;
                    moved[i] += by;
                    objective.local(&moved)
                };
                let step = 1e-7;
                let (up, down) = (moved(step), moved(-step));
                let slope = (up.value - down.value) / (2.0 * step);
                let close =
                    |found: f64, needed: f64, size: f64| (found - needed).abs() < 1e-5 * size;
                let size = here.gradient[i].abs() + 1e-3;
                assert!(close(slope, here.gradient[i], size), "{slope} {:?}", here.gradient);
                for j in 0..5 {
                    let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
                    let size = (here.scale[i] * here.scale[j]).sqrt();
                    assert!(close(bend, here.hessian[i][j], size), "{i} {j} {bend}");
                }
            }
        }
    }

    #[test]
    fn the_few_starts_end_where_the_whole_grid_does() {
        let objective = Objective::new(&runs_240(), &[1.0; 240]);
        let found = objective.minimum();
        assert!(found.is_settled);
        let all: Vec<_> = grid().into_par_iter().map(|at| objective.descend(at)).collect();
        let best = lowest(all.clone());
        let same = |end: &&Minimum| (end.value / best.value - 1.0).abs() < 1e-9;
        assert!(same(&&found), "{found:?} {best:?}");
        assert!(all.iter().filter(same).count() > 1000, "no lone hole");
    }

    #[test]
    fn a_resample_followed_from_the_optimum_ends_where_the_grid_does() {
        let runs = runs_240();
        let best = Objective::new(&runs, &[1.0; 240]).minimum();
        for start in 0..10 {
            // Every run counts 0, 1 or 2 times, in a pattern without randomness.
            let weights: Vec<_> = (0..240_u32).map(|i| f64::from((i * i + start) % 3)).collect();
            let objective = Objective::new(&runs, &weights);
            let (near, wide) = (objective.descend(best.at), objective.minimum());
            assert!(near.is_settled && (near.value / wide.value - 1.0).abs() < 1e-9, "{start}");
        }
    }
}
