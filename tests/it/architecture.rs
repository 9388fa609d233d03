//! The layout's arrows: who may use whom, read off the `use crate::` lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders and what each may use beside the core.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("ingest", &[]),
    ("forecast", &[]),
    ("scaling", &[]),
    ("strategy", &["forecast"]),
    ("report", &["forecast", "scaling", "strategy", "ingest"]),
    ("rows", &["ingest", "forecast", "scaling", "report"]),
    ("job", &["ingest", "forecast", "scaling", "strategy", "report", "rows"]),
    ("serve", &["ingest", "forecast", "scaling", "strategy", "report", "rows"]),
    ("cli", &["ingest", "forecast", "scaling", "strategy", "report", "job", "rows", "serve"]),
];
/// The core, in order: each file may use those before it.
const CORE: [&str; 10] = [
    "error",
    "cells",
    "units",
    "period",
    "series",
    "draws",
    "observation",
    "parquet",
    "archive",
    "store",
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Modules named in `crate::module` in a file, its doc comments left out.
fn used(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split("crate::").skip(1))
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next())
        .filter(|module| !module.is_empty())
        .collect()
}

#[test]
fn modules_use_only_what_lies_above_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 20, "the source was found");
    let mut wrong = Vec::new();
    for path in files {
        let inside = path.strip_prefix(&source).expect("inside src");
        let first = inside.iter().next().and_then(|part| part.to_str()).expect("a name");
        let module = first.trim_end_matches(".rs");
        let text = std::fs::read_to_string(&path).expect("readable");
        for name in used(&text) {
            let allowed = match (MAY_USE.iter().find(|(m, _)| *m == module), core_rank(module)) {
                (Some((_, more)), _) => {
                    name == module || core_rank(name).is_some() || more.contains(&name)
                }
                (None, Some(rank)) => core_rank(name).is_some_and(|other| other <= rank),
                (None, None) => true,
            };
            if !allowed {
                wrong.push(format!("{} uses {name}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn core_rank(module: &str) -> Option<usize> {
    CORE.iter().position(|name| *name == module)
}

#[test]
fn files_and_lines_keep_their_size() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    rust_files(&root.join("tests"), &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.lines().count() <= 600, "{} is too long", path.display());
        if path.starts_with(root.join("src")) {
            assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
        }
    }
}
