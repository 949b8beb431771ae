//! Timestamp: when a request was sent, to measure the way (RFC 3261 20.38, 17.2.1).

use crate::wire::header_list::{HeaderError, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::syntax;
use crate::wire::text::Text;

/// `54.21 0.3`: seconds by the clock of the sender, and how long the receiver has thought before it answered.
///
/// Kept as text, for it is sent back as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds by the clock of the sender.
    pub sent: Text,
    /// Seconds between the request and its answer.
    pub delay: Option<Text>,
}

/// Digits with at most one dot among them.
fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !text.is_empty() && is_digits(whole) && is_digits(fraction)
}

impl TypedHeader for Timestamp {
    const NAME: HeaderName = HeaderName::Timestamp;

    fn parse(value: &Text) -> Result<Timestamp, HeaderError> {
        let (sent, delay) = match value.split_once([' ', '\t']) {
            None => (value.as_str(), None),
            Some((sent, delay)) => (sent, Some(syntax::trim(delay))),
        };
        let begins_with_digit = sent.starts_with(|first: char| first.is_ascii_digit());
        if !begins_with_digit || !is_decimal(sent) || !delay.is_none_or(is_decimal) {
            return Err(Timestamp::malformed("is not a number of seconds"));
        }
        Ok(Timestamp {
            sent: value.share(sent),
            delay: delay.map(|delay| value.share(delay)),
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str(&self.sent);
        if let Some(delay) = &self.delay {
            out.push(' ');
            out.push_str(delay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::headers::round_trip::{are_refused, comes_back};

    #[test]
    fn seconds_and_delay_are_decimal() {
        assert_eq!(comes_back::<Timestamp>("54").delay, None);
        assert_eq!(
            comes_back::<Timestamp>("54.21 .5").delay.as_deref(),
            Some(".5")
        );
        are_refused::<Timestamp>(&["", ".5", "1.2.3", "1 2 3", "now"]);
    }
}
