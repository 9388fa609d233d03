//! Few variables, measured: what k variables cost or gain out of sample, and the engine's own choice.
//!
//! May use the core files, `score`, `bootstrap`, `history`, `guidance`, `record`, `regression` and the
//! specs of `specified`. Two halves share `gram` (sums that follow the origins) and `partial` (what the
//! sums say). On a table of plain numbers: `table`, `decision` (what the engine makes of many variables),
//! `study` (the loop over origins), `surface` (errors by horizon and number of variables). On series of the
//! archive: `variables` (what was known at a day), `lab` (those of every origin), `bench` (nested
//! rolling origins of one horizon), `price` (what a variable gains), `envelope` (all of it as tables).

pub mod bench;
pub mod decision;
pub mod envelope;
pub mod gram;
pub mod lab;
pub mod partial;
pub mod price;
pub mod spec;
pub mod study;
pub mod surface;
pub mod table;
pub mod variables;
