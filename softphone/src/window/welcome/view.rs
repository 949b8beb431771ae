//! Draws the sign-in form.

use egui::{Align, CornerRadius, Frame, Id, Key, Layout, Margin, ScrollArea, Stroke, Ui, vec2};
use lucide_icons::Icon;

use super::data::{Blank, Form, Stranger};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Field, Kind, icon, words};

/// Draws the form in the middle of the window; `corner` adds a control at its top right.
pub(crate) fn show(
    ui: &mut Ui,
    form: &mut Form,
    actions: &mut Vec<Action>,
    corner: impl FnOnce(&mut Ui),
) {
    let palette = Palette::of(ui);
    let known_height = Id::unique("sign-in height");
    let height: f32 = ui
        .data(|data| data.get_temp(known_height))
        .unwrap_or(HEIGHT);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let room = ui.available_height();
        ui.add_space(((room - height) / 2.0).max(space::M));
        let shown = ui.vertical_centered(|ui| {
            ui.set_max_width(size::CARD.min(ui.available_width() - 2.0 * space::L));
            Frame::new()
                .fill(palette.surface)
                .stroke(Stroke::new(1.0, palette.border))
                .corner_radius(CornerRadius::same(size::CARD_RADIUS))
                .inner_margin(Margin::same(space::XL as i8))
                .show(ui, |ui| {
                    ui.with_layout(Layout::top_down(Align::Min), |ui| {
                        heading(ui, &palette, corner);
                        card(ui, &palette, form, actions);
                    });
                });
        });
        ui.data_mut(|data| data.insert_temp(known_height, shown.response.rect.height()));
    });
}

/// The card's height in points until it has been drawn once.
const HEIGHT: f32 = 400.0;

fn heading(ui: &mut Ui, palette: &Palette, corner: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        icon(ui, Icon::Bell, 22.0, palette.accent_text);
        words(ui, "Carillon", Type::Heading, palette.text);
        ui.with_layout(Layout::right_to_left(Align::Center), corner);
    });
    words(
        ui,
        "Sign in to call and be called.",
        Type::Body,
        palette.text_2,
    );
    ui.add_space(space::XS);
}

fn card(ui: &mut Ui, palette: &Palette, form: &mut Form, actions: &mut Vec<Action>) {
    // Alone, so that it is in reach in the smallest window.
    if let Some(stranger) = &form.stranger {
        ask_about(ui, palette, stranger, actions);
        return;
    }
    let idle = !form.busy;
    let focus = form.focus.take().filter(|_| idle);
    let mut entered = false;
    for blank in [Blank::Server, Blank::Name, Blank::Password] {
        let field = match blank {
            Blank::Server => {
                Field::new("Server", "sign-in server", &mut form.server).hint("phone.example.org")
            }
            Blank::Name => Field::new("Name", "sign-in name", &mut form.name),
            Blank::Password => {
                Field::new("Password", "sign-in password", &mut form.password).hidden()
            }
        };
        let response = ui.scope(|ui| field.enabled(idle).show(ui)).inner;
        if focus == Some(blank) {
            response.request_focus();
        }
        entered |= response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    }

    if let Some(complaint) = &form.complaint {
        ui.horizontal_top(|ui| {
            icon(ui, Icon::CircleAlert, 18.0, palette.busy);
            ui.vertical(|ui| words(ui, complaint, Type::Body, palette.busy));
        });
    }
    ui.add_space(space::XS);

    let wide = vec2(ui.available_width(), size::CONTROL);
    if form.busy {
        ui.horizontal(|ui| {
            let half = vec2((wide.x - space::S) / 2.0, wide.y);
            Button::text(Kind::Primary, "Signing in…")
                .sized(half)
                .enabled(false)
                .show(ui);
            if Button::text(Kind::Secondary, "Cancel")
                .sized(half)
                .show(ui)
                .clicked()
            {
                actions.push(Action::SignOut);
            }
        });
    } else if Button::text(Kind::Primary, "Sign in")
        .sized(wide)
        .show(ui)
        .clicked()
        || entered
    {
        actions.push(Action::SignIn);
    }
}

/// Asks whether a server that nobody vouches for is the right one. Nothing has the keyboard focus, so that nobody says yes
/// by pressing Enter once more.
fn ask_about(ui: &mut Ui, palette: &Palette, stranger: &Stranger, actions: &mut Vec<Action>) {
    ui.horizontal_top(|ui| {
        icon(ui, Icon::ShieldQuestionMark, 18.0, palette.away);
        ui.vertical(|ui| {
            let question = format!("Is this the certificate of {}?", stranger.server);
            words(ui, &question, Type::Strong, palette.text);
            words(
                ui,
                "Nobody vouches for it. Compare this fingerprint with the one that `callctl status` shows at the server.",
                Type::Body,
                palette.text_2,
            );
            for row in stranger.rows() {
                words(ui, &row, Type::Name, palette.text);
            }
        });
    });
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    if Button::text(Kind::Primary, "It is the same: trust this certificate")
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::Trust);
    }
    if Button::text(Kind::Secondary, "Do not trust")
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::Distrust);
    }
}
