//! Draws the form to come in.

use std::time::Duration;

use api::SignUp;
use egui::{
    Align, CornerRadius, Frame, Id, Key, Layout, Margin, Response, ScrollArea, Stroke, Ui, vec2,
};
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
            // The smallest window has no room to spare beside the two buttons at the bottom.
            let margin = if ui.available_width() < size::CARD {
                space::L
            } else {
                space::XL
            };
            Frame::new()
                .fill(palette.surface)
                .stroke(Stroke::new(1.0, palette.border))
                .corner_radius(CornerRadius::same(size::CARD_RADIUS))
                .inner_margin(Margin::same(margin as i8))
                .show(ui, |ui| {
                    ui.with_layout(Layout::top_down(Align::Min), |ui| {
                        let text = if form.wants_account {
                            "Make an account to call and be called."
                        } else {
                            "Sign in to call and be called."
                        };
                        heading(ui, &palette, text, corner);
                        card(ui, &palette, form, actions);
                    });
                });
        });
        ui.data_mut(|data| data.insert_temp(known_height, shown.response.rect.height()));
    });
}

/// The card's height in points until it has been drawn once.
const HEIGHT: f32 = 450.0;

fn heading(ui: &mut Ui, palette: &Palette, text: &str, corner: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        icon(ui, Icon::Bell, 22.0, palette.accent_text);
        words(ui, "Carillon", Type::Heading, palette.text);
        ui.with_layout(Layout::right_to_left(Align::Center), corner);
    });
    words(ui, text, Type::Body, palette.text_2);
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
    let mut types_address = false;
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
        match blank {
            Blank::Server => types_address = response.has_focus(),
            Blank::Name if form.wants_account => name_hint(ui, palette, form, &response, actions),
            Blank::Password if form.wants_account => {
                if let Some(hint) = form.password_words() {
                    words(ui, &hint, Type::Note, palette.away);
                }
            }
            _ => {}
        }
    }
    // Not at each letter of an address.
    if idle && !types_address && form.is_new_server() {
        actions.push(Action::LookUp);
    }
    if form.wants_account {
        ui.scope(|ui| {
            Field::new("Shown name", "sign-up shown name", &mut form.display_name)
                .hint("What others see")
                .enabled(idle)
                .show(ui)
        });
        if form.sign_up() != Some(SignUp::Open) {
            ui.scope(|ui| {
                Field::new(
                    "Invitation code",
                    "sign-up invitation",
                    &mut form.invitation,
                )
                .enabled(idle)
                .show(ui)
            });
        }
    }

    if let Some(complaint) = &form.complaint {
        ui.horizontal_top(|ui| {
            icon(ui, Icon::CircleAlert, 18.0, palette.busy);
            ui.vertical(|ui| words(ui, complaint, Type::Body, palette.busy));
        });
    }
    ui.add_space(space::XS);
    ways_in(ui, form, entered, actions);
}

/// What is wrong with the wanted username, or that it is free, shortly after it was typed.
fn name_hint(
    ui: &mut Ui,
    palette: &Palette,
    form: &Form,
    field: &Response,
    actions: &mut Vec<Action>,
) {
    if let Some((hint, is_good)) = form.name_words() {
        let colour = if is_good {
            palette.available
        } else {
            palette.away
        };
        words(ui, &hint, Type::Note, colour);
    }
    let typed_at = Id::unique("sign-up name typed at");
    let now = ui.input(|input| input.time);
    if field.changed() {
        ui.data_mut(|data| data.insert_temp(typed_at, now));
    }
    if !form.is_new_name() {
        return;
    }
    let since: f64 = ui.data(|data| data.get_temp(typed_at)).unwrap_or(f64::MIN);
    let rest = PAUSE_IN_TYPING - (now - since);
    if rest <= 0.0 {
        actions.push(Action::CheckUsername);
    } else {
        ui.ctx()
            .request_repaint_after(Duration::from_secs_f64(rest));
    }
}

/// Seconds without another letter after which a username is asked after.
const PAUSE_IN_TYPING: f64 = 0.4;

/// What "Continue as guest" takes, in points.
const LONGEST_WAY: f32 = 156.0;

fn ways_in(ui: &mut Ui, form: &Form, entered: bool, actions: &mut Vec<Action>) {
    let wide = vec2(ui.available_width(), size::CONTROL);
    let half = vec2((wide.x - space::S) / 2.0, wide.y);
    if form.busy {
        ui.horizontal(|ui| {
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
        return;
    }
    let (text, action) = if form.wants_account {
        ("Create account", Action::SignUp)
    } else {
        ("Sign in", Action::SignIn)
    };
    let button = Button::text(Kind::Primary, text).sized(wide);
    if button.show(ui).clicked() || entered {
        actions.push(action);
    }
    let others = [
        (
            form.wants_account,
            "Sign in instead",
            Action::WantAccount(false),
        ),
        (
            !form.wants_account && form.sign_up() != Some(SignUp::Closed),
            "New account",
            Action::WantAccount(true),
        ),
        (
            form.offers_guests(),
            "Continue as guest",
            Action::SignInAsGuest,
        ),
    ];
    let offered: Vec<_> = others
        .into_iter()
        .filter(|(offered, ..)| *offered)
        .collect();
    let is_alone = offered.len() == 1;
    ui.horizontal(|ui| {
        let last = half.x.max(LONGEST_WAY);
        for (at, (_, text, action)) in offered.into_iter().enumerate() {
            let width = match (is_alone, at) {
                (true, _) => wide.x,
                (false, 0) => wide.x - space::S - last,
                (false, _) => last,
            };
            let button = Button::text(Kind::Secondary, text).sized(vec2(width, size::TARGET));
            if button.show(ui).clicked() {
                actions.push(action);
            }
        }
    });
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
                "Nobody vouches for it. Compare this fingerprint with the one that “callctl status” shows at the server.",
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
