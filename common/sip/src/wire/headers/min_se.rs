//! Min-SE: the shortest session interval that somebody on the way accepts (RFC 4028 5).

use std::fmt::Write;

use super::seconds;
use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::text::Text;

/// `90`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinSe {
    /// Seconds.
    pub seconds: u32,
    /// Parameters of extensions.
    pub params: Params,
}

impl MinSe {
    /// What holds where there is no such header, and the least that anybody may ask for.
    pub const LEAST_SECONDS: u32 = 90;

    /// An interval in seconds.
    pub const fn new(seconds: u32) -> MinSe {
        MinSe {
            seconds,
            params: Params::new(),
        }
    }
}

impl TypedHeader for MinSe {
    const NAME: HeaderName = HeaderName::MinSe;

    fn parse(value: &Text) -> Result<MinSe, HeaderError> {
        let (seconds, params) = seconds::parse_with_params(value).map_err(Self::malformed)?;
        Ok(MinSe { seconds, params })
    }

    fn print(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{}", self.seconds, self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_and_printed() {
        assert_eq!(MinSe::parse(&Text::from("120")), Ok(MinSe::new(120)));
        let extended = MinSe::parse(&Text::from("120;a=b")).unwrap();
        assert_eq!(extended.to_text(), "120;a=b");
        for text in ["", "x", "120;=1", "1 2"] {
            assert!(MinSe::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
