//! Chips: what each can do, draws and counts for, from `datasets/hardware.csv`.
//!
//! May use the core files. Holds the one rule of H100 equivalents: dense 8-bit rate over that of an
//! H100, the dense 8-bit rate being the larger of FP8 and INT8.

use chrono::NaiveDate;

use crate::cells::{Cells, Row};
use crate::error::{Error, Result};
use crate::units::{FlopPerSecond, H100ePerUnit, UsdPerUnit, Watt};

const TABLE: &str = include_str!("../../datasets/hardware.csv");
/// Short names used by tables of prices and mixes, with the chip that stands for them.
const SHORT_NAMES: [(&str, &str); 8] = [
    ("A100", "NVIDIA A100 SXM4 80 GB"),
    ("B200", "NVIDIA B200"),
    ("B300", "NVIDIA B300 (Blackwell Ultra)"),
    ("GB200", "NVIDIA GB200"),
    ("GB300", "NVIDIA GB300 (Blackwell Ultra)"),
    ("H100", "NVIDIA H100 SXM5 80GB"),
    ("H20", "NVIDIA HGX H20"),
    ("H200", "NVIDIA H200 SXM"),
];

/// One accelerator.
#[derive(Debug, Clone, PartialEq)]
pub struct Chip {
    /// Full name.
    pub name: String,
    /// Who designs it.
    pub maker: String,
    /// Day of release.
    pub released: NaiveDate,
    /// Dense bf16 (or fp16) peak.
    pub peak_bf16: Option<FlopPerSecond>,
    /// Dense FP8 peak.
    pub peak_fp8: Option<FlopPerSecond>,
    /// Dense INT8 peak.
    pub peak_int8: Option<FlopPerSecond>,
    /// Thermal design power of the chip alone.
    pub power: Option<Watt>,
    /// A price of one, where one was quoted.
    pub price: Option<UsdPerUnit>,
    /// Where the row comes from.
    pub source: String,
}

impl Chip {
    /// H100 equivalents of one chip: `max(fp8, int8) / 1.979e15`, dense rates.
    ///
    /// - Returns h100e a chip; 1 for an H100 SXM, 2.5265 for a GB200.
    ///
    /// # Errors
    /// [`Error::Insufficient`] if no dense 8-bit rate is known: 16-bit rates are never doubled.
    /// # Source
    /// Epoch AI, ai-chip-counts: H100 equivalents by 8-bit operations.
    pub fn h100e(&self) -> Result<H100ePerUnit> {
        let rates = [self.peak_fp8, self.peak_int8].into_iter().flatten();
        rates.reduce(|a, b| if a < b { b } else { a }).map(FlopPerSecond::h100e).ok_or_else(|| {
            Error::insufficient(format!("`{}` has no dense 8-bit rate (fp8 or int8)", self.name))
        })
    }
}

/// The table of chips.
#[derive(Debug, Clone, PartialEq)]
pub struct Hardware(Vec<Chip>);

impl Hardware {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// [`Error::Parse`] if the bundled table is broken.
    pub fn bundled() -> Result<Self> {
        let table = Cells::csv("datasets/hardware.csv", TABLE)?;
        table.rows().map(chip).collect::<Result<_>>().map(Self)
    }

    /// A chip by its full name, or by the short name that tables of prices use (`GB200`).
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub fn get(&self, name: &str) -> Result<&Chip> {
        let full = SHORT_NAMES.iter().find(|(short, _)| *short == name).map_or(name, |(_, f)| f);
        self.0.iter().find(|chip| chip.name == full).ok_or_else(|| {
            Error::not_found(format!("chip `{name}` is not in the table of hardware"))
                .hint("names are those of datasets/hardware.csv, or short as in `GB200`")
        })
    }

    /// Every chip, in the order of release.
    pub fn chips(&self) -> &[Chip] {
        &self.0
    }
}

fn chip(row: Row<'_>) -> Result<Chip> {
    let rate = |column| row.number_if_any(column).map(|rate| rate.map(FlopPerSecond));
    Ok(Chip {
        name: row.text("name")?.to_owned(),
        maker: row.text("maker")?.to_owned(),
        released: row.date("release_date")?,
        peak_bf16: rate("peak_bf16_flop_per_s")?,
        peak_fp8: rate("peak_fp8_flop_per_s")?,
        peak_int8: rate("peak_int8_op_per_s")?,
        power: row.number_if_any("power_w")?.map(Watt),
        price: row.number_if_any("price_usd")?.map(UsdPerUnit),
        source: row.text("source")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h100e_agrees_with_the_column_of_the_table() {
        let table = Cells::csv("datasets/hardware.csv", TABLE).expect("bundled");
        let hardware = Hardware::bundled().expect("bundled");
        assert_eq!(hardware.chips().len(), 36);
        for (row, chip) in table.rows().zip(hardware.chips()) {
            match row.number_if_any("h100e").expect("a number") {
                Some(needed) => {
                    let found = chip.h100e().expect("an 8-bit rate").0;
                    assert!((found - needed).abs() < 6e-5, "{}: {found} for {needed}", chip.name);
                }
                None => assert!(chip.h100e().is_err(), "{}", chip.name),
            }
        }
    }

    #[test]
    fn short_names_lead_to_chips_and_int8_never_hides_fp8() {
        let hardware = Hardware::bundled().expect("bundled");
        for (short, full) in SHORT_NAMES {
            assert_eq!(hardware.get(short).expect("known").name, full);
        }
        let b300 = hardware.get("B300").expect("known").h100e().expect("fp8");
        assert!((b300.0 - 2.2739).abs() < 5e-5);
        let error = hardware.get("H9000").expect_err("no such chip");
        assert_eq!(error.to_string(), "chip `H9000` is not in the table of hardware");
    }
}
