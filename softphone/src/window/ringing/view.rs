//! Draws a call that rings here.

use egui::{CornerRadius, Frame, Margin, Stroke, Ui, vec2};
use lucide_icons::Icon;

use super::data::Ringing;
use crate::window::desk::Action;
use crate::window::keys;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Kind, avatar, elided, paragraph, words};

/// Draws the call as the one thing to look at.
pub(crate) fn show(ui: &mut Ui, ringing: &Ringing, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let width = size::CARD.min(ui.available_width() - 2.0 * space::L);
    ui.vertical_centered(|ui| {
        ui.set_max_width(width);
        ui.add_space((ui.available_height() * 0.14).max(space::M));
        paragraph(ui, ringing.words, Type::Name, palette.accent_text);
        ui.add_space(space::S);
        avatar(ui, &ringing.title, 96.0);
        ui.add_space(space::S);
        paragraph(ui, &ringing.title, Type::Title, palette.text);
        if let Some(subtitle) = &ringing.subtitle {
            paragraph(ui, subtitle, Type::Name, palette.text_2);
        }
        ui.add_space(space::XL);
        buttons(ui, ringing, width, actions);
        ui.add_space(space::S);
        paragraph(ui, keys::RINGING_HINT, Type::Note, palette.text_3);
    });
}

/// Draws the call as a strip above a call in progress.
pub(crate) fn show_beside(ui: &mut Ui, ringing: &Ringing, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.accent_text))
        .corner_radius(CornerRadius::same(size::CARD_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                avatar(ui, &ringing.title, 36.0);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    elided(ui, &ringing.title, Type::Name, palette.text);
                    words(ui, ringing.words, Type::Note, palette.accent_text);
                });
            });
            let width = ui.available_width();
            buttons(ui, ringing, width, actions);
        });
}

/// Decline on the left and Answer on the right, far enough from each other not to be mixed up.
fn buttons(ui: &mut Ui, ringing: &Ringing, width: f32, actions: &mut Vec<Action>) {
    if let Some(rest) = ringing.guarded_for {
        ui.ctx().request_repaint_after(rest);
    }
    ui.horizontal(|ui| {
        let each = vec2((width - space::L) / 2.0, size::CONTROL);
        ui.spacing_mut().item_spacing.x = space::L;
        let decline = Button::text(Kind::Danger, "Decline")
            .with_icon(Icon::PhoneOff)
            .sized(each);
        if decline.enabled(ringing.can_decline).show(ui).clicked() {
            actions.push(Action::Decline(ringing.call));
        }
        let text = if ringing.holds_current {
            "Hold & answer"
        } else if ringing.ends_current {
            "End & answer"
        } else {
            "Answer"
        };
        let answer = Button::text(Kind::Call, text)
            .named(ringing.answer_name())
            .with_icon(Icon::Phone)
            .sized(each);
        if answer.enabled(ringing.can_answer).show(ui).clicked() {
            actions.push(Action::Answer(ringing.call));
        }
    });
}
