//! How people are, in shapes and words, and what one tells about oneself.

use api::{ChosenState, Contact, PresenceState, PresenceView};
use egui::{Ui, vec2};

use super::data::{People, PeopleAction};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Field, Kind, Presence, words};

/// What one can choose to be, and how it is called.
const CHOICES: [(ChosenState, &str); 5] = [
    (ChosenState::Available, "Available"),
    (ChosenState::Away, "Away"),
    (ChosenState::Busy, "Busy"),
    (ChosenState::DoNotDisturb, "Do not disturb"),
    (ChosenState::Invisible, "Invisible"),
];

/// The shape for somebody's state.
pub(super) fn shape(view: &PresenceView) -> Presence {
    match view.state {
        PresenceState::Online => Presence::Available,
        PresenceState::Away => Presence::Away,
        PresenceState::Busy | PresenceState::InACall | PresenceState::DoNotDisturb => {
            Presence::Busy
        }
        PresenceState::Offline | PresenceState::Unknown => Presence::Offline,
    }
}

/// Somebody's state in words.
pub(super) fn in_words(view: &PresenceView) -> String {
    let state = match view.state {
        PresenceState::Online => "available",
        PresenceState::Away => "away",
        PresenceState::Busy => "busy",
        PresenceState::InACall => "in a call",
        PresenceState::DoNotDisturb => "do not disturb",
        PresenceState::Offline => "offline",
        PresenceState::Unknown => "in a state that this phone does not know",
    };
    if view.note.is_empty() {
        state.to_owned()
    } else {
        format!("{state}: {}", view.note)
    }
}

/// What a screen reader says of a contact.
pub(super) fn name_of(contact: &Contact, view: Option<&PresenceView>) -> String {
    let mut name = contact.name.clone();
    if let Some(view) = view {
        name.push_str(", ");
        name.push_str(&in_words(view));
    }
    if contact.is_blocked {
        name.push_str(", blocked");
    }
    name
}

/// What one tells about oneself, and its change. Nothing where the server knows no presence.
pub(super) fn own(ui: &mut Ui, people: &mut People, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let Some(own) = people.own.clone() else {
        return;
    };
    words(ui, "You are", Type::Strong, palette.text_2);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        for (state, name) in CHOICES {
            let is_chosen = own.state == state;
            let kind = if is_chosen { Kind::On } else { Kind::Secondary };
            let said = match is_chosen {
                true => format!("You are: {name}"),
                false => format!("Be {}", name.to_lowercase()),
            };
            if Button::text(kind, name).named(&said).show(ui).clicked() && !is_chosen {
                actions.push(Action::People(PeopleAction::Choose(state)));
            }
        }
    });
    let field = Field::new("Note", "presence note", &mut people.note)
        .hint("What others read beside your name")
        .show(ui);
    if people.note.trim() != own.note {
        let wide = vec2(ui.available_width(), size::TARGET);
        let button = Button::text(Kind::Secondary, "Tell this note").sized(wide);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        if button.show(ui).clicked() || entered {
            actions.push(Action::People(PeopleAction::TellNote));
        }
    }
    ui.add_space(space::S);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_behind_the_state_and_blocked_people_are_said_to_be() {
        let view = PresenceView {
            account: api::AccountId(2),
            state: PresenceState::Away,
            note: "back at 3".into(),
            since: None,
            last_seen: None,
        };
        assert_eq!(in_words(&view), "away: back at 3");
        let contact = Contact {
            id: 1,
            account: Some(api::AccountId(2)),
            number: None,
            name: "Bruno".into(),
            display_name: None,
            note: String::new(),
            is_favourite: false,
            groups: Vec::new(),
            is_blocked: true,
        };
        assert_eq!(
            name_of(&contact, Some(&view)),
            "Bruno, away: back at 3, blocked"
        );
        assert_eq!(shape(&view), Presence::Away);
    }
}
