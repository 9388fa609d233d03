//! Any bytes as the files of an archive: a manifest, a segment, a ledger, what is known of a URL. The first
//! byte picks which.

#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use chipcast::store::ledger::LedgerFile;
use chipcast::store::manifest::{Manifest, decode_segment};
use chipcast::store::raw::RawStore;
use libfuzzer_sys::fuzz_target;

/// A folder of this process: the ledger and the store of answers read files.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chipcast-fuzz-{}", std::process::id()));
        for inner in ["ledger", "raw/http"] {
            std::fs::create_dir_all(folder.join(inner)).expect("a folder");
        }
        folder
    })
}

fuzz_target!(
    // The Parquet reader is somebody else's; `Error::caught` makes errors of its panics, which the fuzzer's own
    // hook would end the process at. A panic of ours still does.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let Some((kind, rest)) = bytes.split_first() else { return };
        match kind % 4 {
            0 => {
                if let Ok(manifest) = Manifest::decode(rest) {
                    let _ = manifest.announcements();
                }
            }
            // A segment, by its bytes alone: in an archive the hash is checked first.
            1 => {
                let _ = decode_segment(rest, 0..usize::MAX);
            }
            2 => {
                // Lines and a head, with an empty line between them.
                let at = rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len());
                let (lines, head) = rest.split_at(at);
                let write = |name: &str, bytes: &[u8]| {
                    std::fs::write(folder().join("ledger").join(name), bytes).expect("writable");
                };
                write("ledger.jsonl", &[lines, b"\n"].concat());
                write("head.json", head.trim_ascii_start());
                let _ = LedgerFile::at(folder()).read();
            }
            _ => {
                std::fs::write(folder().join("raw/http/k.json"), rest).expect("writable");
                let _ = RawStore::at(folder()).read_entry("k");
            }
        }
    }
);
