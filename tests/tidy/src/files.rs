//! How long a file may be, what it may be called, how it begins, and what it may not mention.

use crate::House;

/// The most lines that a source file may have. Think of splitting at 400.
pub const LONGEST: usize = 500;

/// Names that say nothing about what lies inside.
const SAY_NOTHING: &[&str] = &[
    "common", "helper", "helpers", "manager", "misc", "type", "types", "util", "utils",
];

/// Sources and scripts that are too long.
pub fn too_long(house: &House) -> Vec<String> {
    let is_code = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        path.ends_with(".rs")
            || path.ends_with(".sh")
            || path.ends_with(".js")
            || !name.contains('.')
    };
    let is_licence = |path: &str| path.starts_with("LICENSE-");
    house
        .files
        .iter()
        .filter(|file| is_code(&file.path) && !is_licence(&file.path))
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LONGEST).then(|| {
                format!(
                    "{}: {lines} lines are more than {LONGEST}; split it by concept.",
                    file.path
                )
            })
        })
        .collect()
}

/// Sources and folders whose names say nothing.
pub fn empty_names(house: &House) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in house.sources() {
        for (depth, part) in file.path.split('/').enumerate() {
            let name = part.trim_end_matches(".rs");
            // The top-level folder `common` holds crates, each with a name of its own.
            let is_top_folder = depth == 0;
            if SAY_NOTHING.contains(&name) && !is_top_folder {
                breaches.push(format!(
                    "{}: the name `{part}` does not say what lies there; name it after its concept.",
                    file.path
                ));
            }
        }
    }
    breaches
}

/// Sources that do not begin with a `//!` line.
pub fn without_opening_line(house: &House) -> Vec<String> {
    house
        .sources()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| {
            format!(
                "{}: the first line must say what lives here, after `//! `.",
                file.path
            )
        })
        .collect()
}

/// Files that mention a path of somebody's machine.
pub fn machine_paths(house: &House) -> Vec<String> {
    // In two pieces, so that this file does not complain about itself.
    let roots = [
        ("/ro", "ot/"),
        ("/ho", "me/"),
        ("/Us", "ers/"),
        ("/wo", "rk/"),
        ("C:\\Us", "ers"),
    ];
    let roots: Vec<String> = roots.map(|(a, b)| format!("{a}{b}")).to_vec();
    let mut breaches = Vec::new();
    for file in &house.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            for root in &roots {
                let begins_a_path = line.match_indices(root.as_str()).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "./_-}$".contains(c))
                });
                if begins_a_path {
                    breaches.push(format!(
                        "{}:{number}: `{root}…` is a path of one machine; other machines do not have it.",
                        file.path
                    ));
                }
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;

    fn house(path: &str, text: &str) -> House {
        House {
            files: vec![File {
                path: path.to_owned(),
                text: text.to_owned(),
            }],
            ..House::default()
        }
    }

    #[test]
    fn a_long_file_is_named() {
        assert!(too_long(&house("media/src/a.rs", &"x\n".repeat(500))).is_empty());
        assert_eq!(
            too_long(&house("media/src/a.rs", &"x\n".repeat(501))).len(),
            1
        );
    }

    #[test]
    fn a_drawer_is_named_wherever_it_stands() {
        assert_eq!(empty_names(&house("media/src/util.rs", "")).len(), 1);
        assert_eq!(empty_names(&house("media/src/helpers/a.rs", "")).len(), 1);
        assert!(empty_names(&house("common/sip/src/uri.rs", "")).is_empty());
    }

    #[test]
    fn a_file_without_its_opening_line_is_named() {
        assert_eq!(without_opening_line(&house("a.rs", "use x;\n")).len(), 1);
        assert!(without_opening_line(&house("a.rs", "//! What lives here.\n")).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_named() {
        let own = format!("see {}ann/notes", ["/ho", "me/"].concat());
        assert_eq!(machine_paths(&house("README.md", &own)).len(), 1);
        let url = format!("https://example.org{}page", ["/ho", "me/"].concat());
        assert!(machine_paths(&house("README.md", &url)).is_empty());
    }
}
