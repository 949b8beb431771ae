//! Record-Route: proxies that want to stay on the way (RFC 3261 20.30).

use super::name_addr::address_header;

address_header! {
    /// A proxy that wants to stay on the way of a dialog.
    RecordRoute, RecordRoute, List
}
