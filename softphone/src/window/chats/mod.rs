//! Conversations: the list of them, and the one that is looked at.

mod bubble;
mod data;
mod entries;
mod file_view;
mod files;
mod list;
mod picture;
mod view;

pub(crate) use data::{ChatAction, Chats, person};
pub(crate) use view::show;
