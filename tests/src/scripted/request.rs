//! Requests of a scripted phone, written out by hand so that a test can see exactly what goes on the wire.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use sip::{Authorization, Challenge, HeaderName, Headers, Method, Secret, TypedHeader};

use crate::Device;

/// What varies from request to request.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The method.
    pub method: Method,
    /// The URI that is asked.
    pub uri: &'a str,
    /// The value of To, with its tag when there is one.
    pub to: &'a str,
    /// The Call-ID, also used as the tag in From.
    pub call_id: &'a str,
    /// The number in CSeq.
    pub cseq: u32,
    /// Makes the branch of this transaction its own; the magic cookie is put before it.
    pub branch: &'a str,
    /// Where the answers and the requests of the other side shall go.
    pub local: SocketAddr,
}

impl Device {
    /// The address of record, `sip:NUMBER@DOMAIN`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("sip:{}@{}", self.number, self.domain)
    }

    /// A whole request over UDP; `more` holds further header lines, `body` a session description.
    #[must_use]
    pub fn request(&self, head: &Head<'_>, more: &str, body: &str) -> Vec<u8> {
        let Head {
            method,
            uri,
            to,
            call_id,
            cseq,
            branch,
            local,
        } = head;
        let (address, login) = (self.address(), &self.login);
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <{address}>;tag={call_id}\r\n\
             To: {to}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: <sip:{login}@{local}>\r\n\
             User-Agent: scripted\r\n\
             {more}{kind}Content-Length: {length}\r\n\r\n{body}",
            length = body.len(),
        )
        .into_bytes()
    }

    /// A REGISTER request for an hour; `authorization` is a whole header line or nothing.
    #[must_use]
    pub fn register(
        &self,
        local: SocketAddr,
        call_id: &str,
        cseq: u32,
        authorization: &str,
    ) -> Vec<u8> {
        let head = Head {
            method: Method::Register,
            uri: &self.registrar(),
            to: &format!("<{}>", self.address()),
            call_id,
            cseq,
            branch: &format!("{call_id}r{cseq}"),
            local,
        };
        self.request(&head, &format!("Expires: 3600\r\n{authorization}"), "")
    }

    /// The URI that REGISTER requests ask.
    #[must_use]
    pub fn registrar(&self) -> String {
        format!("sip:{}", self.domain)
    }

    /// The header line that answers the challenge of a 401 or 407.
    ///
    /// # Errors
    /// When there is no challenge that this program can answer.
    pub fn authorization(&self, refusal: &Headers, method: &Method, uri: &str) -> Result<String> {
        let challenges = Challenge::all_in(refusal);
        let challenge = sip::strongest(&challenges)
            .context("a refusal without a challenge that we can answer")?;
        let secret = Secret::from(self.secret.clone());
        let credentials = sip::respond(challenge, &self.login, &secret, method, uri, 1, "0a4f113b");
        let is_proxy = refusal.has(&HeaderName::ProxyAuthenticate);
        let name = if is_proxy {
            "Proxy-Authorization"
        } else {
            "Authorization"
        };
        // Both headers are written alike.
        let mut value = String::new();
        Authorization(credentials).print(&mut value);
        Ok(format!("{name}: {value}\r\n"))
    }
}

/// A session description with one stream of G.711.
#[must_use]
pub fn description(media: SocketAddr) -> String {
    let (ip, port) = (media.ip(), media.port());
    format!(
        "v=0\r\no=scripted 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
    )
}

/// Where a session description wants its audio sent.
///
/// # Errors
/// When it does not say so.
pub fn media_address(description: &[u8]) -> Result<SocketAddr> {
    let text = std::str::from_utf8(description)?;
    let after = |prefix: &str| text.lines().find_map(|line| line.strip_prefix(prefix));
    let ip = after("c=IN IP4 ").context("no c= line")?.trim();
    let port = after("m=audio ")
        .and_then(|rest| rest.split(' ').next())
        .context("no m=audio line")?;
    Ok(SocketAddr::new(ip.parse()?, port.parse()?))
}
