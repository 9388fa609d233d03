//! The integration tests, in one binary.

mod edgar;
mod edgar_shared;
mod http;
