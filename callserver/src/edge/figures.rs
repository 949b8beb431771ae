//! The exchange in figures, at one moment.

use super::tally::Tally;
use crate::relay::Totals;

/// The exchange in figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What has passed since the start.
    pub tally: Tally,
    /// Phones that are registered.
    pub registrations: usize,
    /// Calls that ring or are answered.
    pub calls: usize,
    /// Sources that are not listened to at present.
    pub bans: usize,
    /// Bans since the start.
    pub bans_total: u64,
    /// Connections that are open: TCP, TLS and WebSocket.
    pub connections: usize,
    /// Requests of ours that are under way or whose repeated answers are absorbed.
    pub client_transactions: usize,
    /// Requests of others that are being answered or whose repetitions are absorbed.
    pub server_transactions: usize,
    /// Calls whose audio ends in the server: translated, sealed or opened, or with music.
    pub studio_calls: usize,
    /// RTP and RTCP since the start, both sides of all calls together.
    pub relayed: Totals,
}
