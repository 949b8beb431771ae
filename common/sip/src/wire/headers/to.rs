//! To: who is meant (RFC 3261 20.39).

use super::name_addr::address_header;

address_header! {
    /// Who is meant. Its tag is the receiver's end of the dialog.
    ToHeader, To, Once
}
