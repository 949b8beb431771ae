//! Coming in: by name and password, as a guest, or with a new account.

mod data;
mod new_account;
mod view;

pub(crate) use data::{Attempt, Form, Stranger};
pub(crate) use view::show;
