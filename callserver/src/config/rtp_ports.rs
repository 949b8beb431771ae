//! The range of UDP ports that the relay may use.

use std::fmt;

/// The ports of the relay: an inclusive range, or whatever the system has free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RtpPorts {
    /// The system chooses. Of no use behind a firewall that must know.
    Any,
    /// From the lowest to the highest, both included. There are at least four: two pairs of RTP and RTCP, one call.
    Range {
        /// The lowest port, even.
        low: u16,
        /// The highest port, odd.
        high: u16,
    },
}

/// Why a text is not a range of ports.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RtpPortsRefused {
    /// Not two numbers with a hyphen.
    #[error(
        "--rtp-ports {0:?} is not a range of ports; write it like 16384-32767, or 0 for any free ports."
    )]
    Syntax(String),
    /// Ports below 1024 are for the system's own services.
    #[error(
        "--rtp-ports {0} begins below port 1024, where the system's own services live; begin higher."
    )]
    Low(String),
    /// The range holds no complete set of ports.
    #[error(
        "--rtp-ports {0} does not hold the 4 ports that one call needs, the first of them even; write a larger range, low port first."
    )]
    Empty(String),
}

impl Default for RtpPorts {
    fn default() -> Self {
        // The customary range for RTP; it lies below the ports that Linux gives to outgoing connections (32768 and up).
        Self::Range {
            low: 16384,
            high: 32767,
        }
    }
}

impl RtpPorts {
    /// Reads `LOW-HIGH`, or `0` (also `0-0`) for any port.
    ///
    /// # Errors
    /// What is wrong with the range.
    pub fn parse(text: &str) -> Result<Self, RtpPortsRefused> {
        let syntax = || RtpPortsRefused::Syntax(text.to_owned());
        let (low, high) = text
            .split_once('-')
            .unwrap_or((text, if text.trim() == "0" { "0" } else { "" }));
        let low: u16 = low.trim().parse().map_err(|_| syntax())?;
        let high: u16 = high.trim().parse().map_err(|_| syntax())?;
        if (low, high) == (0, 0) {
            return Ok(Self::Any);
        }
        if low < 1024 {
            return Err(RtpPortsRefused::Low(text.to_owned()));
        }
        // RTP has the even port, RTCP the odd one above it (RFC 3550 section 11).
        let (even, odd) = (
            u32::from(low).next_multiple_of(2),
            u32::from(high).div_ceil(2) * 2,
        );
        if odd < even + 4 {
            return Err(RtpPortsRefused::Empty(text.to_owned()));
        }
        let exact =
            |port: u32| u16::try_from(port).map_err(|_| RtpPortsRefused::Empty(text.to_owned()));
        Ok(Self::Range {
            low: exact(even)?,
            high: exact(odd - 1)?,
        })
    }
}

impl fmt::Display for RtpPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("0-0"),
            Self::Range { low, high } => write!(f, "{low}-{high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_whole_pairs() {
        for (text, printed) in [
            ("40000-40999", "40000-40999"),
            ("40001-40010", "40002-40009"),
            ("60000-65535", "60000-65535"),
            ("0", "0-0"),
            (" 2000 - 2003 ", "2000-2003"),
        ] {
            assert_eq!(
                RtpPorts::parse(text).unwrap().to_string(),
                printed,
                "{text}"
            );
        }
    }

    #[test]
    fn bad_ranges_are_refused() {
        for text in [
            "",
            "x",
            "40000",
            "40000-",
            "40000-70000",
            "40000-39000",
            "40000-40002",
            "40001-40004",
            "65535-65535",
            "22-4000",
            "0-4000",
            "1-2-3",
        ] {
            assert!(RtpPorts::parse(text).is_err(), "{text}");
        }
    }
}
