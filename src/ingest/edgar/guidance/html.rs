//! HTML as a run of blocks, in one pass.
//!
//! May use `text`. No tree is built: a tree that repairs broken markup grows with the square of the
//! nesting, and a reader of sentences needs lines and cells alone. Never fails: what is no markup is text.

use super::text::{Block, Kind, is_title, tidy};

/// Elements whose content is not shown, or is no sentence.
const UNSEEN: [&str; 8] =
    ["script", "style", "noscript", "template", "ix:header", "sup", "select", "textarea"];
/// Elements that begin and end a line.
const LINES: [&str; 29] = [
    "p",
    "div",
    "br",
    "hr",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "blockquote",
    "pre",
    "form",
    "title",
    "body",
];
/// Elements that have no end.
const VOID: [&str; 10] =
    ["br", "hr", "img", "input", "meta", "link", "wbr", "col", "source", "area"];
/// Elements of which an end tag may be left out; they are not kept open.
const SELF_ENDING: [&str; 9] = ["p", "li", "td", "th", "tr", "dt", "dd", "tbody", "option"];
/// Open elements that are remembered, and how far up an end tag looks for its start.
const DEPTH_LIMIT: usize = 4096;
const LOOK_UP: usize = 64;
/// A row of which a cell is longer is a page laid out as a table.
const CELL_LIMIT: usize = 400;

/// Reads a document.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        reader.text(&rest[..at]);
        rest = reader.markup(&rest[at..]);
    }
    reader.text(rest);
    reader.end_row();
    reader.end_line();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    line: String,
    cells: Vec<String>,
    in_cell: bool,
    table: usize,
    n_tables: usize,
    open: Vec<Open>,
    bold: usize,
    plain: usize,
    heading: bool,
    item: bool,
}

struct Open {
    name: String,
    bold: bool,
    hidden: bool,
}

impl Reader {
    fn text(&mut self, text: &str) {
        if text.is_empty() || self.open.last().is_some_and(|open| open.hidden) {
            return;
        }
        let n_seen = text.chars().filter(|c| !c.is_whitespace()).count();
        if self.open.last().is_some_and(|open| open.bold) {
            self.bold += n_seen;
        } else {
            self.plain += n_seen;
        }
        decode(text, &mut self.line);
    }

    /// Reads one tag or comment, and gives what comes after it.
    fn markup<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(comment) = text.strip_prefix("<!--") {
            return comment.find("-->").map_or("", |end| &comment[end + 3..]);
        }
        if !Tag::begins(text) {
            self.text("<");
            return &text[1..];
        }
        let Some(tag) = Tag::read(text) else {
            self.text(text);
            return "";
        };
        let rest = &text[tag.length..];
        if tag.is_end {
            self.end(&tag.name);
            return rest;
        }
        self.start(&tag);
        if matches!(tag.name.as_str(), "script" | "style" | "textarea" | "noscript") {
            return after_end(rest, &tag.name);
        }
        rest
    }

    fn start(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        self.boundary(name);
        match name {
            "table" => {
                self.n_tables += 1;
                self.table = self.n_tables;
            }
            "td" | "th" => self.in_cell = true,
            "li" => self.item = true,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading = true,
            _ => {}
        }
        let style = tag.attributes.to_ascii_lowercase().replace(' ', "");
        let above = self.open.last();
        let skipped = VOID.contains(&name)
            || tag.is_empty
            || matches!(name, "script" | "style" | "textarea" | "noscript")
            || (SELF_ENDING.contains(&name) && !style.contains("font-weight"))
            || self.open.len() >= DEPTH_LIMIT;
        if skipped {
            return;
        }
        let bold = match style.split("font-weight:").nth(1) {
            Some(weight) => ["bold", "6", "7", "8", "9"].iter().any(|w| weight.starts_with(w)),
            None => matches!(name, "b" | "strong") || above.is_some_and(|open| open.bold),
        };
        let hidden = UNSEEN.contains(&name)
            || style.contains("display:none")
            || above.is_some_and(|open| open.hidden);
        self.open.push(Open { name: name.to_owned(), bold, hidden });
    }

    fn end(&mut self, name: &str) {
        self.boundary(name);
        match name {
            "tr" => self.end_row(),
            "table" => {
                self.end_row();
                self.table = 0;
            }
            _ => {}
        }
        let above = self.open.len().saturating_sub(LOOK_UP);
        if let Some(at) = self.open[above..].iter().rposition(|open| open.name == name) {
            self.open.truncate(above + at);
        }
    }

    /// Ends the line or cell that a tag ends.
    fn boundary(&mut self, name: &str) {
        match name {
            "tr" | "table" => self.end_row(),
            "td" | "th" => self.end_cell(),
            _ if LINES.contains(&name) && self.in_cell => self.line.push('\n'),
            _ if LINES.contains(&name) => self.end_line(),
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        if self.in_cell {
            self.cells.push(std::mem::take(&mut self.line));
        }
        self.in_cell = false;
    }

    fn end_row(&mut self) {
        if !self.in_cell && self.cells.is_empty() {
            self.end_line();
            return;
        }
        self.end_cell();
        let mut cells: Vec<_> =
            std::mem::take(&mut self.cells).into_iter().filter(|c| !c.trim().is_empty()).collect();
        let is_item = cells.len() > 1 && is_bullet(&cells[0]);
        if is_item {
            cells.remove(0);
        }
        if cells.len() > 1 && cells.iter().all(|cell| cell.len() <= CELL_LIMIT) {
            let cells: Vec<_> = cells.iter().map(|cell| tidy(cell)).collect();
            let text = cells.join(" ");
            self.blocks.push(Block { kind: Kind::Row(cells), text, table: self.table });
            self.forget_line();
            return;
        }
        let is_bold = self.plain == 0;
        for cell in cells {
            for line in cell.split('\n') {
                self.push(line, is_bold, is_item);
            }
        }
        self.forget_line();
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let (is_bold, is_item) = (self.plain == 0 || self.heading, self.item);
        if !line.trim().is_empty() {
            self.push(&line, is_bold, is_item);
            self.forget_line();
        }
    }

    fn forget_line(&mut self) {
        (self.bold, self.plain, self.heading, self.item) = (0, 0, false, false);
        self.line.clear();
    }

    fn push(&mut self, line: &str, is_bold: bool, is_item: bool) {
        let text = tidy(line);
        if text.is_empty() {
            return;
        }
        let stripped = text.trim_start_matches(BULLETS).trim_start();
        let (text, is_item) = if stripped.len() < text.len() && !stripped.is_empty() {
            (stripped.to_owned(), true)
        } else {
            (text, is_item)
        };
        let kind = if self.heading && text.len() < 200 || is_title(&text, is_bold) && !is_item {
            Kind::Heading
        } else if is_item {
            Kind::Item
        } else {
            Kind::Line
        };
        self.blocks.push(Block { kind, text, table: self.table });
    }
}

/// Signs that stand before an item of a list.
pub(super) const BULLETS: [char; 8] = ['•', '·', '▪', '●', '◦', '■', '‣', '∙'];

fn is_bullet(cell: &str) -> bool {
    let cell = cell.trim();
    matches!(cell, "-" | "–" | "—" | "*" | "o" | "§") || cell.chars().all(|c| BULLETS.contains(&c))
}

struct Tag<'a> {
    name: String,
    attributes: &'a str,
    is_end: bool,
    is_empty: bool,
    length: usize,
}

impl<'a> Tag<'a> {
    /// Whether a `<` begins a tag.
    fn begins(text: &str) -> bool {
        let body = text[1..].strip_prefix('/').unwrap_or(&text[1..]);
        body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?')
    }

    /// Reads the tag that begins `text`; `None` if it never ends.
    fn read(text: &'a str) -> Option<Self> {
        let body = text.strip_prefix('<')?;
        let is_end = body.starts_with('/');
        let body = body.strip_prefix('/').unwrap_or(body);
        let length = close(text)?;
        let inside = body.get(..body.len() - (text.len() - length) - 1)?;
        let name_length =
            inside.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(name_length);
        let is_empty = attributes.ends_with('/');
        Some(Self { name: name.to_ascii_lowercase(), attributes, is_end, is_empty, length })
    }
}

/// The length of a tag up to its `>`, which does not count within quotes after `=`.
fn close(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = 0_u8;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    // A quote that never ends is a slip: the first `>` counts.
    text.find('>').map(|at| at + 1)
}

/// What follows the end tag of an element that holds no markup.
fn after_end<'a>(text: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let start = from + at + 2;
        let found = text.get(start..start + name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return &text[start - 2..];
        }
        from = start;
    }
    ""
}

/// Appends text with its character references resolved.
fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let read = end.and_then(|end| Some((reference(&rest[1..end])?, end + 1)));
        let (c, length) = read.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return match u8::try_from(code) {
            // Old pages mean windows-1252 by these.
            Ok(byte @ 0x80..=0x9f) => {
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()
            }
            _ => char::from_u32(code),
        };
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

const NAMED: [(&str, char); 31] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("shy", '\u{ad}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("minus", '−'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("sbquo", '‚'),
    ("bdquo", '„'),
    ("hellip", '…'),
    ("bull", '•'),
    ("middot", '·'),
    ("plusmn", '±'),
    ("euro", '€'),
    ("pound", '£'),
    ("yen", '¥'),
    ("cent", '¢'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("reg", '®'),
    ("trade", '™'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<String> {
        blocks(html).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn lines_items_and_rows_are_blocks_of_their_own() {
        let read = blocks(
            "<h2>Outlook</h2><p>We&nbsp;expect&#8212;now.<br>Two</p><ul><li>One<li>Two lines</ul>\
             <table><tr><td>Revenue</td><td></td><td>$</td><td>5&#146;</td></tr></table>",
        );
        let found: Vec<_> = read.iter().map(|b| (b.kind.clone(), b.text.as_str())).collect();
        assert_eq!(found[0], (Kind::Heading, "Outlook"));
        assert_eq!(found[1], (Kind::Line, "We expect—now."));
        assert_eq!(found[3].0, Kind::Item);
        let Kind::Row(cells) = &read.last().expect("a row").kind else { panic!("{read:?}") };
        assert_eq!(cells, &["Revenue", "$", "5’"]);
    }

    #[test]
    fn what_is_not_shown_is_not_read() {
        let html = "<script>if (a<b) {'</p>'}</script><style>p{}</style><!-- <p>no</p> -->\
                    <div style='display: none'>no</div><ix:header><b>no</b></ix:header>\
                    <p title='a > b'>yes<sup>(1)</sup> so\u{ad}on</p>";
        assert_eq!(texts(html), ["yes soon"]);
        assert_eq!(texts("a < b &unknown; &#xZ; </p"), ["a < b &unknown; &#xZ; </p"]);
    }

    #[test]
    fn a_bullet_in_a_cell_makes_an_item() {
        let read = blocks("<table><tr><td>•</td><td>Revenue of more</td></tr></table>");
        assert_eq!((&read[0].kind, read[0].text.as_str()), (&Kind::Item, "Revenue of more"));
    }

    #[test]
    fn deep_and_broken_markup_takes_linear_time() {
        for piece in ["<div>", "<p><b id=1>", "<table><tr><td>", "<", "</div>", "<a href='", "&#"] {
            blocks(&piece.repeat(200_000));
        }
    }
}
