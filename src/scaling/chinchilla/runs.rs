//! Training runs, read from a table of a user's own.
//!
//! May use the core files. Pure: cells in, runs out. Never drops a row: one that cannot be used is
//! an error that names its line and column.

use std::collections::BTreeMap;

use super::FLOP_PER_PARAMETER_TOKEN;
use crate::cells::{Cells, Row, column_pairs};
use crate::error::{Error, Result};

/// Our names of the columns, in order, with the spellings that are found without a map.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("parameters", &["parameters", "Model Size"]),
    ("flop", &["training_compute_flop", "flop", "Training FLOP"]),
    ("tokens", &["tokens", "Training Tokens"]),
    ("loss", &["loss"]),
];
/// How a column map is written.
const EXAMPLE: &str = "write `parameters=Model Size,flop=Training FLOP,loss=loss`: our name, then \
                       the table's column; `tokens` may stand for `flop`";

/// One finished training run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingRun {
    /// N, parameters.
    pub parameters: f64,
    /// D, training tokens.
    pub tokens: f64,
    /// Loss at its end, nat a token.
    pub loss: f64,
}

impl TrainingRun {
    /// Its compute by `C = 6 N D`, FLOP.
    pub fn compute_flop(&self) -> f64 {
        FLOP_PER_PARAMETER_TOKEN * self.parameters * self.tokens
    }
}

/// Which columns of a table hold parameters, compute or tokens, and loss; those that are not named
/// are found by their usual spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunColumns(BTreeMap<String, String>);

impl RunColumns {
    /// Reads `parameters=Model Size,flop=Training FLOP,loss=loss`.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a pair without `=`, a name that is not ours, or both `flop` and
    /// `tokens`.
    pub fn parse(text: &str) -> Result<Self> {
        let map = column_pairs(text, &COLUMNS.map(|(ours, _)| ours), EXAMPLE)?;
        if map.contains_key("flop") && map.contains_key("tokens") {
            return Err(Error::invalid("the column map names both `flop` and `tokens`")
                .hint("tokens are FLOP / (6 N): give one of the two"));
        }
        Ok(Self(map))
    }

    /// The table's column for one of ours: as mapped, or by its usual spellings.
    fn find<'a>(&'a self, cells: &Cells, ours: &str) -> Option<&'a str> {
        let usual = COLUMNS.iter().find(|(name, _)| *name == ours).map_or(&[][..], |c| c.1);
        match self.0.get(ours) {
            Some(theirs) => Some(theirs),
            None => usual.iter().copied().find(|name| cells.has(name)),
        }
    }
}

/// Reads the runs of a table. `D = FLOP / (6 N)`, or the tokens themselves where they are mapped or
/// there is no compute.
///
/// # Errors
/// [`Error::Parse`] if a column is missing (names those found), or a cell is no number above 0
/// (names file, line, column and what was found).
pub fn runs(cells: &Cells, columns: &RunColumns) -> Result<Vec<TrainingRun>> {
    let tokens = columns.find(cells, "tokens").filter(|_| !columns.0.contains_key("flop"));
    let flop = columns.find(cells, "flop").filter(|_| !columns.0.contains_key("tokens"));
    let parameters = columns.find(cells, "parameters").unwrap_or("parameters");
    let work = flop.or(tokens).unwrap_or("training_compute_flop");
    let loss = columns.find(cells, "loss").unwrap_or("loss");
    cells.require(&[parameters, work, loss]).map_err(|e| e.hint(EXAMPLE))?;
    let runs = cells.rows().map(|row| {
        let (n, work_done) = (above_zero(row, parameters)?, above_zero(row, work)?);
        let tokens =
            if flop.is_some() { work_done / (FLOP_PER_PARAMETER_TOKEN * n) } else { work_done };
        if !tokens.is_normal() {
            return Err(row
                .unusable(work, "compute of a possible run")
                .hint("tokens are FLOP / (6 N)"));
        }
        Ok(TrainingRun { parameters: n, tokens, loss: above_zero(row, loss)? })
    });
    runs.collect()
}

fn above_zero(row: Row<'_>, column: &str) -> Result<f64> {
    let value = row.number(column)?;
    if value > 0.0 {
        return Ok(value);
    }
    Err(row.unusable(column, "a number above 0").hint("a run has parameters, compute and a loss"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, map: &str) -> Result<Vec<TrainingRun>> {
        runs(&Cells::csv("t.csv", text)?, &RunColumns::parse(map)?)
    }

    fn error(text: &str, map: &str) -> String {
        read(text, map).expect_err("unusable").to_string()
    }

    #[test]
    fn tokens_are_compute_by_six_times_the_parameters() {
        let needed = [TrainingRun { parameters: 1e9, tokens: 2e10, loss: 2.5 }];
        let usual = "parameters,training_compute_flop,loss\n1e9,1.2e20,2.5\n";
        assert_eq!(read(usual, "").expect("usual names"), needed);
        assert_eq!(needed[0].compute_flop(), 1.2e20);
        let svg = "Model Size,Training FLOP,loss\n1e9,1.2e20,2.5\n";
        assert_eq!(read(svg, "").expect("known names"), needed);
        let own = "n;d;c;l\n1e9;2e10;7;2.5\n";
        assert_eq!(read(own, "parameters=n,tokens=d,loss=l").expect("mapped"), needed);
        let own = "n;w;l\n1e9;1.2e20;2.5\n";
        assert_eq!(read(own, "parameters=n, flop=w, loss=l").expect("mapped"), needed);
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_column() {
        assert_eq!(
            error("size,flop,loss\n", ""),
            "`t.csv` line 1: column `parameters` is missing; found `size,flop,loss`"
        );
        assert_eq!(
            error("n,flop,loss\n", "parameters=N"),
            "`t.csv` line 1: column `N` is missing; found `n,flop,loss`"
        );
        assert_eq!(
            error("parameters,flop,loss\n1e9,1e20,2\nbig,1e20,2\n", ""),
            "`t.csv` line 3, column `parameters`: found `big`, needed a finite number"
        );
        assert_eq!(
            error("parameters,flop,loss\n1e9,1e20,-2\n", ""),
            "`t.csv` line 2, column `loss`: found `-2`, needed a number above 0"
        );
        assert_eq!(
            error("parameters,flop,loss\n1e300,1e-20,2\n", ""),
            "`t.csv` line 2, column `flop`: found `1e-20`, needed compute of a possible run"
        );
        assert_eq!(
            error("a\n", "flop=a,tokens=a"),
            "the column map names both `flop` and `tokens`"
        );
        assert_eq!(error("a\n", "loss"), "`loss` in the column map has no `=`");
        assert_eq!(error("a\n", "size=a"), "`size` in the column map is none of our columns");
    }
}
