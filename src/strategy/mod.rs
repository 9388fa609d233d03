//! Strategy: who is being forced to buy, measured, falsifiable and modest.
//!
//! May use the core files and `forecast`; never `scaling`, `report`, `cli`, the disk, the clock or the
//! network. Everything about a company is read from a snapshot of its day. In the order of reading:
//! `rule` (the constants), `rate` (a share of cases with its width), `signals` (what presses on a company),
//! `situation` (a company on a day, and what came), `belief` (base rate and probability), `pressure` (the
//! statement for one company), `options` (what it could do instead, and what that costs), `trial` (all
//! companies and origins, scored), `noise` (the same on made-up spend), `pricing` (whether the capex model
//! may use the signals), `precedents` (dated cases).

pub mod belief;
pub mod noise;
pub mod options;
pub mod precedents;
pub mod pressure;
pub mod pricing;
pub mod rate;
pub mod rule;
pub mod signals;
pub mod situation;
pub mod trial;
