//! Real PostgreSQL servers for tests, each with its files in a temporary folder and gone when the test is.
//!
//! A [`Cluster`] is what PostgreSQL calls one running server; a [`Database`] in it is what one test works on. Tests of
//! one process share [`Cluster::shared`]; a test that stops or crashes the server has one of its own.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let database = test_postgres::Cluster::shared()?.database()?;
//! println!("callserver --database {}", database.url());
//! assert_eq!(database.query("SELECT 1 + 1")?, "2");
//! # Ok(())
//! # }
//! ```

mod account;
mod cluster;
mod database;
mod programs;

pub use cluster::{Cluster, Disk, End};
pub use database::Database;

/// The role that tests connect as; it owns the cluster.
pub const USER: &str = "carillon";

/// Its password. It has what must be escaped in a URL, and is no word, so that a log can be searched for it.
pub const PASSWORD: &str = "gr33n/b0ttles@7";

/// [`PASSWORD`] as it stands in a URL.
pub const ESCAPED_PASSWORD: &str = "gr33n%2Fb0ttles%407";
