//! Draws the bar at the top.

use egui::{Align, Layout, Ui, vec2};

use super::data::Status;
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{elided, presence, words};

/// Draws the bar; `extra` adds controls at its right end.
pub(crate) fn show(
    ui: &mut Ui,
    status: &Status,
    actions: &mut Vec<Action>,
    extra: impl FnOnce(&mut Ui, &mut Vec<Action>),
) {
    let palette = Palette::of(ui);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_height(size::BAR - 2.0 * space::S);
        extra(ui, actions);
        ui.add_space(space::XS);
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing = vec2(space::S, 2.0);
            ui.add_space(if status.troubled { 0.0 } else { 4.0 });
            elided(ui, &status.title, Type::Name, palette.text);
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                presence(ui, status.presence, palette.surface);
                let colour = if status.troubled {
                    palette.away
                } else {
                    palette.text_2
                };
                ui.vertical(|ui| words(ui, &status.words, Type::Note, colour));
            });
        });
    });
}
