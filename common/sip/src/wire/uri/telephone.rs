//! Telephone numbers, in `tel` URIs (RFC 3966) and in SIP URIs with `user=phone` (RFC 3261 19.1.6).

use super::{Scheme, Uri, UriError, find_param, same_value};
use crate::wire::host::Host;
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;

/// A telephone number with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telephone {
    /// The number as it was written, separators included: `+1-201-555-0123`.
    pub number: Text,
    /// `ext`, `isub`, `phone-context` and others.
    pub params: Params,
}

impl Telephone {
    /// Whether the number is valid everywhere: it begins with a plus and the code of a country.
    pub fn is_global(&self) -> bool {
        self.number.starts_with('+')
    }

    /// The number without separators: `+12015550123`, `7042`, `*21#`.
    pub fn digits(&self) -> String {
        without_separators(&self.number)
    }

    /// The extension behind the number, without separators.
    pub fn extension(&self) -> Option<String> {
        self.params.value("ext").map(without_separators)
    }

    /// The ISDN subaddress, with its escapes undone.
    pub fn isdn_subaddress(&self) -> Option<String> {
        let value = self.params.value("isub")?;
        Some(syntax::unescape(value).into_owned())
    }

    /// Where a number that is not global is valid: a domain, or the beginning of global numbers. RFC 3966 5.1.5 wants
    /// one with every such number, but phones that dial `tel:7042` mean their own server.
    pub fn phone_context(&self) -> Option<&str> {
        self.params.value("phone-context")
    }
}

impl Uri {
    /// The telephone number that this URI stands for: that of a `tel` URI, or of a SIP URI that says `user=phone`.
    /// `None` for other URIs, and where the user part is no number after all.
    pub fn telephone(&self) -> Option<Telephone> {
        match self.scheme {
            Scheme::Tel => Some(Telephone {
                number: self.user.clone()?,
                params: self.params.clone(),
            }),
            Scheme::Sip | Scheme::Sips => {
                let user = find_param(&self.params, "user")??;
                let subscriber = self.user.as_ref()?;
                let is_phone = user.eq_ignore_ascii_case("phone");
                is_phone.then(|| read(subscriber, subscriber).ok())?
            }
            Scheme::Other(_) => None,
        }
    }
}

/// Reads what follows `tel:`; it was cut from `whole`.
pub(super) fn parse(whole: &Text, text: &str) -> Result<Uri, UriError> {
    let Telephone { number, params } = read(whole, text)?;
    Ok(Uri {
        scheme: Scheme::Tel,
        user: Some(number),
        password: None,
        host: Host::default(),
        port: None,
        params,
        headers: None,
    })
}

fn read(whole: &Text, text: &str) -> Result<Telephone, UriError> {
    let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
    let number = &text[..end];
    let is_number = match number.strip_prefix('+') {
        Some(global) => is_digits(global, |byte| byte.is_ascii_digit()),
        None => is_digits(number, |byte| {
            byte.is_ascii_hexdigit() || b"*#".contains(&byte)
        }),
    };
    if !is_number {
        return Err(UriError::User);
    }
    let params = Params::parse_uri(whole, &text[end..]).ok_or(UriError::Params)?;
    if !params.iter().all(|param| is_param(&params, param)) {
        return Err(UriError::Params);
    }
    Ok(Telephone {
        number: whole.share(number),
        params,
    })
}

/// What this crate knows has the right form, and nothing stands twice (RFC 3966 3, 5.4).
fn is_param(params: &Params, (name, value): (&str, Option<&str>)) -> bool {
    let same = params
        .iter()
        .filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let is_well_formed = match (name.to_ascii_lowercase().as_str(), value) {
        ("ext", value) => value.is_some_and(|ext| is_digits(ext, |byte| byte.is_ascii_digit())),
        ("isub", value) => value.is_some(),
        ("phone-context", value) => value.is_some_and(is_context),
        _ => true,
    };
    is_well_formed && same.count() == 1
}

fn is_context(value: &str) -> bool {
    match value.strip_prefix('+') {
        Some(global) => is_digits(global, |byte| byte.is_ascii_digit()),
        None => syntax::is_host_name(value),
    }
}

/// At least one digit, and nothing but digits and separators.
fn is_digits(text: &str, is_digit: impl Fn(u8) -> bool) -> bool {
    text.bytes()
        .all(|byte| is_digit(byte) || is_separator(byte))
        && text.bytes().any(is_digit)
}

/// What people put between digits to read them better (RFC 3966 5.1.1).
fn is_separator(byte: u8) -> bool {
    b"-.()".contains(&byte)
}

fn without_separators(number: &str) -> String {
    number
        .chars()
        .filter(|c| !"-.()".contains(*c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether two `tel` URIs mean the same (RFC 3966 4): the same digits, and the same parameters in any order.
pub(super) fn equivalent(one: &Uri, two: &Uri) -> bool {
    let digits = |uri: &Uri| uri.user.as_deref().map(without_separators);
    digits(one) == digits(two)
        && one.params.iter().count() == two.params.iter().count()
        && one.params.iter().all(|(name, value)| {
            let other = find_param(&two.params, name);
            other.is_some_and(|other| same_parameter(name, value, other))
        })
}

/// Extensions and contexts that are numbers are compared as numbers (RFC 3966 4, 5.1.5, 5.3).
fn same_parameter(name: &str, one: Option<&str>, two: Option<&str>) -> bool {
    let is_number = |value: Option<&str>| {
        name.eq_ignore_ascii_case("ext")
            || name.eq_ignore_ascii_case("phone-context")
                && value.is_some_and(|value| value.starts_with('+'))
    };
    if is_number(one) && is_number(two) {
        return one.map(without_separators) == two.map(without_separators);
    }
    same_value(one, two)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_parts_of_a_number_are_told_apart() {
        let text = "tel:+1-201-555-0123;ext=12-34;isub=1411%20a;phone-context=+1-201";
        let telephone = uri(text).telephone().unwrap();
        assert!(telephone.is_global());
        assert_eq!(telephone.digits(), "+12015550123");
        assert_eq!(telephone.extension().as_deref(), Some("1234"));
        assert_eq!(telephone.isdn_subaddress().as_deref(), Some("1411 a"));
        assert_eq!(telephone.phone_context(), Some("+1-201"));
        assert_eq!(uri(text).to_string(), text);
        let local = uri("tel:*21(7042)#;phone-context=example.com");
        let local = local.telephone().unwrap();
        assert!(!local.is_global());
        assert_eq!(local.digits(), "*217042#");
    }

    #[test]
    fn a_sip_uri_may_stand_for_a_number() {
        let gateway = uri("sip:+1-201-555-0123;ext=7@gateway.com;user=phone");
        let telephone = gateway.telephone().unwrap();
        assert_eq!(telephone.digits(), "+12015550123");
        assert_eq!(telephone.extension().as_deref(), Some("7"));
        assert_eq!(uri("sip:alice@gateway.com;user=phone").telephone(), None);
        assert_eq!(uri("sip:+1201@gateway.com").telephone(), None);
        assert_eq!(uri("sip:+1201@gateway.com;user=ip").telephone(), None);
        assert_eq!(uri("urn:service:sos").telephone(), None);
    }

    #[test]
    fn separators_order_and_case_make_no_difference() {
        for (one, two) in [
            ("tel:+1-201-555-0123", "tel:+1(201)555.0123"),
            ("tel:+1201;ext=1-2;isub=a", "TEL:+1201;ISUB=A;ext=12"),
            ("tel:70;phone-context=+1-2", "tel:7-0;phone-context=+12"),
            (
                "tel:7a;phone-context=Example.com",
                "tel:7A;phone-context=example.COM",
            ),
        ] {
            assert!(uri(one).equivalent(&uri(two)), "{one} and {two}");
            assert!(uri(two).equivalent(&uri(one)), "{two} and {one}");
        }
    }

    #[test]
    fn what_only_one_of_them_has_makes_a_difference() {
        for (one, two) in [
            ("tel:+1201", "tel:1201"),
            ("tel:+1201", "tel:+1201;ext=1"),
            ("tel:+1201;ext=2", "tel:+1201;ext=1"),
            ("tel:70;phone-context=a.com", "tel:70;phone-context=b.com"),
            ("tel:+1201;x=1", "tel:+1201;y=1"),
            ("tel:+1201", "sip:+1201@example.com;user=phone"),
        ] {
            assert!(!uri(one).equivalent(&uri(two)), "{one} and {two}");
            assert!(!uri(two).equivalent(&uri(one)), "{two} and {one}");
        }
    }

    #[test]
    fn malformed_numbers_are_refused_with_the_part_that_is_wrong() {
        for (text, error) in [
            ("tel:", UriError::User),
            ("tel:+", UriError::User),
            ("tel:--", UriError::User),
            ("tel:+1a", UriError::User),
            ("tel:+*1", UriError::User),
            ("tel:1+2", UriError::User),
            ("tel:1 2", UriError::User),
            ("tel:12;ext=", UriError::Params),
            ("tel:12;ext", UriError::Params),
            ("tel:12;ext=a", UriError::Params),
            ("tel:12;isub", UriError::Params),
            ("tel:12;phone-context=+a", UriError::Params),
            ("tel:12;phone-context=a%20b", UriError::Params),
            ("tel:12;ext=1;EXT=2", UriError::Params),
        ] {
            assert_eq!(Uri::parse(text), Err(error), "{text}");
        }
    }
}
