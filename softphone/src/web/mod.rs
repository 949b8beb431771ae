//! The server's HTTP interface, as the phone uses it.
//!
//! | module | what it does |
//! |---|---|
//! | `address` | the server's address as people write it, and the fingerprint in it |
//! | `connection` | one server, the connections to it, and whom they believe |
//! | `error` | what can go wrong, each as a sentence |
//! | `arrival` | coming in: by password, as a guest, with a new account, or with what an earlier sign-in left |
//! | `session` | one sign-in: its tokens, which are renewed in time |
//! | `errand` | what is asked under a sign-in, and what comes back |
//! | `files` | files on their way: uploads that go on where they broke off, and parts of what is fetched |
//! | `rooms` | the connection over which the room protocol is spoken |
//! | `voicemail` | what is asked about messages that callers left |
//! | `profile` | what is asked about one's own account: what others see, sign-ins, the end |
//! | `past_call` | which side of a past call was ours |
//! | `news` | the stream of events, or polling where there is none |
//!
//! Plain HTTP goes to this computer only. Over HTTPS a server is believed when the machine's certificate authorities vouch
//! for it, or when it shows exactly the certificate whose fingerprint was agreed: in a link, in an earlier sign-in, or by a
//! person who was asked. Nothing is trusted silently, and a certificate that changes is refused.

mod address;
mod arrival;
mod connection;
mod errand;
mod error;
mod files;
mod news;
mod past_call;
mod profile;
mod rooms;
mod session;
mod voicemail;

pub use address::ServerAddress;
pub use arrival::{Arrival, Entrance, NewAccount};
pub use connection::Connection;
pub use errand::{Enquiry, Errand, Refused, Reply};
pub use error::WebError;
pub(crate) use files::{FileTrouble, SILENT_FOR};
pub use news::{News, listen};
pub use past_call::{HungUpBy, own_and_theirs};
pub use profile::{Picture, ProfileErrand};
pub(crate) use rooms::{FromRooms, PING_PAUSE, RoomsConnection, SILENCE};
pub use session::{Keeper, Session};
pub use voicemail::VoicemailErrand;

const ME_PATH: &str = "/api/v1/me";
const REFRESH_PATH: &str = "/api/v1/tokens/refresh";
const LOGOUT_PATH: &str = "/api/v1/logout";

/// A text as one segment of a path or one value of a query: everything that could mean something there is escaped
/// (RFC 3986 section 2.1).
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn what_means_something_in_an_address_is_escaped() {
        assert_eq!(encoded("+4930 a/b?&ü"), "%2B4930%20a%2Fb%3F%26%C3%BC");
        assert_eq!(encoded("amina-1.x_y~"), "amina-1.x_y~");
    }
}
