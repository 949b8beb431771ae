//! Subscriptions: being told what happens to somebody else's state (RFC 6665), also as a part of
//! REFER (RFC 3515).
//!
//! `Subscriber` is our side of a subscription that we asked for, `Notifier` that of one that somebody
//! asked us for; both only know where they stand and what is due, the endpoint sends. A subscription
//! lives in a dialog of its own or in that of a call, so `Subscriptions` finds it by Call-ID and our
//! tag, and keeps the dialog of a call that ends before its subscriptions do. [`Sipfrag`] is what the notifications of a REFER carry.

mod end;
mod notifier;
mod sipfrag;
mod subscriber;
mod table;

pub use end::SubscriptionEnd;
pub(crate) use notifier::{Notification, Notifier, NotifierDue, Open};
pub use sipfrag::Sipfrag;
pub(crate) use subscriber::{Beginning, Branch, BranchDue, MOST_ADJUSTMENTS, Subscriber, Usage};
pub(crate) use table::{Orphan, Subscriptions};
