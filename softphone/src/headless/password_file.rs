//! Reading the password from its file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::engine::{Password, Problem};

/// A password file is one line; something longer is the wrong file.
const LONGEST_BYTES: u64 = 4096;

/// Reads a password; one line break at the end is not part of it.
pub(super) fn read(path: &Path) -> Result<Password, Problem> {
    let unreadable = |why: String| Problem {
        code: "password-file",
        sentence: format!(
            "The password file {} cannot be used ({why}); check its path and its permissions.",
            path.display()
        ),
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > LONGEST_BYTES {
        return Err(unreadable("it is too long for a password".into()));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(unreadable("it is empty".into()));
    }
    Ok(line.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password_in(content: &[u8]) -> Result<Password, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, content).unwrap();
        read(&path)
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_password() {
        for content in [&b" two words "[..], b" two words \n", b" two words \r\n"] {
            assert_eq!(password_in(content).unwrap().reveal(), " two words ");
        }
        assert_eq!(password_in(b"x\n\n").unwrap().reveal(), "x\n");
    }

    #[test]
    fn a_file_that_holds_no_password_is_named_in_the_sentence() {
        for content in [&b""[..], b"\n", &[0xff, 0xfe], &[b'x'; 5000]] {
            let problem = password_in(content).unwrap_err();
            assert_eq!(problem.code, "password-file");
            assert!(
                problem.sentence.contains("password cannot be used"),
                "{}",
                problem.sentence
            );
        }
    }

    #[test]
    fn a_missing_file_is_a_problem() {
        assert_eq!(
            read(Path::new("/nowhere/at/all")).unwrap_err().code,
            "password-file"
        );
    }
}
