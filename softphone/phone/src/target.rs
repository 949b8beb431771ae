//! What a person dials, made into a SIP address.

use sip::{Host, NameAddr, Params, Scheme, Text, Uri};

/// Why what was dialled is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing but blanks.
    #[error("There is nothing to call; type a number or an address.")]
    Empty,
    /// Neither a number nor an address.
    #[error(
        "“{0}” is neither a number nor an address; type digits, a name, or an address such as sip:200@example.org."
    )]
    Unusable(String),
}

/// The longest target: no real address is longer, and a pasted page should not go into a message.
const LONGEST: usize = 256;

/// The address that a dialled text stands for: `+49 (30) 12-34` is a number in `domain`, `amina` a name in it,
/// `amina@example.org` and `sip:…` are whole addresses.
pub(crate) fn address(target: &str, domain: &str) -> Result<Uri, TargetError> {
    let text = target.trim();
    if text.is_empty() {
        return Err(TargetError::Empty);
    }
    let unusable = || TargetError::Unusable(text.chars().take(LONGEST).collect());
    if text.len() > LONGEST {
        return Err(unusable());
    }
    let whole = if has_sip_scheme(text) {
        text.to_owned()
    } else if text.contains('@') {
        format!("sip:{text}")
    } else {
        let user = number(text).unwrap_or_else(|| text.to_owned());
        if !user.chars().all(is_plain) {
            return Err(unusable());
        }
        format!("sip:{user}@{domain}")
    };
    let uri: Uri = whole.parse().map_err(|_| unusable())?;
    let is_sip = matches!(uri.scheme, Scheme::Sip | Scheme::Sips);
    if !is_sip || uri.user.as_ref().is_none_or(|user| user.is_empty()) {
        return Err(unusable());
    }
    Ok(uri)
}

/// The address of a domain itself. One that is no host name is taken as it stands; the server will not know it.
pub(crate) fn domain(name: &str) -> Uri {
    let parsed = Uri::parse(&format!("sip:{name}"));
    parsed.unwrap_or_else(|_| Uri::sip(Host::Name(Text::from(name)), None))
}

/// A bare address as From and To carry it.
pub(crate) fn bare(uri: Uri, display_name: Option<Text>) -> NameAddr {
    NameAddr {
        display_name,
        uri,
        params: Params::default(),
    }
}

fn has_sip_scheme(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    scheme.len() < text.len()
        && (scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips"))
}

/// The digits of a number that was written with blanks, brackets, dots, dashes or slashes (RFC 3966 section 5.1.1).
fn number(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '\u{a0}' | '(' | ')' | '-' | '.' | '/'))
        .collect();
    let rest = digits.strip_prefix('+').unwrap_or(&digits);
    let is_number = !rest.is_empty()
        && rest
            .chars()
            .all(|letter| letter.is_ascii_digit() || matches!(letter, '*' | '#'));
    // `#` has to be escaped in a SIP address (RFC 3261 section 25.1).
    is_number.then(|| digits.replace('#', "%23"))
}

/// What may stand in the user part as it is (RFC 3261 section 25.1), less what has a meaning of its own.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '+' | '*' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(target: &str) -> String {
        address(target, "house.example").unwrap().to_string()
    }

    #[test]
    fn a_number_is_dialled_however_it_is_written() {
        assert_eq!(printed(" 200 "), "sip:200@house.example");
        assert_eq!(printed("+49 (30) 12-34/5"), "sip:+493012345@house.example");
        assert_eq!(printed("*21#"), "sip:*21%23@house.example");
    }

    #[test]
    fn a_name_is_called_in_the_own_domain() {
        assert_eq!(printed("amina"), "sip:amina@house.example");
        assert_eq!(printed("amina.yusuf"), "sip:amina.yusuf@house.example");
    }

    #[test]
    fn a_whole_address_is_left_as_it_is() {
        assert_eq!(
            printed("sip:200@other.example:5070"),
            "sip:200@other.example:5070"
        );
        assert_eq!(printed("bob@other.example"), "sip:bob@other.example");
    }

    #[test]
    fn what_cannot_be_called_is_refused_with_a_sentence() {
        assert_eq!(address("  ", "house.example"), Err(TargetError::Empty));
        for wrong in [
            "two words",
            "tel",
            "sip:",
            "sip:house.example",
            "<200>",
            "200\r\nVia: x",
            "ü",
        ] {
            let outcome = address(wrong, "house.example");
            if wrong == "tel" {
                assert!(outcome.is_ok());
            } else {
                assert!(
                    matches!(outcome, Err(TargetError::Unusable(_))),
                    "{wrong}: {outcome:?}"
                );
            }
        }
        assert!(address(&"1".repeat(300), "house.example").is_err());
    }
}
