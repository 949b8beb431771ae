//! The `q` parameter: how much something is wanted (RFC 3261 25.1, RFC 9110 12.4.2).

use crate::wire::params::Params;

/// The `q` of a header value in thousandths, 0 to 1000; 1000 where there is none or a malformed one.
pub(super) fn of(params: &Params) -> u16 {
    params.value("q").and_then(parse).unwrap_or(1000)
}

/// `0`, `0.7`, `1.000`, in thousandths.
pub(super) fn parse(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_up_to_three_digits_and_do_not_exceed_one() {
        for (text, q) in [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.7", Some(700)),
            ("1.000", Some(1000)),
            ("1.1", None),
            ("0.1234", None),
            ("2", None),
            (".5", None),
            ("-0.5", None),
        ] {
            assert_eq!(parse(text), q, "{text}");
        }
    }
}
