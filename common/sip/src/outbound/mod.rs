//! Flows that are named to others (RFC 5626 section 5.1): tokens that only their maker can have written.

mod flow_key;
mod flow_token;

pub use flow_key::{FlowKey, FlowMac};
pub use flow_token::{FlowToken, ForgedToken};
