//! Text and icons in the theme's type.

use egui::{Align, Color32, Label, Response, RichText, TextWrapMode, Ui};
use lucide_icons::Icon;

use crate::window::theme::{Face, Type};

/// One line or more of text, wrapped where the column ends.
pub(crate) fn words(ui: &mut Ui, text: impl Into<String>, kind: Type, colour: Color32) -> Response {
    ui.add(Label::new(
        RichText::new(text).font(kind.font()).color(colour),
    ))
}

/// Wrapped text, each line in the middle of the column.
pub(crate) fn paragraph(
    ui: &mut Ui,
    text: impl Into<String>,
    kind: Type,
    colour: Color32,
) -> Response {
    ui.add(Label::new(RichText::new(text).font(kind.font()).color(colour)).halign(Align::Center))
}

/// One line of text that ends in … where there is no more room; the whole of it then shows on hover.
pub(crate) fn elided(
    ui: &mut Ui,
    text: impl Into<String>,
    kind: Type,
    colour: Color32,
) -> Response {
    ui.add(
        Label::new(RichText::new(text).font(kind.font()).color(colour))
            .wrap_mode(TextWrapMode::Truncate)
            .show_tooltip_when_elided(true),
    )
}

/// A picture beside words that say the same, so it is drawn only, and not read out.
pub(crate) fn icon(ui: &mut Ui, icon: Icon, points: f32, colour: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(egui::Vec2::splat(points), egui::Sense::empty());
    ui.painter().text(
        rect.center(),
        egui::Align2::CENTER_CENTER,
        char::from(icon),
        Face::Icons.at(points),
        colour,
    );
    response
}
