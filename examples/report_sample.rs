//! Writes the sample report in every format into the folder given as the first argument.

#![expect(clippy::disallowed_methods, reason = "an example reads and writes for itself")]

#[cfg(feature = "pdf")]
use chipcast::report::Pdf;
use chipcast::report::{Html, Json, Markdown, Render};

#[path = "../tests/it/report_sample.rs"]
mod report_sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).ok_or("a folder is needed")?);
    let report = report_sample::sample();
    let formats: &[&dyn Render] = &[
        &Html,
        &Json,
        &Markdown,
        #[cfg(feature = "pdf")]
        &Pdf,
    ];
    for format in formats {
        let path = folder.join("report_sample").with_extension(format.extension());
        std::fs::write(path, format.render(&report)?)?;
    }
    Ok(())
}
