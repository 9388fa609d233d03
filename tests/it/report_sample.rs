//! A report with invented figures that uses every block and every chart once.

use chipcast::report::chart::{
    Announced, Backtest, Band, Bar, Bars, Coverage, CoverageDot, CoverageGroup, Curve, Fan,
    FanStep, Hair, Hairs, Heat, HeatPanel, Lane, Law, Line, Lines, Model, Reference, ReferenceKind,
    Scored, Target, Timeline, Tornado, TornadoBar, Turn, Waterfall,
};
use chipcast::report::{
    Block, Cell, Chart, KeyFigure, Prose, Report, Section, SourceKind, SourceRef, Sources, Table,
    Tone,
};
use chipcast::units::Unit;
use chrono::{Months, NaiveDate};

/// Quarterly revenue in billion USD: invented from the third value on.
const REVENUE: [f64; 16] =
    [6.0, 7.2, 13.5, 18.1, 22.1, 26.0, 30.0, 35.1, 39.3, 44.1, 46.7, 57.0, 68.1, 77.4, 86.0, 96.2];

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("an ISO date")
}

fn quarters(first: &str, n: u32) -> Vec<NaiveDate> {
    (0..n).map(|idx| day(first) + Months::new(3 * idx)).collect()
}

fn revenue() -> Vec<(NaiveDate, f64)> {
    quarters("2022-10-31", 16).into_iter().zip(REVENUE.map(|value| value * 1e9)).collect()
}

struct Known {
    filing: SourceRef,
    guide: SourceRef,
    model: SourceRef,
    epoch: SourceRef,
    share: SourceRef,
}

impl Known {
    fn new() -> Self {
        let filed = day("2026-08-27");
        Self {
            filing: SourceRef::filing(
                "Sample Corp 10-Q for the quarter to 26 Jul 2026",
                "0001045810-26-000123",
                filed,
                1_045_810,
            ),
            guide: SourceRef::new(
                SourceKind::Guided,
                "Sample Corp outlook for the quarter to 25 Oct 2026",
                "https://www.sec.gov/Archives/edgar/data/1045810/sample.htm",
                filed,
            ),
            model: SourceRef::model(
                "rolling-origin backtest and conformal draws",
                "r-7f3a91",
                day("2026-09-24"),
            )
            .of(41),
            epoch: SourceRef::new(
                SourceKind::Estimate,
                "Epoch AI, capability index by training compute",
                "eci_compute.csv",
                day("2026-03-31"),
            ),
            share: SourceRef::new(
                SourceKind::Market,
                "Board shipments by maker",
                "jpr_aib.csv",
                day("2026-06-05"),
            ),
        }
    }

    fn both(&self) -> Sources {
        Sources::from(&self.filing).and(&self.model)
    }
}

fn band(coverage: f64, low: f64, high: f64) -> Band {
    Band { coverage, low: low * 1e9, high: high * 1e9 }
}

fn fan(known: &Known) -> Chart {
    let dates = quarters("2026-10-31", 4);
    let step = |date, median: f64, bands: [(f64, f64); 3]| FanStep {
        date,
        median: median * 1e9,
        bands: [0.5, 0.8, 0.95]
            .into_iter()
            .zip(bands)
            .map(|(c, (low, high))| band(c, low, high))
            .collect(),
    };
    let plot = Fan {
        actuals: revenue(),
        steps: vec![
            step(dates[0], 110.2, [(107.0, 113.8), (104.1, 119.8), (99.5, 126.0)]),
            step(dates[1], 121.5, [(115.2, 128.9), (109.0, 137.2), (100.8, 149.5)]),
        ],
        references: vec![
            Reference { kind: ReferenceKind::Naive, date: dates[0], value: 96.2e9 },
            Reference { kind: ReferenceKind::Guide, date: dates[0], value: 108.0e9 },
        ],
        previous: vec![(dates[0], 107.1e9)],
        as_of: day("2026-09-24"),
        refused: vec![dates[2], dates[3]],
    };
    Chart::new(
        "Revenue is heading for $110 billion, and nothing can be said beyond two quarters",
        "Quarterly revenue",
        "Revenue rises from 6 to 96 billion dollars over sixteen quarters; the forecast continues \
         to 110 and 122 billion with widening bands and stops at the horizon cap.",
        Unit::Usd,
        plot,
        Sources::from(&known.filing).and(&known.guide).and(&known.model),
    )
}

fn scored() -> Vec<Scored> {
    let shifts = [0.02, -0.05, 0.07, 0.01, -0.02, 0.04, -0.03, 0.11, -0.01, 0.03, -0.06, 0.02, 0.0];
    let actuals = revenue().into_iter().skip(3);
    let scored = actuals.zip(shifts).map(|((date, actual), shift)| {
        let median = actual * (1.0 + shift);
        Scored { date, median, low: median * 0.92, high: median * 1.08, actual: Some(actual) }
    });
    scored.collect()
}

fn track_record(known: &Known) -> Section {
    let backtest = Chart::new(
        "One actual in thirteen fell outside its 80% interval",
        "Quarterly revenue, one quarter ahead",
        "Forecast medians with interval bars by quarter; all actuals but one lie inside the bars.",
        Unit::Usd,
        Backtest { coverage: 0.8, scored: scored() },
        known.both(),
    );
    let actuals = revenue();
    let hairs = actuals.windows(3).map(|three| Hair {
        origin: three[0].0 + Months::new(2),
        points: vec![(three[1].0, three[0].1 * 1.12), (three[2].0, three[0].1 * 1.22)],
    });
    let hairs = Chart::new(
        "Forecasts ran behind the surge of 2023 and caught up within a year",
        "Quarterly revenue",
        "Hairs of two quarters lie below the actuals in 2023 and along them later.",
        Unit::Usd,
        Hairs { actuals: revenue(), hairs: hairs.collect() },
        known.both(),
    );
    Section::new(
        "track-record",
        "At one quarter ahead the forecast removes 42% of the naive error",
        vec![
            Block::Text(vec![
                Prose::cited(
                    "Over 13 scored quarters the 80% interval covered 92% of the actuals.",
                    &known.model,
                ),
                Prose::plain("Every miss is shown."),
            ]),
            backtest.into(),
            hairs.into(),
            skill(known).into(),
            score_table(known).into(),
            Block::Note(
                Tone::Refusal,
                Prose::cited(
                    "Horizons 3 and 4 are refused: the lower bound of skill is below zero. \
                     Six more scored quarters, or a monthly driver, would make them answerable.",
                    &known.model,
                ),
            ),
        ],
    )
}

fn skill(known: &Known) -> Chart {
    let value = |at: f64| Some(at);
    Chart::new(
        "Two variables are enough; skill is gone by the third quarter",
        "Skill against the naive forecast, share of its error removed",
        "Skill is positive at horizons one and two for up to three variables and negative beyond.",
        Unit::Ratio,
        Heat {
            rows: ["1 variable", "2 variables", "4 variables"].map(str::to_owned).to_vec(),
            columns: ["1", "2", "3", "4"].map(str::to_owned).to_vec(),
            column_name: "Horizon".into(),
            panels: vec![
                HeatPanel {
                    label: "Ridge".into(),
                    values: vec![
                        vec![value(0.31), value(0.14), value(-0.02), value(-0.12)],
                        vec![value(0.42), value(0.21), value(0.01), value(-0.15)],
                        vec![value(0.28), value(0.05), value(-0.18), None],
                    ],
                },
                HeatPanel {
                    label: "Guidance midpoint".into(),
                    values: vec![
                        vec![value(0.47), value(0.02), None, None],
                        vec![value(0.44), value(-0.01), None, None],
                        vec![value(0.33), value(-0.2), None, None],
                    ],
                },
            ],
        },
        &known.model,
    )
}

fn score_table(known: &Known) -> Table {
    let row = |model: &str, mase: f64, coverage: f64, skill: Option<f64>| {
        vec![
            Cell::label(model),
            Cell::count(13, "", &known.model),
            Cell::number(mase, Unit::Index, 2, &known.model),
            Cell::number(coverage, Unit::Ratio, 0, &known.model),
            skill.map_or_else(
                || Cell::missing("the naive forecast is the yardstick"),
                |skill| Cell::change(skill, Unit::Ratio, 0, &known.model),
            ),
        ]
    };
    Table::new(
        "The guidance midpoint is the strongest rival",
        &["Model", "Forecasts", "MASE", "Coverage of 80% interval", "Skill"],
        vec![
            row("chipcast", 0.58, 0.92, Some(0.42)),
            row("guidance midpoint", 0.61, 0.85, Some(0.39)),
            row("ETS", 0.93, 0.77, Some(0.07)),
            row("naive", 1.0, 0.69, None),
        ],
    )
    .expect("rows as wide as the headings")
}

fn outlook(known: &Known) -> Section {
    let row = |name: &str, value: Cell, interval: Cell, change: Cell| {
        vec![Cell::label(name), value, interval, change]
    };
    let usd = |value: f64, source: &SourceRef| Cell::number(value * 1e9, Unit::Usd, 1, source);
    let table = Table::new(
        "The forecast stands above the company's own guide",
        &["Quarter to 25 Oct 2026", "Value", "80% interval", "Against last quarter"],
        vec![
            row(
                "Forecast",
                usd(110.2, &known.model),
                Cell::interval((104.1e9, 119.8e9), 0.8, Unit::Usd, 1, &known.model),
                Cell::change(14.0e9, Unit::Usd, 1, &known.model),
            ),
            row(
                "Company guide",
                usd(108.0, &known.guide),
                Cell::interval((105.8e9, 110.2e9), 0.8, Unit::Usd, 1, &known.guide),
                Cell::change(11.8e9, Unit::Usd, 1, &known.guide),
            ),
            row(
                "Last quarter",
                usd(96.2, &known.filing),
                Cell::missing("an actual has no interval"),
                Cell::change(10.2e9, Unit::Usd, 1, &known.filing),
            ),
        ],
    );
    let waterfall = Chart::new(
        "The guide of 27 Aug moved the forecast most",
        "Forecast for the quarter to 25 Oct 2026",
        "From 107.1 billion, the guide adds 4.2, a revision takes 1.4 and the refit adds 0.3.",
        Unit::Usd,
        Waterfall {
            start: ("Forecast of 20 Aug".into(), 107.1e9),
            changes: vec![
                ("Company guide, 27 Aug".into(), 4.2e9),
                ("Monthly foundry revenue, 10 Sep".into(), -1.4e9),
                ("Refit".into(), 0.3e9),
            ],
            end: "Forecast of 24 Sep".into(),
        },
        &known.model,
    );
    Section::new(
        "outlook",
        "Next quarter’s revenue is forecast at $110.2 billion",
        vec![
            Block::text(Prose::cited(
                "The company guided to $108.0 billion on 27 Aug 2026, and has beaten the middle \
                 of its guide in 11 of the last 12 quarters by a median of 2.1%.",
                Sources::from(&known.guide).and(&known.filing),
            )),
            fan(known).into(),
            table
                .expect("rows as wide as the headings")
                .with_note("Revenue as first reported.")
                .into(),
            waterfall.into(),
        ],
    )
}

fn capability(known: &Known) -> Section {
    let names = ["Sample-S", "Sample-M", "Sample-L", "Sample-XL", "Sample-2", "Sample-3"];
    let models = (0..30).map(|idx: u32| {
        let x = 1e23 * 10f64.powf(f64::from(idx) * 0.12);
        let wobble = f64::from((idx * 7) % 5) * 1.6 - 3.2;
        Model {
            label: names.get(idx as usize / 5).map_or(String::new(), |name| (*name).to_owned()),
            x,
            y: 100.0 + 9.5 * (x / 1e23).log10() * 1.3 + wobble,
            is_named: idx % 5 == 4,
        }
    });
    let law = |label: &str, slope: f64, bend: f64, width: f64| Law {
        label: label.into(),
        points: (0..=48)
            .map(|idx| {
                let decades = f64::from(idx) / 10.0;
                let y = 100.0 + slope * decades + bend * decades * decades;
                let half = width * (1.0 + (decades - 2.0).abs());
                (1e23 * 10f64.powf(decades), y - half, y, y + half)
            })
            .collect(),
    };
    let curve = Chart::new(
        "The purchases buy a run of 2e27 FLOP, beyond the data of every law",
        "Capability index by training compute of the largest run",
        "Thirty models rise along a straight line on a logarithmic axis; the forecast lies to \
         the right of the shaded range of the data.",
        Unit::Index,
        Curve {
            x_name: "Training compute, FLOP".into(),
            x_unit: Unit::Flop,
            models: models.collect(),
            laws: vec![law("y = c ln(X+1)", 12.3, 0.0, 1.4), law("Logistic", 14.6, -0.75, 0.0)],
            observed: (1e23, 3e26),
            target: Some(Target {
                label: "2027".into(),
                x: (8e26, 2e27, 4.5e27),
                y: (147.0, 152.9, 159.0),
                coverage: 0.8,
            }),
        },
        &known.epoch,
    );
    Section::new(
        "capability",
        "One more doubling of compute adds about 3.7 index points",
        vec![
            curve.into(),
            Block::Note(
                Tone::Caution,
                Prose::cited(
                    "The forecast run is 6.7 times larger than the largest model in the laws’ \
                     data: read the curve as extrapolation.",
                    &known.epoch,
                ),
            ),
        ],
    )
}

fn buyers(known: &Known) -> Section {
    let bar = |label: &str, value: f64, low: f64, high: f64| Bar {
        label: label.into(),
        value: value * 1e6,
        interval: Some((low * 1e6, high * 1e6)),
        is_emphasised: label == "Microsoft",
    };
    let bars = Chart::new(
        "Microsoft buys the most, and the top four overlap",
        "Purchases in the quarter to 31 Dec 2026",
        "Bars from 0.62 million for Microsoft to 0.06 for Oracle, with overlapping intervals.",
        Unit::H100e,
        Bars {
            bars: vec![
                bar("Microsoft", 0.62, 0.48, 0.81),
                bar("Meta", 0.55, 0.41, 0.72),
                bar("Alphabet", 0.51, 0.37, 0.70),
                bar("Amazon", 0.44, 0.31, 0.61),
                bar("Oracle, including what it leases to others", 0.06, 0.03, 0.11),
            ],
        },
        Sources::from(&known.model).and(&known.epoch),
    );
    let dates = quarters("2023-03-31", 13);
    let line = |label: &str, first: f64, step: f64| Line {
        label: label.into(),
        points: (0..)
            .map(|idx| first + step * f64::from(idx))
            .zip(&dates)
            .map(|(v, d)| (*d, v))
            .collect(),
    };
    let lines = Chart::new(
        "The leader’s share rose for three years while its rivals’ fell together",
        "Share of boards shipped",
        "One line rises from 80 to 95 percent; two fall below 5 percent and end close together.",
        Unit::Ratio,
        Lines {
            lines: vec![
                line("Sample Corp", 0.80, 0.0125),
                line("Second", 0.15, -0.009),
                line("Third", 0.05, -0.0015),
            ],
        },
        &known.share,
    );
    Section::new(
        "buyers",
        "Four buyers take 83% of shipments",
        vec![
            bars.into(),
            lines.into(),
            Block::List(vec![
                Prose::cited("A capex guide cut of 10% or more at any of the four.", &known.model),
                Prose::plain("A filing that moves purchases to leases."),
            ]),
        ],
    )
}

/// Coverage, announcements and assumptions.
fn doubts(known: &Known) -> Section {
    let dot = |label: &str, n_hits: usize, share: f64, low: f64, high: f64| CoverageDot {
        label: label.into(),
        n_hits,
        n: 20,
        share,
        bounds: (low, high),
    };
    let coverage = Chart::new(
        "One of two intervals held what it promised",
        "Share of values inside the interval",
        "Two dots with bars; the second bar lies below the nominal level.",
        Unit::Ratio,
        Coverage {
            groups: vec![CoverageGroup {
                nominal: 0.8,
                dots: vec![
                    dot("1 quarter ahead", 16, 0.8, 0.584, 0.919),
                    dot("2 quarters ahead", 10, 0.5, 0.299, 0.701),
                ],
            }],
        },
        &known.model,
    );
    let said = |date: &str, value: f64, turn: Turn| Announced {
        date: day(date),
        value,
        period_end: day("2026-12-31"),
        turn,
    };
    let timeline = Chart::new(
        "The outlook was raised, cut and repeated",
        "Middle of what was announced",
        "Five marks on a line, each with its shape.",
        Unit::Usd,
        Timeline {
            lanes: vec![Lane {
                label: "Outlook".into(),
                said: vec![
                    said("2026-01-28", 40e9, Turn::First),
                    said("2026-03-28", 44e9, Turn::Raise),
                    said("2026-04-28", 41e9, Turn::Cut),
                    said("2026-06-28", 41e9, Turn::Repeat),
                    said("2026-08-28", 42e9, Turn::Change),
                ],
            }],
        },
        &known.guide,
    );
    let bar = |label: &str, low: f64, high: f64| TornadoBar {
        label: label.into(),
        held: ("5%".into(), "50%".into()),
        outcome: (low, high),
    };
    let tornado = Chart::new(
        "The share in one cluster matters most",
        "Change of the score",
        "Two bars around the baseline.",
        Unit::Index,
        Tornado {
            baseline: 150.0,
            swings: vec![bar("cluster share", 140.0, 162.0), bar("price", 152.0, 149.0)],
        },
        &known.model,
    );
    Section::new(
        "doubts",
        "What is in doubt",
        vec![coverage.into(), timeline.into(), tornado.into()],
    )
}

/// The whole report.
pub(crate) fn sample() -> Report {
    let known = &Known::new();
    let text = |label: &str, value: Cell, note: &str| KeyFigure::fact(label, value, note);
    Report {
        title: "Sample Corp: revenue and what it buys".into(),
        finding: Prose::cited(
            "Sample Corp will sell for $110 billion next quarter, a little more than it says",
            &known.model,
        ),
        subtitle: "Invented figures that show every part of a report. Quarterly revenue, \
                   forecast from the company’s guide and one lag."
            .into(),
        as_of: day("2026-09-24"),
        run_id: "r-7f3a91".into(),
        data_hash: "b3:5f0c6d1e9a42".into(),
        key_figures: vec![
            KeyFigure::forecast(
                "Revenue, quarter to 25 Oct 2026",
                Cell::number(110.2e9, Unit::Usd, 1, &known.model),
                Cell::interval((104.1e9, 119.8e9), 0.8, Unit::Usd, 1, &known.model),
                (Cell::change(3.1e9, Unit::Usd, 1, &known.model), "on the forecast of 20 Aug 2026"),
            ),
            text("Reliability grade", Cell::text("A"), "skill with its lower bound above zero"),
            text("Horizon cap", Cell::count(2, "quarter", &known.model), "no number beyond it"),
            text(
                "Scored forecasts",
                Cell::count(13, "", &known.model),
                "rolling origins, first releases",
            ),
            text(
                "Skill",
                Cell::number(0.42, Unit::Ratio, 0, &known.model),
                "of the naive error removed",
            ),
        ],
        bullets: vec![
            Prose::cited(
                "The guide of 27 Aug moved the forecast by $4.2 billion; foundry revenue took \
                 $1.4 billion back.",
                Sources::from(&known.guide).and(&known.model),
            ),
            Prose::cited("Four buyers take 83% of shipments in H100 equivalents.", &known.model),
            Prose::plain("Beyond two quarters no forecast beats the last value, so none is given."),
        ],
        sections: vec![
            outlook(known),
            track_record(known),
            buyers(known),
            capability(known),
            doubts(known),
        ],
        disclosures: vec![
            Prose::plain("Every figure on this page is invented. It is no investment advice."),
            Prose::plain(
                "Intervals are conformal: they rest on past errors of the same model at the same \
                 horizon.",
            ),
        ],
    }
}
