//! Whatever strangers send to the rules: nothing panics, and what passes has the promised properties.

use api::{DisplayName, Number, Password, PictureFormat, SetupLink, Skeleton, Username};
use proptest::prelude::*;

/// Bytes that begin like a picture, so that the readers behind the first bytes are reached.
fn picture() -> impl Strategy<Value = Vec<u8>> {
    let beginnings = prop::sample::select(vec![
        b"".to_vec(),
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec(),
        b"\xff\xd8\xff".to_vec(),
        b"\xff\xd8\xff\xe0\0\x04ab\xff".to_vec(),
        b"RIFF\0\0\0\0WEBPVP8X".to_vec(),
        b"RIFF\0\0\0\0WEBPVP8L".to_vec(),
        b"RIFF\0\0\0\0WEBPVP8 ".to_vec(),
    ]);
    let rest = prop::collection::vec(prop_oneof![Just(0xff), Just(0), any::<u8>()], 0..200);
    (beginnings, rest).prop_map(|(beginning, rest)| [beginning, rest].concat())
}

/// Texts that look like setup links, more or less.
fn link() -> impl Strategy<Value = String> {
    let field = "(secret|label|number|tls|udp|certificate|x)=([a-z0-9%+:]|%[0-9a-f]{2}){0,20}";
    let fields = prop::collection::vec(field, 0..6).prop_map(|fields| fields.join("&"));
    ("sip-setup:[a-z%@]{0,8}", fields).prop_map(|(address, fields)| format!("{address}?{fields}"))
}

proptest! {
    #[test]
    fn any_bytes_are_a_picture_or_not(content in picture()) {
        if let Ok(format) = PictureFormat::of(&content) {
            prop_assert_eq!(PictureFormat::from_media_type(format.media_type()), Some(format));
        }
    }

    #[test]
    fn any_text_is_a_name_or_not(text in "\\PC{0,40}|[a-z0-9._-]{1,34}") {
        let _ = DisplayName::parse(&text);
        let _ = Number::parse(&text);
        let existing = Username::existing(&text);
        if let Ok(name) = Username::parse(&text) {
            prop_assert_eq!(existing, Ok(name.clone()));
            prop_assert!(name.as_str().len() <= Username::MAX_LENGTH);
            prop_assert!(name.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || b"0123456789.-_".contains(&byte)));
            prop_assert_eq!(Skeleton::of(&text.trim().to_uppercase()), name.skeleton());
        }
        prop_assert!(Skeleton::of(&text).as_str().len() <= 2 * text.len() + 1);
    }

    #[test]
    fn any_text_is_a_password_or_not(text in "\\PC{0,140}|[a-z0-9!@$]{6,12}") {
        let name = Username::parse("alice").expect("a name");
        if let Ok(password) = Password::parse(&text, &name) {
            prop_assert_eq!(password.reveal(), &text);
            let longer = [&*text, &"x".repeat(128)].concat();
            prop_assert!(Password::parse(&longer, &name).is_err());
        }
    }

    #[test]
    fn what_is_read_from_a_link_prints_as_a_link_with_the_same_content(text in link()) {
        if let Ok(link) = text.parse::<SetupLink>() {
            prop_assert_eq!(link.to_string().parse::<SetupLink>(), Ok(link));
        }
    }
}
