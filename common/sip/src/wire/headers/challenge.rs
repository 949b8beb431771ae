//! WWW-Authenticate and Proxy-Authenticate: a server asks who is there (RFC 7616 3.3, RFC 8760).

use super::auth_params;
use crate::digest::Algorithm;
use crate::wire::header_list::{HeaderError, Headers, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::text::Text;

/// A digest challenge.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Challenge {
    /// What the password is for.
    pub realm: Text,
    /// A word that the answer must contain.
    pub nonce: Text,
    /// A word to be sent back as it is.
    pub opaque: Option<Text>,
    /// Whether the password was right and only the nonce too old.
    pub stale: bool,
    /// The algorithm as it was written; MD5 when there is none.
    pub algorithm: Option<Text>,
    /// The offered qualities of protection as they were written: `auth`, `auth,auth-int`.
    pub qop: Option<Text>,
    /// The URIs that the answer is good for, separated by spaces.
    pub domain: Option<Text>,
    /// Whether the login is to be sent as a hash (`userhash`).
    pub wants_hashed_login: bool,
}

impl Challenge {
    /// The algorithm, if this crate knows it.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match &self.algorithm {
            None => Some(Algorithm::Md5),
            Some(name) => Algorithm::parse(name),
        }
    }

    /// Whether `auth` is among the offered qualities of protection.
    pub fn offers_auth(&self) -> bool {
        self.offers("auth")
    }

    /// Whether `auth-int`, which covers the body, is among the offered qualities of protection.
    pub fn offers_auth_int(&self) -> bool {
        self.offers("auth-int")
    }

    fn offers(&self, qop: &str) -> bool {
        self.qop.as_deref().is_some_and(|list| {
            list.split(',')
                .any(|one| one.trim().eq_ignore_ascii_case(qop))
        })
    }

    /// The digest challenges of a 401 or 407, both of servers and of proxies; other schemes and malformed ones are
    /// left out.
    pub fn all_in(headers: &Headers) -> Vec<Challenge> {
        headers
            .iter()
            .filter(|header| {
                matches!(
                    header.name,
                    HeaderName::WwwAuthenticate | HeaderName::ProxyAuthenticate
                )
            })
            .filter_map(|header| Challenge::read(&header.value).ok())
            .collect()
    }

    fn read(value: &Text) -> Result<Challenge, &'static str> {
        let mut challenge = Challenge::default();
        let (mut has_realm, mut has_nonce) = (false, false);
        auth_params::read_digest(value, |name, value| {
            match name.to_ascii_lowercase().as_str() {
                "realm" => {
                    challenge.realm = value;
                    has_realm = true;
                }
                "nonce" => {
                    challenge.nonce = value;
                    has_nonce = true;
                }
                "opaque" => challenge.opaque = Some(value),
                "stale" => challenge.stale = value.eq_ignore_ascii_case("true"),
                "algorithm" => challenge.algorithm = Some(value),
                "qop" => challenge.qop = Some(value),
                "domain" => challenge.domain = Some(value),
                "userhash" => challenge.wants_hashed_login = value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        })?;
        match (has_realm, has_nonce) {
            (true, true) => Ok(challenge),
            (false, _) => Err("has no realm"),
            (_, false) => Err("has no nonce"),
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str("Digest ");
        auth_params::push_quoted(out, "realm", &self.realm);
        if let Some(domain) = &self.domain {
            auth_params::push_quoted(out, "domain", domain);
        }
        auth_params::push_quoted(out, "nonce", &self.nonce);
        if let Some(opaque) = &self.opaque {
            auth_params::push_quoted(out, "opaque", opaque);
        }
        if self.stale {
            auth_params::push_plain(out, "stale", "true");
        }
        if let Some(algorithm) = &self.algorithm {
            auth_params::push_plain(out, "algorithm", algorithm);
        }
        if let Some(qop) = &self.qop {
            auth_params::push_quoted(out, "qop", qop);
        }
        if self.wants_hashed_login {
            auth_params::push_plain(out, "userhash", "true");
        }
    }
}

macro_rules! challenge_header {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $type(pub Challenge);

        impl TypedHeader for $type {
            const NAME: HeaderName = HeaderName::$type;
            const OCCURS: Occurs = Occurs::Repeated;

            fn parse(value: &Text) -> Result<$type, HeaderError> {
                Challenge::read(value).map($type).map_err($type::malformed)
            }

            fn print(&self, out: &mut String) {
                self.0.write(out);
            }
        }
    };
}

challenge_header! {
    /// The challenge of a server, in a 401.
    WwwAuthenticate
}

challenge_header! {
    /// The challenge of a proxy, in a 407.
    ProxyAuthenticate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_prints_the_same() {
        let text = "Digest realm=\"atlanta.com\", domain=\"sip:ss1.carrier.com\", \
                    nonce=\"f84f1cec41e6cbe5aea9c8e88d359\", opaque=\"\", stale=true, \
                    algorithm=SHA-256, qop=\"auth,auth-int\", userhash=true";
        let challenge = WwwAuthenticate::parse(&Text::from(text)).unwrap();
        assert_eq!(challenge.0.algorithm(), Some(Algorithm::Sha256));
        assert!(challenge.0.stale && challenge.0.offers_auth());
        assert_eq!(challenge.to_text(), text);
    }

    #[test]
    fn spacing_case_and_quoting_may_vary() {
        let text = "DIGEST\trealm = \"a, b\" ,NONCE=xyz,, Stale=FALSE,qop=\"auth-int , auth\",algorithm=\"md5\"";
        let challenge = ProxyAuthenticate::parse(&Text::from(text)).unwrap().0;
        assert_eq!(challenge.realm, "a, b");
        assert_eq!(challenge.nonce, "xyz");
        assert!(!challenge.stale && challenge.offers_auth() && challenge.offers_auth_int());
        assert_eq!(challenge.algorithm(), Some(Algorithm::Md5));
    }

    #[test]
    fn malformed_challenges_are_refused() {
        for text in [
            "",
            "Digest",
            "Basic realm=\"a\"",
            "Digest realm=\"a\"",
            "Digest nonce=\"a\"",
            "Digest realm=\"a, nonce=\"b\"",
            "Digest realm=\"a\", nonce=\"b\", realm=\"c\"",
            "Digest realm=\"a\" nonce=\"b\"",
        ] {
            assert!(WwwAuthenticate::parse(&Text::from(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn other_schemes_are_left_out() {
        let mut headers = Headers::new();
        headers.push(HeaderName::WwwAuthenticate, "Bearer realm=\"x\"");
        headers.push(
            HeaderName::WwwAuthenticate,
            "Digest realm=\"x\", nonce=\"1\"",
        );
        headers.push(
            HeaderName::ProxyAuthenticate,
            "Digest realm=\"y\", nonce=\"2\"",
        );
        let realms: Vec<_> = Challenge::all_in(&headers)
            .into_iter()
            .map(|challenge| challenge.realm)
            .collect();
        assert_eq!(realms, ["x", "y"]);
    }
}
