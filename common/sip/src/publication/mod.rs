//! Publications: telling a server one's state, which it tells to those who have subscribed to it
//! (RFC 3903).
//!
//! `Publication` is a client's side, kept alive by the endpoint. [`PublicationStore`] is the table
//! of a server: whoever answers PUBLISH gives it the request and sends the answer that it names.

mod client;
mod store;

pub(crate) use client::{Publication, PublicationVerdict, Publishing};
pub use store::{Change, Document, PublicationLimits, PublicationStore, PublishError, Published};
