//! Names of files as strangers send them, made safe.

/// The longest name, in bytes: what file systems take.
const LONGEST: usize = 200;

/// What is called so when nothing of the name is left.
const NAMELESS: &str = "file";

/// The name without folders, control characters, what hides or turns around text, and what Windows cannot store; cut to a
/// length that every file system takes, with its ending kept.
pub(super) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|letter| !is_unsafe(*letter)).collect();
    // A leading dot hides a file, a trailing one or a space is dropped by Windows without a word.
    let kept = kept.trim_matches(|letter: char| letter.is_whitespace() || letter == '.');
    if kept.is_empty() {
        return NAMELESS.to_owned();
    }
    if kept.len() <= LONGEST {
        return kept.to_owned();
    }
    let (stem, ending) = match kept.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (kept, String::new()),
    };
    let end = stem.floor_char_boundary(LONGEST - ending.len());
    format!("{}{ending}", &stem[..end])
}

fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        || matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_anywhere_or_pretends_to_be_another() {
        for (given, safe_name) in [
            ("holiday.jpg", "holiday.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
            ("/", "file"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("a\0b\r\nc.txt", "abc.txt"),
            ("gpj\u{202e}exe.txt", "gpjexe.txt"),
            ("what?.txt", "what.txt"),
            ("Ünïcode 🎷.flac", "Ünïcode 🎷.flac"),
        ] {
            assert_eq!(safe(given), safe_name, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = safe(&format!("{}.tar", "ä".repeat(300)));
        assert!(long.len() <= LONGEST && long.ends_with("ä.tar"), "{long}");
        assert!(safe(&"x".repeat(5_000)).len() <= LONGEST);
    }
}
