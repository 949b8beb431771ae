//! Signing in: which server, who, and the password.

mod data;
mod view;

pub(crate) use data::{Form, Stranger};
pub(crate) use view::show;
