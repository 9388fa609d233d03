//! A JSON document with its hash around it, so that a changed byte is seen: `{"blake3":"H","of":...}`.
//!
//! Uses nothing of the crate, and no disk.

/// What stands before, between and behind hash and document.
const FRAME: [&[u8]; 3] = [b"{\"blake3\":\"", b"\",\"of\":", b"}\n"];
/// Hexadecimal digits of a hash.
const HASH_LEN: usize = 64;

/// A document with its hash; white space at its end is left out.
pub(super) fn seal(json: &[u8]) -> Vec<u8> {
    let json = json.trim_ascii_end();
    let hash = blake3::hash(json).to_hex();
    let [open, between, close] = FRAME;
    [open, hash.as_bytes(), between, json, close].concat()
}

/// The document; none unless every byte is as it was sealed.
pub(super) fn open(bytes: &[u8]) -> Option<&[u8]> {
    let [open, between, close] = FRAME;
    let (hash, rest) = bytes.strip_prefix(open)?.split_at_checked(HASH_LEN)?;
    let json = rest.strip_prefix(between)?.strip_suffix(close)?;
    (blake3::hash(json).to_hex().as_bytes() == hash).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_or_lost_byte_is_seen() {
        let sealed = seal(b"{\"a\": 1}\n");
        assert_eq!(open(&sealed), Some(&b"{\"a\": 1}"[..]));
        assert!(sealed.starts_with(b"{\"blake3\":\"") && sealed.ends_with(b"\"a\": 1}}\n"));
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut other = sealed.clone();
                other[at] ^= 1 << bit;
                assert_eq!(open(&other), None, "byte {at} bit {bit}");
            }
            assert_eq!(open(&sealed[..at]), None, "cut at {at}");
        }
    }
}
