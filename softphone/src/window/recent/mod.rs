//! Past calls, so that a missed one is not overlooked.

mod data;
mod view;

pub(crate) use data::Recent;
pub(crate) use view::show;
