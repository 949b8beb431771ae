//! Path: the way back to a registered device (RFC 3327).

use super::name_addr::address_header;

address_header! {
    /// One hop of the way back to a registered device.
    Path, Path, List
}
