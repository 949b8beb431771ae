//! What the contents of a file are, told by their first bytes and never by their name.

/// How many bytes [`of`] looks at, at most.
pub(super) const HEAD: usize = 8 * 1024;

/// The media type of a file that begins so.
pub(super) fn of(head: &[u8]) -> &'static str {
    if let Some(known) = infer::get(head) {
        return known.mime_type();
    }
    // A letter may be cut at the end.
    let is_text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == HEAD,
    };
    let is_plain = is_text
        && !head
            .iter()
            .any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31));
    match is_plain && !head.is_empty() {
        true => "text/plain; charset=utf-8",
        false => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_say_what_they_are() {
        for (head, media_type) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"PK\x03\x04", "application/zip"),
            ("grüß dich\n".as_bytes(), "text/plain; charset=utf-8"),
            (b"", "application/octet-stream"),
            (b"\0\x01\x02", "application/octet-stream"),
            (b"\xff\xfe\x80", "application/octet-stream"),
        ] {
            assert_eq!(of(head), media_type, "{head:?}");
        }
    }

    #[test]
    fn a_text_that_is_cut_within_a_letter_is_a_text() {
        let long = "ä".repeat(HEAD);
        assert_eq!(of(&long.as_bytes()[1..][..1]), "application/octet-stream");
        let head = format!("x{long}");
        assert_eq!(of(&head.as_bytes()[..HEAD]), "text/plain; charset=utf-8");
    }
}
