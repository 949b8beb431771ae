//! The server's HTTP interface, as the phone uses it.
//!
//! | module | what it does |
//! |---|---|
//! | `address` | the server's address as people write it, and the fingerprint in it |
//! | `connection` | one server, the connections to it, and whom they believe |
//! | `error` | what can go wrong, each as a sentence |
//! | `login` | name and password against a device credential |
//!
//! Plain HTTP goes to this computer only. Over HTTPS a server is believed when the machine's certificate authorities vouch
//! for it, or when it shows exactly the certificate whose fingerprint was agreed: in a link, in an earlier sign-in, or by a
//! person who was asked. Nothing is trusted silently, and a certificate that changes is refused.

mod address;
mod connection;
mod error;
mod login;

pub use address::ServerAddress;
pub use connection::Connection;
pub use error::WebError;
pub use login::Login;
