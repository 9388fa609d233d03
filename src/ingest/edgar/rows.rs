//! From rows as they stand to facts that can be used: forms, units, dates and values are checked
//! here.
//!
//! May use `payload`, `concepts` and the core files. A row that cannot be used is set aside with
//! its reason; it never stops the others.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Datelike, NaiveDate};

use super::concepts::{Families, Kind, Sign};
use super::payload::{Payload, Row, Scalar};
use crate::ingest::SetAside;
use crate::period::{Frequency, Period};

/// The years in which a date of a filing or period can lie.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2099;
/// No line of a company's statements is larger, in dollars.
pub(super) const VALUE_MAX: f64 = 1e15;
/// The coarsest rounding that is looked for: statements are in millions at most.
const ROUNDING_MAX: f64 = 1e6;

/// One usable fact.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    pub(super) member_idx: u16,
    /// First and last day; the same day for a stock.
    pub(super) period: Period,
    pub(super) value: f64,
    /// Place in the order of filing.
    pub(super) filing_idx: usize,
}

/// One filing that carries facts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filing<'a> {
    pub(super) accn: &'a str,
    pub(super) form_name: &'a str,
    pub(super) form: Form,
    pub(super) filed: NaiveDate,
    /// The end of the period that it reports on: the last end among its facts.
    pub(super) report_end: NaiveDate,
    /// The power of ten to which its amounts are rounded, in dollars.
    pub(super) rounding: f64,
}

/// What a filing reports on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Quarterly,
    Annual,
}

/// Everything usable in a payload, in order of filing.
pub(super) struct Sorted<'a> {
    pub(super) filings: Vec<Filing<'a>>,
    /// By family, each in order of filing, period and member.
    pub(super) facts: Vec<Vec<Fact>>,
    pub(super) set_aside: Vec<SetAside>,
}

/// The form by its name; `None` for those that carry no statements of their own.
pub(super) fn form(name: &str) -> Option<Form> {
    match name.strip_suffix("/A").unwrap_or(name) {
        "10-Q" | "10-QT" => Some(Form::Quarterly),
        "10-K" | "10-KT" | "10-K405" | "20-F" | "40-F" => Some(Form::Annual),
        _ => None,
    }
}

/// Checks every row and puts the facts in order of filing.
pub(super) fn sort<'a>(payload: &'a Payload<'_>, units: &'a [String], owner: &str) -> Sorted<'a> {
    let families = Families::bundled();
    let translated = translated(payload, units);
    let mut sorting = Sorting { owner, units, translated, ..Sorting::default() };
    let mut facts = vec![Vec::new(); families.all.len()];
    for row in &payload.rows {
        match sorting.fact(row) {
            Ok(fact) => facts[families.member(row.member_idx).family_idx].push(fact),
            Err(Reject::Unit) => *sorting.other_units.entry(unit_key(row)).or_default() += 1,
            Err(Reject::Row(reason)) => sorting.set_aside(row, reason),
        }
    }
    sorting.count_other_units();
    for (taxonomy, n_concepts) in &payload.unread {
        sorting.set_aside.push(SetAside {
            series: format!("{owner}.{}", taxonomy.replace('-', "_")),
            period: None,
            locator: taxonomy.clone(),
            reason: format!(
                "{n_concepts} concepts of taxonomy `{taxonomy}` are not read; needed is `us-gaap`"
            ),
        });
    }
    let Sorting { mut filings, set_aside, .. } = sorting;
    describe(&mut filings, &facts);
    put_in_order(&mut filings, &mut facts);
    Sorted { filings, facts, set_aside }
}

/// Concepts and accessions that report in a currency of their own: their dollars are a translation for
/// convenience, at one day's rate.
fn translated<'a>(payload: &'a Payload<'_>, units: &[String]) -> HashSet<(u16, &'a str)> {
    let families = Families::bundled();
    let is_currency = |unit: &str| unit.len() == 3 && unit.bytes().all(|b| b.is_ascii_uppercase());
    let is_own = |row: &&Row<'_>| {
        let unit = units[usize::from(row.unit_idx)].as_str();
        is_currency(unit) && unit != families.family_of(row.member_idx).unit.word()
    };
    let own = payload.rows.iter().filter(is_own);
    own.filter_map(|row| Some((row.member_idx, text(&row.fields.accn, "accn").ok()?))).collect()
}

/// Sets the end and the rounding of every filing by its facts.
///
/// The end is that of the last period of the kind that the form is about, so that a month told as a
/// subsequent event does not move it.
fn describe(filings: &mut [Filing<'_>], facts: &[Vec<Fact>]) {
    let mut best = vec![(0, NaiveDate::MIN); filings.len()];
    for fact in facts.iter().flatten() {
        let filing = &mut filings[fact.filing_idx];
        let weight = match (filing.form, fact.period.frequency()) {
            (Form::Annual, Some(Frequency::Year)) => 3,
            (_, Some(Frequency::Day | Frequency::Month)) => 0,
            (_, Some(Frequency::Quarter | Frequency::Year)) => 2,
            (_, None) => 1,
        };
        let found = &mut best[fact.filing_idx];
        *found = (*found).max((weight, fact.period.end()));
        filing.report_end = found.1;
        while fact.value % filing.rounding != 0.0 && filing.rounding > 1.0 {
            filing.rounding /= 10.0;
        }
    }
}

/// Orders filings by day, amendments after what they amend, and facts by filing.
fn put_in_order(filings: &mut [Filing<'_>], facts: &mut [Vec<Fact>]) {
    let key = |filing: &Filing<'_>| (filing.filed, filing.form_name.ends_with("/A"));
    let mut order: Vec<usize> = (0..filings.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&filings[*a], &filings[*b]);
        key(a).cmp(&key(b)).then_with(|| a.accn.cmp(b.accn))
    });
    let mut rank = vec![0; filings.len()];
    for (place, filing_idx) in order.iter().enumerate() {
        rank[*filing_idx] = place;
    }
    let sorted: Vec<_> = order.iter().map(|filing_idx| filings[*filing_idx]).collect();
    filings.copy_from_slice(&sorted);
    for family in facts {
        for fact in family.iter_mut() {
            fact.filing_idx = rank[fact.filing_idx];
        }
        family.sort_by_key(|fact| (fact.filing_idx, fact.period, fact.member_idx));
    }
}

fn unit_key(row: &Row<'_>) -> (u16, u16) {
    (row.member_idx, row.unit_idx)
}

/// Why a row gives no fact.
enum Reject {
    /// Its unit is not the family's: counted, not listed.
    Unit,
    Row(String),
}

#[derive(Default)]
struct Sorting<'a, 'o> {
    owner: &'o str,
    units: &'a [String],
    filings: Vec<Filing<'a>>,
    by_accn: HashMap<&'a str, usize>,
    translated: HashSet<(u16, &'a str)>,
    other_units: BTreeMap<(u16, u16), usize>,
    set_aside: Vec<SetAside>,
}

impl<'a> Sorting<'a, '_> {
    fn fact(&mut self, row: &'a Row<'_>) -> Result<Fact, Reject> {
        let families = Families::bundled();
        let family = families.family_of(row.member_idx);
        let unit = &self.units[usize::from(row.unit_idx)];
        if unit != family.unit.word() {
            return Err(Reject::Unit);
        }
        let filing_idx = self.filing(row).map_err(Reject::Row)?;
        let Filing { filed, accn, .. } = self.filings[filing_idx];
        if self.translated.contains(&(row.member_idx, accn)) {
            return Err(Reject::Row(format!(
                "{unit} is a translation for convenience; the filing reports in another currency"
            )));
        }
        let (period, value) = period_and_value(row, family.kind, filed).map_err(Reject::Row)?;
        let member = families.member(row.member_idx);
        if !member.is_valid(period.end()) {
            return Err(Reject::Row(format!(
                "concept `{}` was not in use for a period that ends on {}",
                member.name,
                period.end()
            )));
        }
        if family.sign == Sign::Positive && value < 0.0 {
            return Err(Reject::Row(format!("{value} is negative, which it cannot be")));
        }
        Ok(Fact { member_idx: row.member_idx, period, value, filing_idx })
    }

    /// The filing of a row, made known if it is its first.
    fn filing(&mut self, row: &'a Row<'_>) -> Result<usize, String> {
        let accn = text(&row.fields.accn, "accn")?;
        let form_name = text(&row.fields.form, "form")?;
        let form = form(form_name)
            .ok_or_else(|| format!("form `{form_name}` is no quarterly or annual report"))?;
        let filed = date(&row.fields.filed, "filed")?;
        if let Some(known) = self.by_accn.get(accn) {
            let first = &self.filings[*known];
            if (first.filed, first.form_name) == (filed, form_name) {
                return Ok(*known);
            }
            return Err(format!(
                "`{form_name}` filed {filed}, but other rows say `{}` filed {} for this accession",
                first.form_name, first.filed
            ));
        }
        year_agrees(accn, filed)?;
        self.by_accn.insert(accn, self.filings.len());
        self.filings.push(Filing {
            accn,
            form_name,
            form,
            filed,
            report_end: NaiveDate::MIN,
            rounding: ROUNDING_MAX,
        });
        Ok(self.filings.len() - 1)
    }

    fn set_aside(&mut self, row: &Row<'_>, reason: String) {
        let families = Families::bundled();
        let end = date(&row.fields.end, "end").ok();
        let start = date(&row.fields.start, "start").ok().or(end);
        let period = start.zip(end).and_then(|(start, end)| Period::new(start, end).ok());
        let accn = text(&row.fields.accn, "accn").unwrap_or("unknown");
        self.set_aside.push(SetAside {
            series: format!("{}.{}", self.owner, families.family_of(row.member_idx).metric),
            period,
            locator: locator(accn, &families.member(row.member_idx).name),
            reason,
        });
    }

    fn count_other_units(&mut self) {
        let families = Families::bundled();
        for ((member_idx, unit_idx), n_rows) in std::mem::take(&mut self.other_units) {
            let family = families.family_of(member_idx);
            let found = &self.units[usize::from(unit_idx)];
            self.set_aside.push(SetAside {
                series: format!("{}.{}", self.owner, family.metric),
                period: None,
                locator: format!("us-gaap:{}", families.member(member_idx).name),
                reason: format!("{n_rows} values are in `{found}`; needed `{}`", family.unit),
            });
        }
    }
}

/// Where a fact stands, for people and for other programs.
pub(super) fn locator(accn: &str, concept: &str) -> String {
    format!("accn {accn}; us-gaap:{concept}")
}

fn period_and_value(row: &Row<'_>, kind: Kind, filed: NaiveDate) -> Result<(Period, f64), String> {
    let end = date(&row.fields.end, "end")?;
    let start = match (kind, &row.fields.start) {
        (Kind::Stock, Scalar::Missing) => end,
        (Kind::Stock, _) => return Err("has a `start`, but is a stock at a date".to_owned()),
        (Kind::Flow, given) => date(given, "start")?,
    };
    let period = Period::new(start, end).map_err(|e| e.to_string())?;
    if kind == Kind::Flow && period.n_days() == 1 {
        return Err("covers one day, but is a flow over a period".to_owned());
    }
    if filed < end {
        return Err(format!("filed on {filed}, before its period ended on {end}"));
    }
    match row.fields.val {
        Scalar::Number(value) if value.abs() <= VALUE_MAX => Ok((period, value)),
        Scalar::Number(value) => Err(format!("`val` is {value}, beyond any company's statements")),
        Scalar::Missing => Err("`val` is missing".to_owned()),
        _ => Err("`val` is no number".to_owned()),
    }
}

fn text<'a>(scalar: &'a Scalar<'_>, key: &str) -> Result<&'a str, String> {
    match scalar {
        Scalar::Text(text) if !text.is_empty() => Ok(text),
        Scalar::Missing => Err(format!("`{key}` is missing")),
        _ => Err(format!("`{key}` is no text")),
    }
}

fn date(scalar: &Scalar<'_>, key: &str) -> Result<NaiveDate, String> {
    let text = text(scalar, key)?;
    parse_date(text.as_bytes()).ok_or_else(|| {
        let shown: String = text.chars().take(20).collect();
        format!("`{key}` is `{shown}`, needed a date of 1990 to 2099")
    })
}

/// Reads `2026-08-26`.
#[expect(clippy::many_single_char_names, reason = "the digits of one date")]
pub(super) fn parse_date(text: &[u8]) -> Option<NaiveDate> {
    let [a, b, c, d, b'-', m, n, b'-', x, y] = text else { return None };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u32::from(**digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[a, b, c, d])?).ok().filter(|year| YEARS.contains(year))?;
    NaiveDate::from_ymd_opt(year, number(&[m, n])?, number(&[x, y])?)
}

/// An accession `0001045810-24-000316` carries its year; a filing day far from it is a broken one.
pub(super) fn year_agrees(accn: &str, filed: NaiveDate) -> Result<(), String> {
    let year = accn.get(11..13).and_then(|digits| digits.parse::<i32>().ok());
    match year {
        Some(year)
            if (filed.year() - year).rem_euclid(100).min((year - filed.year()).rem_euclid(100))
                > 1 =>
        {
            Err(format!("`filed` is {filed}, but the accession is of the year {year:02}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_or_refused_never_guessed() {
        assert_eq!(parse_date(b"2024-10-27"), NaiveDate::from_ymd_opt(2024, 10, 27));
        for bad in ["2024-13-01", "2024-02-30", "0001-01-01", "9999-12-31", "2024-1-1", "", "x"] {
            assert_eq!(parse_date(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn proxies_prospectuses_and_releases_are_no_reports() {
        for name in ["DEF 14A", "424B5", "424B2", "8-K", "S-1", "6-K", "10-KX", ""] {
            assert_eq!(form(name), None, "{name}");
        }
        assert_eq!(form("10-K/A"), Some(Form::Annual));
        assert_eq!(form("10-QT"), Some(Form::Quarterly));
    }

    #[test]
    fn a_filing_day_must_fit_its_accession() {
        let day = |text: &str| parse_date(text.as_bytes()).expect("a date");
        assert!(year_agrees("0001045810-24-000316", day("2024-11-20")).is_ok());
        assert!(year_agrees("0001045810-99-000316", day("2000-01-03")).is_ok());
        assert!(year_agrees("0001045810-24-000316", day("2094-11-20")).is_err());
    }
}
