//! Few variables, measured: what k variables cost or gain out of sample, and the engine's own choice.
//!
//! May use `error`, `score` and its own spec. Works on a table of plain numbers: knows no series and no
//! day. The order in which to read: `table` (the numbers), `gram` (sums that follow the origins),
//! `partial` (what the sums say), `decision` (what the engine makes of it), `study` (the loop over
//! origins), `surface` (errors by horizon and number of variables).

pub mod decision;
pub mod gram;
pub mod partial;
pub mod spec;
pub mod study;
pub mod surface;
pub mod table;
