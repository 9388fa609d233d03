//! The pages: what stands around a report, and the pages that are no report.
//!
//! May use maud, which escapes every text, the core, `report` and the files of `serve`. Loads
//! style and script from this server alone; nothing stands inline.

pub(super) mod announcements;
pub(super) mod report;
pub(super) mod runs;
pub(super) mod scaling;
pub(super) mod series;

use chrono::NaiveDate;
use maud::{DOCTYPE, Markup, html};

use super::answer::{Answer, Failure};
use super::edition::Edition;
use crate::observation::Observation;
use crate::report::desk::PAGES;
use crate::report::{Report, SourceRef, html as pages};
use crate::series::company_name;

/// The parts of the site, by address.
const PARTS: [(&str, &str); 7] = [
    ("/", "Industry"),
    ("/series", "Series"),
    ("/announcements", "Announcements"),
    ("/scaling", "Scaling"),
    ("/pressure", "Pressure"),
    ("/ledger", "Ledger"),
    ("/runs", "Runs"),
];

/// What a page says of itself.
struct Frame<'a> {
    title: &'a str,
    /// The address that the navigation marks.
    here: &'a str,
    as_of: Option<NaiveDate>,
    has_sliders: bool,
}

impl<'a> Frame<'a> {
    fn of(edition: &Edition, title: &'a str, here: &'a str) -> Self {
        Self { title, here, as_of: Some(edition.known().as_of()), has_sliders: false }
    }

    /// The whole page.
    fn around(&self, main: Markup, footer: Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content="chipcast";
                    title { (self.title) " - Chipcast" }
                    link rel="stylesheet" href="/static/style.css";
                    link rel="stylesheet" href="/static/site.css";
                    link rel="icon" href="data:,";
                    @if self.has_sliders { script src="/static/site.js" defer {} }
                }
                body {
                    a.skip href="#main" { "Skip to the page" }
                    header.masthead {
                        a.brand href="/" { "Chipcast" }
                        @if let Some(day) = self.as_of { span.asof { "As of " (pages::time(day)) } }
                    }
                    (self.navigation())
                    main id="main" { (main) }
                    footer { (footer) }
                }
            }
        }
    }

    fn navigation(&self) -> Markup {
        let current = |address: &str| (self.here == address).then_some("page");
        html! {
            nav.site aria-label="Site" {
                ul {
                    @for (address, name) in PARTS {
                        li { a href=(address) aria-current=[current(address)] { (name) } }
                    }
                }
                ul.companies {
                    @for (owner, _) in PAGES {
                        @let address = format!("/company/{owner}");
                        @let name = company_name(owner);
                        li { a href=(address) aria-current=[current(&address)] { (name) } }
                    }
                }
            }
        }
    }
}

/// A report inside the site, with more behind its last section.
fn around_report(frame: &Frame<'_>, report: &Report, more: Markup) -> Answer {
    let (main, footer) = pages::parts(report);
    Answer::html(frame.around(html! { (main) (more) }, footer))
}

/// The head of a page that is no report.
fn head(kicker: &str, heading: &str, subtitle: Markup) -> Markup {
    html! {
        p.kicker { (kicker) }
        h1 { (heading) }
        p.subtitle { (subtitle) }
    }
}

/// Where a number comes from, with links where they are safe.
fn locator(source: &SourceRef) -> Markup {
    html! {
        span.locator {
            @for (word, link) in source.locator_parts() {
                @if let Some(link) = link { a href=(link) rel="noreferrer" { (word) } }
                @else { (word) }
                " "
            }
        }
    }
}

/// The source of a stored value.
fn source_of(row: &Observation) -> SourceRef {
    SourceRef::observed(row)
}

/// Links to the rows of an address, in every format.
fn downloads(name: &str, address: &str) -> Markup {
    html! {
        li {
            (name) ": "
            a href=(address) { "JSON" } ", "
            a href={ (address) "?format=csv" } { "CSV" } ", "
            a href={ (address) "?format=parquet" } { "Parquet" }
        }
    }
}

/// The page that tells a failure.
pub(super) fn failure(failure: &Failure) -> Markup {
    let heading = failure.status.canonical_reason().unwrap_or("Failure");
    let frame = Frame { title: heading, here: "", as_of: None, has_sliders: false };
    let main = html! {
        p.kicker { (failure.status.as_u16()) }
        h1 { (heading) }
        div.callout.caution role="note" { p { (failure.message) } }
        @if let Some(hint) = &failure.hint { p { (hint) } }
    };
    frame.around(main, html! {})
}
