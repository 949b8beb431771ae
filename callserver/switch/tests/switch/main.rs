//! The switch between phones, in virtual time over networks good and bad.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its ground is missing"
)]

mod admission;
mod bad_links;
mod calling;
mod changing;
mod failing;
mod forking;
mod guarding;
mod noise;
mod outbound;
mod phone;
mod proving;
mod registering;
mod registrant;
mod restoring;
mod rig;
mod server;
mod storm;
