//! Names of files as strangers send them, made safe.

/// The longest name, in bytes: what file systems take, with room for the endings that are added while a file is fetched.
const LONGEST: usize = 200;

/// The longest ending that is one, in bytes and without its dot.
const LONGEST_ENDING: usize = 16;

/// What is called so when nothing of the name is left.
const NAMELESS: &str = "file";

/// The name without folders, control characters, what hides or turns around text, and signs that Windows cannot store; cut
/// to a length that every file system takes, with its ending kept. It is never empty.
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|sign| !is_unsafe(*sign)).collect();
    // A leading dot hides a file, a trailing one or a space is dropped by Windows without a word.
    let kept = kept.trim_matches(is_space_or_dot);
    if kept.is_empty() {
        return NAMELESS.to_owned();
    }
    if kept.len() <= LONGEST {
        return kept.to_owned();
    }
    let (stem, ending) = split_ending(kept);
    let end = stem.floor_char_boundary(LONGEST - ending.len());
    format!("{}{ending}", stem[..end].trim_end_matches(is_space_or_dot))
}

/// A file name and its ending, with the dot; the ending is empty if there is none.
#[must_use]
pub fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_ENDING + 1 => name.split_at(dot),
        _ => (name, ""),
    }
}

fn is_space_or_dot(sign: char) -> bool {
    sign.is_whitespace() || sign == '.'
}

fn is_unsafe(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        || matches!(sign, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_anywhere_or_pretends_to_be_another() {
        for (given, safe) in [
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
            assert_eq!(safe_file_name(given), safe, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = safe_file_name(&format!("{}.tar", "ä".repeat(300)));
        assert!(long.len() <= LONGEST && long.ends_with("ä.tar"), "{long}");
        assert!(safe_file_name(&"x".repeat(5_000)).len() <= LONGEST);
        // Where it is cut nothing stands that Windows would drop.
        let cut = safe_file_name(&format!("{}. {}", "x".repeat(LONGEST - 2), "y".repeat(50)));
        assert_eq!(cut, "x".repeat(LONGEST - 2));
    }

    #[test]
    fn an_ending_is_short_and_behind_a_name() {
        assert_eq!(split_ending("report.tar.gz"), ("report.tar", ".gz"));
        assert_eq!(split_ending("README"), ("README", ""));
        assert_eq!(split_ending(".bashrc"), (".bashrc", ""));
        let sentence = "Dear all. This is no ending";
        assert_eq!(split_ending(sentence), (sentence, ""));
    }
}
