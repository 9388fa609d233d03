//! Scaling.
pub mod assumption;
pub mod compute;
pub mod hardware;
pub mod installed;
pub mod interconnect;
pub mod shipments;
mod table;
