//! Draws conversations: the list, and the one that is looked at; beside each other where there is room.

use egui::{
    Align, CentralPanel, Frame, Id, Key, KeyboardShortcut, Layout, Margin, Modifiers, Panel,
    ScrollArea, TextEdit, Ui, vec2,
};
use lucide_icons::Icon;

use super::bubble::bubble;
use super::data::{About, ChatAction, Chats};
use super::entries::{Entry, Said};
use super::files::FileAction;
use super::{file_view, list};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::when::Calendar;
use crate::window::widgets::{Button, Kind, elided, icon, paragraph, words};

/// Wide enough for the list to stand beside the conversation, in points.
const BESIDE: f32 = 520.0;
/// The list's width then.
const LIST: f32 = 220.0;
/// Lines of a draft before it scrolls.
const DRAFT_LINES: f32 = 5.0;

/// Draws the panel; `can_call` is whether a call could be placed now.
pub(crate) fn show(ui: &mut Ui, chats: &mut Chats, can_call: bool, actions: &mut Vec<Action>) {
    let calendar = Calendar::here();
    let has_room = ui.available_width() >= BESIDE;
    if has_room {
        let frame = Frame::new().inner_margin(Margin {
            right: space::M as i8,
            ..Margin::ZERO
        });
        Panel::left("conversation list")
            .exact_size(LIST)
            .resizable(false)
            .frame(frame)
            .show(ui, |ui| list::show(ui, chats, &calendar, actions));
    } else if chats.open.is_none() {
        return list::show(ui, chats, &calendar, actions);
    }
    let frame = Frame::new().inner_margin(Margin {
        left: if has_room { space::M as i8 } else { 0 },
        ..Margin::ZERO
    });
    CentralPanel::default().frame(frame).show(ui, |ui| {
        conversation(ui, chats, &calendar, can_call, !has_room, actions);
    });
}

fn conversation(
    ui: &mut Ui,
    chats: &mut Chats,
    calendar: &Calendar,
    can_call: bool,
    has_back: bool,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    let Some(title) = chats.title() else {
        ui.vertical_centered(|ui| {
            ui.add_space(ui.available_height() * 0.3);
            icon(ui, Icon::MessageSquare, 40.0, palette.text_3);
            paragraph(ui, "Choose a conversation.", Type::Body, palette.text_2);
        });
        return;
    };
    file_view::dropped(ui, actions);
    head(ui, &palette, chats, &title, can_call, has_back, actions);
    let below = Frame::new().inner_margin(Margin {
        top: space::S as i8,
        ..Margin::ZERO
    });
    Panel::bottom("draft")
        .frame(below)
        .show_separator_line(false)
        .show(ui, |ui| draft(ui, &palette, chats, &title, actions));
    ScrollArea::vertical()
        .id_salt(("messages", title))
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            if chats.has_earlier() {
                ui.vertical_centered(|ui| {
                    let button = Button::text(Kind::Secondary, "Earlier messages");
                    if button.show(ui).clicked() {
                        actions.push(Action::Chat(ChatAction::Earlier));
                    }
                });
            }
            for entry in chats.entries(calendar) {
                match entry {
                    Entry::Day(day) => {
                        ui.add_space(space::S);
                        ui.vertical_centered(|ui| {
                            paragraph(ui, day, Type::Note, palette.text_3);
                        });
                    }
                    Entry::Event(text) => {
                        ui.vertical_centered(|ui| {
                            paragraph(ui, text, Type::Note, palette.text_2);
                        });
                    }
                    Entry::Said(said) => {
                        let id = said.id.as_str().to_owned();
                        ui.push_id(id, |ui| one(ui, &palette, chats, &said, actions));
                    }
                }
            }
        });
}

fn head(
    ui: &mut Ui,
    palette: &Palette,
    chats: &Chats,
    title: &str,
    can_call: bool,
    has_back: bool,
    actions: &mut Vec<Action>,
) {
    let row = vec2(ui.available_width(), size::CONTROL);
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        if let Some(number) = chats.number() {
            let name = format!("Call {title}");
            let button = Button::icon(Kind::Quiet, Icon::Phone, &name);
            if button.enabled(can_call).show(ui).clicked() {
                actions.push(Action::Call(number));
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if has_back {
                let button = Button::icon(Kind::Quiet, Icon::ArrowLeft, "Back to conversations");
                if button.show(ui).clicked() {
                    actions.push(Action::Chat(ChatAction::Close));
                }
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                let subtitle = chats.subtitle();
                ui.add_space(if subtitle.is_empty() { 8.0 } else { 2.0 });
                elided(ui, title, Type::Name, palette.text);
                if !subtitle.is_empty() {
                    elided(ui, subtitle, Type::Note, palette.text_2);
                }
            });
        });
    });
}

/// One message, and its tools when it is chosen.
fn one(ui: &mut Ui, palette: &Palette, chats: &Chats, said: &Said, actions: &mut Vec<Action>) {
    let is_chosen = chats.chosen.as_ref() == Some(&said.id);
    if bubble(ui, palette, said, is_chosen).clicked() {
        let chosen = (!is_chosen).then(|| said.id.clone());
        actions.push(Action::Chat(ChatAction::Choose(chosen)));
    }
    file_view::below(ui, palette, chats, said, actions);
    if let Some(sentence) = &said.refused {
        words(ui, sentence, Type::Note, palette.busy);
        ui.horizontal_wrapped(|ui| {
            let again = Button::text(Kind::Secondary, "Send again");
            if said.is_own && again.show(ui).clicked() {
                actions.push(Action::Chat(ChatAction::Retry(said.id.clone())));
            }
            let discard = Button::text(Kind::Secondary, "Throw away");
            if discard.show(ui).clicked() {
                actions.push(Action::Chat(ChatAction::Discard(said.id.clone())));
            }
        });
    } else if is_chosen && !said.is_deleted {
        tools(ui, said, actions);
    }
}

/// What can be done with a message.
fn tools(ui: &mut Ui, said: &Said, actions: &mut Vec<Action>) {
    let row = vec2(ui.available_width(), size::TARGET);
    let layout = match said.is_own {
        true => Layout::right_to_left(Align::Center),
        false => Layout::left_to_right(Align::Center),
    };
    ui.allocate_ui_with_layout(row, layout, |ui| {
        let mut tool = |picture, name: &str, action: ChatAction| {
            if Button::icon(Kind::Secondary, picture, name)
                .show(ui)
                .clicked()
            {
                actions.push(Action::Chat(action));
            }
        };
        let id = || said.id.clone();
        tool(Icon::Reply, "Answer this message", ChatAction::Answer(id()));
        let like = ChatAction::React(id(), "👍");
        tool(Icon::ThumbsUp, "Thumbs up", like);
        if said.is_own {
            let change = ChatAction::Replace(id());
            tool(Icon::Pencil, "Change this message", change);
            tool(
                Icon::Trash2,
                "Delete this message",
                ChatAction::Delete(id()),
            );
        }
    });
}

/// Where the next message is written. Enter sends it, Shift+Enter begins a line.
fn draft(
    ui: &mut Ui,
    palette: &Palette,
    chats: &mut Chats,
    title: &str,
    actions: &mut Vec<Action>,
) {
    if let Some(about) = chats.about_words() {
        ui.horizontal(|ui| {
            let name = match chats.about {
                Some(About::Replaces(_)) => "Leave the message as it is",
                _ => "Do not answer it",
            };
            if Button::icon(Kind::Quiet, Icon::X, name).show(ui).clicked() {
                actions.push(Action::Chat(ChatAction::Forget));
            }
            elided(ui, about, Type::Note, palette.text_2);
        });
    }
    if file_view::instead_of_draft(ui, palette, chats, actions) {
        return;
    }
    let label = format!("Message to {title}");
    let id = Id::unique("message draft");
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    let mut sends =
        has_focus && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let square = vec2(size::CONTROL, size::CONTROL);
        let attach = Button::icon(Kind::Quiet, Icon::Paperclip, "Send a file").sized(square);
        if attach.show(ui).clicked() {
            let wants = FileAction::WantAttach(true);
            actions.push(Action::Chat(ChatAction::File(wants)));
        }
        let width = ui.available_width() - size::CONTROL - space::S;
        ui.vertical(|ui| {
            ui.set_width(width);
            let tallest = Type::Body.font().size * 1.4 * DRAFT_LINES + 2.0 * space::M;
            ScrollArea::vertical()
                .id_salt("draft scroll")
                .max_height(tallest)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    let field = TextEdit::multiline(&mut chats.draft)
                        .id(id)
                        .hint_text(&label)
                        .desired_rows(1)
                        .desired_width(f32::INFINITY)
                        .char_limit(api::room::LONGEST_TEXT / 4)
                        .margin(Margin::symmetric(space::M as i8, space::M as i8))
                        .return_key(Some(KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter)));
                    let response = ui.add(field);
                    response.widget_info(|| {
                        let role = egui::Role::MultilineTextInput;
                        let mut info = egui::WidgetInfo::labeled(role, true, &label);
                        info.current_text_value = Some(chats.draft.clone());
                        info
                    });
                    if response.changed() {
                        actions.push(Action::Chat(ChatAction::Typed));
                    }
                });
        });
        if chats.draft.trim().is_empty() {
            let speak = Button::icon(Kind::Primary, Icon::Mic, "Speak a voice note");
            if speak.sized(square).show(ui).clicked() {
                actions.push(Action::Chat(ChatAction::File(FileAction::Speak)));
            }
        } else {
            let send = Button::icon(Kind::Primary, Icon::SendHorizontal, "Send");
            sends |= send.sized(square).show(ui).clicked();
        }
    });
    if sends {
        actions.push(Action::Chat(ChatAction::Send));
    }
}
