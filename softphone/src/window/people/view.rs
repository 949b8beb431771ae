//! Draws contacts and directory.

use api::{Contact, DirectoryEntry};
use egui::{Align, Key, Layout, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;

use super::data::{People, PeopleAction};
use super::presence;
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{
    Button, Field, Kind, Presence, avatar, elided, icon, paragraph, presence as draw_presence,
    words,
};

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
        ui.push_id("own", |ui| presence::own(ui, people, actions));
        ui.push_id("search", |ui| search(ui, people, actions));
        groups(ui, people, actions);
        let editing = people.editing.as_ref().map(|editing| editing.id);
        let contacts: Vec<Contact> = people.rows().cloned().collect();
        for contact in &contacts {
            ui.push_id(contact.id, |ui| {
                row(ui, &palette, people, contact, can_call, actions);
                if editing == Some(contact.id) {
                    edit(ui, people, contact, actions);
                }
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
                found(ui, &palette, people, entry, can_call, actions);
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

/// The groups to look at, where there are any.
fn groups(ui: &mut Ui, people: &People, actions: &mut Vec<Action>) {
    let groups = people.groups();
    if groups.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        let all = std::iter::once(None).chain(groups.into_iter().map(Some));
        for group in all {
            let is_shown = people.group.as_deref() == group;
            let kind = if is_shown { Kind::On } else { Kind::Secondary };
            let name = group.unwrap_or("All");
            let said = format!("Show {}", group.unwrap_or("all contacts"));
            if Button::text(kind, name).named(&said).show(ui).clicked() {
                let group = group.map(str::to_owned);
                actions.push(Action::People(PeopleAction::Show(group)));
            }
        }
    });
}

fn row(
    ui: &mut Ui,
    palette: &Palette,
    people: &People,
    contact: &Contact,
    can_call: bool,
    actions: &mut Vec<Action>,
) {
    let number = contact.number.as_ref().map(|number| number.as_str());
    let view = people.presence(contact.account);
    let height = vec2(ui.available_width(), size::ROW);
    let row = ui.allocate_ui_with_layout(height, Layout::right_to_left(Align::Center), |ui| {
        call(ui, &contact.name, number, can_call, actions);
        if people.can_write {
            let name = format!("Write to {}", contact.name);
            let button = Button::icon(Kind::Quiet, Icon::MessageSquare, &name);
            if button.enabled(number.is_some()).show(ui).clicked()
                && let Some(number) = number
            {
                actions.push(Action::WriteTo(number.to_owned()));
            }
        }
        let (kind, name) = if contact.is_favourite {
            (Kind::On, format!("{} is a favourite", contact.name))
        } else {
            (Kind::Quiet, format!("Make {} a favourite", contact.name))
        };
        if Button::icon(kind, Icon::Star, &name).show(ui).clicked() {
            actions.push(Action::People(PeopleAction::Star(contact.id)));
        }
        let is_open = people
            .editing
            .as_ref()
            .is_some_and(|one| one.id == contact.id);
        let (kind, name, what) = match is_open {
            true => (Kind::On, format!("Leave {} as it is", contact.name), None),
            false => (
                Kind::Quiet,
                format!("Change {}", contact.name),
                Some(contact.id),
            ),
        };
        if Button::icon(kind, Icon::Pencil, &name).show(ui).clicked() {
            actions.push(Action::People(PeopleAction::Edit(what)));
        }
        let mut under = number.unwrap_or("No number").to_owned();
        if contact.is_blocked {
            under.push_str(" · blocked");
        } else if let Some(view) = view {
            under = format!("{under} · {}", presence::in_words(view));
        }
        who(
            ui,
            palette,
            &contact.name,
            &under,
            view.map(presence::shape),
        );
    });
    let response = ui.interact(row.response.rect, ui.scope_id().with("row"), Sense::hover());
    let name = presence::name_of(contact, view);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &name));
}

/// What a contact is called and where it belongs, and the way to be rid of it.
fn edit(ui: &mut Ui, people: &mut People, contact: &Contact, actions: &mut Vec<Action>) {
    let Some(editing) = &mut people.editing else {
        return;
    };
    Field::new("Name", "edited name", &mut editing.name).show(ui);
    Field::new("Groups", "edited groups", &mut editing.groups)
        .hint("Work, Family")
        .show(ui);
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    let save = Button::text(Kind::Primary, "Save").named("Save this contact");
    if save.sized(wide).show(ui).clicked() {
        actions.push(Action::People(PeopleAction::Save));
    }
    let name = match contact.is_blocked {
        true => format!("Let {} reach you again", contact.name),
        false => format!("Block {}", contact.name),
    };
    let block = Button::text(Kind::Secondary, &name).with_icon(Icon::Ban);
    if block.sized(wide).show(ui).clicked() {
        let action = PeopleAction::Block(contact.id, !contact.is_blocked);
        actions.push(Action::People(action));
    }
    let name = format!("Remove {} from the contacts", contact.name);
    let remove = Button::text(Kind::Secondary, "Remove").named(&name);
    if remove
        .with_icon(Icon::UserMinus)
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::People(PeopleAction::Remove(contact.id)));
    }
    ui.add_space(space::S);
}

fn found(
    ui: &mut Ui,
    palette: &Palette,
    people: &People,
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
        who(
            ui,
            palette,
            &entry.display_name,
            number,
            people.presence(Some(entry.account)).map(presence::shape),
        );
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

fn who(ui: &mut Ui, palette: &Palette, name: &str, number: &str, shape: Option<Presence>) {
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        avatar(ui, name, 36.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add_space(6.0);
            elided(ui, name, Type::Strong, palette.text);
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                if let Some(shape) = shape {
                    draw_presence(ui, shape, palette.background);
                }
                elided(ui, number, Type::Note, palette.text_2);
            });
        });
    });
}
