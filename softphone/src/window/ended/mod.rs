//! The call that has just ended: why, in words, and calling again.

mod data;
mod view;

pub(crate) use data::{CallBack, Ended, Outcome, Sounded, percent_lost};
pub(crate) use view::show;
