//! The switch between phones, in virtual time over networks good and bad.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its ground is missing"
)]

mod admission;
mod bad_links;
mod bad_sessions;
mod calling;
mod carrying;
mod changing;
mod clustered;
mod completing;
mod digits;
mod directory;
mod early_changing;
mod failing;
mod forking;
mod groups;
mod guarding;
mod housed;
mod media_plans;
mod moving;
mod natting;
mod noise;
mod outbound;
mod outliving;
mod paging;
mod parking;
mod phone;
mod pickup;
mod presence;
mod presence_refused;
mod privacy;
mod proving;
mod races;
mod reconnecting;
mod redirecting;
mod registering;
mod registrant;
mod restoring;
mod rig;
mod server;
mod silence;
mod storm;
mod taking_over;
mod torture;
mod transferring;
mod treating;
mod watcher;
