//! Draws messages that callers left, and the greeting.

use api::Voicemail;
use egui::{Align, Layout, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::data::{Greeting, Mailbox, VoicemailAction, caller};
use crate::window::call::{clock_of, fill};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::when::{Calendar, Moment};
use crate::window::widgets::{Button, Kind, avatar, elided, icon, meter, paragraph, words};

/// Draws the panel; `can_call` is whether a call could be placed now.
pub(crate) fn show(ui: &mut Ui, mailbox: &Mailbox, can_call: bool, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    words(ui, "Voicemail", Type::Heading, palette.text);
    if let Some(complaint) = &mailbox.complaint {
        words(ui, complaint, Type::Body, palette.busy);
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if mailbox.messages().is_empty() {
            ui.vertical_centered(|ui| {
                ui.add_space(space::XL);
                icon(ui, Icon::Voicemail, 32.0, palette.text_3);
                paragraph(ui, "Nobody has left a message.", Type::Body, palette.text_2);
            });
        }
        let calendar = Calendar::here();
        for message in mailbox.messages() {
            ui.push_id(message.id, |ui| {
                row(ui, &palette, &calendar, mailbox, message, can_call, actions);
            });
        }
        ui.add_space(space::L);
        ui.push_id("greeting", |ui| greeting(ui, &palette, mailbox, actions));
        ui.add_space(space::L);
    });
}

fn row(
    ui: &mut Ui,
    palette: &Palette,
    calendar: &Calendar,
    mailbox: &Mailbox,
    message: &Voicemail,
    can_call: bool,
    actions: &mut Vec<Action>,
) {
    let party = caller(message);
    let title = party.title();
    let height = vec2(ui.available_width(), size::ROW);
    ui.allocate_ui_with_layout(height, Layout::right_to_left(Align::Center), |ui| {
        let name = format!("Delete the message of {title}");
        if Button::icon(Kind::Quiet, Icon::Trash2, &name)
            .show(ui)
            .clicked()
        {
            actions.push(Action::Voicemail(VoicemailAction::Remove(message.id)));
        }
        let (picture, name) = match message.is_heard {
            true => (
                Icon::MailOpen,
                format!("Count the message of {title} as new"),
            ),
            false => (Icon::Mail, format!("Count the message of {title} as heard")),
        };
        if Button::icon(Kind::Quiet, picture, &name).show(ui).clicked() {
            let mark = VoicemailAction::Mark(message.id, !message.is_heard);
            actions.push(Action::Voicemail(mark));
        }
        let played = mailbox.played(message.id);
        let (kind, picture, name, action) = match played {
            Some(_) => (
                Kind::On,
                Icon::Square,
                "Stop the message of",
                VoicemailAction::Stop,
            ),
            None => (
                Kind::Quiet,
                Icon::Play,
                "Play the message of",
                VoicemailAction::Play(message.id),
            ),
        };
        let name = format!("{name} {title}");
        let button = Button::icon(kind, picture, &name);
        let is_coming = mailbox.fetching == Some(message.id);
        if button.enabled(!is_coming).show(ui).clicked() {
            actions.push(Action::Voicemail(action));
        }
        let name = format!("Call {title}");
        let known = !party.number().is_empty();
        let button = Button::icon(Kind::Quiet, Icon::Phone, &name);
        if button.enabled(can_call && known).show(ui).clicked() {
            actions.push(Action::Call(party.number().to_owned()));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            avatar(ui, title, 36.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(6.0);
                elided(ui, title, Type::Strong, palette.text);
                let when = calendar.day_and_time(&Moment::parse(&message.at));
                let length = clock_of(f64::from(message.seconds));
                let (new, colour) = match message.is_heard {
                    true => ("", palette.text_2),
                    false => ("New, ", palette.accent_text),
                };
                let under = match played {
                    Some(seconds) => format!("{} of {length}", clock_of(seconds)),
                    None => format!("{new}{when}, {length}"),
                };
                elided(ui, under, Type::Note, colour);
            });
        });
    });
}

fn greeting(ui: &mut Ui, palette: &Palette, mailbox: &Mailbox, actions: &mut Vec<Action>) {
    words(ui, "What callers hear first", Type::Strong, palette.text_2);
    ui.set_max_width(size::FORM.min(ui.available_width()));
    let wide = vec2(ui.available_width(), size::TARGET);
    let mut button = |ui: &mut Ui, kind, picture, name: &str, action| {
        let button = Button::text(kind, name).with_icon(picture).sized(wide);
        if button.show(ui).clicked() {
            actions.push(Action::Voicemail(action));
        }
    };
    match &mailbox.greeting {
        Greeting::Idle | Greeting::Saved => {
            if mailbox.greeting == Greeting::Saved {
                words(ui, "Callers hear your words.", Type::Body, palette.text);
            }
            let record = VoicemailAction::Record;
            button(ui, Kind::Secondary, Icon::Mic, "Record a greeting", record);
            button(
                ui,
                Kind::Secondary,
                Icon::RotateCcw,
                "Use the server's own words",
                VoicemailAction::RemoveGreeting,
            );
        }
        Greeting::Recording {
            seconds,
            level_dbfs,
        } => {
            let text = format!("Speak now. {}", clock_of(*seconds));
            words(ui, text, Type::Body, palette.text);
            meter(ui, fill(*level_dbfs), "Your voice");
            ui.add_space(space::XS);
            let stop = VoicemailAction::StopRecording;
            button(ui, Kind::Primary, Icon::Square, "That is all", stop);
        }
        Greeting::Recorded { seconds, .. } => {
            let text = format!("You have spoken for {}.", clock_of(*seconds));
            words(ui, text, Type::Body, palette.text);
            match mailbox.plays_greeting() {
                true => button(ui, Kind::On, Icon::Square, "Stop", VoicemailAction::Stop),
                false => button(
                    ui,
                    Kind::Secondary,
                    Icon::Play,
                    "Listen to it",
                    VoicemailAction::Listen,
                ),
            }
            let wanted = VoicemailAction::UseGreeting;
            button(
                ui,
                Kind::Primary,
                Icon::Check,
                "Let callers hear it",
                wanted,
            );
            let record = VoicemailAction::Record;
            button(ui, Kind::Secondary, Icon::Mic, "Speak again", record);
            let unwanted = VoicemailAction::DropGreeting;
            button(ui, Kind::Secondary, Icon::X, "Throw it away", unwanted);
        }
        Greeting::Saving { .. } => {
            words(ui, "Sending it to the server…", Type::Body, palette.text_2);
        }
    }
}
