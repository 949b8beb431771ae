//! What a look at a message tells of the call that it belongs to, without parsing it.

/// Whether it asks for a call: an INVITE without the tag of a dialog.
pub(in crate::edge) fn is_invite(message: &[u8]) -> bool {
    message.starts_with(b"INVITE ")
}

/// Its Call-ID.
pub(in crate::edge) fn call_id(message: &[u8]) -> Option<&str> {
    header(message, b"call-id", b"i")
}

/// The tag of its From.
pub(in crate::edge) fn from_tag(message: &[u8]) -> Option<&str> {
    let from = header(message, b"from", b"f")?;
    let (_, tag) = from.rsplit_once(";tag=")?;
    tag.split([';', ' ', '\t']).next()
}

/// The value of a header that stands on one line, by its long or its short name.
fn header<'a>(message: &'a [u8], long: &[u8], short: &[u8]) -> Option<&'a str> {
    let mut rest = message;
    loop {
        let end = memchr::memchr(b'\n', rest)?;
        rest = &rest[end + 1..];
        // The first letter decides mostly.
        let first = rest.first()?.to_ascii_lowercase();
        if first == b'\r' || first == b'\n' {
            return None;
        }
        if first != long[0] && first != short[0] {
            continue;
        }
        let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        let colon = memchr::memchr(b':', line)?;
        let name = line[..colon].trim_ascii();
        if name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short) {
            return std::str::from_utf8(line[colon + 1..].trim_ascii()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_is_found_by_long_and_short_names_and_not_in_the_body() {
        let long = b"INVITE sip:b@x SIP/2.0\r\nContent-Type: x\r\nCALL-ID : a@b \r\nFrom: <sip:a@x>;tag=7;x=1\r\n\r\n";
        assert_eq!(call_id(long), Some("a@b"));
        assert_eq!(from_tag(long), Some("7"));
        assert!(is_invite(long));
        let short = b"SIP/2.0 200 OK\nf: <sip:a@x>;tag=9\ni:c\n\n";
        assert_eq!(call_id(short), Some("c"));
        assert_eq!(from_tag(short), Some("9"));
        for nothing in [
            &b""[..],
            b"\r\n\r\n",
            b"INVITE x\r\n\r\nCall-ID: body\r\n",
            b"INVITE x\r\nCall-ID",
            b"INVITE x\r\nCall-ID: \xff\r\n\r\n",
        ] {
            assert_eq!(call_id(nothing), None, "{nothing:?}");
        }
    }
}
