//! The layout rules of the house, as a test.
//!
//! [`House::read`] takes in the manifests and sources of the workspace; each rule is a function that looks at the
//! house and returns one readable sentence per breach:
//!
//! - [`imports`] holds the table of who may import whom, and what pure crates may not touch;
//! - [`reach`] follows the dependencies of the dependencies;
//! - [`folders`] knows the top level, and that each crate says what it is for;
//! - [`files`] knows how long a file may be, what it may be called and how it begins.
//!
//! `tests/house.rs` asks every rule about this workspace.

pub mod files;
pub mod folders;
mod house;
pub mod imports;
pub mod reach;
pub mod source;

pub use house::{Crate, File, House};
