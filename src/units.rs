//! Units: the words a value may carry, and the types whose products are physics.
//!
//! May use `error`. Holds every conversion of a unit; no other file multiplies by a unit's factor.
//!
//! # Quantities that do not mix
//!
//! A run (FLOP), a fleet's year (FLOP a year) and a rate (FLOP/s) are three types. What is physics
//! compiles:
//!
//! ```
//! use chipcast::units::{Flop, FlopPerYear, H100e, Seconds, Units, Usd, UsdPerUnit};
//! let run: Flop = H100e(1e5).peak_8bit() * Seconds::from_days(100.0);
//! let both: Flop = run + Flop(1e25);
//! let year: FlopPerYear = H100e(1e5).peak_8bit().for_a_year();
//! let bought: Units = Usd(1e9) / UsdPerUnit(3e4);
//! assert!(both > run && year > FlopPerYear(0.0) && bought > Units(0.0));
//! ```
//!
//! One run and what a fleet does in a year do not add:
//!
//! ```compile_fail,E0308
//! use chipcast::units::{Flop, H100e};
//! let year = H100e(1e5).peak_8bit().for_a_year();
//! let sum = Flop(1e25) + year;
//! ```
//!
//! A rate is no work until it is multiplied by a time:
//!
//! ```compile_fail,E0308
//! use chipcast::units::{Flop, H100e};
//! let run: Flop = H100e(1e5).peak_8bit();
//! ```
//!
//! A rate is multiplied by seconds, never by a bare number of days:
//!
//! ```compile_fail,E0308
//! use chipcast::units::{Flop, H100e};
//! let run: Flop = H100e(1e5).peak_8bit() * 100.0;
//! ```
//!
//! Chips and H100 equivalents do not add:
//!
//! ```compile_fail,E0308
//! use chipcast::units::{H100e, Units};
//! let sum = H100e(1e5) + Units(1e5);
//! ```
//!
//! Draws carry the same types, so that a chain of samples cannot mix them either:
//!
//! ```compile_fail,E0308
//! use chipcast::draws::Draws;
//! use chipcast::scaling::law::{Law, ScalingLaw};
//! use chipcast::units::FlopPerYear;
//! fn of_a_year(law: &Law, year: &Draws<FlopPerYear>) {
//!     law.capability(year);
//! }
//! ```

use std::fmt;
use std::ops::{Add, Div, Mul, Sub};
use std::str::FromStr;

use crate::error::{Error, Result};

/// Seconds in an hour (definition).
pub const SECONDS_PER_HOUR: f64 = 3600.0;
/// Seconds in a day (definition).
pub const SECONDS_PER_DAY: f64 = 86_400.0;
/// Seconds in a Julian year (definition).
pub const SECONDS_PER_YEAR: f64 = 365.25 * SECONDS_PER_DAY;
/// FLOP of a petaflop/s-day: 10^15 FLOP/s for a day (definition).
const FLOP_PER_PF_DAY: f64 = 1e15 * SECONDS_PER_DAY;
/// Dense 8-bit operations per second of one H100: the definition of [`H100e`].
///
/// Source: NVIDIA H100 SXM data sheet, 1,979 TOP/s dense (3,958 with sparsity).
pub const H100_DENSE_8BIT_OP_PER_S: f64 = 1.979e15;

/// The unit of an observation: base units only, never millions or percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// United States dollars, nominal.
    Usd,
    /// New Taiwan dollars, nominal.
    Twd,
    /// A count of things.
    Count,
    /// H100 equivalents by dense 8-bit rate.
    H100e,
    /// Watt.
    Watt,
    /// Floating-point operations.
    Flop,
    /// Floating-point operations per second.
    FlopPerSecond,
    /// A share or quotient; 0.05 is five percent.
    Ratio,
    /// An index without a unit.
    Index,
}

impl Unit {
    /// Every unit word, in the order in which messages list them.
    pub const ALL: [Self; 9] = [
        Self::Usd,
        Self::Twd,
        Self::Count,
        Self::H100e,
        Self::Watt,
        Self::Flop,
        Self::FlopPerSecond,
        Self::Ratio,
        Self::Index,
    ];

    /// The word written in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Twd => "TWD",
            Self::Count => "unit",
            Self::H100e => "h100e",
            Self::Watt => "W",
            Self::Flop => "FLOP",
            Self::FlopPerSecond => "FLOP/s",
            Self::Ratio => "ratio",
            Self::Index => "index",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Unit {
    type Err = Error;

    /// Reads a unit word without regard to case.
    fn from_str(text: &str) -> Result<Self> {
        let word = text.trim();
        Self::ALL.into_iter().find(|unit| unit.word().eq_ignore_ascii_case(word)).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|unit| unit.word()).collect();
            Error::invalid(format!("unit `{word}` is not known")).hint(format!(
                "use one of {}; values are in base units, not millions",
                known.join(", ")
            ))
        })
    }
}

/// A decimal number with its point moved by `places`: `scaled("7.15", 6)` is 7,150,000 to the last
/// bit, where a product would round twice. Nothing where the text is no finite decimal number.
pub fn scaled(text: &str, places: i32) -> Option<f64> {
    let text = text.trim();
    let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    let value: f64 = if is_decimal {
        format!("{text}e{places}").parse().ok()?
    } else {
        text.parse::<f64>().ok()? * 10f64.powi(places)
    };
    value.is_finite().then_some(value)
}

/// A count of things as a number; exact, since nothing here counts to 2^52.
#[expect(clippy::cast_precision_loss, reason = "nothing here counts to 2^52")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

macro_rules! quantity {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(pub f64);

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self { Self(self.0 + other.0) }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self { Self(self.0 - other.0) }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self { Self(self.0 * factor) }
        }
        impl Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 { self.0 / other.0 }
        }
        impl From<$name> for f64 {
            fn from(quantity: $name) -> Self { quantity.0 }
        }
        impl From<f64> for $name {
            fn from(value: f64) -> Self { Self(value) }
        }
    )+};
}

quantity! {
    /// United States dollars, nominal.
    Usd,
    /// Dollars for one chip.
    UsdPerUnit,
    /// Dollars for one H100 equivalent.
    UsdPerH100e,
    /// A count of chips.
    Units,
    /// H100 equivalents.
    H100e,
    /// H100 equivalents of one chip.
    H100ePerUnit,
    /// Work of one training run.
    Flop,
    /// A rate of work.
    FlopPerSecond,
    /// Work that a whole fleet can do in a year; not one run, and not a rate.
    FlopPerYear,
    /// Power.
    Watt,
    /// Time.
    Seconds,
}

impl Div<UsdPerUnit> for Usd {
    type Output = Units;
    /// Spend ÷ price = units bought.
    fn div(self, price: UsdPerUnit) -> Units {
        Units(self.0 / price.0)
    }
}

impl Mul<H100ePerUnit> for Units {
    type Output = H100e;
    /// Chips × H100 equivalents a chip.
    fn mul(self, each: H100ePerUnit) -> H100e {
        H100e(self.0 * each.0)
    }
}

impl Mul<UsdPerUnit> for Units {
    type Output = Usd;
    /// Chips × price of one = spend.
    fn mul(self, price: UsdPerUnit) -> Usd {
        Usd(self.0 * price.0)
    }
}

impl Mul<UsdPerH100e> for H100e {
    type Output = Usd;
    /// H100 equivalents × price of one = spend.
    fn mul(self, price: UsdPerH100e) -> Usd {
        Usd(self.0 * price.0)
    }
}

impl Mul<Seconds> for FlopPerSecond {
    type Output = Flop;
    /// Rate × time = work.
    fn mul(self, time: Seconds) -> Flop {
        Flop(self.0 * time.0)
    }
}

impl H100e {
    /// Peak dense 8-bit rate of this many H100 equivalents.
    pub fn peak_8bit(self) -> FlopPerSecond {
        FlopPerSecond(self.0 * H100_DENSE_8BIT_OP_PER_S)
    }
}

impl Flop {
    /// A number of petaflop/s-days, the unit of Kaplan et al. (2020).
    pub fn from_pf_days(pf_days: f64) -> Self {
        Self(pf_days * FLOP_PER_PF_DAY)
    }
}

impl FlopPerSecond {
    /// What one chip of this dense 8-bit rate counts for.
    pub fn h100e(self) -> H100ePerUnit {
        H100ePerUnit(self.0 / H100_DENSE_8BIT_OP_PER_S)
    }

    /// Work done in a year at this rate.
    pub fn for_a_year(self) -> FlopPerYear {
        FlopPerYear(self.0 * SECONDS_PER_YEAR)
    }
}

impl Seconds {
    /// A number of days.
    pub fn from_days(days: f64) -> Self {
        Self(days * SECONDS_PER_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_words_are_read_without_case_and_others_are_refused() {
        assert_eq!("usd".parse::<Unit>().expect("known"), Unit::Usd);
        assert_eq!("flop/S".parse::<Unit>().expect("known"), Unit::FlopPerSecond);
        let error = "USD_million".parse::<Unit>().expect_err("millions are no base unit");
        assert!(error.to_string().contains("`USD_million`"));
    }

    #[test]
    fn a_moved_point_is_exact() {
        assert_eq!(scaled("1955.22", 6), Some(1_955_220_000.0));
        assert_eq!(scaled("1.17", -2), Some(0.0117));
        assert_eq!(scaled("1.5e3", 3), Some(1.5e6));
        assert_eq!((scaled("", 3), scaled("inf", 0), scaled("1,5", 0)), (None, None, None));
    }

    #[test]
    fn one_h100_for_a_hundred_days() {
        let work = H100e(1.0).peak_8bit() * Seconds::from_days(100.0);
        assert!((work.0 - 1.979e15 * 8.64e6).abs() < 1e9);
    }
}
