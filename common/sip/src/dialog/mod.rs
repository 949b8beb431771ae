//! Dialogs: what two user agents agree on for as long as a call lives (RFC 3261 section 12), and the
//! legs of calls that are built on them (sections 13–15).
//!
//! [`Dialog`] knows tags, sequence numbers, targets and routes and makes requests; it serves any
//! dialog, not only an INVITE's. [`Session`] adds what is offered and answered in it. [`Leg`] is the state of one call: what is still open, and what may
//! follow. Neither sends anything; the endpoint does.

mod leg;
mod route_set;
mod session;
mod session_clock;
mod state;

pub(crate) use leg::{
    Acceptance, Calling, EarlyDialog, Established, Leg, OpenAnswer, Parting, Phase, Progress,
    Reliability, Resumed, Ringing, Unacknowledged,
};
pub(crate) use route_set::RouteSet;
pub(crate) use session::{Exchange, OurReoffer, Session, TheirReoffer};
pub(crate) use session_clock::{Interval, IntervalWish, SessionClock};
pub(crate) use state::{Dialog, contact_of};
