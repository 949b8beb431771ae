//! Endpoints that speak with one another over good and bad networks, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod basic_calls;
mod cancelling;
mod challenged_events;
mod challenges;
mod contacts;
mod contents;
mod event_storms;
mod flows;
mod forks;
mod garbage;
mod garbage_events;
mod lifetimes;
mod lost_messages;
mod merged;
mod moving;
mod outbound;
mod party;
mod publishing;
mod refusals;
mod registrar;
mod registrations;
mod reliable_callee;
mod reliable_caller;
mod reoffers;
mod resuming;
mod ring_limits;
mod session_timers;
mod storms;
mod subscription_wire;
mod subscriptions;
mod table;
mod transfers;
mod turmoil;
mod updates;
mod wire_peer;
