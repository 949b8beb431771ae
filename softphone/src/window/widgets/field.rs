//! A labelled line to type into.

use egui::{Align2, Id, Response, TextEdit, Ui, vec2};

use super::words;
use crate::window::theme::{Palette, Type, size, space};

/// A labelled line to type into, yet to be drawn.
#[must_use = "a field is drawn by `show`"]
pub(crate) struct Field<'a> {
    label: &'a str,
    id: &'a str,
    text: &'a mut String,
    hint: &'a str,
    hidden: bool,
    enabled: bool,
    longest: usize,
}

/// Longer input than this is no address, name or password.
const CHARACTERS: usize = 256;

impl<'a> Field<'a> {
    /// `id` tells this field from every other in the window.
    pub(crate) fn new(label: &'a str, id: &'a str, text: &'a mut String) -> Self {
        Self {
            label,
            id,
            text,
            hint: "",
            hidden: false,
            enabled: true,
            longest: CHARACTERS,
        }
    }

    /// Shown while the field is empty.
    pub(crate) fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Shows dots, as for a password.
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Takes so many characters.
    pub(crate) fn longest(mut self, characters: usize) -> Self {
        self.longest = characters;
        self
    }

    pub(crate) fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    pub(crate) fn show(self, ui: &mut Ui) -> Response {
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing.y = space::XS;
        let label = words(ui, self.label, Type::Strong, palette.text_2);
        let response = ui.add_enabled(
            self.enabled,
            TextEdit::singleline(self.text)
                .id(Id::unique(self.id))
                .password(self.hidden)
                .hint_text(self.hint)
                .char_limit(self.longest)
                .desired_width(f32::INFINITY)
                .min_size(vec2(0.0, size::CONTROL))
                .align(Align2::LEFT_CENTER),
        );
        response.labelled_by(label.id)
    }
}
