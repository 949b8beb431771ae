//! Error-Info: more about a refusal (RFC 3261 20.18).

use super::info_uri::info_uri_header;

info_uri_header! {
    /// An announcement or a page that explains a refusal.
    ErrorInfo
}
