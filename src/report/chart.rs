//! Charts: what they show, their data as a table, and their SVG.
//!
//! May use `units`, `format`, `plain`, `cell`, `source`, and kuva for scenes, ticks and SVG.
//! Inputs are plain: dates, values in base units and a unit; scaling happens in `format`. The same
//! chart gives the same bytes: kuva's process-wide clip ids are never used, because marks are
//! drawn here.

mod bars;
mod canvas;
mod coverage;
mod curve;
mod fan;
mod frame;
mod heat;
mod lines;
mod panels;
mod timeline;
mod tornado;
mod track;

use chrono::NaiveDate;

use crate::report::cell::{Cell, Table};
use crate::report::plain;
use crate::report::source::Sources;
use crate::units::Unit;

pub use bars::{Bar, Bars, Waterfall};
pub use coverage::{Coverage, CoverageDot, CoverageGroup};
pub use curve::{Curve, Law, Model, Target};
pub use fan::{Fan, FanStep, Reference, ReferenceKind};
pub use heat::{Heat, HeatPanel};
pub use lines::{Line, Lines};
pub use panels::{Panel, Panels};
pub use timeline::{Announced, Lane, Timeline, Turn};
pub use tornado::{Tornado, TornadoBar};
pub use track::{Backtest, Hair, Hairs, Scored};

/// A date and a value in base units.
pub type Dated = (NaiveDate, f64);

/// A chart whose title states what it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows, as a sentence.
    pub title: String,
    /// The measure, without its unit: the scale is added when it is drawn.
    pub subtitle: String,
    /// What someone who cannot see it needs to know.
    pub alt: String,
    /// Unit of its values.
    pub unit: Unit,
    /// Where its values come from.
    pub sources: Sources,
    /// What is drawn.
    pub plot: Plot,
}

/// What a chart draws.
#[derive(Debug, Clone, PartialEq)]
pub enum Plot {
    /// Actuals, forecast with bands, reference points, horizon cap.
    Fan(Fan),
    /// Every origin's forecast as a hair over the actuals.
    Hairs(Hairs),
    /// Each forecast with its interval against what came.
    Backtest(Backtest),
    /// Capability against compute, with fitted laws.
    Curve(Curve),
    /// Horizontal bars from zero.
    Bars(Bars),
    /// What moved a value from one figure to another.
    Waterfall(Waterfall),
    /// Skill by horizon and model.
    Heat(Heat),
    /// A few series over time, such as shares.
    Lines(Lines),
    /// History and forecast, company by company.
    Panels(Panels),
    /// How often each interval held what came.
    Coverage(Coverage),
    /// What was announced when.
    Timeline(Timeline),
    /// How far each assumption moves the answer.
    Tornado(Tornado),
}

macro_rules! plot_from {
    ($($kind:ident),+) => {$(
        impl From<$kind> for Plot {
            fn from(plot: $kind) -> Self {
                Self::$kind(plot)
            }
        }
    )+};
}
plot_from!(
    Fan, Hairs, Backtest, Curve, Bars, Waterfall, Heat, Lines, Panels, Coverage, Timeline, Tornado
);

/// Where a drawing's colours come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The page's CSS variables: follows light and dark.
    Css,
    /// Fixed colours of the light theme, for PDF and for files that stand alone.
    Fixed,
}

/// A central interval of a forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// 0.8 of an 80% interval.
    pub coverage: f64,
    /// Lower end, in base units.
    pub low: f64,
    /// Upper end, in base units.
    pub high: f64,
}

impl Chart {
    /// A chart of `plot`.
    pub fn new(
        title: impl Into<String>,
        subtitle: impl Into<String>,
        alt: impl Into<String>,
        unit: Unit,
        plot: impl Into<Plot>,
        sources: impl Into<Sources>,
    ) -> Self {
        Self {
            title: plain::text(&title.into()),
            subtitle: plain::text(&subtitle.into()),
            alt: plain::text(&alt.into()),
            unit,
            sources: sources.into(),
            plot: plot.into(),
        }
    }

    /// The measure with its unit and scale: `Quarterly revenue, USD billion`.
    pub fn measure(&self) -> String {
        let scale = match &self.plot {
            Plot::Fan(fan) => frame::scale(self.unit, fan.values()),
            Plot::Hairs(hairs) => frame::scale(self.unit, hairs.values()),
            Plot::Backtest(backtest) => frame::scale(self.unit, backtest.values()),
            Plot::Bars(bars) => frame::scale(self.unit, bars.values()),
            Plot::Waterfall(waterfall) => frame::scale(self.unit, waterfall.values()),
            Plot::Lines(lines) => frame::scale(self.unit, lines.values()),
            Plot::Panels(panels) => frame::scale(self.unit, panels.values()),
            Plot::Timeline(timeline) => frame::scale(self.unit, timeline.values()),
            Plot::Curve(_) | Plot::Heat(_) | Plot::Coverage(_) | Plot::Tornado(_) => {
                return self.subtitle.clone();
            }
        };
        let heading = scale.heading();
        let is_on_labels = self.unit == Unit::Ratio && !matches!(self.plot, Plot::Waterfall(_));
        if is_on_labels || heading.is_empty() {
            return self.subtitle.clone();
        }
        format!("{}, {heading}", self.subtitle)
    }

    /// An id for a drawing that stands in somebody else's page, among others: by what it draws.
    pub(super) fn id(&self) -> String {
        let drawn = self.svg("chart", Ink::Css);
        format!("chart-{}", &blake3::hash(drawn.as_bytes()).to_hex()[..12])
    }

    /// The drawing as an SVG element without title and description.
    ///
    /// `id` makes the ids inside it unique on a page; lower-case letters, digits and hyphens.
    pub fn svg(&self, id: &str, ink: Ink) -> String {
        let canvas = match &self.plot {
            Plot::Fan(fan) => fan.draw(self.unit, id, ink),
            Plot::Hairs(hairs) => hairs.draw(self.unit, ink),
            Plot::Backtest(backtest) => backtest.draw(self.unit, ink),
            Plot::Curve(curve) => curve.draw(self.unit, id, ink),
            Plot::Bars(bars) => bars.draw(self.unit, ink),
            Plot::Waterfall(waterfall) => waterfall.draw(self.unit, ink),
            Plot::Heat(heat) => heat.draw(id, ink),
            Plot::Lines(lines) => lines.draw(self.unit, ink),
            Plot::Panels(panels) => panels.draw(self.unit, id, ink),
            Plot::Coverage(coverage) => coverage.draw(ink),
            Plot::Timeline(timeline) => timeline.draw(self.unit, ink),
            Plot::Tornado(tornado) => tornado.draw(self.unit, ink),
        };
        canvas.svg(id, &self.title, &self.alt)
    }

    /// Why it cannot be drawn, beyond values that are not finite.
    pub fn flaw(&self) -> Option<&'static str> {
        match &self.plot {
            Plot::Curve(curve) if !curve.is_positive() => {
                Some("compute must be above zero on a logarithmic axis")
            }
            Plot::Heat(heat) if !heat.is_even() => {
                Some("a panel needs one value for every row and column")
            }
            _ => None,
        }
    }

    /// What it draws, as a table.
    ///
    /// # Panics
    /// Never: every plot makes its headings and rows together.
    pub fn data(&self) -> Table {
        let cells = Cells { unit: self.unit, sources: &self.sources };
        let (headings, rows) = match &self.plot {
            Plot::Fan(fan) => fan.data(&cells),
            Plot::Hairs(hairs) => hairs.data(&cells),
            Plot::Backtest(backtest) => backtest.data(&cells),
            Plot::Curve(curve) => curve.data(&cells),
            Plot::Bars(bars) => bars.data(&cells),
            Plot::Waterfall(waterfall) => waterfall.data(&cells),
            Plot::Heat(heat) => heat.data(&cells),
            Plot::Lines(lines) => lines.data(&cells),
            Plot::Panels(panels) => panels.data(&cells),
            Plot::Coverage(coverage) => coverage.data(&cells),
            Plot::Timeline(timeline) => timeline.data(&cells),
            Plot::Tornado(tornado) => tornado.data(&cells),
        };
        let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
        Table::new(format!("Data of the chart: {}", self.title), &headings, rows)
            .expect("every plot makes rows as wide as its headings")
    }
}

/// Headings and rows of a chart's data.
type Data = (Vec<String>, Vec<Vec<Cell>>);

/// Makes the cells of a chart's data table: one unit, one set of sources.
struct Cells<'a> {
    unit: Unit,
    sources: &'a Sources,
}

impl Cells<'_> {
    fn value(&self, value: f64) -> Cell {
        self.of(value, self.unit)
    }

    fn of(&self, value: f64, unit: Unit) -> Cell {
        Cell::number(value, unit, frame::digits(unit), self.sources)
    }

    fn optional(&self, value: Option<f64>) -> Cell {
        value.map_or_else(|| Cell::missing("no value"), |value| self.value(value))
    }

    fn range(&self, low: f64, high: f64, coverage: f64) -> Cell {
        Cell::interval((low, high), coverage, self.unit, frame::digits(self.unit), self.sources)
    }
}
