//! The call in progress: with whom, for how long, how loud, how safe, and the button to end it.

mod data;
mod view;

pub(crate) use data::{CallPanel, clock, clock_of, fill};
pub(crate) use view::{show, show_beside};
