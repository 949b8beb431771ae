//! Draws the list of conversations.

use egui::{
    Align, Align2, Key, Layout, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;
use phone::chat::Whom;

use super::data::{ChatAction, Chats, Line};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::when::Calendar;
use crate::window::widgets::{
    Button, Field, Kind, avatar, badge, elided, focus_ring, icon, paragraph, words,
};

/// What the time at the end of a row takes, in points.
const WHEN: f32 = 48.0;

pub(super) fn show(ui: &mut Ui, chats: &mut Chats, calendar: &Calendar, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        words(ui, "Conversations", Type::Heading, palette.text);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (kind, name) = match chats.starting {
                Some(_) => (Kind::On, "Do not write to somebody new"),
                None => (Kind::Quiet, "Write to somebody"),
            };
            let begins = chats.starting.is_none();
            let button = Button::icon(kind, Icon::MessageSquarePlus, name);
            if button.show(ui).clicked() {
                actions.push(Action::Chat(ChatAction::WantNew(begins)));
            }
        });
    });
    if let Some(starting) = &mut chats.starting {
        let field = Field::new("Write to", "write to", starting)
            .hint("Number or name")
            .show(ui);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let wide = vec2(ui.available_width(), size::TARGET);
        let button = Button::text(Kind::Primary, "Write").sized(wide);
        if button.show(ui).clicked() || entered {
            actions.push(Action::Chat(ChatAction::Start));
        }
        ui.add_space(space::S);
    }
    search(ui, chats, actions);
    ScrollArea::vertical()
        .id_salt("conversations")
        .auto_shrink(false)
        .show(ui, |ui| match &chats.found {
            Some(found) => {
                if found.is_empty() {
                    paragraph(ui, "Nothing was found.", Type::Body, palette.text_2);
                }
                for (index, message) in found.iter().enumerate() {
                    let (title, preview) = chats.found_words(message);
                    let line = Line {
                        whom: Whom::Room(message.room.clone()),
                        title,
                        preview,
                        when: calendar.short(&crate::window::when::Moment::parse(&message.sent)),
                        unread: 0,
                    };
                    ui.push_id(("found", index), |ui| {
                        row(ui, &palette, &line, false, actions)
                    });
                }
            }
            None => {
                let lines = chats.lines(calendar);
                if lines.is_empty() {
                    nobody(ui, &palette);
                }
                for (index, line) in lines.iter().enumerate() {
                    let is_open = chats.open.as_ref() == Some(&line.whom);
                    ui.push_id(index, |ui| row(ui, &palette, line, is_open, actions));
                }
            }
        });
}

fn nobody(ui: &mut Ui, palette: &Palette) {
    ui.vertical_centered(|ui| {
        ui.add_space(space::XL);
        icon(ui, Icon::MessageSquare, 32.0, palette.text_3);
        paragraph(
            ui,
            "Nothing was written yet. Write to a number or a name.",
            Type::Body,
            palette.text_2,
        );
    });
}

fn search(ui: &mut Ui, chats: &mut Chats, actions: &mut Vec<Action>) {
    if chats.archive.conversations.is_empty() {
        return;
    }
    let field = Field::new("Find in messages", "message search", &mut chats.query).show(ui);
    if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        actions.push(Action::Chat(ChatAction::Search));
    }
    if chats.found.is_some() {
        let wide = vec2(ui.available_width(), size::TARGET);
        let button = Button::text(Kind::Secondary, "Show all conversations").sized(wide);
        if button.show(ui).clicked() {
            actions.push(Action::Chat(ChatAction::StopSearch));
        }
    }
    ui.add_space(space::XS);
}

fn row(ui: &mut Ui, palette: &Palette, line: &Line, is_open: bool, actions: &mut Vec<Action>) {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::click());
    let name = match line.unread {
        0 => format!("Open {}", line.title),
        unread => format!("Open {}, {unread} unread", line.title),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let fill = match (is_open, response.hovered()) {
        (true, _) => Some(palette.accent_soft),
        (false, true) => Some(palette.hover),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 8, fill);
    }
    focus_ring(ui, &response, rect.shrink(2.0));
    let inner = rect.shrink2(vec2(space::S, 0.0));
    let at = pos2(inner.right(), inner.top() + 12.0);
    let font = Type::Hint.font();
    ui.painter()
        .text(at, Align2::RIGHT_TOP, &line.when, font, palette.text_3);
    if line.unread > 0 {
        let at = pos2(inner.right() - space::S, inner.bottom() - 18.0);
        badge(ui, at, line.unread);
    }
    let mut left = inner;
    left.set_right(inner.right() - WHEN);
    let layout = Layout::left_to_right(Align::Center);
    let mut row = ui.new_child(UiBuilder::new().max_rect(left).layout(layout));
    avatar(&mut row, &line.title, 36.0);
    row.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.add_space(10.0);
        elided(ui, &line.title, Type::Strong, palette.text);
        elided(ui, &line.preview, Type::Note, palette.text_2);
    });
    if response.clicked() {
        actions.push(Action::Chat(ChatAction::Open(line.whom.clone())));
    }
}
