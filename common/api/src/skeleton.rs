//! What is left of a name when everything that looks alike is one: two names with one skeleton would be mistaken for
//! each other.

use std::fmt;

/// The skeleton of a name. Names with equal skeletons look alike, so only one of them can exist.
///
/// * capitals are small letters;
/// * `1` and `i` are `l`, and `0` is `o`;
/// * `rn` is `m`, and `vv` is `w`;
/// * `.`, `-` and `_` are nothing, but between two digits they are one thing: `unit-1-12` is not `unit-11-2`.
///
/// A skeleton is compared, stored and never shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Skeleton(String);

impl Skeleton {
    /// The skeleton of any text.
    pub fn of(name: &str) -> Self {
        let is_separator = |character: char| matches!(character, '.' | '-' | '_');
        let mut skeleton = String::with_capacity(name.len());
        let mut before: Option<char> = None;
        let mut was_separated = false;
        for character in name.chars() {
            if is_separator(character) {
                was_separated = before.is_some();
                continue;
            }
            if was_separated
                && character.is_ascii_digit()
                && before.is_some_and(|before| before.is_ascii_digit())
            {
                skeleton.push('-');
            }
            (before, was_separated) = (Some(character), false);
            let folded = match character.to_ascii_lowercase() {
                '1' | 'i' => 'l',
                '0' => 'o',
                other => other,
            };
            match (skeleton.chars().next_back(), folded) {
                (Some('r'), 'n') => replace_last(&mut skeleton, 'm'),
                (Some('v'), 'v') => replace_last(&mut skeleton, 'w'),
                _ => skeleton.push(folded),
            }
        }
        Self(skeleton)
    }

    /// The skeleton as text, as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn replace_last(skeleton: &mut String, with: char) {
    skeleton.pop();
    skeleton.push(with);
}

impl fmt::Display for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for (one, other) in [
            ("alice", "a1ice"),
            ("alice", "aiice"),
            ("alice", "al1ce"),
            ("bob", "b0b"),
            ("barney", "bamey"),
            ("wendy", "vvendy"),
            ("jean-luc", "jean.luc"),
            ("jean-luc", "jeanluc"),
            ("jean_luc", "JeanLuc"),
            ("bar-ney", "bamey"),
            ("room-10", "room10"),
            ("unit-1-12", "unit1.12"),
        ] {
            assert_eq!(Skeleton::of(one), Skeleton::of(other), "{one} and {other}");
        }
    }

    #[test]
    fn names_that_differ_for_the_eye_have_different_skeletons() {
        let names = [
            "alice",
            "alicia",
            "bob",
            "bop",
            "anna",
            "hanna",
            "unit-1-12",
            "unit-11-2",
            "unit112",
            "phone1",
            "phone2",
            "phone10",
            "phone11",
            "phone100",
            "phone101",
            "phone110",
        ];
        for (index, one) in names.iter().enumerate() {
            for other in &names[index + 1..] {
                assert_ne!(Skeleton::of(one), Skeleton::of(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_skeleton_is_its_own_skeleton() {
        for name in [
            "alice", "rrn", "vvv", "vvvv", "a-1-1-b", "r.n", "1-0", "illi0", "",
        ] {
            let skeleton = Skeleton::of(name);
            let again = Skeleton::of(skeleton.as_str());
            // Digits have become letters, so what kept them apart is nothing now.
            let without = skeleton.as_str().replace('-', "");
            assert_eq!(again.as_str(), without, "{name}");
        }
    }

    #[test]
    fn any_text_has_one() {
        assert_eq!(Skeleton::of("Zoë 王\0").as_str(), "zoë 王\0");
        assert_eq!(Skeleton::of("-._").as_str(), "");
    }
}
