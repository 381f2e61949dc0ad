//! Stopwatches: percentiles, the disk's own speed, and what a process holds in memory.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;

/// Durations, to be asked for their percentiles.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a hundred did not exceed; zero where none was taken.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn p50(&self) -> Duration {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.percentile(99)
    }
}

/// Milliseconds.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A count as a figure: what is counted here is far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are exact in a double")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

/// What a small append costs to make durable, beside which every commit stands.
pub(crate) fn fsync_p50(folder: &Path) -> anyhow::Result<Duration> {
    let path = folder.join("fsync.probe");
    let mut file = File::create(&path)?;
    let mut times = Times::default();
    for _ in 0..200 {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    drop(file);
    std::fs::remove_file(path)?;
    Ok(times.p50())
}

/// The resident memory of a process, in MiB.
pub(crate) fn resident(pid: u32) -> anyhow::Result<f64> {
    memory(pid, "VmRSS:")
}

/// The most that was ever resident of a process, in MiB.
pub(crate) fn peak(pid: u32) -> anyhow::Result<f64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("memory is read on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("a resident size")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}
