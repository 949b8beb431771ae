//! Draws contacts and directory.

use api::{Contact, DirectoryEntry};
use egui::{Align, Key, Layout, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::data::{People, PeopleAction};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Field, Kind, avatar, elided, icon, paragraph, words};

/// Draws the list; `can_call` is whether a call could be placed now.
pub(crate) fn show(ui: &mut Ui, people: &mut People, can_call: bool, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        words(ui, "Contacts", Type::Heading, palette.text);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (kind, name) = match people.adding {
                Some(_) => (Kind::On, "Do not add a contact"),
                None => (Kind::Quiet, "Add a contact"),
            };
            let begins = people.adding.is_none();
            if Button::icon(kind, Icon::UserPlus, name).show(ui).clicked() {
                actions.push(Action::People(PeopleAction::Write(begins)));
            }
        });
    });
    if let Some(complaint) = &people.complaint {
        words(ui, complaint, Type::Body, palette.busy);
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if people.adding.is_some() {
            ui.push_id("add", |ui| write_down(ui, people, actions));
            ui.add_space(space::S);
        }
        ui.push_id("search", |ui| search(ui, people, actions));
        for contact in people.rows() {
            ui.push_id(contact.id, |ui| {
                row(ui, &palette, contact, can_call, actions)
            });
        }
        if people.is_empty() && people.query.trim().is_empty() {
            ui.add_space(space::M);
            ui.vertical_centered(|ui| {
                icon(ui, Icon::Users, 32.0, palette.text_3);
                paragraph(
                    ui,
                    "Nobody is written down yet. Look for a name or a number in the directory.",
                    Type::Body,
                    palette.text_2,
                );
            });
        }
        if people.found().next().is_some() {
            ui.add_space(space::S);
            words(ui, "In the directory", Type::Strong, palette.text_2);
        }
        for entry in people.found() {
            ui.push_id(("found", entry.account.0), |ui| {
                found(ui, &palette, entry, can_call, actions);
            });
        }
        if people.found_nobody() {
            words(
                ui,
                "Nobody else is in the directory.",
                Type::Note,
                palette.text_2,
            );
        }
    });
}

fn search(ui: &mut Ui, people: &mut People, actions: &mut Vec<Action>) {
    let field = Field::new("Find", "people search", &mut people.query)
        .hint("Name or number")
        .show(ui);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let mut looks = entered;
    if !people.query.trim().is_empty() {
        let wide = vec2(ui.available_width(), size::TARGET);
        let button = Button::text(Kind::Secondary, "Look in the directory");
        looks |= button
            .with_icon(Icon::Search)
            .sized(wide)
            .show(ui)
            .clicked();
    }
    if looks {
        actions.push(Action::People(PeopleAction::Search));
    }
    ui.add_space(space::XS);
}

fn write_down(ui: &mut Ui, people: &mut People, actions: &mut Vec<Action>) {
    let Some(adding) = &mut people.adding else {
        return;
    };
    Field::new("Number", "contact number", &mut adding.number).show(ui);
    Field::new("What to call them", "contact name", &mut adding.name).show(ui);
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    if Button::text(Kind::Primary, "Add")
        .named("Add this contact")
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::People(PeopleAction::AddWritten));
    }
}

fn row(
    ui: &mut Ui,
    palette: &Palette,
    contact: &Contact,
    can_call: bool,
    actions: &mut Vec<Action>,
) {
    let number = contact.number.as_ref().map(|number| number.as_str());
    let height = vec2(ui.available_width(), size::ROW);
    ui.allocate_ui_with_layout(height, Layout::right_to_left(Align::Center), |ui| {
        call(ui, &contact.name, number, can_call, actions);
        let (kind, name) = if contact.is_favourite {
            (Kind::On, format!("{} is a favourite", contact.name))
        } else {
            (Kind::Quiet, format!("Make {} a favourite", contact.name))
        };
        if Button::icon(kind, Icon::Star, &name).show(ui).clicked() {
            actions.push(Action::People(PeopleAction::Star(contact.id)));
        }
        let name = format!("Remove {} from the contacts", contact.name);
        if Button::icon(Kind::Quiet, Icon::UserMinus, &name)
            .show(ui)
            .clicked()
        {
            actions.push(Action::People(PeopleAction::Remove(contact.id)));
        }
        who(ui, palette, &contact.name, number.unwrap_or("No number"));
    });
}

fn found(
    ui: &mut Ui,
    palette: &Palette,
    entry: &DirectoryEntry,
    can_call: bool,
    actions: &mut Vec<Action>,
) {
    let height = vec2(ui.available_width(), size::ROW);
    ui.allocate_ui_with_layout(height, Layout::right_to_left(Align::Center), |ui| {
        let number = entry.number.as_str();
        call(ui, &entry.display_name, Some(number), can_call, actions);
        let name = format!("Add {} to the contacts", entry.display_name);
        if Button::icon(Kind::Quiet, Icon::UserPlus, &name)
            .show(ui)
            .clicked()
        {
            actions.push(Action::People(PeopleAction::Add(entry.account)));
        }
        who(ui, palette, &entry.display_name, number);
    });
}

fn call(ui: &mut Ui, name: &str, number: Option<&str>, can_call: bool, actions: &mut Vec<Action>) {
    let hint = format!("Call {name}");
    let button = Button::icon(Kind::Quiet, Icon::Phone, &hint);
    if button
        .enabled(can_call && number.is_some())
        .show(ui)
        .clicked()
        && let Some(number) = number
    {
        actions.push(Action::Call(number.to_owned()));
    }
}

fn who(ui: &mut Ui, palette: &Palette, name: &str, number: &str) {
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        avatar(ui, name, 36.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add_space(6.0);
            elided(ui, name, Type::Strong, palette.text);
            elided(ui, number, Type::Note, palette.text_2);
        });
    });
}
