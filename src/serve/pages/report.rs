//! Pages that are reports: the industry, a company, the ledger; and the list of pressure parts.
//!
//! May use the core, `report`, `forecast`, `rows` and the files of `serve`. The reports are those
//! of the command line.

use maud::{Markup, html};

use super::{Frame, around_report, downloads, head};
use crate::error::{Error, Result};
use crate::forecast::ledger::Entry;
use crate::forecast::reliability::{Claim, reliability};
use crate::report::calibration::{Subject, calibration};
use crate::report::desk::{Companies, PAGES};
use crate::report::{Report, format, lint};
use crate::rows::ledger::{error, interval};
use crate::series::company_name;
use crate::serve::answer::Answer;
use crate::serve::edition::Edition;
use crate::serve::query::Query;

/// Forecasts of the ledger that its page lists, the latest first.
const MAX_ENTRIES: usize = 200;

/// A report that breaks its own rules is our bug, not a wrong question.
fn checked(report: Report) -> Result<Report> {
    match lint::check(&report) {
        Ok(()) => Ok(report),
        Err(cause) => Err(Error::store(format!("a page breaks its own rules: {cause}"))),
    }
}

pub(in crate::serve) fn industry(edition: &Edition, _query: &Query) -> Result<Answer> {
    let desk = &edition.desk;
    let Companies { mut forecasts, fleets, .. } = desk.companies()?;
    forecasts.extend(desk.forecasts_beside()?);
    let report = checked(desk.industry(&forecasts, &fleets)?)?;
    Ok(around_report(&Frame::of(edition, &report.title, "/"), &report, html! {}))
}

pub(in crate::serve) fn company(edition: &Edition, query: &Query) -> Result<Answer> {
    let company = query.company().unwrap_or_default();
    let desk = &edition.desk;
    let series = desk.series_of(&company)?;
    let report = checked(desk.page(&series)?.report)?;
    let here = format!("/company/{company}");
    let more = html! {
        section id="more" {
            h2 { "More on this company" }
            ul {
                li { a href={ "/series/" (series) } { "The series and all its vintages" } }
                @if edition.base(&company).is_ok() {
                    li { a href={ "/scaling?company=" (company) } { "Other assumptions" } }
                }
                li { a href={ "/announcements?company=" (company) } { "What it announced" } }
                (downloads("Its forecast", &format!("/api/v1/series/{series}/forecast")))
            }
        }
    };
    Ok(around_report(&Frame::of(edition, &report.title, &here), &report, more))
}

#[expect(clippy::unnecessary_wraps, reason = "one form of answer in the table of routes")]
pub(in crate::serve) fn pressure(edition: &Edition, _query: &Query) -> Result<Answer> {
    let buyers = PAGES.iter().filter(|(_, metric)| metric.starts_with("capex"));
    let subtitle = html! {
        "Base rate, probability with its width, signals and falsifiers stand on each buyer's page. "
        "The record of the statement is printed by " code { "chipcast pressure --backtest" } "."
    };
    let main = html! {
        (head("Pressure", "Who is being forced to buy", subtitle))
        ul {
            @for (owner, _) in buyers {
                @let name = company_name(owner);
                li { a href={ "/company/" (owner) "#pressure" } { (name) } }
            }
        }
    };
    let frame = Frame::of(edition, "Pressure", "/pressure");
    Ok(Answer::html(frame.around(main, html! {})))
}

pub(in crate::serve) fn ledger(edition: &Edition, _query: &Query) -> Result<Answer> {
    let ledger = edition.ledger()?;
    let entries = ledger.entries();
    let claims = Claim::of_ledger(&entries);
    let groups = reliability(&claims);
    let subject = Subject {
        known: edition.known(),
        run_id: &edition.desk.run_id,
        claims: &claims,
        groups: &groups,
    };
    let report = checked(calibration(&subject)?)?;
    let more = html! {
        section id="entries" {
            h2 { "What was said, the latest first" }
            @if entries.is_empty() { p { "Nothing yet: " code { "chipcast run" } " adds it." } }
            @else { (entries_table(&entries)?) }
            ul { (downloads("The whole ledger", "/api/v1/ledger")) }
        }
    };
    Ok(around_report(&Frame::of(edition, "Ledger", "/ledger"), &report, more))
}

fn entries_table(entries: &[Entry<'_>]) -> Result<Markup> {
    let mut lines = Vec::new();
    for entry in entries.iter().rev().take(MAX_ENTRIES) {
        let said = entry.said;
        let unit = said.unit.parse()?;
        let short = |value: f64| format::short(value, unit, 1);
        let range = |(low, high)| format!("{} to {}", short(low), short(high));
        let miss = |value: f64| format::signed(value, crate::units::Unit::Ratio, 1);
        lines.push(html! { tr {
            th scope="row" { a href={ "/series/" (said.series) } { (said.series) } }
            td { (said.origin_date) }
            td { (said.period_end) }
            td.num { (said.horizon) }
            td.num { (said.median.map_or_else(|| "refused".to_owned(), short)) }
            td.num { (interval(said).map_or_else(String::new, range)) }
            td { (said.grade) }
            td.num { (entry.resolution.map_or_else(|| "open".to_owned(), |r| short(r.actual))) }
            td.num { (error(entry, said.median).map_or_else(String::new, miss)) }
            td { (entry.basis().word()) }
        } });
    }
    Ok(html! {
        div.scroll tabindex="0" role="group" aria-label="Table: the ledger" {
            table {
                thead { tr {
                    @for name in ["Series", "Origin", "Period to"] { th scope="col" { (name) } }
                    @for name in ["Ahead", "Median", "80% interval"] {
                        th.num scope="col" { (name) }
                    }
                    th scope="col" { "Grade" }
                    @for name in ["Actual", "Miss"] { th.num scope="col" { (name) } }
                    th scope="col" { "Basis" }
                } }
                tbody { @for line in &lines { (line) } }
            }
        }
        @if entries.len() > MAX_ENTRIES {
            p.source {
                "The latest " (MAX_ENTRIES) " of " (entries.len()) "; the download has all."
            }
        }
    })
}
