//! The table in Parquet bytes, by polars' reader. That reader asks for as much memory as a file claims to need,
//! and a process that does not get it ends; so what is claimed is looked at first. May use errors alone; it
//! never opens a file.

use std::io::Cursor;
use std::ops::Range;

use polars::prelude::{DataFrame, ParquetReader, SerReader};
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use polars_parquet_format::{FileMetaData, PageHeader};

use crate::error::{Error, Result};

/// Values of all columns of a file, dictionaries included: 50 million rows of ten columns. Runs of one value
/// take no room, so that the length of the bytes says little about them.
pub const VALUES_MAX: usize = 1 << 29;
/// Bytes of one page, unpacked.
pub const PAGE_MAX: usize = 1 << 29;
/// Bytes of the header of a page, which may hold its least and its largest value.
const HEADER_MAX: usize = 1 << 24;

/// The table that `bytes` hold.
///
/// # Errors
/// [`Error::Parse`] if they are no Parquet table, or if it claims more than [`VALUES_MAX`] values, or a page of
/// more than [`PAGE_MAX`] bytes or of more values than its column has.
pub fn table(bytes: &[u8]) -> Result<DataFrame> {
    rows(bytes, 0..usize::MAX)
}

/// Some rows of the table; no row group but theirs is decoded.
///
/// # Errors
/// As [`table`].
pub fn rows(bytes: &[u8], rows: Range<usize>) -> Result<DataFrame> {
    // The reader is somebody else's, and panics on some bytes that were made to break it.
    Error::caught("the Parquet table", || {
        check_footer(bytes)?;
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let metadata = reader.get_metadata().map_err(unreadable)?;
        let mut left = VALUES_MAX;
        for group in &metadata.row_groups {
            left -= claimed(group.num_rows(), left, "rows of a group")?;
            for column in group.parquet_columns() {
                let n_values = claimed(column.num_values(), left, "values of a column")?;
                left -= n_values;
                check_pages(bytes, column.byte_range(), n_values, &mut left)?;
            }
        }
        let slice = Some((rows.start, rows.len()));
        let frame = reader.with_slice(slice).finish().map_err(unreadable)?;
        let is_whole = frame.columns().iter().all(|column| column.len() == frame.height());
        is_whole.then_some(frame).ok_or_else(|| Error::parse("its columns differ in length"))
    })
}

/// A list in the footer may claim two thousand million entries without a byte each, which polars counts
/// through, list by list; this reader wants a byte for each.
fn check_footer(bytes: &[u8]) -> Result<()> {
    let cut = || Error::parse("it is not a Parquet table: its end is not there");
    let (rest, magic) = bytes.split_last_chunk::<4>().ok_or_else(cut)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or_else(cut)?;
    let n_bytes = usize::try_from(u32::from_le_bytes(*length)).ok();
    let start = n_bytes.and_then(|n_bytes| rest.len().checked_sub(n_bytes)).ok_or_else(cut)?;
    if magic != b"PAR1" {
        return Err(cut());
    }
    let mut footer = &rest[start..];
    // In memory an entry may be some times as large as in the file.
    let n_bytes_most = footer.len().saturating_mul(64).saturating_add(1024);
    let mut protocol = TCompactInputProtocol::new(&mut footer, n_bytes_most);
    FileMetaData::read_from_in_protocol(&mut protocol).map_err(unreadable)?;
    Ok(())
}

fn unreadable(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::parse("it is not a Parquet table").caused_by(e)
}

/// A number that the file claims, if it is one from 0 to what is left.
fn claimed<N>(n: N, left: usize, what: &str) -> Result<usize>
where
    N: TryInto<usize> + Copy + std::fmt::Display,
{
    n.try_into().ok().filter(|n| *n <= left).ok_or_else(|| {
        Error::parse(format!("it claims {n} {what}; needed is a number from 0 to {left}"))
    })
}

/// The claims in the headers of a column's pages; what the pages hold is not unpacked.
fn check_pages(bytes: &[u8], range: Range<u64>, n_values: usize, left: &mut usize) -> Result<()> {
    let idx = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let mut rest = bytes.get(idx(range.start)..idx(range.end)).ok_or_else(|| {
        Error::parse(format!("a column lies at bytes {range:?} of a file of {}", bytes.len()))
    })?;
    let mut n_left = n_values;
    while n_left > 0 && !rest.is_empty() {
        let mut protocol = TCompactInputProtocol::new(&mut rest, HEADER_MAX);
        let page = PageHeader::read_from_in_protocol(&mut protocol).map_err(unreadable)?;
        claimed(page.uncompressed_page_size, PAGE_MAX, "bytes of a page")?;
        let n_bytes = claimed(page.compressed_page_size, rest.len(), "bytes of a packed page")?;
        rest = &rest[n_bytes..];
        if let Some(dictionary) = page.dictionary_page_header {
            *left -= claimed(dictionary.num_values, *left, "words")?;
        }
        let data = [
            page.data_page_header.map(|data| data.num_values),
            page.data_page_header_v2.map(|data| data.num_values),
        ];
        for n in data.into_iter().flatten() {
            n_left -= claimed(n, n_left, "values of a page")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{ParquetWriter, df};

    fn written() -> (DataFrame, Vec<u8>) {
        let mut frame =
            df!("id" => ["a", "a", "b"], "y" => [Some(1.5), None, Some(2.0)]).expect("a frame");
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame).expect("written");
        (frame, bytes)
    }

    #[test]
    fn what_was_written_is_read() {
        let (frame, bytes) = written();
        assert!(table(&bytes).expect("sound").equals_missing(&frame));
    }

    /// Each byte set to each of some values: an error or a table, and the process goes on. Among these are
    /// pages that claim 2^61 values.
    #[test]
    fn no_claim_ends_the_process() {
        let (_, bytes) = written();
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let mut n_refused = 0;
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(0x10)] {
                let mut changed = bytes.clone();
                changed[at] = value;
                n_refused += usize::from(table(&changed).is_err());
            }
        }
        std::panic::set_hook(hook);
        assert!(n_refused > bytes.len(), "{n_refused} of {}", bytes.len() * 7);
    }

    /// A field that nobody knows, a list of 2^31 - 1 truths, before the end of the footer.
    #[test]
    fn a_list_that_claims_more_than_there_are_bytes_is_refused() {
        let (_, bytes) = written();
        let (body, end) = bytes.split_at(bytes.len() - 8);
        let length = u32::from_le_bytes(end[..4].try_into().expect("four"));
        let (data, footer) = body.split_at(body.len() - length as usize);
        let list = [0x09, 0xc8, 0x01, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00];
        let footer = [&footer[..footer.len() - 1], &list].concat();
        let length = u32::try_from(footer.len()).expect("small").to_le_bytes();
        let changed = [data, &footer, &length, b"PAR1"].concat();
        let refused = table(&changed).expect_err("polars alone would count to its end");
        assert!(refused.to_string().contains("not a Parquet table"), "{refused}");
    }

    #[test]
    fn claims_are_bounded() {
        let mut left = 10;
        left -= claimed(7, left, "rows").expect("room");
        let refused = claimed(4, left, "rows").expect_err("too many").to_string();
        assert!(refused.contains("claims 4 rows"), "{refused}");
        assert!(claimed(-1, left, "rows").is_err());
        assert_eq!(left, 3);
    }
}
