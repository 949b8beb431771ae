//! How `callctl` speaks to the running server: one JSON object a line over a Unix socket that only the owner of the
//! data folder can open. [`Operator`] does what a [`Request`] says; without a server `callctl` uses it directly.
//!
//! A group of commands is a file: what can be asked, how the operator does it, and the views that come back, which are
//! also the shapes of `callctl --json`.

mod accounts;
mod audit;
mod bans;
mod call_settings;
mod calls;
mod client;
mod command;
mod database;
mod devices;
mod export;
mod groups;
mod invitations;
mod numbers;
mod operator;
mod pools;
mod presence;
mod rooms;
mod server;
mod status;
mod upgrade;
mod voicemails;

pub use accounts::{AccountView, AccountsCommand, AddedAccount, ListedAccount};
pub use audit::{AuditCommand, AuditView};
pub use bans::{BanView, BansCommand};
pub use call_settings::{CallSettingsCommand, CallSettingsWish};
pub use calls::{CallView, CallsCommand, PastCallView, TraceView};
pub use client::{ControlClient, ControlError};
pub use command::{Answer, Command, Done, Failure, PlainPassword, Request};
pub use database::{CopyView, DatabaseCommand};
pub use devices::{CredentialView, DeviceView, DevicesCommand};
pub use export::ExportView;
pub use groups::GroupsCommand;
pub use invitations::{InvitationView, InvitationsCommand};
pub use numbers::{After, ChangeView, HistoryView, NumberView, NumbersCommand};
pub use operator::{Operator, ServerFacts};
pub use pools::{PoolView, PoolsCommand};
pub use presence::{PresenceCommand, PresenceLine};
pub use rooms::{RoomDetails, RoomImported, RoomMember, RoomRemoved, RoomView, RoomsCommand};
pub use server::{ControlServer, ListenError};
pub use status::{StatusCommand, StatusView};
pub use upgrade::{Upgrade, UpgradeCommand, UpgradeView, UpgradeWishes};
pub use voicemails::VoicemailsCommand;

/// A request or an answer is at most this long: a list of 100,000 accounts fits.
const LINE_LIMIT: usize = 64 << 20;
