//! Base64 (RFC 4648 section 4) of keys in `a=crypto` lines.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of `bytes`, filled up with `=` to whole groups of four.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().enumerate().fold(0u32, |bits, (index, byte)| {
            bits | u32::from(*byte) << (16 - 8 * index)
        });
        for place in 0..4 {
            if place <= group.len() {
                let six = (bits >> (18 - 6 * place)) & 0x3f;
                text.push(char::from(ALPHABET[six as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Reads `text` into `into`: the number of bytes, or `None` if it is no base64 or more than there is room for. The `=` at
/// the end may lack, as RFC 7714's own examples differ about them.
pub(crate) fn decode(text: &str, into: &mut [u8]) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let (mut bits, mut count, mut written) = (0u32, 0u32, 0usize);
    for digit in digits.bytes() {
        let six = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            *into.get_mut(written)? = u8::try_from((bits >> count) & 0xff).ok()?;
            written += 1;
        }
    }
    // Bits left over must be zero, so that a key has one spelling.
    (bits & ((1 << count) - 1) == 0).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_lengths_are_read_as_they_were_written() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..=46 {
            let mut read = [0; 46];
            let text = encode(&bytes[..length]);
            assert_eq!(text.len() % 4, 0);
            assert_eq!(decode(&text, &mut read), Some(length), "{text}");
            assert_eq!(read[..length], bytes[..length]);
            let bare = text.trim_end_matches('=');
            assert_eq!(decode(bare, &mut read), Some(length), "{bare}");
        }
        // RFC 4648 section 10.
        assert_eq!(encode(b"foobar"), "Zm9vYmFy");
        assert_eq!(encode(b"foob"), "Zm9vYg==");
    }

    #[test]
    fn what_is_no_base64_is_not_read() {
        for text in ["A", "AB=C", "A===", "Zm9vYh==", "Zm9v Yg=", "Zm9vé"] {
            assert_eq!(decode(text, &mut [0; 46]), None, "{text}");
        }
        assert_eq!(decode("Zm9v", &mut [0; 2]), None);
    }
}
