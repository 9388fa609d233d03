//! A company's page: all that is computed for it, and its renderers alone, by bytes of what they write.

use std::hint::black_box;
use std::sync::OnceLock;

use chipcast::ingest::bundled;
use chipcast::report::desk::Desk;
use chipcast::report::{Html, Json, Markdown, Render, Report};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

const SERIES: &str = "msft.capex_cash";

fn main() {
    divan::main();
}

fn desk() -> Desk {
    let archive = bundled::archive().expect("the bundled data are sound");
    let known = archive.as_of(archive.known_through()).expect("known");
    Desk::new(known, "bench".to_owned(), 0).expect("the bundled tables are sound")
}

fn page() -> Report {
    desk().page(&SERIES.parse().expect("an id")).expect("it can be forecast").report
}

/// From the archive to the page's content, on all threads; items are pages.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn whole_page(bencher: Bencher) {
    bencher.counter(ItemsCount::new(1_usize)).bench(page);
}

#[divan::bench(args = ["html", "json", "md"])]
fn render(bencher: Bencher, extension: &str) {
    static PAGE: OnceLock<Report> = OnceLock::new();
    let report = PAGE.get_or_init(page);
    let formats: [&dyn Render; 3] = [&Html, &Json, &Markdown];
    let format = formats.into_iter().find(|format| format.extension() == extension);
    let format = format.expect("one of the three");
    let n_bytes = format.render(report).expect("it is renderable").len();
    bencher
        .counter(BytesCount::new(n_bytes))
        .bench_local(|| format.render(black_box(report)).expect("it is renderable"));
}
