//! What has been dialled so far.

/// One key of the pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PadKey {
    pub(crate) digit: char,
    /// The letters of ITU-T E.161 under the digit.
    pub(crate) letters: &'static str,
    /// What a screen reader says.
    pub(crate) name: &'static str,
}

const fn key(digit: char, letters: &'static str, name: &'static str) -> PadKey {
    PadKey {
        digit,
        letters,
        name,
    }
}

/// The keys in rows of three.
pub(crate) const KEYS: [PadKey; 12] = [
    key('1', "", "Digit 1"),
    key('2', "ABC", "Digit 2"),
    key('3', "DEF", "Digit 3"),
    key('4', "GHI", "Digit 4"),
    key('5', "JKL", "Digit 5"),
    key('6', "MNO", "Digit 6"),
    key('7', "PQRS", "Digit 7"),
    key('8', "TUV", "Digit 8"),
    key('9', "WXYZ", "Digit 9"),
    key('*', "", "Star"),
    key('0', "", "Digit 0"),
    key('#', "", "Hash"),
];

/// Longer than any number, name or address that somebody would dial.
pub(crate) const CHARACTERS: usize = 128;

/// What has been dialled so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialled {
    /// As typed or pasted.
    pub(crate) text: String,
    last: String,
}

impl Dialled {
    /// Adds what was typed or a key of the pad.
    pub(crate) fn push(&mut self, text: &str) {
        let room = CHARACTERS.saturating_sub(self.text.chars().count());
        self.text
            .extend(text.chars().filter(|c| !c.is_control()).take(room));
    }

    /// Takes the last character away.
    pub(crate) fn backspace(&mut self) {
        self.text.pop();
    }

    /// What to call: a number without the spaces and dashes that people write it with, a name or an address as it is.
    pub(crate) fn target(&self) -> String {
        let text = self.text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text).trim();
        let written_number = text.chars().any(|c| c.is_ascii_digit())
            && text.chars().all(|c| {
                c.is_ascii_digit()
                    || c.is_whitespace()
                    || "+*#()-./\u{2010}\u{2011}\u{2013}".contains(c)
            });
        if written_number {
            text.chars()
                .filter(|c| c.is_ascii_digit() || "+*#".contains(*c))
                .collect()
        } else {
            text.to_owned()
        }
    }

    /// Calls nobody yet: brings back what was called last, so that a second Enter calls it again.
    pub(crate) fn recall(&mut self) {
        if self.text.trim().is_empty() {
            self.text.clone_from(&self.last);
        }
    }

    /// A call to `target` was placed.
    pub(crate) fn called(&mut self, target: &str) {
        self.last = target.to_owned();
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_however_it_is_written() {
        for (typed, target) in [
            ("200", "200"),
            (" +49 (30) 123-456 ", "+4930123456"),
            ("030/12 34.56", "030123456"),
            ("tel:+49-30-1234", "+49301234"),
            ("*43#", "*43#"),
            ("amina", "amina"),
            ("Amina Yusuf", "Amina Yusuf"),
            ("sip:200@example.org", "sip:200@example.org"),
            ("  ", ""),
            ("-", "-"),
        ] {
            let mut dialled = Dialled::default();
            dialled.push(typed);
            assert_eq!(dialled.target(), target, "{typed:?}");
        }
    }

    #[test]
    fn an_endless_paste_is_cut_short() {
        let mut dialled = Dialled::default();
        dialled.push(&"1".repeat(100_000));
        dialled.push("2");
        assert_eq!(dialled.text.len(), CHARACTERS);
    }

    #[test]
    fn the_last_number_comes_back_on_an_empty_line_only() {
        let mut dialled = Dialled::default();
        dialled.called("200");
        assert_eq!(dialled.target(), "");
        dialled.push("3");
        dialled.recall();
        assert_eq!(dialled.target(), "3");
        dialled.backspace();
        dialled.recall();
        assert_eq!(dialled.target(), "200");
    }
}
