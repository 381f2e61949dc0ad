//! A year of a shop, simulated: customers who write on four channels, associates with shifts, holidays, absences
//! and turnover, and between them the real store and the real routing, on a clock that the year moves.
//!
//! `make year` runs it with a fixed seed and prints what a retailer steers by; `SEED=7 DAYS=90 make year` another.
//! It keeps books of its own, from which it knows whom each customer should have reached, and ends with an error
//! where a customer did not, or where somebody waits in nobody's queue.
//!
//! [`people`] says who there is and when they are there, [`shop`] is the one that speaks to the store, [`course`]
//! lets things happen, [`books`] remembers them and [`figures`] tells what came of it.

mod books;
mod course;
mod figures;
mod people;
mod shop;

use anyhow::bail;
use clap::Parser;

/// A shop's year, simulated.
#[derive(Debug, Clone, Parser)]
struct Year {
    /// The same seed gives the same year.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days.
    #[arg(long, default_value_t = 365)]
    days: i64,
    /// How many customers.
    #[arg(long, default_value_t = 1_000)]
    customers: usize,
    /// How many associates work at a time.
    #[arg(long, default_value_t = 20)]
    associates: usize,
    /// The database: an empty SQLite file of its own, if none is named.
    #[arg(long)]
    store: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let year = Year::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(&year))
}

async fn run(year: &Year) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("rapport-year-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir_all(&folder)?;
    let url = year.store.clone().unwrap_or_else(|| format!("sqlite://{}", folder.join("year.db").display()));
    let books = course::run(year, &url).await;
    std::fs::remove_dir_all(&folder)?;
    let books = books?;
    println!("{}", figures::tell(&books));
    if books.wrongs.is_empty() {
        println!("Every returning customer reached whom they know, and nobody waited in no queue.");
        return Ok(());
    }
    for wrong in books.wrongs.iter().take(20) {
        eprintln!("{wrong}");
    }
    bail!("{} things went wrong", books.wrongs.len())
}
