//! Puts web pages and web apps behind LTI.

use std::process::ExitCode;

/// Launches make and drop hundreds of small strings each, for which the C library's allocator takes longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lti_gateway::cli::run()
}
