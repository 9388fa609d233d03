//! Scaling.
pub mod assumption;
pub mod compute;
pub mod hardware;
pub mod installed;
pub mod interconnect;
pub mod law;
pub mod shipments;
mod table;
