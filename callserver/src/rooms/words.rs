//! The words of a text, as they are kept and looked for.

use std::collections::BTreeSet;

/// More different words of one text are not found by.
const MOST_WORDS: usize = 64;

/// What is longer is found by its beginning.
const LONGEST_WORD: usize = 32;

/// The different words of a text in lower case, in the order of the alphabet.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let mut found = BTreeSet::new();
    for word in words {
        if found.len() == MOST_WORDS {
            break;
        }
        found.insert(shortened(word));
    }
    found.into_iter().collect()
}

/// What is looked for: its words in the order in which they were written, the last of which may be unfinished.
pub(super) fn asked(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.take(8).map(shortened).collect()
}

/// Whether a text has all words that are asked for; of the last one the beginning is enough.
pub(super) fn has(text: &str, asked: &[String]) -> bool {
    let Some((last, whole)) = asked.split_last() else {
        return false;
    };
    let words = words(text);
    whole.iter().all(|word| words.binary_search(word).is_ok())
        && words.iter().any(|word| word.starts_with(last))
}

fn shortened(word: &str) -> String {
    let lower = word.chars().flat_map(char::to_lowercase);
    lower.take(LONGEST_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_stands_between_them_and_however_they_are_written() {
        assert_eq!(
            words("Äpfel, äpfel – BIRNEN (und 3 Nüsse)!"),
            ["3", "birnen", "nüsse", "und", "äpfel"]
        );
        assert!(words(" \n—👍").is_empty());
        assert_eq!(words(&"x".repeat(100)), ["x".repeat(32)]);
        let many: String = (0..1000).map(|n| format!("w{n} ")).collect();
        assert_eq!(words(&many).len(), 64);
        assert_eq!(asked("Birnen und Äp"), ["birnen", "und", "äp"]);
        assert!(has("Äpfel und Birnen", &asked("birnen äpf")));
        assert!(!has("Äpfel und Birnen", &asked("äpf birnen")));
        assert!(!has("Äpfel", &[]));
    }
}
