//! Draws the line to dial on, the keys and the call button.

use egui::text::{CCursor, CCursorRange};
use egui::widgets::text_edit::TextEditState;
use egui::{Align2, Event, Id, InputState, Key, Response, RichText, TextEdit, Ui, vec2};
use lucide_icons::Icon;

use super::data::{CHARACTERS, Dialled, KEYS};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Kind};

/// The dial line's name in the keyboard focus.
pub(crate) fn line_id() -> Id {
    Id::unique("dial line")
}

/// Draws the pad in the width there is. `can_call` is whether a call could be placed now.
pub(crate) fn show(ui: &mut Ui, dialled: &mut Dialled, can_call: bool, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let room = ui.available_height();
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);

    let mut call = take_loose_typing(ui, dialled);
    let line = line(ui, &palette, dialled);
    call |= line.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if call {
        line.request_focus();
    }

    ui.add_space(space::XS);
    let others = 2.0 * (size::CONTROL + space::M) + 3.0 * space::S + space::L;
    let key = vec2(
        (ui.available_width() - 2.0 * space::S) / 3.0,
        ((room - others) / 4.0).clamp(size::CONTROL, 60.0),
    );
    for row in KEYS.chunks(3) {
        ui.horizontal(|ui| {
            for pad_key in row {
                let digit = pad_key.digit.to_string();
                let button = Button::text(Kind::Key, &digit)
                    .named(pad_key.name)
                    .sized(key);
                let button = if pad_key.letters.is_empty() {
                    button
                } else {
                    button.with_under(pad_key.letters)
                };
                if button.show(ui).clicked() {
                    dialled.push(&digit);
                }
            }
        });
    }
    ui.add_space(space::XS);

    let wide = vec2(ui.available_width(), size::CONTROL);
    let hint = if can_call {
        "Call (Enter)"
    } else {
        "Calls can be made when the phone is ready and no other call is on"
    };
    let button = Button::text(Kind::Call, "Call")
        .with_icon(Icon::Phone)
        .sized(wide)
        .enabled(can_call)
        .hint(hint);
    call |= button.show(ui).clicked();
    if call {
        match dialled.target() {
            target if target.is_empty() => dialled.recall(),
            target if can_call => actions.push(Action::Call(target)),
            _ => {}
        }
    }
}

/// What the line is for.
const LINE: &str = "Number or name";

/// The line itself, with its button to take the last character away.
fn line(ui: &mut Ui, palette: &Palette, dialled: &mut Dialled) -> Response {
    ui.horizontal(|ui| {
        let width = ui.available_width() - size::TARGET - space::S;
        let line = ui.add(
            TextEdit::singleline(&mut dialled.text)
                .id(line_id())
                .font(Type::Keypad.font())
                .text_color(palette.text)
                .hint_text(RichText::new(LINE).font(Type::Body.font()))
                .char_limit(CHARACTERS)
                .desired_width(width)
                .min_size(vec2(width, size::CONTROL))
                .align(Align2::LEFT_CENTER),
        );
        ui.ctx()
            .accesskit_node_builder(line.id, |node| node.set_label(LINE));
        let erase = Button::icon(Kind::Quiet, Icon::Delete, "Delete last character")
            .sized(vec2(size::TARGET, size::CONTROL))
            .enabled(!dialled.text.is_empty());
        if erase.show(ui).clicked() {
            dialled.backspace();
        }
        line
    })
    .inner
}

/// Typing, pasting and Backspace reach the line even when nothing has the keyboard focus. Tells whether Enter came so.
fn take_loose_typing(ui: &Ui, dialled: &Dialled) -> bool {
    if ui.memory(|memory| memory.focused().is_some()) {
        return false;
    }
    if ui.input(is_typing) {
        // At the end, and before the line is drawn, so that the line itself takes what was typed.
        let end = CCursor::new(dialled.text.chars().count());
        let mut state = TextEditState::load(ui.ctx(), line_id()).unwrap_or_default();
        state.cursor.set_char_range(Some(CCursorRange::one(end)));
        state.store(ui.ctx(), line_id());
        ui.memory_mut(|memory| memory.request_focus(line_id()));
    }
    ui.input(|input| input.key_pressed(Key::Enter))
}

/// Whether somebody types or pastes in this frame.
pub(crate) fn is_typing(input: &InputState) -> bool {
    input.events.iter().any(|event| {
        matches!(
            event,
            Event::Text(_)
                | Event::Paste(_)
                | Event::Key {
                    key: Key::Backspace,
                    pressed: true,
                    ..
                }
        )
    })
}
