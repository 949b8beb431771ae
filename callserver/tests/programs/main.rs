//! The programs themselves: `callserver` and `callctl` as processes, with real sockets and files.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod admin;
mod admin_numbers;
mod admin_people;
mod admin_tool;
mod administration;
mod authorization;
mod backup;
mod bucket;
mod call_settings;
mod calls;
mod client;
mod contacts;
mod encrypted;
mod engine;
mod events;
mod files;
mod guests;
mod http;
mod ipv6;
mod neighbours;
mod numbers;
mod people;
mod phone;
mod postgres;
mod presence;
mod process;
mod refusals;
mod room_access;
mod room_endings;
mod room_input;
mod room_kills;
mod room_servers;
mod rooms;
mod sessions;
mod signalling;
mod voicemails;
