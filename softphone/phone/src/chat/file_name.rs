//! Names of files as others send them, made safe for this computer.

use api::split_ending;

/// What a name is for Windows when it has one of these before its first dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

/// The name as [`api::safe_file_name`] has it, and no device of Windows either.
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let name = api::safe_file_name(name);
    match is_device(&name) {
        // It may have become too long.
        true => api::safe_file_name(&format!("_{name}")),
        false => name,
    }
}

/// The same name for the `number`th file that would have it: `report (2).pdf`.
#[must_use]
pub fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = split_ending(name);
    match number {
        0 | 1 => name.to_owned(),
        _ => format!("{stem} ({number}){ending}"),
    }
}

fn is_device(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default().trim_end();
    DEVICES.iter().any(|device| {
        let rest = first
            .get(..3)
            .filter(|start| start.eq_ignore_ascii_case(device));
        rest.is_some() && first[3..].chars().all(|sign| sign.is_ascii_digit()) && first.len() <= 4
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_anywhere_or_is_a_device() {
        for (given, safe) in [
            ("../../etc/passwd", "passwd"),
            ("con", "_con"),
            ("C:\\LPT1.txt", "_LPT1.txt"),
            ("constant.txt", "constant.txt"),
        ] {
            assert_eq!(safe_file_name(given), safe, "{given:?}");
        }
        let long = safe_file_name(&format!("con.{}.tar", "ä".repeat(300)));
        assert!(
            long.starts_with("_con.ä") && long.ends_with("ä.tar"),
            "{long}"
        );
        assert!(long.len() <= 200);
    }

    #[test]
    fn a_second_file_of_the_same_name_is_numbered_before_its_ending() {
        assert_eq!(numbered("report.pdf", 1), "report.pdf");
        assert_eq!(numbered("report.pdf", 2), "report (2).pdf");
        assert_eq!(numbered("README", 3), "README (3)");
        assert_eq!(numbered("ä.", 2), "ä (2).");
    }
}
