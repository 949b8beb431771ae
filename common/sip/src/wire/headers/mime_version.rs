//! MIME-Version: the format of the body (RFC 3261 20.24).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `1.0`; there has never been another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MimeVersion {
    /// Before the dot.
    pub major: u32,
    /// Behind the dot.
    pub minor: u32,
}

impl TypedHeader for MimeVersion {
    const NAME: HeaderName = HeaderName::MimeVersion;

    fn parse(value: &Text) -> Result<MimeVersion, HeaderError> {
        let read = |text: &str| {
            let (major, minor) = text.split_once('.')?;
            Some(MimeVersion {
                major: syntax::parse_number(major)?,
                minor: syntax::parse_number(minor)?,
            })
        };
        read(value).ok_or_else(|| MimeVersion::malformed("is not two numbers with a dot between"))
    }

    fn print(&self, out: &mut String) {
        syntax::write_number(self.major, out);
        out.push('.');
        syntax::write_number(self.minor, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn a_version_is_two_numbers() {
        assert_eq!(comes_back::<MimeVersion>("1.0").major, 1);
        are_refused::<MimeVersion>(&["", "1", "1.", "1.0.0", "one.0"]);
    }
}
