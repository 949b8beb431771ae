//! The store itself, on both engines.

pub(crate) mod ground;
mod nodes;
mod sharing;
