//! Whom to call: a line to type or paste into, and the keys.

mod data;
mod view;

pub(crate) use data::{Dialled, KEYS};
pub(crate) use view::{is_typing, line_id, show};
