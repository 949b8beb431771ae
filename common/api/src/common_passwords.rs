//! The passwords that everybody tries first, and what people make of them to get past a rule.

/// One a line, in small letters, sorted by their bytes, each line ended. What they are and where they are from is
/// told beside the file.
const LIST: &[u8] = include_bytes!("../../../assets/passwords/common.txt");

/// The longest password that is looked at: three times the longest of the list.
const LONGEST: usize = 64;

/// The shortest of the list that is looked for inside of another: `monkey1!` is a variation of `monkey`, but whatever
/// holds three letters is a variation of nothing.
const SHORTEST_BASE: usize = 4;

/// So many digits and signs before and after a common password leave it a common one: a date, or `_1987`.
const DECORATION: usize = 6;

/// Whether this password is on the list, or something on the list with capitals, with up to six digits or signs
/// before and after it, in "leet" (`p4$$w0rd`), written twice, or is one character or one sequence (`abcdefgh`,
/// `98765432`). Makes no copy on the heap.
pub(crate) fn is_common(password: &str) -> bool {
    let bytes = password.as_bytes();
    // What holds other scripts is not on the list; one character over and over is common in any of them.
    if is_one_character(password) || is_sequence(bytes) {
        return true;
    }
    if bytes.len() > LONGEST || !password.is_ascii() {
        return false;
    }
    let mut small = [0; LONGEST];
    let small = &mut small[..bytes.len()];
    small.copy_from_slice(bytes);
    small.make_ascii_lowercase();
    is_variation(small) || {
        let (first, second) = small.split_at(small.len() / 2);
        first == second && is_variation(first)
    }
}

fn is_variation(small: &[u8]) -> bool {
    if is_listed(small) {
        return true;
    }
    let is_decoration = |byte: &u8| !byte.is_ascii_lowercase();
    let before = small.iter().take_while(|byte| is_decoration(byte)).count();
    let after = small
        .iter()
        .rev()
        .take_while(|byte| is_decoration(byte))
        .count();
    // Each way to take some of it off, as far as that is decoration: "4you2" may be "4you" or "you".
    (0..=before.min(DECORATION)).any(|start| {
        (0..=after.min(DECORATION)).any(|end| {
            let base = small
                .get(start..small.len().saturating_sub(end))
                .unwrap_or(&[]);
            base.len() >= SHORTEST_BASE && (is_listed(base) || is_leet(base))
        })
    })
}

/// Whether signs and digits stand for letters of a listed word. Both readings of `1` and `!` are tried.
fn is_leet(base: &[u8]) -> bool {
    let letter = |byte: u8, one: u8| match byte {
        b'@' | b'4' => b'a',
        b'3' => b'e',
        b'1' | b'!' | b'|' => one,
        b'0' => b'o',
        b'$' | b'5' => b's',
        b'7' | b'+' => b't',
        b'8' => b'b',
        b'9' => b'g',
        other => other,
    };
    if !base.iter().any(u8::is_ascii_lowercase) || base.iter().all(u8::is_ascii_lowercase) {
        return false;
    }
    let mut read = [0; LONGEST];
    let read = &mut read[..base.len()];
    [b'i', b'l'].into_iter().any(|one| {
        for (to, from) in read.iter_mut().zip(base) {
            *to = letter(*from, one);
        }
        is_listed(read)
    })
}

fn is_one_character(password: &str) -> bool {
    let first = password.chars().next();
    password.chars().all(|character| Some(character) == first)
}

/// Each character the next or the last of the alphabet or the digits.
fn is_sequence(bytes: &[u8]) -> bool {
    let goes = |step: i16| {
        bytes.windows(2).all(|pair| {
            i16::from(pair[1].to_ascii_lowercase()) - i16::from(pair[0].to_ascii_lowercase())
                == step
        })
    };
    bytes.len() > 1 && bytes.iter().all(u8::is_ascii_alphanumeric) && (goes(1) || goes(-1))
}

/// Halves the list until the line is found: 17 looks at the bytes where they lie.
fn is_listed(word: &[u8]) -> bool {
    let (mut low, mut high) = (0, LIST.len());
    while low < high {
        let middle = low.midpoint(high);
        let line_start = LIST[low..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(low, |at| low + at + 1);
        let line_end = LIST[middle..high]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(high, |at| middle + at);
        match LIST[line_start..line_end].cmp(word) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = line_end + 1,
            std::cmp::Ordering::Greater => high = line_start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> impl Iterator<Item = &'static str> {
        std::str::from_utf8(LIST)
            .expect("the list is ASCII")
            .lines()
    }

    #[test]
    fn the_list_has_ten_thousand_sorted_lines_and_each_is_found() {
        assert_eq!(lines().count(), 10_000);
        assert!(
            lines().is_sorted_by(|one, next| one < next),
            "sorted, none twice"
        );
        assert!(LIST.ends_with(b"\n"));
        for line in lines() {
            assert!(is_listed(line.as_bytes()), "{line}");
            assert!(line.len() <= LONGEST / 3);
            assert_eq!(line, line.to_ascii_lowercase());
        }
    }

    #[test]
    fn what_is_between_two_lines_is_not_found() {
        for word in [
            "",
            "\n",
            " ",
            "passwordz",
            "zzzzzzzzzzz",
            "password\n",
            "passwo",
            "~",
        ] {
            assert!(!is_listed(word.as_bytes()), "{word:?}");
        }
    }

    #[test]
    fn variations_that_everybody_knows_are_common() {
        for password in [
            "password",
            "PassWord",
            "password1",
            "Password123!",
            "1password1",
            "p4ssw0rd",
            "P@$$w0rd",
            "pa55word99",
            "M1ch@el!",
            "monkey1987",
            "!!dragon!!",
            "dragondragon",
            "Monkey1Monkey1",
            "qwertyuiop",
            "abcdefgh",
            "ABCDEFGHIJKL",
            "87654321",
            "zzzzzzzzzzzz",
            "魚魚魚魚魚魚魚魚",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn what_only_holds_a_common_word_is_not_common() {
        for password in [
            "correct horse",
            "correct horse battery staple",
            "seven green bottles 7",
            "dragons fly at noon",
            "monkey48213957",
            "größere Fische 魚",
            "tidy-otter-rows-52",
            "k7pw2mq9xr",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn any_length_and_any_bytes_are_looked_at() {
        for password in [
            "",
            "a",
            "1",
            "!!!!",
            "1234!",
            "é",
            &"x1".repeat(500),
            "password".repeat(8).as_str(),
        ] {
            is_common(password);
        }
    }
}
