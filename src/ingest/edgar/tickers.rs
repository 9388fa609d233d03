//! SEC's table of tickers: which central index key a ticker stands for.
//!
//! May use `error` and `ingest`. Pure. The bundled table (`datasets/tickers.csv`) names series; this
//! one finds companies that were listed since.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::ingest::Raw;

#[derive(Deserialize)]
struct Row {
    cik_str: u64,
    ticker: String,
}

/// Lower-case tickers with their keys.
///
/// # Errors
/// [`Error::Parse`] naming the file and place if the bytes are not SEC's table.
pub fn read(raw: &Raw) -> Result<BTreeMap<String, u64>> {
    let rows: BTreeMap<String, Row> = serde_json::from_slice(&raw.bytes).map_err(|e| {
        let (line, column) = (e.line(), e.column());
        Error::parse(format!(
            "`{}` line {line}, column {column}: not SEC's table of tickers",
            raw.name
        ))
        .hint("needed is the JSON of `https://www.sec.gov/files/company_tickers.json`")
        .caused_by(e)
    })?;
    Ok(rows.into_values().map(|row| (row.ticker.to_lowercase(), row.cik_str)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickers_lead_to_keys() {
        let day = "2026-11-01".parse().expect("a date");
        let text = r#"{"0":{"cik_str":1045810,"ticker":"NVDA","title":"NVIDIA CORP"}}"#;
        let table = read(&Raw::new("t.json", text.as_bytes().to_vec(), day)).expect("a table");
        assert_eq!(table["nvda"], 1_045_810);
        let error = read(&Raw::new("t.json", b"[1]".to_vec(), day)).expect_err("no table");
        assert!(error.to_string().starts_with("`t.json` line 1"), "{error}");
    }
}
