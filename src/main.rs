//! Puts web pages and web apps behind LTI.

use std::process::ExitCode;

/// Each launch allocates hundreds of small strings. The C library's allocator is slower at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lti_gateway::cli::run()
}
