//! "Twice the parameters needs how much compute?": the answer of each law, with interconnect loss.
//!
//! May use `error` and `published`. Pure arithmetic; the popular claim is printed beside the
//! answers, with what would have to be true for it.

use super::published::PublishedLaws;
use crate::error::{Error, Result};

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct MultipleRow {
    /// Name of the law.
    pub law: String,
    /// a of `N ~ C^a`.
    pub exponent: f64,
    /// phi: what is left of the utilisation when a cluster doubles.
    pub efficiency_per_doubling: f64,
    /// Times the training FLOP.
    pub compute_multiple: f64,
    /// Times the GPU-hours.
    pub gpu_hours_multiple: f64,
}

/// What would have to be true for a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimCheck {
    /// Who says so.
    pub source: String,
    /// The multiple that is claimed for the parameters asked about.
    pub claimed_multiple: f64,
    /// The exponent of `N ~ C^a` that gives it without any loss.
    pub exponent_needed: f64,
    /// The efficiency per doubling that gives it in GPU-hours where `N ~ C^0.5`.
    pub efficiency_needed_at_half: f64,
    /// Levels X1 of `y = c ln(X + 1)` from which doubling the *capability* takes 11 to 19 times X:
    /// `X2/X1 = X1 + 2`.
    pub capability_doubling_levels: (f64, f64),
    /// The same in words.
    pub words: String,
}

/// Compute that a parameter multiple needs: `m^(1/a)` for `N ~ C^a`.
///
/// - `parameters`: m, above 0. `exponent`: a, above 0. Returns a ratio.
///
/// # Errors
/// [`Error::Invalid`] unless both are above 0.
/// # Source
/// Inverse of the compute-optimal allocation of Hoffmann et al. (2022), arXiv 2203.15556.
pub fn compute_multiple(parameters: f64, exponent: f64) -> Result<f64> {
    positive("a parameter multiple", parameters)?;
    positive("an exponent of parameters in compute", exponent)?;
    Ok(parameters.powf(1.0 / exponent))
}

/// GPU-hours that a compute multiple needs at the same wall clock: `c^(1 / (1 + log2 phi))`.
///
/// The cluster grows k-fold with `k · phi^log2(k) = c`.
///
/// - `compute`: c, above 0. `efficiency_per_doubling`: phi, above 1/2 and at most 1. Returns a
///   ratio.
///
/// # Errors
/// [`Error::Invalid`] outside those ranges: at 1/2 a doubled cluster does no more work.
/// # Source
/// Solved from the fitted form of [`super::interconnect`].
pub fn gpu_hours_multiple(compute: f64, efficiency_per_doubling: f64) -> Result<f64> {
    positive("a compute multiple", compute)?;
    if !(efficiency_per_doubling > 0.5 && efficiency_per_doubling <= 1.0) {
        return Err(Error::invalid(format!(
            "efficiency per doubling is {efficiency_per_doubling}; needed above 0.5 and at most 1"
        )));
    }
    Ok(compute.powf(1.0 / (1.0 + efficiency_per_doubling.log2())))
}

/// How many times X must grow for twice the capability under `y = c ln(X + 1)`: `X2/X1 = X1 + 2`.
///
/// - `level`: X1, in the law's unit of X, above 0. Returns a ratio.
///
/// # Errors
/// [`Error::Invalid`] unless the level is above 0.
/// # Source
/// `2 ln(X1 + 1) = ln(X2 + 1)`, so `X2 = X1² + 2 X1`.
pub fn capability_doubling_multiple(level: f64) -> Result<f64> {
    positive("a level of X", level)?;
    Ok(level + 2.0)
}

/// Every law at every efficiency, laws in the order of the file.
///
/// - `parameters`: how many times the parameters, 2 for "twice".
///
/// # Errors
/// [`Error::Invalid`] unless `parameters` is above 0.
pub fn multiple(parameters: f64, laws: &PublishedLaws) -> Result<Vec<MultipleRow>> {
    let mut rows = Vec::new();
    for law in &laws.allocation {
        let compute = compute_multiple(parameters, law.exponent)?;
        for efficiency in &laws.efficiency {
            rows.push(MultipleRow {
                law: law.name.clone(),
                exponent: law.exponent,
                efficiency_per_doubling: efficiency.per_doubling,
                compute_multiple: compute,
                gpu_hours_multiple: gpu_hours_multiple(compute, efficiency.per_doubling)?,
            });
        }
    }
    Ok(rows)
}

/// Each bundled claim beside what would make it true; claims are made for twice the parameters.
///
/// `a = log 2 / log c`; `phi = 2^(log c₀ / log c − 1)` with `c₀ = 2^(1/0.5) = 4`.
///
/// # Errors
/// [`Error::Invalid`] if a claim states a multiple of 1 or less.
pub fn claims(laws: &PublishedLaws) -> Result<Vec<ClaimCheck>> {
    let least_exponent = laws.allocation.iter().map(|l| l.exponent).fold(f64::INFINITY, f64::min);
    let efficiencies = laws.efficiency.iter().map(|run| run.per_doubling);
    let least_efficiency = efficiencies.fold(f64::INFINITY, f64::min);
    let checks = laws.claim.iter().map(|claim| {
        let claimed = claim.compute_multiple;
        positive("the logarithm of a claimed multiple", claimed.ln())?;
        let exponent_needed = 2.0_f64.ln() / claimed.ln();
        let at_half = compute_multiple(2.0, 0.5)?;
        let efficiency = (at_half.ln() / claimed.ln() - 1.0).exp2();
        let levels = (claimed - 1.0, 2.0 * claimed - 3.0);
        let (low, high) =
            (capability_doubling_multiple(levels.0)?, capability_doubling_multiple(levels.1)?);
        let words = format!(
            "{}: it would hold with N ~ C^{exponent_needed:.2}, or with N ~ C^0.5 and an \
             efficiency of {efficiency:.2} a doubling; the laws here have {least_exponent:.2} or \
             more, the runs {least_efficiency:.2} or more. For doubling capability under \
             y = c ln(X + 1) the answer is X2/X1 = X1 + 2: {low:.0} to {high:.0} for X1 of {:.0} \
             to {:.0} units",
            claim.source, levels.0, levels.1
        );
        Ok(ClaimCheck {
            source: claim.source.clone(),
            claimed_multiple: claimed,
            exponent_needed,
            efficiency_needed_at_half: efficiency,
            capability_doubling_levels: levels,
            words,
        })
    });
    checks.collect()
}

fn positive(what: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} is {value}; needed a number above 0"))
        .hint("a multiple is a ratio: 2 for twice, 0.5 for half"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_table_to_the_printed_digits() {
        let needed = [
            ("data_fixed", "2.00", ["2.04", "2.08", "2.11", "2.20", "2.52"]),
            ("kaplan", "2.58", ["2.66", "2.72", "2.79", "2.94", "3.56"]),
            ("besiroglu", "3.85", ["4.01", "4.14", "4.29", "4.63", "6.06"]),
            ("hoffmann_1", "4.00", ["4.17", "4.31", "4.47", "4.83", "6.37"]),
            ("hoffmann_3", "4.51", ["4.72", "4.90", "5.09", "5.54", "7.49"]),
        ];
        let laws = PublishedLaws::bundled().expect("bundled");
        let rows = multiple(2.0, &laws).expect("above 0");
        assert_eq!(rows.len(), 25);
        for (law, (name, compute, hours)) in rows.chunks(5).zip(needed) {
            for (row, hours) in law.iter().zip(hours) {
                assert_eq!(row.law, name);
                assert_eq!(format!("{:.2}", row.compute_multiple), compute);
                assert_eq!(format!("{:.2}", row.gpu_hours_multiple), hours, "{row:?}");
            }
        }
    }

    #[test]
    fn three_times_the_parameters() {
        let laws = PublishedLaws::bundled().expect("bundled");
        let rows = multiple(3.0, &laws).expect("above 0");
        let each: Vec<_> =
            rows.chunks(5).map(|law| format!("{:.2}", law[0].compute_multiple)).collect();
        assert_eq!(each, ["3.00", "4.50", "8.48", "9.00", "10.89"]);
    }

    #[test]
    fn the_popular_claim_needs_0_30_or_0_76() {
        let laws = PublishedLaws::bundled().expect("bundled");
        let found = claims(&laws).expect("above 1");
        assert_eq!(format!("{:.2}", found[0].exponent_needed), "0.30");
        assert_eq!(format!("{:.2}", found[0].efficiency_needed_at_half), "0.76");
        assert_eq!(found[0].capability_doubling_levels, (9.0, 17.0));
        assert!(found[0].words.contains("11 to 19 for X1 of 9 to 17 units"), "{}", found[0].words);
    }

    #[test]
    fn any_multiple_and_no_nonsense() {
        assert!((compute_multiple(10.0, 0.5).expect("above 0") - 100.0).abs() < 1e-9);
        let error = compute_multiple(0.0, 0.5).expect_err("nothing");
        assert_eq!(error.to_string(), "a parameter multiple is 0; needed a number above 0");
        assert!(gpu_hours_multiple(4.0, 0.5).is_err());
    }
}
