//! Keyboard shortcuts. Those that answer and end calls take three keys, so that nobody answers by typing on.

use egui::{InputState, Key, KeyboardShortcut, Modifiers};

use super::desk::{Action, Desk, Stage};

const ANSWER: KeyboardShortcut = with_shift(Key::A);
const END: KeyboardShortcut = with_shift(Key::E);
const MUTE: KeyboardShortcut = with_shift(Key::M);

pub(crate) const RINGING_HINT: &str = "Ctrl+Shift+A answers, Ctrl+Shift+E declines";
pub(crate) const CALLING_HINT: &str = "Ctrl+Shift+E hangs up";
pub(crate) const TALKING_HINT: &str = "Ctrl+Shift+M mutes, Ctrl+Shift+E hangs up";

const fn with_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

/// What the shortcuts pressed in this frame ask for.
pub(crate) fn actions(input: &mut InputState, desk: &Desk) -> Vec<Action> {
    let mut actions = Vec::new();
    let ringing = desk.ringing().next().map(|call| call.number);
    let current = desk.current();
    if input.consume_shortcut(&ANSWER)
        && let Some(call) = ringing
    {
        actions.push(Action::Answer(call));
    }
    if input.consume_shortcut(&END) {
        // What rings is what one looks at, so it goes first.
        match (ringing, current) {
            (Some(call), _) => actions.push(Action::Decline(call)),
            (None, Some(call)) => actions.push(Action::HangUp(call.number)),
            (None, None) => {}
        }
    }
    if input.consume_shortcut(&MUTE)
        && let Some(call) = current
        && let Stage::Connected(connected) = &call.stage
    {
        actions.push(Action::Mute(call.number, !connected.muted));
    }
    actions
}
