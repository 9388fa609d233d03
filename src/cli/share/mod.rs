//! `chipcast share`: where the shares of a market go, with what measures the answer.
//!
//! May use everything. What came after the day asked is shown beside a forecast and never goes into it.

mod outlook;
mod trials;

use clap::Args;
use serde_json::json;

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::Archive;
use crate::error::Result;
use crate::series::SeriesId;
use crate::strategy::erosion::Study;
use crate::strategy::market::{Basis, Market, Unknown};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A market, such as `desktop_os`; `list` names them
    #[arg(value_name = "MARKET")]
    market: String,
    /// One of its members; all of them by default
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// Periods ahead
    #[arg(long, default_value_t = 8, value_name = "N")]
    horizon: usize,
    /// Show skill, error and coverage of every model over all earlier origins
    #[arg(long, conflicts_with = "placebo")]
    backtest: bool,
    /// Ask for N made-up markets that go nowhere, count calls on real quiet rows, and show false alarms
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000))]
    placebo: Option<u16>,
}

/// What a command asks of a market.
struct Asked<'a> {
    market: &'static Market,
    archive: &'a Archive,
    study: &'a Study,
    /// Names of the members asked, with the ids of their odds.
    members: Vec<(&'static str, SeriesId)>,
    horizon: usize,
    seed: u64,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    if arguments.market == "list" {
        return list(context);
    }
    let market = Market::named(&arguments.market)?;
    let members = match &arguments.company {
        Some(name) => vec![market.member(name)?],
        None => market.members.iter().collect(),
    };
    let members = members.into_iter().map(|member| Ok((member.name.as_str(), member.odds()?)));
    let members: Vec<_> = members.collect::<Result<_>>()?;
    let archive = context.archive()?;
    let study = study(context, market, &archive, arguments.horizon, Unknown::LeftOut)?;
    let asked = Asked {
        market,
        archive: &archive,
        study: &study,
        members,
        horizon: arguments.horizon,
        seed: context.global.seed,
    };
    let outcome = match arguments.placebo {
        Some(n) => trials::placebo(context, &asked, n.into())?,
        None if arguments.backtest => trials::backtest(context, &asked)?,
        None => outlook::print(context, &asked)?,
    };
    if let Some(dating) = market.dating.as_ref().filter(|_| study.odds.n_dated > 0) {
        context.say(format!(
            "{} of {} values carry no day of publication and count as public {} days after their period: {}; \
             later restatements are not undone",
            study.odds.n_dated, study.odds.n_values, dating.days, dating.source
        ));
    }
    context.say(&market.note);
    Ok(outcome)
}

/// The market as of the day asked, or the last day known.
fn study(
    context: &Context,
    market: &Market,
    archive: &Archive,
    horizon: usize,
    unknown: Unknown,
) -> Result<Study> {
    let day = context.global.as_of.unwrap_or_else(|| archive.known_through());
    Study::new(market, archive, (day, horizon), unknown)
}

fn list(context: &Context) -> Result<Outcome> {
    let mut rows = Rows::new(&["market", "title", "basis", "members", "has_unknown", "note"]);
    let mut shown = Vec::new();
    for market in Market::all() {
        let members: Vec<_> = market.members.iter().map(|member| member.name.as_str()).collect();
        let basis = match market.basis {
            Basis::Shares => "shares",
            Basis::Amounts => "amounts",
        };
        rows.push(vec![
            json!(market.name),
            json!(market.title),
            json!(basis),
            json!(members),
            json!(market.has_unknown()),
            json!(market.note),
        ]);
        shown.push(vec![market.name.clone(), market.title.clone(), members.join(", ")]);
    }
    rows.print(context.global.format, || table(&["market", "title", "members"], &[], shown))?;
    Ok(Outcome::Done)
}
