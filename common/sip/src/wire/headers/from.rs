//! From: who sends the request (RFC 3261 20.20).

use super::name_addr::address_header;

address_header! {
    /// Who sends the request. Its tag is the sender's end of the dialog.
    FromHeader, From, Once
}
