//! The server's address as people write it, and what it says about whom to trust.

use std::net::IpAddr;

use reqwest::Url;
use sip_tokio::Fingerprint;

use super::WebError;

/// Where a server's HTTP interface is, and what came with the address in a link such as
/// `https://host:8443/#sha256=…&invitation=…`. What stands after `#` is never sent to anybody.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress {
    url: Url,
    pin: Option<Fingerprint>,
    invitation: Option<String>,
}

impl std::fmt::Debug for ServerAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ServerAddress")
            .field("url", &self.url.as_str())
            .field("pin", &self.pin)
            .finish_non_exhaustive()
    }
}

impl ServerAddress {
    /// Reads what a person has typed or pasted. Without a scheme it is HTTPS, or plain HTTP for this computer, where
    /// nobody can listen in. `allow_plain` lets plain HTTP go to other computers too.
    ///
    /// # Errors
    /// [`WebError::BadAddress`], [`WebError::BadFingerprint`] or [`WebError::PlainRefused`].
    pub fn parse(text: &str, allow_plain: bool) -> Result<Self, WebError> {
        let text = text.trim();
        let bad = || WebError::BadAddress(text.to_owned());
        let mut url = if text.contains("://") {
            Url::parse(text).map_err(|_| bad())?
        } else {
            let plain = Url::parse(&format!("http://{text}")).map_err(|_| bad())?;
            if is_loopback(&plain) {
                plain
            } else {
                Url::parse(&format!("https://{text}")).map_err(|_| bad())?
            }
        };
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(bad)?
            .to_owned();
        match url.scheme() {
            "https" => {}
            "http" if allow_plain || is_loopback(&url) => {}
            "http" => return Err(WebError::PlainRefused(host)),
            _ => return Err(bad()),
        }
        let (mut pin, mut invitation) = (None, None);
        for part in url.fragment().unwrap_or_default().split('&') {
            match part.split_once('=') {
                Some(("sha256", digits)) => {
                    pin = Some(digits.parse().map_err(|_| WebError::BadFingerprint)?);
                }
                Some(("invitation", code)) => invitation = Some(code.to_owned()),
                _ => {}
            }
        }
        url.set_fragment(None);
        url.set_query(None);
        url.set_path("/");
        // A name and password in an address would end up in the settings.
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| bad())?;
        Ok(Self {
            url,
            pin,
            invitation,
        })
    }

    /// Scheme, host and port, such as `https://phone.example.org:8443`: the name under which a server is remembered.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The fingerprint that stands in the address.
    #[must_use]
    pub fn pin(&self) -> Option<Fingerprint> {
        self.pin
    }

    /// The code of an invitation that stands in the address.
    #[must_use]
    pub fn invitation(&self) -> Option<&str> {
        self.invitation.as_deref()
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The address of one resource; `path` starts with a slash and may have a query.
    pub(super) fn join(&self, path: &str) -> Result<Url, WebError> {
        self.url
            .join(path)
            .map_err(|_| WebError::BadAddress(self.origin()))
    }

    /// Host and port, for whoever opens a connection of another kind to the same machine.
    pub(super) fn host_and_port(&self) -> (String, u16) {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        (host.trim_matches(['[', ']']).to_owned(), port)
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_unencrypted_only_to_this_computer() {
        for here in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:8080",
            "127.0.0.1:8080",
        ] {
            assert!(!ServerAddress::parse(here, false).unwrap().is_https());
        }
        for there in [
            "http://192.0.2.1",
            "http://phone.example.org",
            "http://127.0.0.1.example.org",
        ] {
            assert!(
                matches!(
                    ServerAddress::parse(there, false),
                    Err(WebError::PlainRefused(_))
                ),
                "{there}"
            );
            assert!(ServerAddress::parse(there, true).is_ok(), "{there}");
        }
    }

    #[test]
    fn an_address_without_a_scheme_means_the_safe_one() {
        let address = ServerAddress::parse("phone.example.org", true).unwrap();
        assert_eq!(address.origin(), "https://phone.example.org");
        let address = ServerAddress::parse("phone.example.org:8443/", false).unwrap();
        assert_eq!(address.origin(), "https://phone.example.org:8443");
    }

    #[test]
    fn a_link_says_which_certificate_is_the_right_one() {
        let digits = "ab".repeat(32);
        let link = format!(" https://host.example:8443/#sha256={digits} ");
        let address = ServerAddress::parse(&link, false).unwrap();
        assert_eq!(address.pin(), Some(digits.parse().unwrap()));
        assert_eq!(address.origin(), "https://host.example:8443");
        let link = format!("https://host.example/#invitation=c0de&sha256={digits}");
        let address = ServerAddress::parse(&link, false).unwrap();
        assert_eq!(address.invitation(), Some("c0de"));
        assert_eq!(address.pin(), Some(digits.parse().unwrap()));
        assert!(!format!("{address:?}").contains("c0de"));
        let cut = ServerAddress::parse("https://host.example/#sha256=abcd", false);
        assert!(matches!(cut, Err(WebError::BadFingerprint)));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for wrong in ["", "ftp://127.0.0.1", "http://", "127.0.0.1:port"] {
            assert!(
                matches!(
                    ServerAddress::parse(wrong, true),
                    Err(WebError::BadAddress(_))
                ),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_path_and_a_password_in_the_address_are_dropped() {
        let text = "http://me:secret@127.0.0.1:8080/some/page?x=1";
        let address = ServerAddress::parse(text, false).unwrap();
        let login = address.join(api::LOGIN_PATH).unwrap();
        assert_eq!(login.as_str(), "http://127.0.0.1:8080/api/v1/login");
    }
}
