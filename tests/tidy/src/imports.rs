//! Who may import whom, and what pure crates may not touch.

use crate::source::{without_comments_and_literals, without_tests};
use crate::{Crate, House};

/// What a crate is allowed to do with the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Decides: time, randomness and inputs come in as arguments; no socket, clock, thread, file or `async`.
    Pure,
    /// Waits, sends, stores or draws.
    Edge,
    /// Exists for tests only; nothing that ships may depend on it.
    Test,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The package name.
    pub name: &'static str,
    /// What it may do.
    pub kind: Kind,
    /// Which of our own crates it may import.
    pub may_import: &'static [&'static str],
    /// Which outside crates it must never reach, not even through others.
    pub never: &'static [&'static str],
}

/// The table. A crate that is not in it does not belong to the house.
pub const TABLE: &[Rule] = &[
    pure("sip", &[]),
    pure("sdp", &[]),
    pure("api", &[]),
    pure("pictures", &[]),
    edge("sip-tokio", &["sip"], NO_WINDOW_NO_STORE),
    pure("media", &[]),
    edge("devices", &["media"], &["sqlx", "axum", "eframe", "egui"]),
    pure("switch", &["sdp", "sip"]),
    edge(
        "callserver",
        &[
            "api",
            "media",
            "pictures",
            "sdp",
            "sip",
            "sip-tokio",
            "switch",
        ],
        &["cpal", "eframe", "egui", "winit"],
    ),
    pure("phone", &["api", "sdp", "sip"]),
    edge(
        "softphone",
        &[
            "api",
            "devices",
            "media",
            "phone",
            "pictures",
            "sdp",
            "sip",
            "sip-tokio",
        ],
        &["sqlx", "axum"],
    ),
    test("damage", &["sdp", "sip"]),
    test("fuzz", &["damage"]),
    test("simnet", &[]),
    test("hearing", &[]),
    test("test-postgres", &[]),
    test("tidy", &[]),
    test("end-to-end", &["hearing", "media", "sip", "test-postgres"]),
    test("bench", &["end-to-end", "sip", "test-postgres"]),
];

/// Test crates that any crate may use in its own tests.
pub const FOR_TESTS: &[&str] = &["hearing", "simnet", "test-postgres"];

const NO_WINDOW_NO_STORE: &[&str] = &["sqlx", "axum", "cpal", "eframe", "egui"];

/// Outside crates that no pure crate may reach, not even through others.
pub const NEVER_IN_PURE: &[&str] = &[
    "async-io", "axum", "cpal", "eframe", "egui", "hyper", "io-uring", "mio", "reqwest", "smol",
    "socket2", "sqlx", "tokio", "winit",
];

/// Outside crates that one place alone may name, besides tests: who wants to replace one finds it there.
const CONFINED: &[(&str, &str)] = &[("rsip", "common/sip/src/rsip.rs")];

/// Words that no pure crate may write outside its tests, and what they would bring in.
const NOT_IN_PURE: &[(&str, &str)] = &[
    ("Instant::now", "a clock"),
    ("SystemTime::now", "a clock"),
    ("UtcDateTime::now", "a clock"),
    ("OffsetDateTime::now", "a clock"),
    ("thread::", "a thread"),
    ("std::thread", "a thread"),
    ("UdpSocket", "a socket"),
    ("TcpStream", "a socket"),
    ("TcpListener", "a socket"),
    ("UnixStream", "a socket"),
    ("std::fs", "the file system"),
    ("fs::File", "the file system"),
    ("std::process", "another process"),
    ("std::env", "the environment"),
    ("tokio::", "a runtime"),
    ("async fn", "a runtime"),
    (".await", "a runtime"),
    ("rand::rng()", "randomness of its own"),
    ("thread_rng", "randomness of its own"),
    ("OsRng", "randomness of its own"),
    ("SysRng", "randomness of its own"),
    ("getrandom", "randomness of its own"),
];

const fn pure(name: &'static str, may_import: &'static [&'static str]) -> Rule {
    Rule {
        name,
        kind: Kind::Pure,
        may_import,
        never: NEVER_IN_PURE,
    }
}

const fn edge(
    name: &'static str,
    may_import: &'static [&'static str],
    never: &'static [&'static str],
) -> Rule {
    Rule {
        name,
        kind: Kind::Edge,
        may_import,
        never,
    }
}

const fn test(name: &'static str, may_import: &'static [&'static str]) -> Rule {
    Rule {
        name,
        kind: Kind::Test,
        may_import,
        never: &[],
    }
}

/// The line of the table for a crate.
pub fn rule_of(name: &str) -> Option<&'static Rule> {
    TABLE.iter().find(|rule| rule.name == name)
}

/// Breaches of the table in the manifests.
pub fn manifests(house: &House) -> Vec<String> {
    let mut breaches = Vec::new();
    for member in &house.crates {
        let Some(rule) = rule_of(&member.name) else {
            breaches.push(format!(
                "{}/Cargo.toml: the crate `{}` is not in the import table; add its line to tests/tidy/src/imports.rs.",
                member.folder, member.name
            ));
            continue;
        };
        breaches.extend(manifest(member, rule));
    }
    breaches
}

fn manifest(member: &Crate, rule: &Rule) -> Vec<String> {
    let mut breaches = Vec::new();
    let ours = |name: &&String| rule_of(name).is_some();
    for name in member.dependencies.iter().filter(ours) {
        if !rule.may_import.contains(&name.as_str()) {
            breaches.push(format!(
                "{}/Cargo.toml: `{}` may not depend on `{name}`; the import table allows it {}.",
                member.folder,
                member.name,
                listed(rule.may_import)
            ));
        }
    }
    for name in member.dev_dependencies.iter().filter(ours) {
        let allowed =
            rule.may_import.contains(&name.as_str()) || FOR_TESTS.contains(&name.as_str());
        // A crate that names itself switches its own features on for its tests.
        let allowed = allowed || *name == member.name;
        if !allowed {
            breaches.push(format!(
                "{}/Cargo.toml: the tests of `{}` may not depend on `{name}`; besides what the crate itself imports \
                 they may use {}.",
                member.folder,
                member.name,
                listed(FOR_TESTS)
            ));
        }
    }
    for name in &member.dependencies {
        if rule.never.contains(&name.as_str()) {
            breaches.push(format!(
                "{}/Cargo.toml: `{}` may never see `{name}`.",
                member.folder, member.name
            ));
        }
    }
    breaches
}

/// Breaches in the sources: imports outside the table, and the outside world in a pure crate.
pub fn sources(house: &House) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in house.sources() {
        let Some(member) = house.crate_of(&file.path) else {
            continue;
        };
        let Some(rule) = rule_of(&member.name) else {
            continue;
        };
        if is_test_file(member, &file.path) {
            continue;
        }
        let code = without_tests(&without_comments_and_literals(&file.text));
        for (number, line) in (1..).zip(code.lines()) {
            let place = format!("{}:{number}", file.path);
            for other in imported(line) {
                // A crate may have a module of that name; what the manifest lacks can be nothing else.
                let in_reach =
                    member.dependencies.contains(other) || member.dev_dependencies.contains(other);
                let foreign = in_reach && !rule.may_import.contains(&other);
                if foreign {
                    breaches.push(format!(
                        "{place}: `{}` may not import `{other}`.",
                        member.name
                    ));
                }
            }
            for (name, home) in CONFINED {
                if file.path != *home && contains_word(line, &format!("{name}::")) {
                    breaches.push(format!("{place}: only {home} may name `{name}`."));
                }
            }
            if rule.kind == Kind::Pure {
                for (word, thing) in NOT_IN_PURE {
                    if contains_word(line, word) {
                        breaches.push(format!(
                            "{place}: `{}` is pure, but `{word}` brings in {thing}; let the caller pass it in.",
                            member.name
                        ));
                    }
                }
            }
        }
    }
    breaches
}

/// Whether a file of this crate is compiled for tests, benches or examples only.
fn is_test_file(member: &Crate, path: &str) -> bool {
    let inside = path
        .trim_start_matches(&member.folder)
        .trim_start_matches('/');
    let test_folder = |part: &str| matches!(part, "tests" | "benches" | "examples" | "e2e");
    let mut parts = inside.split('/');
    let last = parts.next_back().unwrap_or_default();
    last == "tests.rs" || last.ends_with("_tests.rs") || parts.any(test_folder)
}

/// Which of our own crates a line of code imports with `use name::` or `name::…`.
fn imported(line: &str) -> Vec<&'static str> {
    let line = line.trim_start();
    let Some(path) = line
        .strip_prefix("pub use ")
        .or_else(|| line.strip_prefix("use "))
    else {
        return Vec::new();
    };
    let first = path.trim_start_matches("::").split([':', ';', ' ']).next();
    TABLE
        .iter()
        .map(|rule| rule.name)
        // A module may carry the name of a crate (`mod hearing`); only a path into a crate counts.
        .filter(|name| first == Some(name.replace('-', "_").as_str()) && path.contains("::"))
        .collect()
}

/// Whether `line` contains `word` not preceded by a letter, digit or underscore.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        word.starts_with('.') || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        return "none of our crates".to_owned();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;

    fn house(name: &str, folder: &str, dependencies: &[&str], code: &str) -> House {
        House {
            files: vec![File {
                path: format!("{folder}/src/lib.rs"),
                text: code.to_owned(),
            }],
            crates: vec![Crate {
                name: name.to_owned(),
                folder: folder.to_owned(),
                description: "x".to_owned(),
                dependencies: dependencies.iter().map(|d| (*d).to_owned()).collect(),
                dev_dependencies: ["simnet".to_owned()].into(),
                takes_workspace_lints: true,
            }],
            ..House::default()
        }
    }

    #[test]
    fn a_dependency_outside_the_table_is_named() {
        let breaches = manifests(&house("sdp", "common/sdp", &["sip"], ""));
        assert_eq!(breaches.len(), 1, "{breaches:?}");
        assert!(breaches[0].contains("`sdp` may not depend on `sip`"));
    }

    #[test]
    fn a_sound_device_in_the_server_is_named() {
        let breaches = manifests(&house("callserver", "callserver", &["cpal", "switch"], ""));
        assert_eq!(
            breaches,
            ["callserver/Cargo.toml: `callserver` may never see `cpal`."]
        );
    }

    #[test]
    fn a_stranger_is_named() {
        let breaches = manifests(&house("drawer", "common/drawer", &[], ""));
        assert!(breaches[0].contains("not in the import table"));
    }

    #[test]
    fn a_confined_crate_outside_its_place_is_named() {
        let code = "//! x\nfn f(uri: rsip::Uri) {}\n";
        let breaches = sources(&house("sip", "common/sip", &[], code));
        assert_eq!(
            breaches,
            ["common/sip/src/lib.rs:2: only common/sip/src/rsip.rs may name `rsip`."]
        );
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_named_with_its_line() {
        let code = "//! x\nfn f() { let now = Instant::now(); }\n";
        let breaches = sources(&house("sip", "common/sip", &[], code));
        assert_eq!(breaches.len(), 1, "{breaches:?}");
        assert!(breaches[0].starts_with("common/sip/src/lib.rs:2: `sip` is pure"));
    }

    #[test]
    fn a_clock_in_comments_texts_and_tests_is_allowed() {
        let code = "//! Instant::now\nfn f() -> &str { \"Instant::now\" }\n#[cfg(test)]\nmod tests { fn g() { Instant::now(); } }\n";
        assert!(sources(&house("sip", "common/sip", &[], code)).is_empty());
    }

    #[test]
    fn a_clock_at_the_edge_is_allowed() {
        let code = "fn f() { Instant::now(); }\n";
        assert!(sources(&house("callserver", "callserver", &[], code)).is_empty());
    }

    #[test]
    fn a_forbidden_use_is_named() {
        let breaches = sources(&house("media", "media", &["sip"], "use sip::Uri;\n"));
        assert_eq!(
            breaches,
            ["media/src/lib.rs:1: `media` may not import `sip`."]
        );
    }
}
