//! The bar at the top: who is signed in, and whether calls can be made and received.

mod data;
mod view;

pub(crate) use data::Status;
pub(crate) use view::show;
