//! Where the server listens, as the operator writes it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ConfigError;

/// Where something encrypted is spoken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Encrypted {
    /// The addresses; none if it is switched off.
    pub addresses: Vec<SocketAddr>,
    /// Whether the operator named the address. What nobody asked for may be left out where it is not possible; what
    /// was asked for must work.
    pub is_asked_for: bool,
}

impl Encrypted {
    /// Reads an address or `off`. Without a word it is spoken to everybody, on all addresses of the machine: what is
    /// encrypted need not hide.
    pub(super) fn read(
        option: &'static str,
        text: Option<String>,
        port: u16,
    ) -> Result<Self, ConfigError> {
        let everywhere: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let Some(text) = text else {
            return Ok(Self {
                addresses: everywhere.map(|ip| SocketAddr::new(ip, port)).to_vec(),
                is_asked_for: false,
            });
        };
        let addresses = match text.as_str() {
            "off" => Vec::new(),
            _ => vec![address(option, text, SocketAddr::new(everywhere[0], port))?],
        };
        Ok(Self {
            addresses,
            is_asked_for: true,
        })
    }
}

/// Reads where something unencrypted is spoken.
pub(super) fn plain(
    option: &'static str,
    text: Option<String>,
    default: SocketAddr,
    beyond_loopback: bool,
) -> Result<SocketAddr, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    let address = address(option, text, default)?;
    if !address.ip().is_loopback() && !beyond_loopback {
        return Err(ConfigError::BeyondLoopback { option, address });
    }
    Ok(address)
}

/// Reads a list of addresses, separated by commas, where something unencrypted is spoken.
pub(super) fn several(
    option: &'static str,
    text: Option<String>,
    default: SocketAddr,
    beyond_loopback: bool,
) -> Result<Vec<SocketAddr>, ConfigError> {
    let Some(text) = text else {
        return Ok(vec![default]);
    };
    text.split(',')
        .map(|one| {
            plain(
                option,
                Some(one.trim().to_owned()),
                default,
                beyond_loopback,
            )
        })
        .collect()
}

/// An address with a port, or without one, which takes the usual port.
fn address(
    option: &'static str,
    text: String,
    default: SocketAddr,
) -> Result<SocketAddr, ConfigError> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    match text.trim_matches(['[', ']']).parse() {
        Ok(ip) => Ok(SocketAddr::new(ip, default.port())),
        Err(_) => Err(ConfigError::Address {
            option,
            text,
            default,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_listens_everywhere_unless_told_otherwise() {
        let read = |text: Option<&str>| Encrypted::read("sips", text.map(str::to_owned), 5061);
        let usual = read(None).unwrap();
        assert_eq!(
            usual.addresses,
            ["0.0.0.0:5061", "[::]:5061"].map(|text| text.parse().unwrap())
        );
        assert!(!usual.is_asked_for);
        assert_eq!(read(Some("off")).unwrap().addresses, []);
        let named = read(Some("192.0.2.1")).unwrap();
        assert_eq!(named.addresses, ["192.0.2.1:5061".parse().unwrap()]);
        assert!(named.is_asked_for);
        let refused = read(Some("on")).unwrap_err().to_string();
        assert!(refused.contains("0.0.0.0:5061"), "{refused}");
    }
}
