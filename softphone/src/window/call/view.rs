//! Draws the call in progress.

use egui::{Align, CornerRadius, Frame, Layout, Margin, Panel, ScrollArea, Stroke, Ui, vec2};
use lucide_icons::Icon;

use super::data::{CallPanel, Talk};
use crate::window::desk::{Action, Place};
use crate::window::keys;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Kind, avatar, elided, icon, meter, paragraph, words};

/// Draws the call. The controls stay at the bottom of the view whatever the window's size, so hanging up is always
/// in reach.
pub(crate) fn show(ui: &mut Ui, panel: &CallPanel, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let width = size::CARD.min(ui.available_width() - 2.0 * space::L);
    Panel::bottom("call controls")
        .frame(Frame::new())
        .show_separator_line(false)
        .resizable(false)
        .show(ui, |ui| {
            ui.vertical_centered(|ui| {
                ui.set_max_width(width);
                controls(ui, panel, width, actions);
                ui.add_space(space::XS);
                let hint = if panel.talk.is_some() {
                    keys::TALKING_HINT
                } else {
                    keys::CALLING_HINT
                };
                paragraph(ui, hint, Type::Note, palette.text_3);
                ui.add_space(space::L);
            });
        });
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_height();
        ui.vertical_centered(|ui| {
            ui.set_max_width(width);
            if room < ROOMY && panel.talk.is_some() {
                ui.add_space(space::XS);
                beside(ui, &palette, panel);
            } else {
                ui.add_space(((room - ROOMY) / 2.0).max(space::M));
                below(ui, &palette, panel);
            }
            if let Some(talk) = &panel.talk {
                ui.ctx().request_repaint_after(talk.next_second);
                ui.add_space(space::L);
                sound(ui, &palette, &panel.title, talk);
            }
        });
    });
}

/// Draws the call as a strip above something else that one looks at meanwhile.
pub(crate) fn show_beside(ui: &mut Ui, panel: &CallPanel, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    if let Some(talk) = &panel.talk {
        ui.ctx().request_repaint_after(talk.next_second);
    }
    Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.border))
        .corner_radius(CornerRadius::same(size::CARD_RADIUS))
        .inner_margin(Margin::same(space::S as i8))
        .show(ui, |ui| {
            let row = vec2(ui.available_width(), size::CONTROL);
            ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
                let square = vec2(size::CONTROL, size::CONTROL);
                let button = Button::icon(Kind::Danger, Icon::PhoneOff, "Hang up").sized(square);
                if button.enabled(panel.can_hang_up).show(ui).clicked() {
                    actions.push(Action::HangUp(panel.call));
                }
                let button = Button::icon(Kind::Secondary, Icon::Phone, "Back to the call");
                if button.sized(square).show(ui).clicked() {
                    actions.push(Action::Go(Place::Dial));
                }
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    elided(ui, &panel.title, Type::Strong, palette.text);
                    words(ui, &panel.words, Type::Note, palette.text_2);
                });
            });
        });
    ui.add_space(space::XS);
}

/// With less height than this, in points, the person stands beside the picture instead of below it.
const ROOMY: f32 = 370.0;

fn below(ui: &mut Ui, palette: &Palette, panel: &CallPanel) {
    avatar(ui, &panel.title, 80.0);
    ui.add_space(space::XS);
    paragraph(ui, &panel.title, Type::Title, palette.text);
    if let Some(subtitle) = &panel.subtitle {
        paragraph(ui, subtitle, Type::Name, palette.text_2);
    }
    paragraph(ui, &panel.words, Type::Keypad, palette.text_2);
}

fn beside(ui: &mut Ui, palette: &Palette, panel: &CallPanel) {
    ui.horizontal(|ui| {
        avatar(ui, &panel.title, size::ROW);
        ui.add_space(space::XS);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            elided(ui, &panel.title, Type::Heading, palette.text);
            if let Some(subtitle) = &panel.subtitle {
                elided(ui, subtitle, Type::Note, palette.text_2);
            }
            words(ui, &panel.words, Type::Name, palette.text_2);
        });
    });
}

fn controls(ui: &mut Ui, panel: &CallPanel, width: f32, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        let hang_up_width = match &panel.talk {
            None => width,
            Some(talk) => {
                let each = (width - space::L) / 2.0;
                let button = if talk.muted {
                    Button::text(Kind::On, "Unmute").with_icon(Icon::MicOff)
                } else {
                    Button::text(Kind::Secondary, "Mute").with_icon(Icon::Mic)
                };
                if button.sized(vec2(each, size::CONTROL)).show(ui).clicked() {
                    actions.push(Action::Mute(panel.call, !talk.muted));
                }
                each
            }
        };
        let hang_up = Button::text(Kind::Danger, "Hang up").with_icon(Icon::PhoneOff);
        if hang_up
            .sized(vec2(hang_up_width, size::CONTROL))
            .enabled(panel.can_hang_up)
            .show(ui)
            .clicked()
        {
            actions.push(Action::HangUp(panel.call));
        }
    });
}

/// Both voices, and in words how they travel.
fn sound(ui: &mut Ui, palette: &Palette, other: &str, talk: &Talk) {
    Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.border))
        .corner_radius(CornerRadius::same(size::CARD_RADIUS))
        .inner_margin(Margin::same(space::L as i8))
        .show(ui, |ui| {
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = space::XS;
                ui.spacing_mut().interact_size.y = space::L;
                let own = if talk.muted { "You, muted" } else { "You" };
                voice(
                    ui,
                    palette,
                    if talk.muted { Icon::MicOff } else { Icon::Mic },
                    own,
                    talk.spoken,
                    "Your voice",
                );
                ui.add_space(space::S);
                voice(ui, palette, Icon::Volume2, other, talk.heard, "Their voice");
                ui.add_space(space::M);
                let (lock, colour) = if talk.encrypted {
                    (Icon::Lock, palette.text_2)
                } else {
                    (Icon::LockOpen, palette.away)
                };
                ui.horizontal(|ui| {
                    icon(ui, lock, 14.0, colour);
                    words(ui, talk.encryption_words(), Type::Note, colour);
                    words(ui, "·", Type::Note, palette.text_3);
                    words(ui, &talk.codec, Type::Note, palette.text_2);
                });
            });
        });
}

fn voice(ui: &mut Ui, palette: &Palette, picture: Icon, label: &str, fill: f32, name: &str) {
    ui.horizontal(|ui| {
        icon(ui, picture, 14.0, palette.text_2);
        elided(ui, label, Type::Note, palette.text_2);
    });
    meter(ui, fill, name);
}
