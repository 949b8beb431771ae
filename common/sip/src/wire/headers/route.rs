//! Route: the way that a request shall take (RFC 3261 20.34).

use super::name_addr::address_header;

address_header! {
    /// One hop of the way that a request shall take.
    Route, Route, List
}
