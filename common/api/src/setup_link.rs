//! The `sip-setup:` link: everything that a phone needs to register, in one line of text or one QR code.
//!
//! SIP has no link of its own for this. Each maker of phones has one that only its own program reads, most of them an address of a
//! provisioning server; so this one says in plain, percent-encoded fields what a person would type into any of them:
//!
//! ```text
//! sip-setup:LOGIN@DOMAIN?secret=SECRET&label=LABEL&number=NUMBER&name=NAME
//!     &tls=HOST:PORT&tcp=HOST:PORT&udp=HOST:PORT&certificate=SHA256
//! ```
//!
//! `LOGIN` is both user part of the address of record `sip:LOGIN@DOMAIN` and digest user name, `DOMAIN` is also the
//! realm, `SECRET` the digest password. `tls`, `tcp` and `udp` are where the server listens, best first; a link without
//! any leaves it to DNS (RFC 3263). `certificate` is the SHA-256 of the server's certificate (DER) in hexadecimal, which whoever trusts
//! the link may pin. Fields that a reader does not know are skipped. A link holds a secret: it is made once, shown
//! once, and stored nowhere.

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::{DeviceCredential, Number, SipService};

/// The parts of a `sip-setup:` link. Shows itself without the secret under `{:?}`; printed, it is the link.
#[derive(Clone, PartialEq, Eq)]
pub struct SetupLink {
    /// The digest user name, also the user part of the phone's address.
    pub login: String,
    /// The host part of the phone's address, and the digest realm.
    pub domain: String,
    /// The digest password.
    pub secret: String,
    /// What its owner calls the phone.
    pub label: Option<String>,
    /// The number that calls reach it by.
    pub number: Option<Number>,
    /// What people see when it calls.
    pub name: Option<String>,
    /// Where to register with TLS, `HOST:PORT`.
    pub tls: Option<String>,
    /// Where to register over TCP, `HOST:PORT`.
    pub tcp: Option<String>,
    /// Where to register over UDP, `HOST:PORT`.
    pub udp: Option<String>,
    /// SHA-256 of the server's certificate, 64 small hexadecimal digits.
    pub certificate_sha256: Option<String>,
}

/// Why a text is not a `sip-setup:` link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupLinkRefused {
    /// Another scheme.
    #[error("A setup link begins with sip-setup:.")]
    Scheme,
    /// Longer than [`SetupLink::MAX_LENGTH`].
    #[error("A setup link has at most {} characters.", SetupLink::MAX_LENGTH)]
    TooLong,
    /// No `LOGIN@DOMAIN`.
    #[error("The setup link does not say LOGIN@DOMAIN after sip-setup:.")]
    Address,
    /// No `secret`.
    #[error("The setup link holds no secret.")]
    NoSecret,
    /// A `%` that two hexadecimal digits do not follow, or bytes that are no text.
    #[error("The setup link is damaged: {0} cannot be read.")]
    Damaged(&'static str),
}

impl SetupLink {
    /// The longest link: what the largest QR code holds of such text, with room to spare.
    pub const MAX_LENGTH: usize = 2048;

    /// The link for a device that was just made.
    pub fn new(device: &DeviceCredential, sip: &SipService) -> Self {
        let place = |address: Option<std::net::SocketAddr>| {
            // "All addresses" of a server is none that a phone could reach it by: then DNS says.
            address
                .filter(|address| !address.ip().is_unspecified())
                .map(|address| address.to_string())
        };
        Self {
            login: device.login.clone(),
            domain: sip.domain.clone(),
            secret: device.secret.clone(),
            label: Some(device.label.clone()),
            number: None,
            name: None,
            tls: place(sip.tls),
            tcp: place(sip.tcp),
            udp: place(sip.udp),
            certificate_sha256: sip.certificate_sha256.clone(),
        }
    }

    fn fields(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("secret", Some(&self.secret)),
            ("label", self.label.as_deref()),
            ("number", self.number.as_ref().map(Number::as_str)),
            ("name", self.name.as_deref()),
            ("tls", self.tls.as_deref()),
            ("tcp", self.tcp.as_deref()),
            ("udp", self.udp.as_deref()),
            ("certificate", self.certificate_sha256.as_deref()),
        ]
    }
}

impl fmt::Display for SetupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sip-setup:")?;
        encode(f, &self.login)?;
        f.write_char('@')?;
        encode(f, &self.domain)?;
        let mut before = '?';
        for (name, value) in self.fields() {
            let Some(value) = value else { continue };
            write!(f, "{before}{name}=")?;
            encode(f, value)?;
            before = '&';
        }
        Ok(())
    }
}

impl fmt::Debug for SetupLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupLink")
            .field("login", &self.login)
            .field("domain", &self.domain)
            .field("secret", &"(hidden)")
            .finish_non_exhaustive()
    }
}

impl FromStr for SetupLink {
    type Err = SetupLinkRefused;

    fn from_str(text: &str) -> Result<Self, SetupLinkRefused> {
        if text.len() > Self::MAX_LENGTH {
            return Err(SetupLinkRefused::TooLong);
        }
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or(SetupLinkRefused::Scheme)?;
        if !scheme.eq_ignore_ascii_case("sip-setup") {
            return Err(SetupLinkRefused::Scheme);
        }
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, domain) = address.split_once('@').ok_or(SetupLinkRefused::Address)?;
        if login.is_empty() || domain.is_empty() {
            return Err(SetupLinkRefused::Address);
        }
        let mut link = Self {
            login: decode(login, "the login")?,
            domain: decode(domain, "the domain")?,
            secret: String::new(),
            label: None,
            number: None,
            name: None,
            tls: None,
            tcp: None,
            udp: None,
            certificate_sha256: None,
        };
        for field in query.split('&').filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            match name {
                "secret" => link.secret = decode(value, "the secret")?,
                "label" => link.label = Some(decode(value, "the label")?),
                "number" => {
                    let number = Number::parse(&decode(value, "the number")?);
                    link.number =
                        Some(number.map_err(|_| SetupLinkRefused::Damaged("the number"))?);
                }
                "name" => link.name = Some(decode(value, "the name")?),
                "tls" => link.tls = Some(decode(value, "the address for TLS")?),
                "tcp" => link.tcp = Some(decode(value, "the address for TCP")?),
                "udp" => link.udp = Some(decode(value, "the address for UDP")?),
                "certificate" => {
                    let digits = decode(value, "the certificate")?;
                    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        return Err(SetupLinkRefused::Damaged("the certificate"));
                    }
                    link.certificate_sha256 = Some(digits.to_ascii_lowercase());
                }
                _ => {}
            }
        }
        match link.secret.is_empty() {
            true => Err(SetupLinkRefused::NoSecret),
            false => Ok(link),
        }
    }
}

/// Everything but the unreserved characters of RFC 3986 section 2.3 is encoded, except the `:` and the brackets of addresses.
fn encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'['
            | b']' => f.write_char(char::from(byte))?,
            other => write!(f, "%{other:02X}")?,
        }
    }
    Ok(())
}

fn decode(text: &str, what: &'static str) -> Result<String, SetupLinkRefused> {
    let damaged = SetupLinkRefused::Damaged(what);
    let digit = |byte: Option<u8>| {
        let digit = byte.and_then(|byte| char::from(byte).to_digit(16));
        digit
            .and_then(|digit| u8::try_from(digit).ok())
            .ok_or(damaged)
    };
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next())? << 4 | digit(bytes.next())?,
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> SetupLink {
        SetupLink {
            login: "d-h7k2m9q4xw".into(),
            domain: "phones.example".into(),
            secret: "kq3v".into(),
            label: Some("Zoë's desk & more".into()),
            number: Some(Number::parse("+4930123").expect("a number")),
            name: Some("Zoë 王".into()),
            tls: Some("[2001:db8::1]:5061".into()),
            tcp: None,
            udp: Some("192.0.2.1:5060".into()),
            certificate_sha256: Some("ab".repeat(32)),
        }
    }

    #[test]
    fn a_link_reads_back_as_what_it_was_printed_of() {
        let text = link().to_string();
        assert!(
            text.starts_with(
                "sip-setup:d-h7k2m9q4xw@phones.example?secret=kq3v&label=Zo%C3%AB%27s%20desk%20%26%20more&number=%2B4930123&"
            ),
            "{text}"
        );
        assert!(text.is_ascii() && !text.contains(char::is_whitespace));
        assert_eq!(text.parse(), Ok(link()));
        assert_eq!(
            text.replace("sip-setup:", " SIP-Setup:").parse(),
            Ok(link())
        );
        assert_eq!(format!("{text}&from=the-future").parse(), Ok(link()));
    }

    #[test]
    fn a_link_says_where_a_phone_can_reach_the_server_and_nothing_else() {
        let device = DeviceCredential {
            login: "d-1".into(),
            secret: "s".into(),
            label: "desk".into(),
        };
        let sip = SipService {
            domain: "x.example".into(),
            udp: Some("0.0.0.0:5060".parse().expect("an address")),
            tcp: None,
            tls: Some("192.0.2.1:5061".parse().expect("an address")),
            certificate_sha256: None,
        };
        assert_eq!(
            SetupLink::new(&device, &sip).to_string(),
            "sip-setup:d-1@x.example?secret=s&label=desk&tls=192.0.2.1:5061"
        );
    }

    #[test]
    fn each_refusal_has_its_reason() {
        for (text, reason) in [
            ("", SetupLinkRefused::Scheme),
            ("sip:a@b", SetupLinkRefused::Scheme),
            ("sip-setup:ab", SetupLinkRefused::Address),
            ("sip-setup:@b?secret=x", SetupLinkRefused::Address),
            ("sip-setup:a@b", SetupLinkRefused::NoSecret),
            (
                "sip-setup:a@b?secret=%4",
                SetupLinkRefused::Damaged("the secret"),
            ),
            (
                "sip-setup:a@b?secret=%ff",
                SetupLinkRefused::Damaged("the secret"),
            ),
            (
                "sip-setup:a%zz@b?secret=x",
                SetupLinkRefused::Damaged("the login"),
            ),
            (
                "sip-setup:a@b?secret=x&number=y",
                SetupLinkRefused::Damaged("the number"),
            ),
            (
                "sip-setup:a@b?secret=x&certificate=00",
                SetupLinkRefused::Damaged("the certificate"),
            ),
            (&"x".repeat(3000), SetupLinkRefused::TooLong),
        ] {
            assert_eq!(text.parse::<SetupLink>(), Err(reason), "{text}");
        }
    }

    #[test]
    fn the_secret_is_not_in_the_debug_text() {
        assert!(!format!("{:?}", link()).contains("kq3v"));
    }
}
