//! Transactions: one request, its answers, and their repetitions (RFC 3261 section 17, RFC 6026).
//!
//! Four state machines, one a file, and a table of each side. A machine takes what arrives or runs
//! out, puts messages and timers into the [`Outbox`](crate::endpoint::Outbox) and says what its user has to learn. It
//! holds printed messages only; nothing is printed twice. What has its final answer keeps no more than
//! it may still have to repeat.
//!
//! | machine | timers |
//! |---|---|
//! | [`ClientInvite`] | A, B, C, D, M |
//! | [`ClientRequest`] | E, F, K |
//! | [`ServerInvite`] | G, H, I, L |
//! | [`ServerRequest`] | J |

mod client;
mod client_invite;
mod client_request;
mod flow_index;
mod key;
mod server;
mod server_invite;
mod server_request;

pub(crate) use client::{ClientMachine, ClientTransactions};
pub(crate) use client_invite::{ClientInvite, InviteOutcome};
pub(crate) use client_request::{ClientRequest, RequestOutcome};
pub(crate) use flow_index::FlowIndex;
pub(crate) use key::{KeyMap, Keyer, TransactionId, TransactionKey};
pub(crate) use server::{RequestMark, ServerMachine, ServerTransactions};
pub(crate) use server_invite::ServerInvite;
pub(crate) use server_request::ServerRequest;
