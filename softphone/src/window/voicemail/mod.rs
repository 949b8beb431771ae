//! Messages that callers left, and what they hear before they speak.

mod data;
mod view;

pub(crate) use data::{Mailbox, VoicemailAction};
pub(crate) use view::show;
