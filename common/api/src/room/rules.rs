//! What may be said in a room: the same rule for the server and for two devices that talk without it.

use super::{Body, FileRef, LONGEST_TEXT, RoomId, SIMPLE_EMOJI_LENGTH};

const MOST_MENTIONS: usize = 50;
const MOST_WAVEFORM: usize = 200;

/// Checks what somebody wants to say.
///
/// # Errors
/// If it is nothing, too much, or something that only the server says; one sentence says what.
pub fn check_said(body: &Body) -> Result<(), &'static str> {
    match body {
        Body::Text { text, mentions, .. } => {
            check_text(text)?;
            if mentions.len() > MOST_MENTIONS {
                return Err("A message mentions 50 people at most.");
            }
        }
        Body::File { file, caption, .. } => {
            check_file(file)?;
            if !caption.is_empty() {
                check_text(caption)?;
            }
        }
        Body::VoiceNote { file, waveform, .. } => {
            check_file(file)?;
            if waveform.len() > MOST_WAVEFORM {
                return Err("A waveform has 200 steps at most.");
            }
        }
        Body::Edit { text, .. } => check_text(text)?,
        Body::Delete { .. } => {}
        Body::Reaction { emoji, .. } => {
            let is_plain = |c: char| c.is_control() || c.is_whitespace() || c.is_ascii_alphabetic();
            if emoji.is_empty() || emoji.len() > SIMPLE_EMOJI_LENGTH || emoji.chars().any(is_plain)
            {
                return Err("A reaction is one emoji.");
            }
        }
        Body::Call { .. }
        | Body::Voicemail { .. }
        | Body::Room(_)
        | Body::Deleted
        | Body::Hidden => return Err("Only the server says this."),
        Body::Unknown => return Err("This kind of message is not known here."),
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), &'static str> {
    let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    if text.trim().is_empty() {
        return Err("The message is empty.");
    }
    if text.len() > LONGEST_TEXT {
        return Err("The message is longer than 16,000 bytes; send it as a file.");
    }
    if text.chars().any(is_bad) {
        return Err("The message holds a control character; remove it.");
    }
    Ok(())
}

fn check_file(file: &FileRef) -> Result<(), &'static str> {
    let is_name = |text: &str| {
        let is_bad = |c: char| c.is_control() || matches!(c, '/' | '\\');
        (1..=255).contains(&text.len()) && !matches!(text, "." | "..") && !text.chars().any(is_bad)
    };
    let is_hash = |text: &str| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == 64 && text.bytes().all(is_digit)
    };
    let is_type = |text: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-+.;= _".contains(&byte);
        (3..=100).contains(&text.len()) && text.contains('/') && text.bytes().all(is_plain)
    };
    let is_good = RoomId::parse(&file.file).is_ok()
        && is_name(&file.name)
        && is_hash(&file.sha256)
        && is_type(&file.media_type)
        && i64::try_from(file.bytes).is_ok();
    match is_good {
        true => Ok(()),
        false => Err(
            "The file is not described as it must be: an id, a name without a folder, SHA-256, media type and length.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_server_says_and_what_nobody_should_is_refused() {
        let text = |text: &str| Body::Text {
            text: text.to_owned(),
            reply_to: None,
            mentions: Vec::new(),
        };
        assert!(check_said(&text("two\nlines 👍")).is_ok());
        for bad in ["", " \n", "a\0b", "\u{1b}[2J", &"x".repeat(16_001)] {
            assert!(check_said(&text(bad)).is_err(), "{bad:?}");
        }
        for body in [Body::Deleted, Body::Hidden, Body::Unknown] {
            assert!(check_said(&body).is_err(), "{body:?}");
        }
        let file = |name: &str| Body::File {
            file: FileRef {
                file: "f-1".into(),
                sha256: "0".repeat(64),
                name: name.into(),
                media_type: "text/plain".into(),
                bytes: 3,
            },
            caption: String::new(),
            reply_to: None,
        };
        assert!(check_said(&file("Übersicht 2.pdf")).is_ok());
        for bad in ["", "..", "../x", "a\\b", "a\nb", &"x".repeat(256)] {
            assert!(check_said(&file(bad)).is_err(), "{bad:?}");
        }
    }
}
