//! Draws the call in progress.

use egui::{Align, CornerRadius, Frame, Layout, Margin, Panel, ScrollArea, Stroke, Ui, vec2};
use lucide_icons::Icon;

use super::data::{CallPanel, Talk};
use crate::engine::Encryption;
use crate::window::desk::{Action, Place};
use crate::window::dialpad::KEYS;
use crate::window::keys;
use crate::window::talk::Tools;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Field, Kind, avatar, elided, icon, meter, paragraph, words};

/// Draws the call. The controls stay at the bottom of the view whatever the window's size, so hanging up is always
/// in reach.
pub(crate) fn show(
    ui: &mut Ui,
    panel: &CallPanel,
    waiting: &[CallPanel],
    tools: &mut Tools,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    let width = size::CARD.min(ui.available_width() - 2.0 * space::L);
    Panel::bottom("call controls")
        .frame(Frame::new())
        .show_separator_line(false)
        .resizable(false)
        .show(ui, |ui| {
            ui.vertical_centered(|ui| {
                ui.set_max_width(width);
                controls(ui, panel, tools, width, actions);
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
    for other in waiting {
        ui.push_id(("waiting", other.call), |ui| {
            show_waiting(ui, other, panel, actions);
        });
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_height();
        ui.vertical_centered(|ui| {
            ui.set_max_width(width);
            let is_unfolded = tools.keypad.is_some() || tools.transfer.is_some();
            if room < TIGHT && is_unfolded && panel.talk.is_some() {
                elided(ui, &panel.title, Type::Strong, palette.text);
            } else if (room < ROOMY || is_unfolded) && panel.talk.is_some() {
                ui.add_space(space::XS);
                beside(ui, &palette, panel);
            } else {
                ui.add_space(((room - ROOMY) / 2.0).max(space::M));
                below(ui, &palette, panel);
            }
            if let Some(talk) = &panel.talk {
                ui.ctx().request_repaint_after(talk.next_second);
                ui.add_space(if is_unfolded { space::XS } else { space::L });
                if let Some(pressed) = &tools.keypad {
                    keypad(ui, panel, pressed, actions);
                } else if tools.transfer.is_some() {
                    transfer(ui, panel, tools, actions);
                } else {
                    sound(ui, &palette, &panel.title, talk);
                }
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
/// With less than this, what was unfolded needs the place of the picture too.
const TIGHT: f32 = 300.0;

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

/// A call on hold beside the one that one speaks in.
fn show_waiting(ui: &mut Ui, waiting: &CallPanel, current: &CallPanel, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.border))
        .corner_radius(CornerRadius::same(size::CARD_RADIUS))
        .inner_margin(Margin::same(space::S as i8))
        .show(ui, |ui| {
            let row = vec2(ui.available_width(), size::CONTROL);
            ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
                let square = vec2(size::CONTROL, size::CONTROL);
                let name = format!("Hang up on {}", waiting.title);
                let button = Button::icon(Kind::Danger, Icon::PhoneOff, &name).sized(square);
                if button.enabled(waiting.can_hang_up).show(ui).clicked() {
                    actions.push(Action::HangUp(waiting.call));
                }
                if current.talk.is_some() {
                    let name = format!("Connect {} with {}", waiting.title, current.title);
                    let button = Button::icon(Kind::Secondary, Icon::Merge, &name).sized(square);
                    if button.show(ui).clicked() {
                        actions.push(Action::Join(waiting.call, current.call));
                    }
                }
                let name = format!("Speak with {}", waiting.title);
                let button = Button::icon(Kind::Call, Icon::Phone, &name).sized(square);
                if button.show(ui).clicked() {
                    actions.push(Action::Hold(waiting.call, false));
                }
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    elided(ui, &waiting.title, Type::Strong, palette.text);
                    words(ui, &waiting.words, Type::Note, palette.text_2);
                });
            });
        });
    ui.add_space(space::XS);
}

/// The height of a button with a word under its picture, in points.
const TOOL: f32 = 56.0;

fn controls(ui: &mut Ui, panel: &CallPanel, tools: &Tools, width: f32, actions: &mut Vec<Action>) {
    if let Some(talk) = &panel.talk {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            let each = vec2((width - 4.0 * space::S) / 5.0, TOOL);
            let mut tool = |is_on: bool, icon, name, under, action: Action| {
                let kind = if is_on { Kind::On } else { Kind::Secondary };
                let button = Button::icon(kind, icon, name).with_under(under).sized(each);
                if button.show(ui).clicked() {
                    actions.push(action);
                }
            };
            let muted = talk.muted;
            let (icon, name) = match muted {
                true => (Icon::MicOff, "Unmute"),
                false => (Icon::Mic, "Mute"),
            };
            tool(muted, icon, name, name, Action::Mute(panel.call, !muted));
            let held = talk.hold.by_us;
            let (icon, name, under) = match held {
                true => (Icon::Play, "Resume", "Resume"),
                false => (Icon::Pause, "Hold", "Hold"),
            };
            tool(held, icon, name, under, Action::Hold(panel.call, !held));
            let open = tools.keypad.is_some();
            let name = if open { "Close the keypad" } else { "Keypad" };
            tool(
                open,
                Icon::Grid3x3,
                name,
                "Keypad",
                Action::ShowKeypad(!open),
            );
            let open = tools.transfer.is_some();
            let name = if open { "Do not transfer" } else { "Transfer" };
            let action = Action::WantTransfer(!open);
            tool(open, Icon::PhoneForwarded, name, "Transfer", action);
            let park = Action::Park(panel.call);
            tool(false, Icon::SquareParking, "Park", "Park", park);
        });
        ui.add_space(space::XS);
    }
    let hang_up = Button::text(Kind::Danger, "Hang up").with_icon(Icon::PhoneOff);
    if hang_up
        .sized(vec2(width, size::CONTROL))
        .enabled(panel.can_hang_up)
        .show(ui)
        .clicked()
    {
        actions.push(Action::HangUp(panel.call));
    }
}

/// The keys of the call, and what was pressed so far.
fn keypad(ui: &mut Ui, panel: &CallPanel, pressed: &str, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let shown = if pressed.is_empty() {
        "Keys are sent as you press them."
    } else {
        pressed
    };
    paragraph(ui, shown, Type::Name, palette.text_2);
    let (gap, height) = if ui.available_height() < 4.0 * (size::CONTROL + space::S) {
        (space::XS, size::TARGET)
    } else {
        (space::S, size::CONTROL)
    };
    ui.spacing_mut().item_spacing = vec2(gap, gap);
    let each = vec2((ui.available_width() - 2.0 * gap) / 3.0, height);
    for row in KEYS.chunks(3) {
        ui.horizontal(|ui| {
            for key in row {
                let sign = key.digit.to_string();
                let name = format!("Send {}", key.name);
                let button = Button::text(Kind::Key, &sign).named(&name).sized(each);
                if button.show(ui).clicked() {
                    actions.push(Action::Press(panel.call, key.digit));
                }
            }
        });
    }
}

/// To whom the call shall be handed over, and whether they are asked first.
fn transfer(ui: &mut Ui, panel: &CallPanel, tools: &mut Tools, actions: &mut Vec<Action>) {
    let Some(target) = &mut tools.transfer else {
        return;
    };
    let label = format!("Hand {} over to", panel.title);
    Field::new(&label, "transfer target", target)
        .hint("Number or name")
        .show(ui);
    let is_named = !target.trim().is_empty();
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let each = vec2((ui.available_width() - space::S) / 2.0, size::CONTROL);
        let now = Button::text(Kind::Primary, "Hand over now");
        if now.sized(each).enabled(is_named).show(ui).clicked() {
            actions.push(Action::HandOver(panel.call));
        }
        let ask = Button::text(Kind::Secondary, "Ask first");
        if ask.sized(each).enabled(is_named).show(ui).clicked() {
            actions.push(Action::AskFirst(panel.call));
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
                let (lock, colour) = match talk.encryption {
                    Encryption::None => (Icon::LockOpen, palette.away),
                    _ => (Icon::Lock, palette.text_2),
                };
                ui.horizontal(|ui| {
                    icon(ui, lock, 14.0, colour);
                    words(ui, talk.encryption.words(), Type::Note, colour);
                    words(ui, "·", Type::Note, palette.text_3);
                    words(ui, &talk.codec, Type::Note, palette.text_2);
                });
                if !talk.keys_heard.is_empty() {
                    let pressed = format!("They pressed {}", talk.keys_heard);
                    words(ui, pressed, Type::Note, palette.text_2);
                }
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
