//! Strategy: who loses a market, how fast, and who is being forced to buy: measured, falsifiable and modest.
//!
//! May use the core files and `forecast`; never `scaling`, `report`, `cli`, the disk, the clock or the
//! network.
//!
//! Share erosion. A market's shares become series of odds, so that everything of `forecast` (records,
//! conformal intervals, skill, refusal) works on log odds:
//!
//! ```text
//! Archive -> market: members, unknown bucket -> odds s/(1-s) of each member, with vintages
//!         -> substitution: Fisher-Pry, a break, damped, rival, last value; one is chosen by its past
//!         -> forecast::Book: rolling origins, conformal intervals, skill, refusal
//!         -> erosion: speed, half-life, time to thresholds, hazard; placebo: false alarms
//! ```
//!
//! Pressure to buy, in the order of reading: `rule` (the constants), `rate` (a share of cases with its
//! width), `signals` (what presses on a company; `filed`: the backlog and the words of its filings;
//! `standing`: its share of the market that presses it),
//! `situation` (a company on a day, and what came), `belief` (base rate and probability), `options` (what
//! it could do instead, and what that costs), `trial` (all companies and origins, scored), `noise` (the
//! same on made-up spend), `quiet` (the same where nothing was forced, and with the signals moved in time),
//! `pricing` (whether the capex model may use the signals), `precedents` (dated cases), `pressure` (the
//! statement for one company).

pub mod belief;
pub mod erosion;
mod filed;
pub mod market;
pub mod noise;
pub mod options;
pub mod placebo;
pub mod precedents;
pub mod pressure;
pub mod pricing;
pub mod quiet;
pub mod rate;
pub mod rule;
pub mod signals;
pub mod situation;
pub mod standing;
pub mod substitution;
pub mod trial;
