//! How `callctl` speaks to the running server: one JSON object a line over a Unix socket that only the owner of the
//! data folder can open. [`Operator`] does what a [`Command`] says; without a server `callctl` uses it directly.

mod client;
mod command;
mod operator;
mod server;
mod view;

pub use client::{ControlClient, ControlError};
pub use command::{AddedAccount, Command, Failure, ListedAccount, PlainPassword, Reply};
pub use operator::{Operator, ServerFacts};
pub use server::{ControlServer, ListenError};
pub use view::{
    AccountView, BanView, CallView, CredentialView, DeviceView, HistoryView, NumberView, StatusView,
};

/// A command or an answer is at most this long: a list of 100,000 accounts fits.
const LINE_LIMIT: usize = 64 << 20;
