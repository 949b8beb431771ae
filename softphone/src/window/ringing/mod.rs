//! Somebody calls: who it is, and Answer or Decline.

mod data;
mod view;

pub(crate) use data::Ringing;
pub(crate) use view::{show, show_beside};
