//! The one integration binary. Inputs are small fixtures; nothing here reads the clock or the network.

mod accuracy;
mod architecture;
mod archive;
mod bundled;
mod command_line;
mod leakage;
mod reference;
mod scaling;
mod support;
