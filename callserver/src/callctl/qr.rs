//! A QR code on the terminal: two rows of it in a line of text, by half blocks.

use qrcode::render::unicode::Dense1x2;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};

/// The code as lines of text. On a terminal it is black on white, whatever its colours are; elsewhere it is light where
/// there are blocks, as on a dark screen.
pub(super) fn lines(text: &str, is_terminal: bool) -> Result<Vec<String>, QrError> {
    // On a screen nothing is smudged: the lowest level of correction gives the largest dots.
    let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
    let (dark, light) = match is_terminal {
        true => (Dense1x2::Dark, Dense1x2::Light),
        false => (Dense1x2::Light, Dense1x2::Dark),
    };
    let picture = code
        .render::<Dense1x2>()
        .dark_color(dark)
        .light_color(light)
        .module_dimensions(1, 1)
        .build();
    let line = |line: &str| match is_terminal {
        true => format!("\u{1b}[30;107m{line}\u{1b}[0m"),
        false => line.to_owned(),
    };
    Ok(picture.lines().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_half_as_high_as_wide_and_colours_are_for_terminals() {
        let plain = lines("sip-setup:d-1@phones.example?secret=s", false).unwrap();
        let width = plain[0].chars().count();
        assert!(plain.iter().all(|line| line.chars().count() == width));
        assert_eq!(plain.len(), width.div_ceil(2));
        // The quiet zone is light: blocks on a dark screen.
        assert!(plain[0].chars().all(|block| block == '█'), "{}", plain[0]);
        assert!(plain.iter().all(|line| !line.contains('\u{1b}')));
        let shown = lines("sip-setup:d-1@phones.example?secret=s", true).unwrap();
        assert!(shown[0].starts_with("\u{1b}[30;107m  "), "{:?}", shown[0]);
    }
}
