//! The binary: parses the command line, runs it, and turns an error into text and an exit code.

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use rapport::cli;

fn main() -> ExitCode {
    keep_files_private();
    let _armed = rapport::failpoints::arm();
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("rapport: No threads can be started: {error}.");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(cli::run(cli));
    // What was accepted is stored by now. A thread that still waits, as for a name that nobody resolves, must
    // not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rapport: {}", cli::explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// What the process makes is its user's alone: the store, its journal and the files hold customers' words,
/// also below a folder that others may enter.
fn keep_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}
