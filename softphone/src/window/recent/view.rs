//! Draws past calls.

use egui::{Align, Layout, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::data::{Line, Recent};
use crate::window::desk::Action;
use crate::window::ended::Outcome;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::when::Calendar;
use crate::window::widgets::{Button, Kind, avatar, elided, icon, paragraph, words};

/// What a line of details adds to a row, in points.
const DETAIL: f32 = 16.0;

/// Draws the list; `can_call` is whether a call could be placed now.
pub(crate) fn show(ui: &mut Ui, recent: &Recent, can_call: bool, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    if recent.lines().len() == 0 {
        ui.vertical_centered(|ui| {
            ui.add_space(ui.available_height() * 0.3);
            icon(ui, Icon::Phone, 40.0, palette.text_3);
            ui.add_space(space::S);
            paragraph(ui, "No calls yet", Type::Heading, palette.text);
            paragraph(
                ui,
                "Dial a number or a name, then press Enter.",
                Type::Body,
                palette.text_2,
            );
        });
        return;
    }
    ui.add_space(space::XS);
    words(ui, "Recent calls", Type::Heading, palette.text);
    let calendar = Calendar::here();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for (index, line) in recent.lines().enumerate() {
            ui.push_id(index, |ui| {
                row(ui, &palette, &calendar, line, can_call, actions)
            });
        }
    });
}

fn row(
    ui: &mut Ui,
    palette: &Palette,
    calendar: &Calendar,
    line: &Line,
    can_call: bool,
    actions: &mut Vec<Action>,
) {
    let more = if line.detail.is_some() { DETAIL } else { 0.0 };
    let height = vec2(ui.available_width(), size::ROW + more);
    ui.allocate_ui_with_layout(height, Layout::right_to_left(Align::Center), |ui| {
        let name = format!("Call {}", line.party.title());
        let known = !line.party.number().is_empty();
        if Button::icon(Kind::Quiet, Icon::Phone, &name)
            .enabled(can_call && known)
            .show(ui)
            .clicked()
        {
            actions.push(Action::Call(line.party.number().to_owned()));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            avatar(ui, line.party.title(), 36.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(6.0);
                elided(ui, line.party.title(), Type::Strong, palette.text);
                let colour = if line.outcome == Outcome::Missed {
                    palette.away
                } else {
                    palette.text_2
                };
                elided(ui, line.words(calendar), Type::Note, colour);
                if let Some(detail) = &line.detail {
                    elided(ui, detail, Type::Note, palette.text_3);
                }
            });
        });
    });
}
