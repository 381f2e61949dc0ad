//! The binary: parses the command line, runs it, and turns an error into text and an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use rapport::cli;

fn main() -> ExitCode {
    let _armed = rapport::failpoints::arm();
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("rapport: No threads can be started: {error}.");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli::run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rapport: {}", cli::explain(&error));
            ExitCode::FAILURE
        }
    }
}
