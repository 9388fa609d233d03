//! Scaling: from the chips that a company buys to the AI capability that they buy it.
//!
//! May use the core files. Never reads the clock, the disk or the network: tables and assumptions
//! are compiled in, date and seed are arguments.
//!
//! # The chain, one file a step
//!
//! ```text
//! spend (USD)          shipments     units = spend x mix share / price
//! units               count       counted chips start here
//!   -> h100e a quarter hardware      h100e a chip = max(fp8, int8) dense / 1.979e15 op/s
//!   -> installed h100e installed     purchases deployed after a lag and not yet retired
//!   -> one lab's fleet assumption    share of an owner's fleet that one lab uses
//!   -> cluster n       compute       fleet x cluster share
//!   -> run (FLOP)      compute       n x 1.979e15 x u(n) x seconds, u(n) = u0 phi^log2(n/n0)
//!                      interconnect  phi fitted to measured runs: what a doubled cluster keeps
//!   -> capability      law           fitted laws with bootstrap
//!   -> loss            loss          published laws side by side; chinchilla: fitted to runs
//! beside it            sold        what the makers sold; estimates: read off the archive
//!                      rivals      two estimates of one thing
//!                      reconcile   what buyers spend against what NVIDIA discloses
//!                      fleet       owners, their labs, and the world's sums
//! backwards            inverse       capability -> run -> fleet -> purchase by a day
//!                      limits        what binds: law, time, network, chips, power, cash
//! at the margin        marginal      what the next ten percent of a fleet adds
//! otherwise            scenario      other spend, other assumptions, differences world by world
//!                      sensitivity   each assumption alone at its low and high end
//! twice the parameters multiple      compute and GPU-hours by published laws
//! ```
//!
//! [`chain::chain`] runs all of it and keeps a trace of every step.
//!
//! # Three rules
//!
//! 1. The same index is the same world in every step ([`assumption::Worlds`]): an assumption is
//!    drawn once, keyed by its name, whoever asks for it.
//! 2. A number taken for granted lives in `models/assumptions.toml` with interval, unit, source and
//!    date; what others published in `models/published_laws.toml`. Neither stands in the code.
//! 3. One run ([`crate::units::Flop`]), a fleet's year ([`crate::units::FlopPerYear`]) and a rate
//!    ([`crate::units::FlopPerSecond`]) are three types that do not add.
//!
//! # What the laws can tell
//!
//! The seed law `y = c ln(X/X0 + 1)` ([`law::Form::LOG`]) is always there. On the capability index
//! its rivals without time do as well out of sample; with time they do better
//! ([`law::side_by_side()`] makes the table and the verdict).
//!
//! ```
//! use chipcast::scaling::assumption::Assumptions;
//! use chipcast::scaling::law::{Scale, rows, side_by_side};
//!
//! # fn main() -> chipcast::Result<()> {
//! let found = side_by_side(Scale::Eci, &rows(Scale::Eci)?, &Assumptions::bundled()?)?;
//! assert!(found.verdict().starts_with("static shapes cannot be told apart"));
//! # Ok(())
//! # }
//! ```

pub mod assumption;
pub mod chain;
pub mod chinchilla;
pub mod compute;
pub mod count;
pub mod estimates;
pub mod fleet;
pub mod hardware;
pub mod installed;
pub mod interconnect;
pub mod inverse;
pub mod known_runs;
pub mod law;
pub mod limits;
pub mod loss;
pub mod marginal;
pub mod meaning;
pub mod multiple;
pub mod published;
pub mod reconcile;
pub mod rivals;
pub mod scenario;
pub mod sensitivity;
pub mod shipments;
pub mod sold;
