//! What a server says about the sender of a request that it passes to another one, and how it proves it.
//!
//! `P-Asserted-Identity` (RFC 3325) says who calls, and is believed only beside a `Carillon-Sender`, whose `mac` covers
//! both, the token of the flow that the request is for, the callee, and the body. Its `at` and `once` make it good for one
//! request and for a minute.

use std::net::SocketAddr;
use std::time::Instant;

use sip::{
    FlowMac, HeaderName, Headers, Method, NameAddr, PAssertedIdentity, Params, Request, Text,
    ToHeader, Transport,
};

use super::heard::{NotNew, WINDOW};
use super::{Neighbours, Sender};
use crate::{AccountId, DeviceId, Party};

const SENDER: &str = "Carillon-Sender";
const PURPOSE: &str = "sender of a request";
const UNNUMBERED: &str = "unknown";

/// A sender whom another server vouches for.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) sender: Sender,
    /// The number and name of who is called, as that server knows them.
    pub(super) callee: (Option<Text>, Text),
    /// Where that server is reached.
    pub(super) server: (Transport, SocketAddr),
}

/// Why a request is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Disbelief {
    /// Nobody vouches for it, or somebody who does not know the key, or too long ago, or for another request.
    NoProof,
    /// More came in a minute than are remembered.
    TooMany,
}

/// What the signature covers.
struct Signed<'a> {
    method: &'a Method,
    token: &'a str,
    sender: &'a NameAddr,
    callee: &'a NameAddr,
    said: &'a str,
    body: &'a [u8],
}

impl Signed<'_> {
    fn with<T>(&self, act: impl FnOnce(&[&[u8]]) -> T) -> T {
        let method = self.method.to_string();
        let (number, dialled) = (user(self.sender), user(self.callee));
        act(&[
            method.as_bytes(),
            self.token.as_bytes(),
            number.as_bytes(),
            name(self.sender).as_bytes(),
            dialled.as_bytes(),
            name(self.callee).as_bytes(),
            self.said.as_bytes(),
            self.body,
        ])
    }
}

impl Neighbours {
    /// Vouches for the sender of a request for another server's flow.
    pub(crate) fn vouch(
        &mut self,
        now: Instant,
        headers: &mut Headers,
        (method, token): (&Method, &str),
        (sender, address, callee): (&Sender, &NameAddr, &NameAddr),
        body: &[u8],
    ) {
        self.last_once += 1;
        let once = self.once.sign("once", &[&self.last_once.to_be_bytes()]);
        let party = &sender.party;
        let said = Params::new()
            .with("account", Some(&party.account.0.to_string()))
            .with("device", Some(&sender.device.0.to_string()))
            .with("guest", Some(if party.is_guest { "1" } else { "0" }))
            .with("via", Some(self.cluster.transport.as_str()))
            .with("reached", Some(&self.cluster.address.to_string()))
            .with("at", Some(&self.unix_seconds(now).to_string()))
            .with("once", Some(&hex(&once)));
        let said = format!("1{}", said.as_str());
        let signed = Signed {
            method,
            token,
            sender: address,
            callee,
            said: &said,
            body,
        };
        let mac = signed.with(|parts| self.cluster.key.sign(PURPOSE, parts));
        headers.push_typed(&PAssertedIdentity(address.clone()));
        headers.push(
            HeaderName::from(SENDER),
            format!("{said};mac={}", hex(&mac)),
        );
    }

    /// Whom another server vouches for with this request for the flow with this token.
    pub(super) fn believe(
        &mut self,
        now: Instant,
        request: &Request,
        token: &str,
    ) -> Result<Claim, Disbelief> {
        let (claim, once) = self.read(now, request, token).ok_or(Disbelief::NoProof)?;
        match self.heard.note(self.unix_seconds(now), once) {
            Ok(()) => Ok(claim),
            Err(NotNew::Repeated) => Err(Disbelief::NoProof),
            Err(NotNew::TooMany) => Err(Disbelief::TooMany),
        }
    }

    fn read(&self, now: Instant, request: &Request, token: &str) -> Option<(Claim, FlowMac)> {
        let proof = request.headers.get(&HeaderName::from(SENDER))?;
        let (said, mac) = proof.rsplit_once(";mac=")?;
        let identities = request.headers.typed_list::<PAssertedIdentity>().ok()?;
        let PAssertedIdentity(address) = identities.first()?;
        let ToHeader(callee) = request.headers.typed().ok()??;
        let signed = Signed {
            method: &request.method,
            token,
            sender: address,
            callee: &callee,
            said,
            body: &request.body,
        };
        let mac = unhex(mac)?;
        let is_signed = |parts: &[&[u8]]| self.cluster.key.is_signed(PURPOSE, parts, &mac);
        if !signed.with(is_signed) {
            return None;
        }
        // From here on one of us has written it.
        let params = Params::parse(said.strip_prefix('1')?)?;
        let at: u64 = params.value("at")?.parse().ok()?;
        if at.abs_diff(self.unix_seconds(now)) > WINDOW {
            return None;
        }
        let once = unhex(params.value("once")?)?;
        let party = Party {
            account: AccountId(params.value("account")?.parse().ok()?),
            number: number(address),
            display_name: Text::from(name(address)),
            is_guest: params.value("guest")? == "1",
        };
        let sender = Sender {
            party,
            device: DeviceId(params.value("device")?.parse().ok()?),
        };
        let claim = Claim {
            sender,
            callee: (number(&callee), Text::from(name(&callee))),
            server: (
                Transport::parse(params.value("via")?)?,
                params.unquoted("reached")?.parse().ok()?,
            ),
        };
        Some((claim, once))
    }
}

fn user(address: &NameAddr) -> String {
    address.uri.user_text().unwrap_or_default()
}

fn name(address: &NameAddr) -> &str {
    address.display_name.as_deref().unwrap_or_default()
}

/// What [`Party::address`] writes for people without a number is none.
fn number(address: &NameAddr) -> Option<Text> {
    let user = user(address);
    (!user.is_empty() && user != UNNUMBERED).then(|| Text::from(user))
}

fn hex(bytes: &FlowMac) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<FlowMac> {
    let mut bytes = FlowMac::default();
    if text.len() != 2 * bytes.len() || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}
