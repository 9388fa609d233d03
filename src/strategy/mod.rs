//! Share erosion: who loses a market, how fast, and whether the data can tell.
//!
//! May use the core files and `forecast`. A market's shares become series of odds, so that everything
//! of `forecast` (records, conformal intervals, skill, refusal) works on log odds:
//!
//! ```text
//! Archive -> market: members, unknown bucket -> odds s/(1-s) of each member, with vintages
//!         -> substitution: Fisher-Pry, a break, damped, rival, last value; one is chosen by its past
//!         -> forecast::Book: rolling origins, conformal intervals, skill, refusal
//!         -> erosion: speed, half-life, time to thresholds, hazard; placebo: false alarms
//! ```
//!
//! Never reads the disk or the clock: the markets are compiled in.

pub mod erosion;
pub mod market;
pub mod placebo;
pub mod substitution;
