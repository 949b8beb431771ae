//! Endpoints that speak with one another over good and bad networks, in virtual time.

mod basic_calls;
mod party;
