//! Retry-After: when to try again (RFC 3261 20.33).

use std::fmt::Write;

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `18000;duration=3600`, possibly with a comment in parentheses, which is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// Seconds to wait.
    pub seconds: u32,
    /// `duration` and others.
    pub params: Params,
}

impl RetryAfter {
    /// A wait without parameters.
    pub const fn seconds(seconds: u32) -> RetryAfter {
        RetryAfter {
            seconds,
            params: Params::new(),
        }
    }
}

impl TypedHeader for RetryAfter {
    const NAME: HeaderName = HeaderName::RetryAfter;

    fn parse(value: &Text) -> Result<RetryAfter, HeaderError> {
        let error = || RetryAfter::malformed("is not a number of seconds");
        let digits = value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(value.len());
        let seconds = syntax::parse_number(&value[..digits]).ok_or_else(error)?;
        let mut rest = syntax::trim(&value[digits..]);
        if rest.starts_with('(') {
            let end = comment_len(rest).ok_or_else(error)?;
            rest = syntax::trim(&rest[end..]);
        }
        Ok(RetryAfter {
            seconds,
            params: Params::parse_header(value, rest)
                .ok_or_else(|| RetryAfter::malformed("has a malformed parameter"))?,
        })
    }

    fn print(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{}", self.seconds, self.params);
    }
}

/// The length of the comment at the start of `text`; comments nest.
fn comment_len(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_comment_and_parameters_are_read() {
        for (text, printed) in [
            ("18000;duration=3600", "18000;duration=3600"),
            ("120 (I'm in a (short\\)) meeting)", "120"),
            ("5 (x) ; duration=1", "5;duration=1"),
        ] {
            assert_eq!(
                RetryAfter::parse(&Text::from(text)).unwrap().to_text(),
                printed
            );
        }
        assert_eq!(RetryAfter::seconds(5).to_text(), "5");
    }

    #[test]
    fn malformed_values_are_refused() {
        for text in ["", "soon", "5 (open", "5 minutes", "-5", "99999999999"] {
            assert!(RetryAfter::parse(&Text::from(text)).is_err(), "{text}");
        }
    }
}
