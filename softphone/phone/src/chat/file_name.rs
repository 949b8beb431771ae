//! Names of files as others send them, made safe for this computer.

/// The longest name, in bytes: what file systems take, with room for the endings that are added while it is fetched.
const LONGEST: usize = 200;
/// What is called so when nothing of the name is left.
const NAMELESS: &str = "file";
/// What a name is for Windows when it has one of these before its first dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

/// The name without folders, control characters, what hides or turns around text, and what Windows cannot store; cut to a
/// length that every file system takes, with its ending kept.
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|sign| !is_unsafe(*sign)).collect();
    // A leading dot hides a file, a trailing one or a space is dropped by Windows without a word.
    let kept = kept.trim_matches(|sign: char| sign.is_whitespace() || sign == '.');
    if kept.is_empty() {
        return NAMELESS.to_owned();
    }
    let first = kept.split('.').next().unwrap_or_default().trim_end();
    let is_device = DEVICES.iter().any(|device| {
        let rest = first
            .get(..3)
            .filter(|start| start.eq_ignore_ascii_case(device));
        rest.is_some() && first[3..].chars().all(|sign| sign.is_ascii_digit()) && first.len() <= 4
    });
    let kept = if is_device {
        format!("_{kept}")
    } else {
        kept.to_owned()
    };
    if kept.len() <= LONGEST {
        return kept;
    }
    let (stem, ending) = parts(&kept);
    let end = stem.floor_char_boundary(LONGEST - ending.len());
    format!("{}{ending}", stem[..end].trim_end())
}

/// The same name for the `number`th file that would have it: `report (2).pdf`.
#[must_use]
pub fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = parts(name);
    match number {
        0 | 1 => name.to_owned(),
        _ => format!("{stem} ({number}){ending}"),
    }
}

/// A name and its ending, with the dot.
fn parts(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= 17 => name.split_at(dot),
        _ => (name, ""),
    }
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
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("a\0b\r\nc.txt", "abc.txt"),
            ("gpj\u{202e}exe.txt", "gpjexe.txt"),
            ("con", "_con"),
            ("LPT1.txt", "_LPT1.txt"),
            ("constant.txt", "constant.txt"),
            ("Ünïcode 🎷.flac", "Ünïcode 🎷.flac"),
        ] {
            assert_eq!(safe_file_name(given), safe, "{given:?}");
        }
        let long = safe_file_name(&format!("{}.tar", "ä".repeat(300)));
        assert!(long.len() <= LONGEST && long.ends_with("ä.tar"), "{long}");
        assert!(safe_file_name(&"x".repeat(5_000)).len() <= LONGEST);
    }

    #[test]
    fn a_second_file_of_the_same_name_is_numbered_before_its_ending() {
        assert_eq!(numbered("report.pdf", 1), "report.pdf");
        assert_eq!(numbered("report.pdf", 2), "report (2).pdf");
        assert_eq!(numbered("README", 3), "README (3)");
        assert_eq!(numbered("ä.", 2), "ä (2).");
    }
}
