//! The runs of the folder, and how what one said became what another said.
//!
//! May use `units`, `forecast`, `report` and the files of `serve`.

use maud::{Markup, html};

use super::{Frame, downloads, head};
use crate::error::Result;
use crate::forecast::bridge::Span;
use crate::forecast::run_record::RunRecord;
use crate::report::format;
use crate::serve::answer::Answer;
use crate::serve::api::compared;
use crate::serve::edition::Edition;
use crate::serve::query::Query;
use crate::units::Unit;

#[expect(clippy::unnecessary_wraps, reason = "one form of answer in the table of routes")]
pub(in crate::serve) fn list(edition: &Edition, _query: &Query) -> Result<Answer> {
    let runs = edition.runs();
    let subtitle = html! { "Each run keeps what it said, so that two of them can be compared" };
    let main = html! {
        (head("Runs", "What was computed, and when", subtitle))
        @if runs.is_empty() {
            p { "No run is in the folder yet: " code { "chipcast run" } " writes one." }
        } @else { (runs_table(&runs)) }
        ul { (downloads("These runs", "/api/v1/runs")) }
    };
    Ok(Answer::html(Frame::of(edition, "Runs", "/runs").around(main, html! {})))
}

fn runs_table(runs: &[RunRecord]) -> Markup {
    // The list is sorted from the latest on: the next one down is the run before.
    let lines = runs.iter().zip(runs.iter().skip(1).map(Some).chain([None]));
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: runs" {
            table {
                thead { tr {
                    @for name in ["Run", "As of"] { th scope="col" { (name) } }
                    @for name in ["Seed", "Rows"] { th.num scope="col" { (name) } }
                    @for name in ["Version", "Compare"] { th scope="col" { (name) } }
                } }
                tbody {
                    @for (run, before) in lines { tr {
                        th scope="row" { code { (run.run_id) } }
                        td { (format::date(run.as_of)) }
                        td.num { (run.seed) }
                        td.num { (run.forecasts.len()) }
                        td { (run.method.code_version) }
                        td {
                            @if let Some(before) = before {
                                a href={ "/runs/" (before.run_id) "/diff/" (run.run_id) } {
                                    "with the one before"
                                }
                            }
                        }
                    } }
                }
            }
        }
    }
}

pub(in crate::serve) fn diff(edition: &Edition, query: &Query) -> Result<Answer> {
    let (a, b, spans, failures) = compared(edition, query)?;
    let heading = format!("From {} to {}", format::date(a.as_of), format::date(b.as_of));
    let subtitle = html! {
        "Run A " code { (a.run_id) } ", run B " code { (b.run_id) }
        "; each change in five parts that add up. Forecasts alone: "
        code { "chipcast diff" } " also compares what the spend buys."
    };
    let main = html! {
        (head("Runs compared", &heading, subtitle))
        @for failure in &failures { div.callout.caution role="note" { p { (failure) } } }
        @if !spans.is_empty() { (spans_table(&spans)) }
        ul {
            (downloads("These rows", &format!("/api/v1/runs/{}/diff/{}", a.run_id, b.run_id)))
        }
    };
    Ok(Answer::html(Frame::of(edition, "Runs compared", "/runs").around(main, html! {})))
}

fn spans_table(spans: &[Span]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: changes" {
            table.dense {
                thead { tr {
                    @for name in ["Series", "Period to"] { th scope="col" { (name) } }
                    @for name in [
                        "Run A", "News", "Revision", "Refit", "Code", "Assumption", "Run B", "Change"
                    ] { th.num scope="col" { (name) } }
                } }
                tbody { @for span in spans { (span_line(span)) } }
            }
        }
    }
}

fn span_line(span: &Span) -> Markup {
    let scale = format::Scale::of([span.a.estimate, span.b.estimate], span.unit, 2);
    let signed = |value: f64| format::signed_number(scale, value, 3);
    let parts = [span.news, span.revision, span.refit, span.code, span.assumption];
    html! { tr {
        th scope="row" {
            a href={ "/series/" (span.series) } { (span.series) }
            span.unit { (scale.heading()) }
        }
        td { time datetime=(span.period.end()) { (format::date(span.period.end())) } }
        td.num { (scale.number(span.a.estimate, 3)) }
        @for part in parts { td.num { (signed(part)) } }
        td.num { (scale.number(span.b.estimate, 3)) }
        td.num { (format::signed(span.total() / span.a.estimate.abs(), Unit::Ratio, 1)) }
    } }
}
