//! Rapport as a library: the bridge, its store, its API. The binary is a thin door to it.

pub mod config;
pub mod registry;
