//! What a phone that knows texts alone is told of a message.

use api::room::Body;

/// It in words; `None` if it is nothing for such a phone.
pub(super) fn words(body: &Body) -> Option<String> {
    match body {
        Body::Text { text, .. } => Some(text.clone()),
        Body::File { file, caption, .. } => {
            let file = format!("{} ({})", file.name, size(file.bytes));
            Some(match caption.is_empty() {
                true => file,
                false => format!("{file}\n{caption}"),
            })
        }
        Body::VoiceNote { millis, .. } => {
            let seconds = (u64::from(*millis) + 500) / 1000;
            Some(format!("Voice note, {}:{:02}", seconds / 60, seconds % 60))
        }
        Body::Edit { .. }
        | Body::Delete { .. }
        | Body::Reaction { .. }
        | Body::Call { .. }
        | Body::Voicemail { .. }
        | Body::Room(_)
        | Body::Deleted
        | Body::Hidden
        | Body::Unknown => None,
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::room::FileRef;

    #[test]
    fn a_file_is_its_name_and_size() {
        let file = |bytes, caption: &str| Body::File {
            file: FileRef {
                file: "f".into(),
                sha256: String::new(),
                name: "plan.pdf".into(),
                media_type: "application/pdf".into(),
                bytes,
            },
            caption: caption.into(),
            reply_to: None,
        };
        assert_eq!(
            words(&file(999, "")).as_deref(),
            Some("plan.pdf (999 bytes)")
        );
        assert_eq!(
            words(&file(1_234_567, "look")).as_deref(),
            Some("plan.pdf (1.2 MB)\nlook")
        );
        assert_eq!(
            words(&file(u64::MAX, "")).as_deref(),
            Some("plan.pdf (18446744.0 TB)")
        );
        assert_eq!(words(&Body::Deleted), None);
    }
}
