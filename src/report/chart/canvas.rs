//! The drawing surface of charts: marks in role colours on a kuva scene, written as inline SVG.
//!
//! May use kuva and the rule of `plain` text. Knows nothing of data or units: it takes pixels.
//! Colours are CSS variables or the light theme's fixed values; text becomes plain text and is
//! escaped by kuva, whose `$…$` mathematics is switched off.

use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};

use super::Ink;
use crate::report::plain;

/// Width of every chart, in SVG user units.
pub(super) const WIDTH: f64 = 760.0;
/// Size of the text on a chart.
pub(super) const TEXT: u32 = 13;
/// Size of the small text on a chart.
pub(super) const SMALL: u32 = 12;

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Text and the line of actuals.
    Text,
    /// Labels of lesser weight.
    Muted,
    /// Lines of the grid.
    Grid,
    /// The base line.
    Axis,
    /// The page.
    Paper,
    /// The forecast.
    Forecast,
    /// Guidance, misses: what stands against the forecast.
    Against,
    /// A third and further series.
    Third,
    /// A fourth series.
    Fourth,
    /// A fifth series.
    Fifth,
}

impl Role {
    /// The roles of series in one chart, in order.
    pub(super) const SERIES: [Self; 6] =
        [Self::Forecast, Self::Against, Self::Third, Self::Fourth, Self::Fifth, Self::Muted];

    fn variable(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "#1c2127"),
            Self::Muted => ("muted", "#5c6670"),
            Self::Grid => ("grid", "#e4e7eb"),
            Self::Axis => ("axis", "#98a1aa"),
            Self::Paper => ("paper", "#ffffff"),
            Self::Forecast => ("blue", "#0072b2"),
            Self::Against => ("vermillion", "#c8500a"),
            Self::Third => ("green", "#00795a"),
            Self::Fourth => ("purple", "#a8518a"),
            Self::Fifth => ("amber", "#a87400"),
        }
    }

    fn css(self, ink: Ink) -> String {
        let (name, fixed) = self.variable();
        match ink {
            Ink::Css => format!("var(--{name})"),
            Ink::Fixed => fixed.to_owned(),
        }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) role: Role,
    pub(super) width: f64,
    pub(super) dash: Option<&'static str>,
}

impl Stroke {
    pub(super) fn solid(role: Role, width: f64) -> Self {
        Self { role, width, dash: None }
    }

    pub(super) fn dashed(role: Role, width: f64) -> Self {
        Self { role, width, dash: Some("5 4") }
    }
}

/// Where a text stands from its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    /// Begins there.
    Start,
    /// Is centred there.
    Middle,
    /// Ends there.
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) role: Role,
    pub(super) size: u32,
    pub(super) is_bold: bool,
}

impl Style {
    pub(super) const LABEL: Self = Self { role: Role::Muted, size: SMALL, is_bold: false };

    pub(super) fn strong(role: Role) -> Self {
        Self { role, size: TEXT, is_bold: true }
    }

    pub(super) fn quiet(role: Role) -> Self {
        Self { role, size: SMALL, is_bold: false }
    }
}

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A filled dot.
    Dot,
    /// A ring.
    Ring,
    /// An upright square, filled.
    Square,
    /// A diamond, hollow.
    Diamond,
    /// A triangle that points up, filled.
    Up,
    /// A triangle that points down, filled.
    Down,
}

/// A rectangle in pixels: left, top, right, bottom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// A chart in the making.
pub(super) struct Canvas {
    scene: Scene,
    ink: Ink,
}

impl Canvas {
    pub(super) fn new(height: f64, ink: Ink) -> Self {
        Self { scene: Scene::new(WIDTH, height).with_background(None), ink }
    }

    fn color(&self, role: Role) -> Color {
        Color::Css(role.css(self.ink).into())
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let Some(d) = path_of(points) else { return };
        let path = PathData {
            d,
            fill: None,
            stroke: self.color(stroke.role),
            stroke_width: stroke.width,
            opacity: None,
            stroke_dasharray: stroke.dash.map(str::to_owned),
        };
        self.scene.add(Primitive::Path(Box::new(path)));
    }

    /// A filled area around `points`.
    pub(super) fn fill(&mut self, points: &[(f64, f64)], role: Role, opacity: f64) {
        let Some(d) = path_of(points).map(|path| path + "Z") else { return };
        let path = PathData {
            d,
            fill: Some(self.color(role)),
            stroke: Color::None,
            stroke_width: 0.0,
            opacity: Some(opacity),
            stroke_dasharray: None,
        };
        self.scene.add(Primitive::Path(Box::new(path)));
    }

    /// The area between two lines over the same xs.
    pub(super) fn band(
        &mut self,
        upper: &[(f64, f64)],
        lower: &[(f64, f64)],
        role: Role,
        opacity: f64,
    ) {
        let around: Vec<_> = upper.iter().chain(lower.iter().rev()).copied().collect();
        self.fill(&around, role, opacity);
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, area: Area, role: Role, opacity: f64) {
        let fill = self.color(role);
        self.add_rect(area, fill, opacity);
    }

    /// A hatched rectangle: what the forecast does not claim. `id` is unique on the page.
    pub(super) fn hatch(&mut self, area: Area, id: &str) {
        let color = Role::Axis.css(self.ink);
        let pattern = format!(
            "<pattern id=\"{id}-hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\" \
             stroke=\"{color}\" stroke-width=\"1.6\" stroke-opacity=\"0.55\"/></pattern>"
        );
        if !self.scene.defs.contains(&pattern) {
            self.scene.defs.push(pattern);
        }
        self.add_rect(area, Color::Css(format!("url(#{id}-hatch)").into()), 1.0);
    }

    fn add_rect(&mut self, area: Area, fill: Color, opacity: f64) {
        self.scene.add(Primitive::Rect {
            x: area.left,
            y: area.top,
            width: (area.right - area.left).max(0.0),
            height: (area.bottom - area.top).max(0.0),
            fill,
            stroke: None,
            stroke_width: None,
            opacity: (opacity < 1.0).then_some(opacity),
        });
    }

    /// A mark at a point.
    pub(super) fn mark(&mut self, (x, y): (f64, f64), mark: Mark, radius: f64, role: Role) {
        match mark {
            Mark::Dot => self.circle((x, y), radius, role, Role::Paper, 1.0),
            Mark::Ring => self.circle((x, y), radius - 0.5, Role::Paper, role, 1.8),
            Mark::Square => {
                let area = Area {
                    left: x - radius,
                    top: y - radius,
                    right: x + radius,
                    bottom: y + radius,
                };
                self.rect(area, role, 1.0);
            }
            Mark::Up | Mark::Down => {
                let r = if mark == Mark::Up { radius * 1.25 } else { -radius * 1.25 };
                let corners = [(x - r, y + r * 0.8), (x + r, y + r * 0.8), (x, y - r)];
                self.fill(&corners, role, 1.0);
            }
            Mark::Diamond => {
                let r = radius * 1.35;
                let corners = [(x, y - r), (x + r, y), (x, y + r), (x - r, y), (x, y - r)];
                self.fill(&corners, Role::Paper, 1.0);
                self.line(&corners, Stroke::solid(role, 1.8));
            }
        }
    }

    fn circle(&mut self, (cx, cy): (f64, f64), r: f64, fill: Role, stroke: Role, width: f64) {
        self.scene.add(Primitive::Circle {
            cx,
            cy,
            r,
            fill: self.color(fill),
            fill_opacity: None,
            stroke: Some(self.color(stroke)),
            stroke_width: Some(width),
        });
    }

    /// A text on its base line.
    pub(super) fn text(&mut self, (x, y): (f64, f64), text: &str, side: Side, style: Style) {
        self.scene.add(Primitive::Text {
            x,
            y,
            content: without_mathematics(&plain::text(text)),
            size: style.size,
            anchor: match side {
                Side::Start => TextAnchor::Start,
                Side::Middle => TextAnchor::Middle,
                Side::End => TextAnchor::End,
            },
            rotate: None,
            bold: style.is_bold,
            color: Some(self.color(style.role)),
        });
    }

    /// A text with a rim of paper, readable over lines.
    pub(super) fn text_over(&mut self, at: (f64, f64), text: &str, side: Side, style: Style) {
        let paper = Role::Paper.css(self.ink);
        self.scene.add(Primitive::GroupStart {
            transform: None,
            title: None,
            extra_attrs: Some(format!(
                "stroke=\"{paper}\" stroke-width=\"4\" stroke-linejoin=\"round\" \
                 paint-order=\"stroke\""
            )),
        });
        self.text(at, text, side, style);
        self.scene.add(Primitive::GroupEnd);
    }

    /// Draws what `draw` draws, with `tip` shown while the pointer is over it.
    pub(super) fn with_tip(&mut self, tip: String, draw: impl FnOnce(&mut Self)) {
        self.scene.add(Primitive::GroupStart {
            transform: None,
            title: Some(plain::text(&tip)),
            extra_attrs: None,
        });
        draw(self);
        self.scene.add(Primitive::GroupEnd);
    }

    /// The SVG element: an image with a title and a description, that scales with the page.
    pub(super) fn svg(mut self, id: &str, title: &str, description: &str) -> String {
        self.scene.has_tooltips = false;
        let drawn = SvgBackend::new().render_scene(&self.scene);
        let body = drawn
            .split_once("-->")
            .and_then(|(_, body)| body.rsplit_once("</svg>"))
            .map_or("", |(body, _)| body);
        let height = self.scene.height;
        let escape = |text: &str| {
            plain::text(text)
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
        };
        let (title, description) = (escape(title), escape(description));
        let label = format!("{title}. {description}");
        let namespace = match self.ink {
            Ink::Css => "",
            Ink::Fixed => " xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\"",
        };
        format!(
            "<svg{namespace} viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\" \
             aria-describedby=\"{id}-desc\"><title>{title}</title>\
             <desc id=\"{id}-desc\">{description}</desc>{body}</svg>"
        )
    }
}

/// An estimate of a text's width in pixels, by the font `DejaVu Sans`: wider than what most readers
/// have.
pub(super) fn width_of(text: &str, style: Style) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '\'' | '|' | 'I' => 0.29,
            't' | 'f' | 'r' | '.' | ',' | ':' | ';' | ' ' | '-' | '(' | ')' => 0.39,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.96,
            '+' | '−' | '×' | '→' => 0.84,
            c if c.is_ascii_uppercase() => 0.72,
            _ => 0.625,
        })
        .sum();
    let weight = if style.is_bold { 1.11 } else { 1.0 };
    ems * weight * f64::from(style.size)
}

/// A label that fits into `room` pixels, cut with an ellipsis; the data table has it whole.
pub(super) fn shortened(label: &str, style: Style, room: f64) -> String {
    let label = plain::text(label);
    if width_of(&label, style) <= room {
        return label;
    }
    let fits = |cut: &usize| width_of(&label[..*cut], style) + width_of("…", style) <= room;
    let cuts = label.char_indices().map(|(at, _)| at);
    let cut = cuts.rev().find(fits).unwrap_or(0);
    format!("{}…", label[..cut].trim_end())
}

/// A text whose dollars stay dollars: kuva reads `$…$` as mathematics.
fn without_mathematics(text: &str) -> String {
    text.replace('$', "\\$")
}

/// The path through points; `None` of none.
fn path_of(points: &[(f64, f64)]) -> Option<String> {
    let pairs: Vec<_> = points.iter().map(|point| pair(*point)).collect();
    (!pairs.is_empty()).then(|| format!("M{}", pairs.join("L")))
}

fn pair((x, y): (f64, f64)) -> String {
    let round = |v: f64| (v * 100.0).round() / 100.0;
    format!("{} {}", round(x), round(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_dollars_are_no_mathematics() {
        let mut canvas = Canvas::new(100.0, Ink::Css);
        let style = Style::quiet(Role::Text);
        canvas.text((1.0, 2.0), "<b> $104 to $119", Side::Start, style);
        let svg = canvas.svg("c1", "a \"t\"", "d <x>");
        assert!(svg.contains("&lt;b&gt; $104 to $119"), "{svg}");
        assert!(svg.contains("aria-label=\"a &quot;t&quot;. d &lt;x&gt;\""), "{svg}");
        assert!(!svg.contains("kuva"), "{svg}");
    }

    #[test]
    fn a_long_label_is_cut_with_an_ellipsis() {
        let style = Style::quiet(Role::Text);
        let text = shortened("Microsoft, purchases of property and equipment", style, 120.0);
        assert!(text.ends_with('…') && width_of(&text, style) <= 120.0, "{text}");
    }
}
