//! The exchange at work: one thread that owns the [`Switch`](switch::Switch), the SIP sockets and the relay, so that
//! a message is received, decided upon and answered without a lock or a hop between threads.
//!
//! The rest of the server speaks to it through an [`Exchange`] (questions) and through announcements of what changed
//! (see [`crate::office::Announcement`]). What the switch asks is answered from the [`directory`], which remembers what
//! the database said.

mod bans;
mod bindings;
mod desk;
mod dialling;
mod directory;
mod elsewhere;
mod exchange;
mod figures;
mod journal;
mod ladder;
mod last_seen;
mod leases;
mod live_calls;
mod media_address;
mod presence_news;
mod quality;
mod records;
mod revival;
mod silence;
mod start;
mod tally;
mod traces;
mod treatment;
mod turn;
mod watching;

pub(crate) use bans::same_source;
pub use dialling::Dialling;
pub use directory::{Directory, Found};
pub use exchange::{Counts, Exchange};
pub use figures::Figures;
pub use ladder::ladder;
pub use media_address::address_towards_the_world;
pub use presence_news::PresenceNews;
pub use records::History;
pub use revival::Revival;
pub(crate) use start::Cluster;
pub use start::{Running, Setup, StartError, start};
pub use tally::{Histogram, Messages, Tally};
pub use traces::{Trace, Traced};
