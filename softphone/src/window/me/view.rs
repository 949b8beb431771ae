//! Draws the panel: number, names, password, devices, sign-ins, and the account's end.

use egui::{Key, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::account::{name_hint, password_hint};
use super::devices::seen_words;
use super::sign_ins::since_words;
use super::{
    AccountForm, CallForm, Devices, Farewell, Me, MeAction, MyNumber, Outcome, SignIns, Upgrade,
    number_words,
};
use crate::engine::AccountSummary;
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Field, Kind, elided, icon, words};

/// Draws the panel of whoever is signed in; `extra` adds what belongs to the window rather than to the account.
pub(crate) fn show(
    ui: &mut Ui,
    me: &mut Me,
    account: &AccountSummary,
    actions: &mut Vec<Action>,
    extra: impl FnOnce(&mut Ui, &mut Vec<Action>),
) {
    let palette = Palette::of(ui);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(size::FORM.min(ui.available_width()));
        ui.spacing_mut().item_spacing.y = space::XS;
        if account.is_guest {
            heading(ui, &palette, "Keep this number");
            upgrade(ui, &palette, &mut me.upgrade, actions);
        }
        heading(ui, &palette, "My number");
        number(ui, &palette, &mut me.number, account, actions);
        if !account.is_guest {
            heading(ui, &palette, "My name");
            rename(ui, &palette, &mut me.account, account, actions);
            heading(ui, &palette, "What others see");
            show_as(ui, &palette, &mut me.account, account, actions);
            heading(ui, &palette, "My password");
            password(ui, &palette, &mut me.account, account, actions);
        }
        if me.calls.is_known() {
            heading(ui, &palette, "Calls to me");
            calls(ui, &palette, &mut me.calls, actions);
        }
        heading(ui, &palette, "My devices");
        devices(ui, &palette, &mut me.devices, actions);
        heading(ui, &palette, "My sign-ins");
        sign_ins(ui, &palette, &mut me.sign_ins, actions);
        heading(ui, &palette, "This window");
        extra(ui, actions);
        heading(ui, &palette, "Delete my account");
        farewell(ui, &palette, &mut me.farewell, account, actions);
        ui.add_space(space::L);
    });
}

/// How calls are treated.
fn calls(ui: &mut Ui, palette: &Palette, form: &mut CallForm, actions: &mut Vec<Action>) {
    let wide = vec2(ui.available_width(), size::TARGET);
    let (kind, text) = match form.do_not_disturb {
        true => (Kind::On, "Do not disturb: no phone rings"),
        false => (Kind::Secondary, "Do not disturb is off"),
    };
    if Button::text(kind, text).sized(wide).show(ui).clicked() {
        form.do_not_disturb = !form.do_not_disturb;
    }
    let (kind, text) = match form.takes_messages {
        true => (Kind::On, "Voicemail: callers can leave a message"),
        false => (Kind::Secondary, "Voicemail is off"),
    };
    if Button::text(kind, text).sized(wide).show(ui).clicked() {
        form.takes_messages = !form.takes_messages;
    }
    words(
        ui,
        "Forward to a number or a name:",
        Type::Note,
        palette.text_2,
    );
    Field::new("Every call", "forward always", &mut form.always).show(ui);
    Field::new("While I speak", "forward busy", &mut form.busy).show(ui);
    Field::new(
        "When nobody answers",
        "forward no answer",
        &mut form.no_answer,
    )
    .show(ui);
    Field::new(
        "When no phone is there",
        "forward unreachable",
        &mut form.unreachable,
    )
    .show(ui);
    told(ui, palette, &form.outcome);
    ui.add_space(space::XS);
    let save = Button::text(Kind::Primary, "Save").named("Save how calls are treated");
    if save.sized(vec2(wide.x, size::CONTROL)).show(ui).clicked() {
        actions.push(Action::Me(MeAction::SaveCalls));
    }
}

fn heading(ui: &mut Ui, palette: &Palette, text: &str) {
    ui.add_space(space::L);
    words(ui, text, Type::Heading, palette.text);
}

fn told(ui: &mut Ui, palette: &Palette, outcome: &Outcome) {
    let (picture, text, colour) = match outcome {
        Outcome::None => return,
        Outcome::Done(text) => (Icon::CircleCheck, text, palette.available),
        Outcome::Failed(text) => (Icon::CircleAlert, text, palette.busy),
    };
    ui.horizontal_top(|ui| {
        icon(ui, picture, 18.0, colour);
        ui.vertical(|ui| words(ui, text, Type::Body, palette.text));
    });
}

fn hint(ui: &mut Ui, palette: &Palette, hint: Option<String>) {
    if let Some(hint) = hint {
        words(ui, &hint, Type::Note, palette.away);
    }
}

fn number(
    ui: &mut Ui,
    palette: &Palette,
    mine: &mut MyNumber,
    account: &AccountSummary,
    actions: &mut Vec<Action>,
) {
    words(ui, number_words(account), Type::Keypad, palette.text);
    if account.is_guest {
        // The server chooses what it lends.
        return;
    }
    let field = Field::new("Another number", "wanted number", &mut mine.wanted).show(ui);
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if !mine.free.is_empty() {
        words(ui, "These are free:", Type::Note, palette.text_2);
        ui.horizontal_wrapped(|ui| {
            for number in &mine.free {
                let name = format!("Take {number}");
                let button = Button::text(Kind::Secondary, number).named(&name);
                if button.show(ui).clicked() {
                    actions.push(Action::Me(MeAction::Want(number.clone())));
                }
            }
        });
    }
    ui.add_space(space::XS);
    words(ui, "Who calls the old one:", Type::Note, palette.text_2);
    let wide = vec2(ui.available_width(), size::TARGET);
    for (old, text) in MyNumber::choices() {
        let kind = if mine.old == old {
            Kind::On
        } else {
            Kind::Secondary
        };
        if Button::text(kind, text).sized(wide).show(ui).clicked() {
            actions.push(Action::Me(MeAction::Old(old)));
        }
    }
    told(ui, palette, &mine.outcome);
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        let half = vec2((ui.available_width() - space::S) / 2.0, size::CONTROL);
        let text = if mine.busy {
            "Changing…"
        } else {
            "Change number"
        };
        let button = Button::text(Kind::Primary, text).sized(half);
        if button.enabled(!mine.busy).show(ui).clicked() || entered {
            actions.push(Action::Me(MeAction::ChangeNumber));
        }
        let button = Button::text(Kind::Secondary, "Suggest").named("Suggest free numbers");
        if button.sized(half).show(ui).clicked() {
            actions.push(Action::Me(MeAction::Suggest));
        }
    });
}

fn upgrade(ui: &mut Ui, palette: &Palette, upgrade: &mut Upgrade, actions: &mut Vec<Action>) {
    words(
        ui,
        "Your number is lent. With an account it stays yours, and so do your contacts.",
        Type::Body,
        palette.text_2,
    );
    let idle = !upgrade.busy;
    Field::new("Name of the account", "upgrade name", &mut upgrade.username)
        .enabled(idle)
        .show(ui);
    hint(ui, palette, name_hint(&upgrade.username));
    Field::new("Password for it", "upgrade password", &mut upgrade.password)
        .hidden()
        .enabled(idle)
        .show(ui);
    hint(
        ui,
        palette,
        password_hint(&upgrade.password, &upgrade.username),
    );
    told(ui, palette, &upgrade.outcome);
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    if Button::text(Kind::Primary, "Keep this number: create an account")
        .sized(wide)
        .enabled(idle)
        .show(ui)
        .clicked()
    {
        actions.push(Action::Me(MeAction::Upgrade));
    }
}

fn rename(
    ui: &mut Ui,
    palette: &Palette,
    form: &mut AccountForm,
    account: &AccountSummary,
    actions: &mut Vec<Action>,
) {
    words(ui, &account.name, Type::Name, palette.text);
    Field::new("Another name", "wanted name", &mut form.username).show(ui);
    hint(ui, palette, name_hint(&form.username));
    told(ui, palette, &form.renamed);
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    if Button::text(Kind::Secondary, "Change name")
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::Me(MeAction::Rename));
    }
}

fn show_as(
    ui: &mut Ui,
    palette: &Palette,
    form: &mut AccountForm,
    account: &AccountSummary,
    actions: &mut Vec<Action>,
) {
    words(ui, &account.display_name, Type::Name, palette.text);
    Field::new(
        "Another shown name",
        "wanted shown name",
        &mut form.shown_name,
    )
    .show(ui);
    told(ui, palette, &form.shown);
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    if Button::text(Kind::Secondary, "Change what others see")
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::Me(MeAction::ShowAs));
    }
}

/// The account goes for ever: after the password and two clicks.
fn farewell(
    ui: &mut Ui,
    palette: &Palette,
    farewell: &mut Farewell,
    account: &AccountSummary,
    actions: &mut Vec<Action>,
) {
    words(
        ui,
        "Your account goes for ever, with its devices, contacts and voicemails. What you have said stays with the others.",
        Type::Note,
        palette.text_2,
    );
    if !account.is_guest {
        Field::new("Your password", "farewell password", &mut farewell.password)
            .hidden()
            .show(ui);
    }
    told(ui, palette, &farewell.outcome);
    ui.add_space(space::XS);
    if !farewell.is_sure {
        let wide = vec2(ui.available_width(), size::CONTROL);
        if Button::text(Kind::Secondary, "Delete this account")
            .sized(wide)
            .show(ui)
            .clicked()
        {
            actions.push(Action::Me(MeAction::Erase));
        }
        return;
    }
    ui.horizontal(|ui| {
        if Button::text(Kind::Danger, "Yes, delete it for ever")
            .show(ui)
            .clicked()
        {
            actions.push(Action::Me(MeAction::Erase));
        }
        if Button::text(Kind::Secondary, "No, keep it")
            .show(ui)
            .clicked()
        {
            actions.push(Action::Me(MeAction::KeepAccount));
        }
    });
}

fn password(
    ui: &mut Ui,
    palette: &Palette,
    form: &mut AccountForm,
    account: &AccountSummary,
    actions: &mut Vec<Action>,
) {
    Field::new("Present password", "old password", &mut form.old_password)
        .hidden()
        .show(ui);
    Field::new("New password", "new password", &mut form.new_password)
        .hidden()
        .show(ui);
    hint(
        ui,
        palette,
        password_hint(&form.new_password, &account.name),
    );
    told(ui, palette, &form.password_changed);
    ui.add_space(space::XS);
    let wide = vec2(ui.available_width(), size::CONTROL);
    if Button::text(Kind::Secondary, "Change password")
        .sized(wide)
        .show(ui)
        .clicked()
    {
        actions.push(Action::Me(MeAction::ChangePassword));
    }
}

fn devices(ui: &mut Ui, palette: &Palette, devices: &mut Devices, actions: &mut Vec<Action>) {
    let is_there = !devices.list.is_empty();
    about_list(ui, palette, devices.complaint.as_deref(), is_there);
    for device in &devices.list {
        ui.push_id(&device.login, |ui| {
            elided(ui, &device.label, Type::Strong, palette.text);
            words(ui, seen_words(device), Type::Note, palette.text_2);
            let first = ("Sign it out", format!("Sign {} out", device.label));
            let second = (
                "Yes, sign it out",
                format!("Yes, sign {} out", device.label),
            );
            if sign_out(ui, [first, second], &device.login, &mut devices.sure_about) {
                actions.push(Action::Me(MeAction::Revoke(device.login.clone())));
            }
            ui.add_space(space::S);
        });
    }
}

fn sign_ins(ui: &mut Ui, palette: &Palette, sign_ins: &mut SignIns, actions: &mut Vec<Action>) {
    let is_there = !sign_ins.list.is_empty();
    about_list(ui, palette, sign_ins.complaint.as_deref(), is_there);
    for session in &sign_ins.list {
        ui.push_id(session.id, |ui| {
            elided(ui, &session.label, Type::Strong, palette.text);
            words(ui, since_words(session), Type::Note, palette.text_2);
            if session.is_this {
                words(
                    ui,
                    "This is the one you are at.",
                    Type::Note,
                    palette.text_2,
                );
            } else {
                let first = ("Sign out", format!("Sign out of {}", session.label));
                let second = (
                    "Yes, sign out",
                    format!("Yes, sign out of {}", session.label),
                );
                if sign_out(ui, [first, second], &session.id, &mut sign_ins.sure_about) {
                    actions.push(Action::Me(MeAction::EndSignIn(session.id)));
                }
            }
            ui.add_space(space::S);
        });
    }
}

fn about_list(ui: &mut Ui, palette: &Palette, complaint: Option<&str>, is_there: bool) {
    if let Some(complaint) = complaint {
        words(ui, complaint, Type::Body, palette.busy);
    } else if !is_there {
        words(ui, "The list is not there yet.", Type::Note, palette.text_2);
    }
}

/// The two clicks that it takes to sign something out, each with its text and its name for those who do not see it; gives
/// whether the second one was made.
fn sign_out<Id: Clone + PartialEq>(
    ui: &mut Ui,
    [first, second]: [(&str, String); 2],
    id: &Id,
    sure_about: &mut Option<Id>,
) -> bool {
    let mut is_meant = false;
    ui.horizontal(|ui| {
        if sure_about.as_ref() != Some(id) {
            let button = Button::text(Kind::Secondary, first.0).named(&first.1);
            if button.show(ui).clicked() {
                *sure_about = Some(id.clone());
            }
            return;
        }
        let button = Button::text(Kind::Danger, second.0).named(&second.1);
        is_meant = button.show(ui).clicked();
        if Button::text(Kind::Secondary, "No").show(ui).clicked() {
            *sure_about = None;
        }
    });
    is_meant
}
