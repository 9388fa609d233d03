//! Hands the arguments to the command line and turns its outcome into an exit code.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    chipcast::cli::main()
}
