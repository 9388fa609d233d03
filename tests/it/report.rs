//! Reports: escaping, determinism, the lint, and what a page may and may not contain.

use chipcast::report::chart::{Ink, Line, Lines};
use chipcast::report::{
    Block, Cell, Chart, Html, Json, KeyFigure, Markdown, Prose, Render, Report, Section,
    SourceKind, SourceRef, Sources, Table, lint,
};
use chipcast::units::Unit;

use crate::report_sample::{day, sample};

const HOSTILE: &str = "<script>alert(1)</script> \"onload='x' & ]]> $a$ **b** |";

fn html(report: &Report) -> String {
    String::from_utf8(Html.render(report).expect("a clean report")).expect("UTF-8")
}

fn source(locator: &str) -> SourceRef {
    SourceRef::new(SourceKind::Estimate, "a source", locator, day("2026-03-31"))
}

/// The sample with hostile text in every place that takes text from outside.
fn hostile() -> Report {
    let source = SourceRef::new(SourceKind::Estimate, HOSTILE, HOSTILE, day("2026-03-31"));
    let cited = || Prose::cited(HOSTILE, &source);
    let lines = Lines {
        lines: vec![Line {
            label: HOSTILE.into(),
            points: vec![(day("2026-03-31"), 1.0), (day("2026-06-30"), 2.0)],
        }],
    };
    let table = Table::new(HOSTILE, &[HOSTILE], vec![vec![Cell::cited(HOSTILE, &source)]]);
    let chart = Chart::new(HOSTILE, HOSTILE, HOSTILE, Unit::Usd, lines, &source);
    let safe = "<script>alert</script>";
    Report {
        title: safe.into(),
        finding: cited(),
        subtitle: safe.into(),
        run_id: HOSTILE.into(),
        data_hash: HOSTILE.into(),
        key_figures: vec![KeyFigure::fact(safe, Cell::cited(HOSTILE, &source), safe)],
        bullets: vec![cited()],
        sections: vec![Section::new(
            "s",
            HOSTILE,
            vec![Block::text(cited()), table.expect("even").into(), chart.into()],
        )],
        disclosures: vec![cited()],
        ..sample()
    }
}

#[test]
fn hostile_text_is_text() {
    let page = html(&hostile());
    assert!(!page.contains("<script"), "a script element reached the page");
    assert!(!page.contains("\"onload"), "a quote left its attribute");
    assert!(page.contains("&lt;script&gt;"));
    let markdown = Markdown.render(&hostile()).expect("clean");
    let markdown = String::from_utf8(markdown).expect("UTF-8");
    assert!(!markdown.contains("<script") && markdown.contains("\\*\\*b\\*\\*"));
    let json: serde_json::Value =
        serde_json::from_slice(&Json.render(&hostile()).expect("clean")).expect("JSON");
    assert_eq!(json["finding"]["text"], HOSTILE);
}

#[test]
fn two_renderings_are_equal_byte_by_byte() {
    let formats: [&dyn Render; 3] = [&Html, &Json, &Markdown];
    for format in formats {
        let first = format.render(&sample()).expect("clean");
        assert!(first == format.render(&sample()).expect("clean"), "{}", format.extension());
    }
}

#[test]
fn a_page_stands_alone() {
    let page = html(&sample());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    for forbidden in ["<script", " src=", "@import", "<link", "<iframe", "javascript:", "xmlns="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let (body, notes) = page.split_once("<section id=\"sources\">").expect("the footnotes");
    assert!(!body.contains("http:") && !body.contains("https:"), "an address before the footnotes");
    assert!(notes.contains("https://www.sec.gov/Archives/edgar/data/1045810/000104581026000123/"));
    assert_eq!(page.matches("url(").count(), page.matches("url(#chart-").count());
}

#[test]
fn every_chart_speaks_to_those_who_cannot_see_it() {
    let page = html(&sample());
    let n_charts = page.matches("<svg").count();
    assert_eq!(n_charts, 11);
    for needed in
        ["role=\"img\" aria-label=", "<desc id=\"chart-", "Data of this chart", "<figcaption>"]
    {
        assert_eq!(page.matches(needed).count(), n_charts, "{needed}");
    }
    assert_eq!(page.matches("<table>").count(), page.matches("<caption>").count());
    assert_eq!(page.matches("id=\"chart-1-hatch\"").count(), 1);
}

#[test]
fn ids_are_used_once_and_links_lead_somewhere() {
    let page = html(&sample());
    let ids: Vec<_> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links {
        assert!(ids.contains(&link), "#{link} leads nowhere");
    }
}

#[test]
fn a_hostile_locator_is_shown_and_never_a_link() {
    for hostile in ["javascript:alert(1)", "ftp://example.org/x", "data:text/html,x"] {
        let mut report = sample();
        report.bullets = vec![Prose::cited("It is 5.", source(hostile))];
        let page = String::from_utf8(Html.render(&report).expect("clean")).expect("UTF-8");
        assert!(page.contains(hostile), "{hostile} is told");
        assert!(!page.contains(&format!("href=\"{hostile}")), "{hostile} is no link");
        let markdown = Markdown.render(&report).expect("clean");
        let markdown = String::from_utf8(markdown).expect("UTF-8");
        assert!(!markdown.contains(&format!("]({hostile}")), "{hostile} is no link");
    }
}

#[test]
fn the_lint_finds_what_is_wrong() {
    let bare = |text: &str| Block::text(Prose::plain(text));
    let mut report = sample();
    report.sections = vec![
        Section::new("one", "", vec![bare("Revenue grew 12% on the year.")]),
        Section::new("one", "Fine", vec![bare("Fine.")]),
    ];
    report.bullets = vec![Prose::cited("It is 5.", source("ftp://example.org/x"))];
    report.key_figures = vec![KeyFigure::fact(
        "Figure",
        Cell::number(f64::NAN, Unit::Usd, 1, source("x")),
        "a remark",
    )];
    let lines = Lines { lines: Vec::new() };
    report.sections[1].blocks.push(
        Chart::new("A title", "Share", "", Unit::Ratio, lines, source("javascript:alert(1)"))
            .into(),
    );
    let found = lint::problems(&report);
    for problem in [
        "key figure `Figure`: a value is not a finite number",
        "heading of section `one` is empty",
        "section `one`: number `12%` has no source",
        "two sections have the id `one`",
        "chart `A title`: alternative text is empty",
        "chart `A title` has no data",
    ] {
        assert!(found.iter().any(|other| other == problem), "{problem} not in {found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
    let error = Html.render(&report).expect_err("not rendered");
    assert!(
        error
            .to_string()
            .starts_with("report `Sample Corp: revenue and what it buys` has 6 problems: ")
    );
}

/// The sample with one key figure from one source.
fn with_figure(source: &SourceRef) -> Report {
    let number = Cell::number(96.2e9, Unit::Usd, 1, source);
    let range = Cell::interval((90e9, 99e9), 0.8, Unit::Usd, 1, source);
    let change = (Cell::change(1e9, Unit::Usd, 1, source), "on the last quarter");
    Report { key_figures: vec![KeyFigure::forecast("Sales", number, range, change)], ..sample() }
}

#[test]
fn a_number_without_source_vintage_or_n_fails_the_report() {
    let lacks = |report: &Report, lack: &str| {
        assert_eq!(lint::problems(report), [lack]);
        let error = Html.render(report).expect_err("not rendered").to_string();
        assert!(error.contains(lack), "{error}");
    };
    assert!(lint::check(&sample()).is_ok());
    let bullet = Prose::plain("Revenue grew 12% on the year.");
    let bare = Report { bullets: vec![bullet], ..sample() };
    lacks(&bare, "front page: number `12%` has no source");

    let undated = SourceRef::new(SourceKind::Filed, "a filing", "x", chrono::NaiveDate::default());
    let lack = "source `a filing` has no vintage: `1 Jan 1970` stands where one is missing";
    lacks(&with_figure(&undated), lack);

    let model = SourceRef::model("a model", "r-1", day("2026-09-24"));
    lacks(&with_figure(&model), "key figure `Sales`: numbers of `a model` have no n");
    assert!(lint::check(&with_figure(&model.clone().of(84))).is_ok());
    let page = html(&with_figure(&model.clone().of(84)));
    assert!(page.contains("model, n 84"), "the list of sources says n");

    // Words about the method and counts of things need none.
    let words = vec![Prose::cited("It looked at 5 models.", &model)];
    let count = KeyFigure::fact("Scored", Cell::count(41, "origin", &model), "");
    let told = Report { bullets: words, key_figures: vec![count], ..sample() };
    assert!(lint::check(&told).is_ok());
}

#[test]
fn a_table_and_a_chart_need_the_n_of_their_model_too() {
    let model = SourceRef::model("a model", "r-1", day("2026-09-24"));
    let row = vec![Cell::label("a"), Cell::number(1.0, Unit::Usd, 1, &model)];
    let table = Table::new("A table", &["Row", "Value"], vec![row]).expect("even");
    let points = vec![(day("2026-03-31"), 1.0), (day("2026-06-30"), 2.0)];
    let lines = Lines { lines: vec![Line { label: "a".into(), points }] };
    let chart = Chart::new("A chart", "Sales", "Sales rise.", Unit::Usd, lines, &model);
    let section = Section::new("s", "Sales", vec![table.into(), chart.into()]);
    let report = Report { sections: vec![section], ..sample() };
    let needed = [
        "table `A table`: numbers of `a model` have no n",
        "chart `A chart`: numbers of `a model` have no n",
    ];
    assert_eq!(lint::problems(&report), needed);
}

#[test]
fn numbers_need_sources_by_construction() {
    let error = Sources::new(Vec::new()).expect_err("none");
    assert_eq!(error.to_string(), "a number in a report needs a source; none was given");
    let cell = Cell::number(96.2e9, Unit::Usd, 1, source("x"));
    assert_eq!((cell.words().as_str(), cell.sources().len()), ("$96.2 billion", 1));
}

#[test]
fn a_chart_that_stands_alone_has_fixed_colours() {
    let report = sample();
    let blocks = report.sections.iter().flat_map(|section| &section.blocks);
    for block in blocks {
        let Block::Chart(chart) = block else { continue };
        let svg = chart.svg("c", Ink::Fixed);
        assert!(!svg.contains("var(--") && svg.contains("xmlns="), "{}", chart.title);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", chart.title);
    }
}

#[test]
fn json_carries_base_units_and_numbered_sources() {
    let json: serde_json::Value =
        serde_json::from_slice(&Json.render(&sample()).expect("clean")).expect("JSON");
    assert_eq!(json["schema_version"], 1);
    let figure = &json["key_figures"][0];
    assert_eq!(figure["value"]["value"], 110.2e9);
    assert_eq!(figure["value"]["words"], "$110.2 billion");
    assert_eq!(figure["interval"]["words"], "80% interval $104.1 to $119.8 billion");
    let number = figure["value"]["sources"][0].as_u64().expect("a number");
    assert_eq!(json["sources"][0]["number"].as_u64(), Some(number));
    assert_eq!(json["sources"][0]["kind"], "model");
}
