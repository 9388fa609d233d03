//! Counted chips as H100 equivalents, where rival counts of one chip are drawn between.
//!
//! May use the core files, `assumption` and `hardware`. Knows no price; never counts less than
//! nothing.

use super::assumption::{Assumptions, Worlds};
use super::hardware::Hardware;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::units::{H100e, H100ePerUnit, Units};

/// Chips by name (short as `GB200`, or the full name of `datasets/hardware.csv`) and how many of each.
pub type Counts = Vec<(String, Draws<Units>)>;

/// H100 equivalents of counted chips: `Σ units · h100e a chip`, chip by chip, in the order given.
///
/// - `units`: chip (short name as `GB200`, or the full name of `datasets/hardware.csv`) and how many
///   of it, drawn.
/// - Returns each chip's H100 equivalents; where estimates of one chip differ, drawn between them.
///
/// # Errors
/// [`Error::NotFound`] for a chip that is not in the table of hardware; [`Error::Insufficient`] if
/// it has no 8-bit rate; [`Error::Invalid`] on units that are negative, not finite, or of another
/// number of draws.
pub fn counted(
    units: &[(String, Draws<Units>)],
    assumptions: &Assumptions,
    worlds: &Worlds,
) -> Result<Vec<(String, Draws<H100e>)>> {
    let hardware = Hardware::bundled()?;
    let count = |(chip, units): &(String, Draws<Units>)| {
        not_negative(units, &format!("units of `{chip}`"), "unit")?;
        let sheet = hardware.get(chip)?.h100e()?;
        let each = h100e_per_unit(chip, sheet, assumptions, worlds);
        Ok((chip.clone(), units.zip(&each, |units, each| units * each)?))
    };
    units.iter().map(count).collect()
}

/// H100 equivalents of a chip: the assumption `h100e_per_CHIP` where estimates differ, else the
/// data sheet.
pub(super) fn h100e_per_unit(
    chip: &str,
    data_sheet: H100ePerUnit,
    assumptions: &Assumptions,
    worlds: &Worlds,
) -> Draws<H100ePerUnit> {
    match assumptions.draws(&format!("h100e_per_{}", chip.to_lowercase()), worlds) {
        Ok(rivals) => rivals.map(H100ePerUnit),
        Err(_) => Draws::constant(data_sheet, worlds.n_draws),
    }
}

/// Refuses a sample with a world in which less than nothing, or no number, is spent or bought.
pub(super) fn not_negative<T: Copy + Into<f64>>(
    draws: &Draws<T>,
    what: &str,
    unit: &str,
) -> Result<()> {
    let values = draws.values().iter().map(|value| (*value).into());
    match values.enumerate().find(|(_, value): &(usize, f64)| !(value.is_finite() && *value >= 0.0))
    {
        None => Ok(()),
        Some((world, value)) => Err(Error::invalid(format!(
            "{what}: found {value} {unit} in draw {world}, needed a finite number not below 0"
        ))
        .hint("what is bought is given as a positive amount, refunds left out")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn rival_counts_of_a_b200_are_drawn_between() {
        let assumptions = Assumptions::bundled().expect("bundled");
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let worlds = Worlds { seed: 3, origin, n_draws: 4000 };
        let one = Draws::constant(Units(1.0), worlds.n_draws);
        let units = [("B200".to_owned(), one.clone()), ("GB200".to_owned(), one)];
        let found = counted(&units, &assumptions, &worlds).expect("known chips");
        let b200 = &found[0].1;
        assert!((b200.quantile(0.05) - 2.274).abs() < 0.01);
        assert!((b200.quantile(0.95) - 2.527).abs() < 0.01);
        assert!((found[1].1.median() - 2.5265).abs() < 1e-4);
    }

    #[test]
    fn chips_that_do_not_exist_and_amounts_below_nothing_are_refused() {
        let assumptions = Assumptions::bundled().expect("bundled");
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let worlds = Worlds { seed: 3, origin, n_draws: 2 };
        let count = |chip: &str, values: Vec<f64>| {
            let units = Draws::new(values).expect("two").map(Units);
            counted(&[(chip.to_owned(), units)], &assumptions, &worlds).map(|_| ())
        };
        assert!(count("H100", vec![0.0, 1.0]).is_ok());
        let error = count("H9000", vec![1.0, 1.0]).expect_err("no such chip");
        assert_eq!(error.to_string(), "chip `H9000` is not in the table of hardware");
        let error = count("H100", vec![1.0, -2.0]).expect_err("less than nothing");
        assert_eq!(
            error.to_string(),
            "units of `H100`: found -2 unit in draw 1, needed a finite number not below 0"
        );
        assert!(count("H100", vec![f64::NAN, 1.0]).is_err());
    }
}
