//! The store itself, on both engines.

pub(crate) mod ground;
