//! A disc with the initials of a person, or a person's outline for a bare number.

use egui::{Align2, Response, Sense, Ui, Vec2};
use lucide_icons::Icon;

use crate::window::theme::{Face, Palette};

/// Draws the avatar of whoever goes by `name`. The name itself stands beside it, so it is not read out.
pub(crate) fn avatar(ui: &mut Ui, name: &str, diameter: f32) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(diameter), Sense::empty());
    let painter = ui.painter();
    painter.circle_filled(rect.center(), diameter / 2.0, palette.accent_soft);
    let (text, font) = match initials(name) {
        Some(initials) => (initials, Face::SemiBold.at(diameter * 0.36)),
        None => (
            char::from(Icon::User).to_string(),
            Face::Icons.at(diameter * 0.48),
        ),
    };
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        font,
        palette.accent_text,
    );
    response
}

/// The first letters of the first and the last word; nothing for numbers and addresses.
fn initials(name: &str) -> Option<String> {
    if name.contains([':', '@']) {
        return None;
    }
    let mut letters = name
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .filter(|c| c.is_alphabetic());
    let first = letters.next()?;
    let last = letters.next_back();
    Some(
        [Some(first), last]
            .into_iter()
            .flatten()
            .flat_map(char::to_uppercase)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn people_have_initials_and_numbers_do_not() {
        assert_eq!(initials("Amina Yusuf").as_deref(), Some("AY"));
        assert_eq!(initials("ludwig van beethoven").as_deref(), Some("LB"));
        assert_eq!(initials("élodie").as_deref(), Some("É"));
        assert_eq!(initials("+49 30 123"), None);
        assert_eq!(initials("sip:200@example.org"), None);
        assert_eq!(initials(""), None);
    }
}
