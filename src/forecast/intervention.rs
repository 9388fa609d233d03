//! Interventions: outliers, level shifts and breaks of growth found inside a window.
//!
//! May use `units`. A slice in, findings out; robust to the very things it looks for,
//! since centre and scale are medians.

use crate::units::count;

/// What happened to a series at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One value stands apart, and the next is back.
    Outlier,
    /// The level moves and stays.
    LevelShift,
    /// Growth has another mean from here on.
    Break,
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intervention {
    /// Index of the first level that it touches.
    pub at: usize,
    /// What it is.
    pub kind: Kind,
    /// By how much, on the scale of the levels (of their changes for a break).
    pub size: f64,
    /// Its test statistic: in robust standard deviations, or `F` for a break.
    pub t: f64,
}

/// Robust standard deviations beyond which a change is no chance.
const THRESHOLD: f64 = 5.0;
/// Changes that each season needs before its median is taken out.
const MIN_PER_SEASON: usize = 4;
/// Changes below which nothing is looked for.
const MIN_CHANGES: usize = 12;
/// Changes below which no break is looked for.
const MIN_FOR_BREAK: usize = 20;
/// Share of the changes at either end at which no break is looked for.
const TRIM: f64 = 0.15;
/// The 1% point of sup-F with one parameter and 15% trimming.
const SUP_F: f64 = 12.16;
/// Robust standard deviations to which changes are cut before a break is looked for.
const CUT: f64 = 3.0;

/// Finds interventions in the levels of a series without a gap, by place.
///
/// Changes are freed of their season's median. A break is the largest sup-F of their mean, cut at three
/// robust deviations and divided by the long-run factor `(1+ρ)/(1−ρ)` of first autocorrelation; around
/// it, changes beyond the threshold are taken out one by one, the largest first: an outlier where the
/// next change takes it back, a level shift where not.
///
/// - `levels`: on the model's scale. `season`: periods in a year.
///
/// # Source
/// Chen and Liu (1993), doi:10.1080/01621459.1993.10594321; Andrews (1993), doi:10.2307/2951764, with
/// the critical values of Andrews (2003), doi:10.1111/1468-0262.00405
pub fn interventions(levels: &[f64], season: usize) -> Vec<Intervention> {
    let mut changes: Vec<f64> = levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if changes.len() < MIN_CHANGES || changes.iter().any(|change| !change.is_finite()) {
        return Vec::new();
    }
    take_out_season(&mut changes, season);
    let mut found: Vec<Intervention> = find_break(&changes).into_iter().collect();
    let regime = found.first().map_or(0, |b| b.at - 1);
    let centres = [median(&changes[..regime.max(1)]), median(&changes[regime..])];
    for (i, change) in changes.iter_mut().enumerate() {
        *change -= centres[usize::from(i >= regime)];
    }
    let scale = robust_scale(&changes);
    if scale > 0.0 {
        for _ in 0..=changes.len() / 10 {
            let Some(next) = largest(&changes, scale) else { break };
            let into = next.at - 1;
            match next.kind {
                Kind::Outlier => {
                    changes[into] -= next.size;
                    changes[into + 1] += next.size;
                }
                Kind::LevelShift | Kind::Break => changes[into] = 0.0,
            }
            found.push(next);
        }
    }
    found.sort_by_key(|intervention| intervention.at);
    found
}

/// The largest outlier or shift beyond the threshold.
fn largest(changes: &[f64], scale: f64) -> Option<Intervention> {
    let mut best: Option<Intervention> = None;
    for (into, change) in changes.iter().enumerate() {
        let taken_back = changes
            .get(into + 1)
            .filter(|next| change * **next < 0.0 && next.abs() > THRESHOLD / 2.0 * scale);
        let (kind, size, t) = match taken_back {
            Some(next) => {
                let size = (change - next) / 2.0;
                (Kind::Outlier, size, size.abs() * std::f64::consts::SQRT_2 / scale)
            }
            None => (Kind::LevelShift, *change, change.abs() / scale),
        };
        if t > THRESHOLD && best.is_none_or(|held| held.t < t) {
            best = Some(Intervention { at: into + 1, kind, size, t });
        }
    }
    best
}

fn find_break(changes: &[f64]) -> Option<Intervention> {
    let n = changes.len();
    if n < MIN_FOR_BREAK {
        return None;
    }
    let (centre, scale) = (median(changes), robust_scale(changes));
    let cut: Vec<f64> =
        changes.iter().map(|c| c.clamp(centre - CUT * scale, centre + CUT * scale)).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count(values.len());
    let squares = |values: &[f64]| {
        let centre = mean(values);
        values.iter().map(|v| (v - centre).powi(2)).sum::<f64>()
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a small positive number"
    )]
    let first = ((TRIM * count(n)).ceil() as usize).max(2);
    let whole = squares(&cut);
    let split = |at: usize| squares(&cut[..at]) + squares(&cut[at..]);
    let at = (first..=n - first).min_by(|a, b| split(*a).total_cmp(&split(*b)))?;
    let rest = split(at);
    let (before, after) = (mean(&cut[..at]), mean(&cut[at..]));
    let residual = |i: usize| cut[i] - if i < at { before } else { after };
    let along: f64 = (1..n).map(|i| residual(i) * residual(i - 1)).sum();
    let rho = if rest > 0.0 { (along / rest).clamp(0.0, 0.9) } else { 0.0 };
    let f = (whole - rest) / (rest / (count(n) - 2.0)) * (1.0 - rho) / (1.0 + rho);
    (rest > 0.0 && f > SUP_F).then(|| Intervention {
        at: at + 1,
        kind: Kind::Break,
        size: after - before,
        t: f,
    })
}

fn take_out_season(changes: &mut [f64], season: usize) {
    if season < 2 || changes.len() < MIN_PER_SEASON * season {
        return;
    }
    let whole = median(changes);
    for phase in 0..season {
        let own: Vec<f64> = changes.iter().skip(phase).step_by(season).copied().collect();
        let shift = median(&own) - whole;
        changes.iter_mut().skip(phase).step_by(season).for_each(|change| *change -= shift);
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
}

/// Median absolute deviation, times what makes it a normal's standard deviation.
fn robust_scale(values: &[f64]) -> f64 {
    let centre = median(values);
    let deviations: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    1.4826 * median(&deviations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Randomness;

    fn walk(n: usize, drift: f64, key: &str) -> Vec<f64> {
        let day = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).expect("a date");
        let mut random = Randomness::new(1, key, day).draw(0);
        let mut level = 10.0;
        let step = |_| {
            level += drift + 0.05 * random.normal();
            level
        };
        (0..n).map(step).collect()
    }

    #[test]
    fn known_shifts_are_found_where_they_are() {
        let mut shifted = walk(60, 0.02, "shift");
        shifted.iter_mut().skip(30).for_each(|level| *level += 0.6);
        let found = interventions(&shifted, 4);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].at, found[0].kind), (30, Kind::LevelShift));
        assert!((found[0].size - 0.6).abs() < 0.2, "{found:?}");

        let mut spiked = walk(60, 0.02, "spike");
        spiked[25] -= 0.5;
        let found = interventions(&spiked, 4);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].at, found[0].kind), (25, Kind::Outlier));
        assert!((found[0].size + 0.5).abs() < 0.15, "{found:?}");

        let mut broken = walk(60, 0.0, "break");
        for (ahead, level) in (1_u32..).zip(broken.iter_mut().skip(40)) {
            *level += 0.1 * f64::from(ahead);
        }
        let found = interventions(&broken, 4);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind, Kind::Break);
        assert!((37..=43).contains(&found[0].at), "{found:?}");
    }

    #[test]
    fn noise_raises_few_alarms() {
        let alarms = |n: usize| {
            let told = |i: &u32| !interventions(&walk(n, 0.02, &format!("{n}.{i}")), 4).is_empty();
            (0_u32..1000).filter(told).count()
        };
        for n in [40, 60, 80] {
            let share = alarms(n);
            println!("false alarms of {n} levels: {share} in 1000");
            assert!(share <= 50, "{share} of 1000 series of {n} levels");
        }
        assert!(interventions(&[1.0; 40], 4).is_empty());
        assert!(interventions(&[], 4).is_empty());
        assert!(interventions(&[f64::NAN; 40], 4).is_empty());
    }
}
