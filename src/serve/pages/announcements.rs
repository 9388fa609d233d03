//! What companies announced, company by company.
//!
//! May use the core, the files of `serve` and `report`. The words of a company are text, whatever
//! they hold.

use maud::{Markup, html};

use super::{Frame, downloads, head, locator};
use crate::error::Result;
use crate::observation::Announcement;
use crate::report::{SourceRef, format};
use crate::series::company_name;
use crate::serve::answer::Answer;
use crate::serve::api::announcers;
use crate::serve::edition::Edition;
use crate::serve::query::Query;

/// Announcements that each company shows, the latest first, unless it is asked for alone.
const SHOWN: usize = 12;
/// Characters of a quotation.
const QUOTED: usize = 600;

#[expect(clippy::unnecessary_wraps, reason = "one form of answer in the table of routes")]
pub(in crate::serve) fn page(edition: &Edition, query: &Query) -> Result<Answer> {
    let asked = query.company();
    let all = announcers(edition);
    let shown = asked.as_ref().map_or(usize::MAX, |_| 1);
    let companies = asked.clone().map_or_else(|| all.clone(), |company| vec![company]);
    let most = if shown == 1 { usize::MAX } else { SHOWN };
    let sections: Vec<_> = companies.iter().map(|c| section(edition, c, most)).collect();
    let subtitle = html! { "Guidance as it was said, with its words and where they stand" };
    let main = html! {
        (head("Announcements", "What the companies themselves have said", subtitle))
        form.choice method="get" action="/announcements" {
            label for="company" { "Company" }
            select id="company" name="company" {
                option value="" { "All" }
                @for company in &all {
                    option value=(company) selected[asked.as_deref() == Some(company)] {
                        (company_name(company))
                    }
                }
            }
            button { "Show" }
        }
        @for section in &sections { (section) }
        ul { (downloads("All announcements", "/api/v1/announcements")) }
    };
    let frame = Frame::of(edition, "Announcements", "/announcements");
    Ok(Answer::html(frame.around(main, html! {})))
}

fn section(edition: &Edition, company: &str, most: usize) -> Markup {
    let mut held: Vec<_> = edition.known().announcements(company).collect();
    held.reverse();
    let n_held = held.len();
    held.truncate(most);
    html! {
        section id=(company) {
            h2 { (company_name(company)) }
            @if held.is_empty() { p { "Nothing that it announced is in the archive." } }
            @else {
                div.scroll tabindex="0" role="group" aria-label="Table: announcements" {
                    table {
                        thead { tr {
                            @for name in ["Published", "Metric", "Period to"] {
                                th scope="col" { (name) }
                            }
                            @for name in ["Middle", "Range"] { th.num scope="col" { (name) } }
                            th scope="col" { "Kind" }
                        } }
                        tbody { @for item in &held { (line(item)) } }
                    }
                }
            }
            @if n_held > held.len() {
                p.source {
                    "The latest " (held.len()) " of " (n_held) "; "
                    a href={ "/announcements?company=" (company) } { "all of them" }
                }
            }
        }
    }
}

fn line(item: &Announcement) -> Markup {
    let source = SourceRef::announced(item);
    let quote: String = item.quote.chars().take(QUOTED).collect();
    let has_range = item.low < item.high;
    html! {
        tr.told {
            th scope="row" { time datetime=(item.published) { (format::date(item.published)) } }
            td { (item.metric.replace(['_', '.'], " ")) }
            td { time datetime=(item.period.end()) { (format::date(item.period.end())) } }
            td.num { (format::short(item.mid, item.unit, 1)) }
            td.num { @if has_range { (format::range(item.low, item.high, item.unit, 1)) } }
            td { (item.action.word()) }
        }
        tr { td.words colspan="6" {
            @if !quote.is_empty() { q { (quote) } " " }
            (locator(&source))
        } }
    }
}
