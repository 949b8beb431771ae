//! Reduces a Rust source to the code that ships: no comments, no text literals, no test modules.

/// Blanks out comments and the insides of text and character literals; line breaks stay, so that line numbers hold.
pub fn without_comments_and_literals(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(b"//") {
            line_comment(rest)
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else if let Some(length) = raw_literal(rest, at.checked_sub(1).map(|i| bytes[i])) {
            length
        } else if rest[0] == b'"' {
            text_literal(rest)
        } else if rest[0] == b'\'' {
            character_literal(rest)
        } else {
            out.push(rest[0]);
            at += 1;
            continue;
        };
        for byte in &rest[..length] {
            out.push(if *byte == b'\n' { b'\n' } else { b' ' });
        }
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Blanks out every item under `#[cfg(test)]`; expects a source without comments and literals.
pub fn without_tests(source: &str) -> String {
    let mut out = source.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let end = end_of_item(&out, start);
        let blank: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// Where the item that begins at `start` ends: after its `;`, or after the brace that closes it.
fn end_of_item(source: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in source.as_bytes()[start..].iter().enumerate() {
        match byte {
            b';' if depth == 0 => return start + offset + 1,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return start + offset + 1;
                }
            }
            _ => {}
        }
    }
    source.len()
}

fn line_comment(rest: &[u8]) -> usize {
    rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` at the start, unless the `r` belongs to a longer name.
fn raw_literal(rest: &[u8], before: Option<u8>) -> Option<usize> {
    if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    let prefix = [&b"r"[..], b"br", b"cr"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix))?
        .len();
    let hashes = rest[prefix..].iter().take_while(|b| **b == b'#').count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let body = prefix + hashes + 1;
    let end = rest[body..]
        .windows(closing.len())
        .position(|window| window == closing);
    Some(end.map_or(rest.len(), |end| body + end + closing.len()))
}

fn text_literal(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal at the start; one byte if the quote begins a lifetime.
fn character_literal(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        let end = rest.iter().skip(3).position(|b| *b == b'\'');
        return end.map_or(rest.len(), |end| end + 4);
    }
    let letter = std::str::from_utf8(&rest[1..rest.len().min(5)])
        .map_or_else(|error| error.valid_up_to(), str::len);
    let first = std::str::from_utf8(&rest[1..1 + letter])
        .ok()
        .and_then(|text| text.chars().next());
    match first {
        Some(c) if rest.get(1 + c.len_utf8()) == Some(&b'\'') => c.len_utf8() + 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_vanish_and_lines_stay() {
        let source = "a(); // std::thread\n/* std::thread /* x */\n*/ b(\"std::thread\\\"\", 'x', '\\'', r#\"q\"q\"#);\n";
        let code = without_comments_and_literals(source);
        assert!(!code.contains("thread"), "{code}");
        assert!(!code.contains('q'), "{code}");
        assert!(code.contains("a();") && code.contains("b("));
        assert_eq!(code.lines().count(), source.lines().count());
    }

    #[test]
    fn lifetimes_are_not_taken_for_characters() {
        let code = without_comments_and_literals("fn f<'a>(x: &'a str) -> &'a str { x } // y");
        assert!(code.contains("(x: & a str)"), "{code}");
        assert!(!code.contains('y'));
    }

    #[test]
    fn test_modules_vanish_and_the_rest_stays() {
        let code = without_tests(
            "a();\n#[cfg(test)]\nmod tests { fn f() { x(); } }\nb();\n#[cfg(test)]\nmod more;\nc();\n",
        );
        assert!(code.contains("a();") && code.contains("b();") && code.contains("c();"));
        assert!(!code.contains('x') && !code.contains("more"));
    }
}
