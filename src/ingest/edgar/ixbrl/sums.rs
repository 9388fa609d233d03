//! Do parts add up to a total? Also where some parts are parts of others, or the total is split
//! twice.
//!
//! May use `numbers`. Pure arithmetic, within the rounding of each figure; bounded work.
//!
//! If every figure is either a part of the total or a part of another figure, the sum of all
//! exceeds the total by exactly the figures that are split further (their parts are counted beside
//! them), and once more by the total for each further split of the whole. That difference is small
//! to look for: which one to three figures make it up, and does each of them have its parts?

use super::numbers::Amount;

/// Figures of one group in which split ones are looked for.
const FIGURES_MAX: usize = 40;
/// Figures of which any subset is tried as parts; above it only neighbours in the document.
const SUBSETS_MAX: usize = 12;
/// Explanations that are tried.
const TRIES_MAX: usize = 8;

/// Whether parts, in order of the document, add up to a total.
pub(super) fn add_up(parts: &[Amount], total: Amount) -> bool {
    let sum = Amount::sum(parts.iter().copied());
    if sum.agrees(total) {
        return true;
    }
    if parts.len() < 3 || parts.len() > FIGURES_MAX {
        return false;
    }
    let excess = sum.minus(total);
    let mut n_tries = 0;
    for split in candidates(parts, total, excess) {
        n_tries += 1;
        if n_tries > TRIES_MAX {
            return false;
        }
        if is_explained(parts, total, &split) {
            return true;
        }
    }
    false
}

/// A figure that is split further: the index of a part, or the total itself.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Split {
    Part(usize),
    Total,
}

/// Sets of one to three figures that make up the excess, smaller sets first.
fn candidates(parts: &[Amount], total: Amount, excess: Amount) -> impl Iterator<Item = Vec<Split>> {
    let mut all: Vec<(Split, Amount)> = vec![(Split::Total, total)];
    all.extend(parts.iter().enumerate().map(|(i, part)| (Split::Part(i), *part)));
    all.retain(|(_, amount)| amount.value != 0.0);
    let n = all.len();
    let ones = (0..n).map(|a| vec![a]);
    let twos = (0..n).flat_map(move |a| (a + 1..n).map(move |b| vec![a, b]));
    let threes = (0..n)
        .flat_map(move |a| (a + 1..n).flat_map(move |b| (b + 1..n).map(move |c| vec![a, b, c])));
    let sets: Vec<Vec<usize>> = ones.chain(twos).chain(threes).collect();
    sets.into_iter().filter_map(move |set| {
        let value: f64 = set.iter().map(|i| all[*i].1.value).sum();
        let found = Amount { value, slack: 0.0 };
        found.agrees(excess).then(|| set.iter().map(|i| all[*i].0).collect())
    })
}

/// Whether each split figure has parts of its own, none of them twice, and the rest make the total.
fn is_explained(parts: &[Amount], total: Amount, split: &[Split]) -> bool {
    let amount = |split: &Split| match split {
        Split::Part(idx) => parts[*idx],
        Split::Total => total,
    };
    // Inner ones first: a part of a part is taken before its parent looks for parts.
    let mut in_order = split.to_vec();
    in_order.sort_by(|a, b| amount(a).value.abs().total_cmp(&amount(b).value.abs()));
    let mut is_free = vec![true; parts.len()];
    for parent in &in_order {
        let own = match parent {
            Split::Part(idx) => Some(*idx),
            Split::Total => None,
        };
        let free: Vec<usize> =
            (0..parts.len()).filter(|idx| is_free[*idx] && Some(*idx) != own).collect();
        let Some(found) = group(parts, &free, own, amount(parent)) else { return false };
        for idx in found {
            is_free[idx] = false;
        }
    }
    let rest = (0..parts.len()).filter(|idx| is_free[*idx]).map(|idx| parts[idx]);
    Amount::sum(rest).agrees(total)
}

/// Two or more free figures that add up to a target: neighbours first, then any few.
fn group(
    parts: &[Amount],
    free: &[usize],
    own: Option<usize>,
    target: Amount,
) -> Option<Vec<usize>> {
    neighbours(parts, free, own, target).or_else(|| subset(parts, free, target))
}

/// A run of free figures right behind or before the target's own place; any run for the total.
fn neighbours(
    parts: &[Amount],
    free: &[usize],
    own: Option<usize>,
    target: Amount,
) -> Option<Vec<usize>> {
    let is_beside = |run: &[usize]| match (own, run) {
        (Some(own), [first, .., last]) => {
            let between = |a: usize, b: usize| free.iter().any(|idx| a < *idx && *idx < b);
            (*first > own && !between(own, *first)) || (*last < own && !between(*last, own))
        }
        _ => true,
    };
    for start in 0..free.len() {
        let mut sum = Amount { value: 0.0, slack: 0.0 };
        for end in start..free.len() {
            sum = sum.plus(parts[free[end]]);
            let run = &free[start..=end];
            if run.len() >= 2 && sum.agrees(target) && is_beside(run) {
                return Some(run.to_vec());
            }
        }
    }
    None
}

fn subset(parts: &[Amount], free: &[usize], target: Amount) -> Option<Vec<usize>> {
    if free.len() > SUBSETS_MAX {
        return None;
    }
    let mut sums = vec![Amount { value: 0.0, slack: 0.0 }; 1 << free.len()];
    for mask in 1_usize..sums.len() {
        let last = mask.trailing_zeros() as usize;
        sums[mask] = sums[mask & (mask - 1)].plus(parts[free[last]]);
        if mask.count_ones() >= 2 && sums[mask].agrees(target) {
            let chosen = free.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
            return Some(chosen.map(|(_, idx)| *idx).collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millions(values: &[f64]) -> Vec<Amount> {
        values.iter().map(|value| Amount { value: value * 1e6, slack: 5e5 }).collect()
    }

    fn adds_up(parts: &[f64], total: f64) -> bool {
        add_up(&millions(parts), millions(&[total])[0])
    }

    #[test]
    fn plain_parts_add_up_within_rounding() {
        assert!(adds_up(&[100.0, 200.0, 400.0], 700.0));
        assert!(adds_up(&[100.0, 200.0, 400.0], 702.0), "four roundings of half a million");
        assert!(!adds_up(&[100.0, 200.0, 400.0], 703.0));
        assert!(!adds_up(&[100.0, 200.0, 400.0], 600.0), "a part too many is no explanation");
        assert!(!adds_up(&[], 700.0) && adds_up(&[700.0], 700.0));
    }

    #[test]
    fn a_part_of_a_part_is_counted_once() {
        // NVIDIA, quarter ended 2025-07-27: Data Center is compute and networking.
        let platforms = [41_096.0, 33_844.0, 7_252.0, 4_287.0, 601.0, 586.0, 173.0];
        assert!(adds_up(&platforms, 46_743.0));
        assert!(!adds_up(&[41_196.0, 33_844.0, 7_252.0, 4_287.0, 601.0, 586.0, 173.0], 46_743.0));
        let apart = [33_844.0, 4_287.0, 41_096.0, 601.0, 7_252.0, 586.0, 173.0];
        assert!(adds_up(&apart, 46_743.0), "in any order");
        // Two levels: 1,000 = 600 + 400, 600 = 350 + 250, and 24 beside.
        assert!(adds_up(&[1_000.0, 600.0, 350.0, 250.0, 400.0, 24.0], 1_024.0));
    }

    #[test]
    fn a_total_may_be_split_twice() {
        let twice = [900.0, 124.0, 500.0, 300.0, 200.0, 24.0];
        assert!(adds_up(&twice, 1_024.0), "goods and services, and four lines of business");
        assert!(!adds_up(&[900.0, 124.0, 500.0, 300.0, 200.0, 34.0], 1_024.0));
    }

    #[test]
    fn work_is_bounded() {
        let same = vec![8.0; 40];
        assert!(!adds_up(&same, 100.0));
        let powers: Vec<f64> = (0..40).map(|i| f64::from(i) * 10.0).collect();
        assert!(!adds_up(&powers, 5.0));
        assert!(!adds_up(&vec![10.0; 100_000], 7.0));
    }
}
