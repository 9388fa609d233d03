//! Exact decimals: what is said as `8.10 billion, plus or minus 2%` becomes 7,938,000,000, not nearly.
//!
//! May use nothing. Whole numbers of 10⁻⁹; what does not fit is `None`, never rounded.

/// A decimal number with nine places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exact(i128);

const PLACES: usize = 9;
const ONE: i128 = 1_000_000_000;
/// Longer numbers are no amounts.
const DIGITS: usize = 18;

impl Exact {
    /// Reads `1,234.50`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let whole: String = whole.chars().filter(|c| *c != ',').collect();
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let fits =
            whole.len() <= DIGITS && part.len() <= PLACES && !(whole.is_empty() && part.is_empty());
        if !fits || !is_digits(&whole) || !is_digits(part) {
            return None;
        }
        let digits = format!("{whole}{part:0<PLACES$}");
        digits.parse().ok().map(Self)
    }

    /// A whole number.
    pub(super) fn whole(number: i64) -> Self {
        Self(i128::from(number) * ONE)
    }

    pub(super) fn times(self, factor: i128) -> Option<Self> {
        self.0.checked_mul(factor).map(Self)
    }

    /// A hundredth, ten-thousandth and so on, where no digit is lost.
    pub(super) fn over(self, divisor: i128) -> Option<Self> {
        (self.0 % divisor == 0).then(|| Self(self.0 / divisor))
    }

    /// This share of `whole`, where no digit is lost.
    pub(super) fn of(self, whole: Self) -> Option<Self> {
        Self(self.0.checked_mul(whole.0)?).over(ONE)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    pub(super) fn negative(self) -> Self {
        Self(-self.0)
    }

    /// Halfway between two numbers; the last place is rounded down.
    pub(super) fn middle(self, other: Self) -> Self {
        Self((self.0 + other.0).div_euclid(2))
    }

    /// The nearest `f64`.
    pub(super) fn value(self) -> f64 {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) =
            (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        format!("{sign}{whole}.{part:09}").parse().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_have_no_noise() {
        for (text, low, high) in
            [("8.10", 7_938_000_000.0, 8_262_000_000.0), ("5.90", 5_782_000_000.0, 6_018_000_000.0)]
        {
            let mid = Exact::read(text).and_then(|n| n.times(1_000_000_000)).expect("fits");
            let band =
                Exact::read("2").and_then(|n| n.over(100)).and_then(|p| p.of(mid)).expect("2%");
            assert_eq!((mid.minus(band).value(), mid.plus(band).value()), (low, high));
            assert_eq!(mid.minus(band).middle(mid.plus(band)), mid);
        }
        assert_eq!(Exact::read("65.1").and_then(|n| n.over(100)).expect("65.1%").value(), 0.651);
        assert_eq!(Exact::whole(-40).value(), -40.0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in ["", ".", "1.2.3", "1e9", "9999999999999999999", "0.1234567890"] {
            assert_eq!(Exact::read(text), None, "{text}");
        }
        assert_eq!(Exact::read("1,234.5").map(Exact::value), Some(1234.5));
        assert_eq!(Exact::read("999999999999999999").and_then(|n| n.times(i128::MAX)), None);
    }
}
