//! The people whom one knows: contacts, and the directory.

mod data;
mod presence;
mod view;

pub(crate) use data::{People, PeopleAction};
pub(crate) use view::show;
