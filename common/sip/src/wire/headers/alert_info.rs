//! Alert-Info: another ringing tone (RFC 3261 20.4, RFC 7462).

use super::info_uri::info_uri_header;

info_uri_header! {
    /// A tone to ring with, or a `urn:alert:` that describes one.
    AlertInfo
}
