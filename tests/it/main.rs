//! The one integration binary.

mod report;
mod report_sample;
