//! The fixed top level, and the purpose that each crate states.

use crate::House;

/// Everything visible at the top level. A newcomer should know the house from this list.
pub const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "assets",
    "callserver",
    "common",
    "media",
    "softphone",
    "tests",
];

/// Anything at the top level that does not belong there, or is missing.
pub fn top_level(house: &House) -> Vec<String> {
    let mut breaches = Vec::new();
    for name in &house.top_level {
        if !TOP_LEVEL.contains(&name.as_str()) {
            breaches.push(format!(
                "`{name}` does not belong at the top level; put it into the folder that it serves."
            ));
        }
    }
    for name in TOP_LEVEL {
        if !house.top_level.contains(*name) {
            breaches.push(format!("`{name}` is missing at the top level."));
        }
    }
    breaches
}

/// Crates that do not say what they are for, in their manifest and on the map.
pub fn purposes(house: &House) -> Vec<String> {
    let map = house
        .files
        .iter()
        .find(|file| file.path == "ARCHITECTURE.md")
        .map_or("", |file| file.text.as_str());
    let mut breaches = Vec::new();
    for member in &house.crates {
        let folder = &member.folder;
        if member.description.is_empty() || member.description.contains('\n') {
            breaches.push(format!(
                "{folder}/Cargo.toml: `description` must say in one line what the crate is for."
            ));
        }
        let on_the_map = [format!("`{folder}`"), format!("`{folder}/`")]
            .iter()
            .any(|name| map.contains(name.as_str()));
        if !on_the_map {
            breaches.push(format!("{folder} is not on the map in ARCHITECTURE.md."));
        }
        if !member.takes_workspace_lints {
            breaches.push(format!(
                "{folder}/Cargo.toml: the lints of the workspace are missing ([lints] workspace = true)."
            ));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Crate, File};

    #[test]
    fn strangers_and_gaps_at_the_top_level_are_named() {
        let mut house = House::default();
        house
            .top_level
            .extend(TOP_LEVEL.iter().map(|name| (*name).to_owned()));
        assert!(top_level(&house).is_empty());
        house.top_level.remove("media");
        house.top_level.insert("stuff".to_owned());
        let breaches = top_level(&house);
        assert!(breaches[0].contains("`stuff` does not belong"));
        assert!(breaches[1].contains("`media` is missing"));
    }

    #[test]
    fn a_crate_without_a_purpose_is_named() {
        let house = House {
            files: vec![File {
                path: "ARCHITECTURE.md".to_owned(),
                text: "| `common/sip` | pure |".to_owned(),
            }],
            crates: vec![Crate {
                name: "sdp".to_owned(),
                folder: "common/sdp".to_owned(),
                description: String::new(),
                dependencies: [].into(),
                dev_dependencies: [].into(),
                takes_workspace_lints: true,
            }],
            ..House::default()
        };
        assert_eq!(purposes(&house).len(), 2);
    }
}
