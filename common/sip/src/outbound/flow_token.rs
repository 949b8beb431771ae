//! Flow tokens: the user part of a Route that leads to one flow (RFC 5626 section 5.1, RFC 3327).

use std::fmt;

use sha2::{Digest, Sha256};

use super::flow_key::{FlowKey, FlowMac};
use crate::digest::hash::{Hex, unhex};
use crate::{Flow, Text};

/// Names one flow of one server: `<sip:TOKEN@server;lr>` leads there and nowhere else.
///
/// As in the example algorithm of RFC 5626 section 5.1 it is what names the flow, behind an HMAC over that: its maker
/// keeps nothing to recognize it, and nobody else can make one. The HMAC covers the name of the server too, so servers
/// that share the key do not take each other's tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowToken {
    place: (u64, u64),
    mark: [u8; 8],
    mac: FlowMac,
}

/// The token is not of this server, or of nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the flow token was not made here")]
pub struct ForgedToken;

/// Tells tokens from the users whom others put into a Route.
const BEGINNING: &str = "flow-";
const PURPOSE: &str = "flow token";
/// Bytes before the HMAC.
const NAME_LENGTH: usize = 24;

impl FlowToken {
    /// The token of `flow`, which `holder` (the name of this server) keeps at `place`: two numbers by which it finds
    /// the flow again. Another flow at the same place has another token.
    pub fn seal(key: &FlowKey, holder: &str, place: (u64, u64), flow: &Flow) -> FlowToken {
        let way = format!(
            "{};{};{};{}",
            flow.transport, flow.local, flow.remote, flow.connection
        );
        let mut mark = [0; 8];
        mark.copy_from_slice(&Sha256::digest(way.as_bytes())[..8]);
        let mut token = FlowToken {
            place,
            mark,
            mac: FlowMac::default(),
        };
        token.mac = key.sign(PURPOSE, &[holder.as_bytes(), &token.name()]);
        token
    }

    /// Whether a user part of a Route wants to be a token at all.
    pub fn is_meant(user: &str) -> bool {
        user.starts_with(BEGINNING)
    }

    /// Reads a token that `holder` itself has made, in constant time.
    ///
    /// # Errors
    /// If anybody else made it, or nobody.
    pub fn open(key: &FlowKey, holder: &str, text: &str) -> Result<FlowToken, ForgedToken> {
        let digits = text.strip_prefix(BEGINNING).ok_or(ForgedToken)?;
        let (name, mac) = digits
            .split_at_checked(2 * NAME_LENGTH)
            .ok_or(ForgedToken)?;
        let name: [u8; NAME_LENGTH] = unhex(name).ok_or(ForgedToken)?;
        let mac: FlowMac = unhex(mac).ok_or(ForgedToken)?;
        if !key.is_signed(PURPOSE, &[holder.as_bytes(), &name], &mac) {
            return Err(ForgedToken);
        }
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&name[at..at + 8]);
            bytes
        };
        Ok(FlowToken {
            place: (u64::from_be_bytes(number(0)), u64::from_be_bytes(number(8))),
            mark: number(16),
            mac,
        })
    }

    /// Where its maker finds the flow.
    pub fn place(&self) -> (u64, u64) {
        self.place
    }

    /// As it stands in a Route.
    pub fn to_text(&self) -> Text {
        Text::from(self.to_string())
    }

    fn name(&self) -> [u8; NAME_LENGTH] {
        let mut name = [0; NAME_LENGTH];
        name[..8].copy_from_slice(&self.place.0.to_be_bytes());
        name[8..16].copy_from_slice(&self.place.1.to_be_bytes());
        name[16..].copy_from_slice(&self.mark);
        name
    }
}

impl fmt::Display for FlowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BEGINNING)?;
        f.write_str(Hex::new(&self.name()).as_str())?;
        f.write_str(Hex::new(&self.mac).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    fn flow(port: u16) -> Flow {
        Flow {
            transport: Transport::Tcp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: ([198, 51, 100, 7], port).into(),
            connection: 3,
        }
    }

    #[test]
    fn a_token_comes_back_to_its_maker_alone_and_unchanged_alone() {
        let key = FlowKey::new([1; 32]);
        let token = FlowToken::seal(&key, "b", (7, 9), &flow(5060));
        let text = token.to_text();
        assert!(FlowToken::is_meant(&text) && !FlowToken::is_meant("1001"));
        assert_eq!(FlowToken::open(&key, "b", &text), Ok(token));
        assert_eq!(token.place(), (7, 9));
        assert_eq!(FlowToken::open(&key, "a", &text), Err(ForgedToken));
        let other = FlowKey::new([2; 32]);
        assert_eq!(FlowToken::open(&other, "b", &text), Err(ForgedToken));
        for (at, digit) in text.char_indices().skip(BEGINNING.len()) {
            let mut forged = text.to_string();
            forged.replace_range(at..=at, if digit == '0' { "1" } else { "0" });
            assert!(FlowToken::open(&key, "b", &forged).is_err(), "{forged}");
        }
        for cut in 0..text.len() {
            assert!(FlowToken::open(&key, "b", &text[..cut]).is_err());
        }
        assert!(FlowToken::open(&key, "b", "flow-\u{e4}\u{f6}\u{fc}").is_err());
    }

    #[test]
    fn another_flow_at_the_same_place_has_another_token() {
        let key = FlowKey::new([1; 32]);
        let seal = |flow: Flow| FlowToken::seal(&key, "b", (7, 9), &flow);
        assert_ne!(seal(flow(5060)), seal(flow(5061)));
        let again = Flow {
            connection: 4,
            ..flow(5060)
        };
        assert_ne!(seal(flow(5060)), seal(again));
        assert_eq!(seal(flow(5060)), seal(flow(5060)));
    }
}
