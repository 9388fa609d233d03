//! The sliders' page: assumptions held at a value, and what that changes. A form without script works as
//! well; the script only asks again and replaces the result.
//!
//! May use the core, `scaling`, `report`, `rows` and the files of `serve`.

use maud::{Markup, html};

use super::{Frame, head};
use crate::error::Result;
use crate::report::desk::PAGES;
use crate::report::format::{self, shown_change, shown_value};
use crate::rows::scale::three;
use crate::scaling::scenario::Change;
use crate::series::company_name;
use crate::serve::answer::Answer;
use crate::serve::edition::Edition;
use crate::serve::query::Query;
use crate::serve::sliders::{self, Base, N_DRAWS, Range};

/// Columns of the result.
const COLUMNS: [&str; 3] = ["As forecast", "As held", "Change in each world"];
/// Steps of a slider from one end to the other.
const STEPS: f64 = 100.0;

pub(in crate::serve) fn page(edition: &Edition, query: &Query) -> Result<Answer> {
    let company = sliders::company(query);
    let base = edition.base(&company)?;
    let ranges = base.ranges()?;
    let changes = base.changes(query)?;
    let name = company_name(&company);
    let subtitle = html! {
        "Hold an assumption at a value, and see what its purchases, fleet, run and capability "
        "become. What is left open is drawn from its range in every world."
    };
    let main = html! {
        (head("Scaling", &format!("{name}: what other assumptions would change"), subtitle))
        form.sliders method="get" action="/scaling" {
            label.company {
                span { "Company" }
                select name="company" {
                    @for (owner, _) in PAGES {
                        option value=(owner) selected[owner == company] { (company_name(owner)) }
                    }
                }
            }
            @for range in &ranges { (slider(range, query)) }
            div.buttons {
                button { "Compute" }
                a href={ "/scaling?company=" (company) } { "Start over" }
            }
        }
        div id="result" aria-live="polite" { (result(&base, &changes)) }
        section id="ranges" {
            h2 { "Where the ranges come from" }
            (ranges_table(&ranges))
        }
    };
    let frame = Frame { has_sliders: true, ..Frame::of(edition, "Scaling", "/scaling") };
    Ok(Answer::html(frame.around(main, html! {})))
}

fn slider(range: &Range<'_>, query: &Query) -> Markup {
    let Range { slider, low, median, high, unit, .. } = *range;
    let held = query.get(slider.key).unwrap_or_default();
    let step = (high - low) / STEPS;
    html! {
        label.slider {
            span { (slider.label) @if unit != "ratio" { " (" (unit) "s)" } }
            input type="number" name=(slider.key) min=(low) max=(high) step="any" value=(held)
                placeholder=(median) data-step=(step) data-median=(median);
            small { (low) " to " (high) }
        }
    }
}

fn result(base: &Base, changes: &[Change]) -> Markup {
    let range = |[low, median, high]: [f64; 3], unit: &str, show: fn(f64, &str) -> String| {
        (show(median, unit), format!("{} to {}", show(low, unit), show(high, unit)))
    };
    let lines = changes.iter().map(|change| {
        let cells = [
            range(three(&change.baseline), change.unit, shown_value),
            range(three(&change.scenario), change.unit, shown_value),
            range(three(&change.delta), change.unit, shown_change),
        ];
        html! { tr {
            th scope="row" { (title_of(change.quantity)) span.unit { " " (change.unit) } }
            @for (name, (median, ends)) in COLUMNS.iter().zip(&cells) {
                td.num data-name=(name) { (median) span.ends { (ends) } }
            }
        } }
    });
    let lines: Vec<Markup> = lines.collect();
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: result" {
            table.result {
                caption { "Without and with what is held" }
                thead { tr {
                    th scope="col" { "Quantity" }
                    @for name in COLUMNS {
                        th.num scope="col" { (name) span.unit { "median, 5% to 95%" } }
                    }
                } }
                tbody { @for line in &lines { (line) } }
            }
        }
        p.source {
            "Fleet of " (format::date(base.date)) "; purchases of "
            (format::count(base.n_forecast, "forecast quarter")) ". Computed from " (N_DRAWS)
            " worlds, where the company's page draws more, so the last digits differ. The change is "
            "taken world by world: it is not the difference of the columns. The law stays as it was "
            "fitted."
        }
    }
}

fn title_of(quantity: &str) -> &str {
    match quantity {
        "purchases" => "Purchases ahead",
        "installed" => "Installed",
        "power" => "Power",
        "run" => "Largest run",
        "capability" => "Capability, typical model",
        other => other,
    }
}

fn ranges_table(ranges: &[Range<'_>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table: ranges" {
            table.ranges {
                thead { tr {
                    th scope="col" { "Assumption" }
                    @for name in ["5%", "Median", "95%"] { th.num scope="col" { (name) } }
                    th scope="col" { "Source" }
                } }
                tbody {
                    @for range in ranges {
                        @if let Some((name, held)) = range.assumption { tr {
                            th scope="row" { code { (name) } }
                            td.num { (held.low) }
                            td.num { (held.median) }
                            td.num { (held.high) }
                            td.words { (held.source) " (" (held.dated) ")" }
                        } }
                    }
                }
            }
        }
    }
}
