//! What a user may write in place of a device.

use std::path::Path;

/// A source of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputName<'a> {
    /// A real one; `None` is the one chosen in the system.
    Device(Option<&'a str>),
    Tone,
    Silence,
    Recording(&'a Path),
}

/// A sink of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputName<'a> {
    Device(Option<&'a str>),
    Null,
    Recording(&'a Path),
}

impl<'a> InputName<'a> {
    pub(crate) fn parse(name: &'a str) -> Self {
        match (device(name), name) {
            (Some(device), _) => InputName::Device(device),
            (None, "tone") => InputName::Tone,
            (None, "silence") => InputName::Silence,
            (None, path) => InputName::Recording(Path::new(path)),
        }
    }
}

impl<'a> OutputName<'a> {
    pub(crate) fn parse(name: &'a str) -> Self {
        match (device(name), name) {
            (Some(device), _) => OutputName::Device(device),
            (None, "null") => OutputName::Null,
            (None, path) => OutputName::Recording(Path::new(path)),
        }
    }
}

fn device(name: &str) -> Option<Option<&str>> {
    match name {
        "" | "default" | "device" | "device:" | "device:default" => Some(None),
        _ => name.strip_prefix("device:").map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_meant() {
        assert_eq!(InputName::parse(""), InputName::Device(None));
        assert_eq!(InputName::parse("default"), InputName::Device(None));
        assert_eq!(
            InputName::parse("device:USB mic"),
            InputName::Device(Some("USB mic"))
        );
        assert_eq!(InputName::parse("tone"), InputName::Tone);
        assert_eq!(
            InputName::parse("a.wav"),
            InputName::Recording(Path::new("a.wav"))
        );
        assert_eq!(OutputName::parse("null"), OutputName::Null);
        assert_eq!(OutputName::parse("device"), OutputName::Device(None));
        assert_eq!(
            OutputName::parse("out/b.wav"),
            OutputName::Recording(Path::new("out/b.wav"))
        );
    }
}
