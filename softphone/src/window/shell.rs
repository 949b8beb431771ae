//! Divides the window among the panels and carries what they ask for to the engine.

use std::time::Instant;

use egui::{
    Align, CentralPanel, Context, Frame, Layout, Margin, Panel, ThemePreference, Ui,
    UserAttentionType, ViewportCommand, vec2,
};
use lucide_icons::Icon;
use phone::chat::ChatEvent;

use super::call::CallPanel;
use super::desk::{Action, Desk, Place, Scene};
use super::layout::Columns;
use super::link::Link;
use super::ringing::Ringing;
use super::settings::{Settings, SettingsFile, ThemeChoice};
use super::status::Status;
use super::theme::{Palette, Type, size, space};
use super::welcome::Form;
use super::widgets::{Button, Kind, icon, words};
use super::{
    call, chats, dialpad, ended, keys, me, people, recent, ringing, status, theme, voicemail,
    welcome,
};
use crate::engine::{Command, Notice, Registration};

/// The window's title while nothing happens.
pub(crate) const TITLE: &str = "Carillon";

/// The window: what it knows, what it remembers, and its wire to the engine.
pub struct Window {
    link: Box<dyn Link>,
    desk: Desk,
    settings: Settings,
    /// What the file holds, which is not what the window was started with.
    kept: Settings,
    file: SettingsFile,
    title: String,
    scene: Scene,
}

impl Window {
    /// A window that shows the sign-in form with `settings` filled in, and keeps new ones in `file`.
    #[must_use]
    pub fn new(ctx: &Context, link: Box<dyn Link>, settings: Settings, file: SettingsFile) -> Self {
        theme::install(ctx);
        ctx.set_theme(preference(settings.theme));
        let form = Form::new(settings.server.clone(), settings.name.clone());
        Self {
            link,
            desk: Desk::new(form),
            settings,
            kept: file.load(),
            file,
            title: TITLE.into(),
            scene: Scene::Welcome,
        }
    }

    /// Takes in what the engine has told since the last time. Draws nothing, and runs while the window is hidden too.
    pub fn logic(&mut self, ctx: &Context, now: Instant) {
        while let Some(notice) = self.link.try_notice() {
            match &notice {
                // The window asks to be looked at, but does not push itself in front of what somebody types into.
                Notice::Incoming { .. } => {
                    ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(
                        UserAttentionType::Critical,
                    ));
                }
                Notice::Chat(event)
                    if matches!(
                        **event,
                        ChatEvent::Message { is_news: true, .. }
                            | ChatEvent::Journal { is_news: true, .. }
                    ) =>
                {
                    ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(
                        UserAttentionType::Informational,
                    ));
                }
                Notice::Registration(Registration::Registered(account)) => {
                    let server = self.desk.form.remembered_address();
                    self.remember(|settings| {
                        if !server.is_empty() {
                            settings.server = server;
                        }
                        // Nobody signs in with a guest's name.
                        if !account.is_guest {
                            settings.name.clone_from(&account.name);
                        }
                    });
                }
                _ => {}
            }
            self.desk.hear(now, notice);
        }
        let is_seen = ctx.input(|input| input.focused);
        for command in self.desk.commands(is_seen) {
            self.send(command);
        }
        let title = self.title_now();
        if title != self.title {
            self.title.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    /// Draws the window and sends what people asked for in this frame.
    pub fn ui(&mut self, ui: &mut Ui, now: Instant) {
        let mut actions = ui.input_mut(|input| keys::actions(input, &self.desk));
        let scene = self.desk.scene();
        match scene {
            Scene::Welcome => self.welcome(ui, &mut actions),
            Scene::Phone => self.phone(ui, now, &mut actions),
        }
        if self.scene != scene {
            self.scene = scene;
            if scene == Scene::Phone {
                ui.memory_mut(|memory| memory.request_focus(dialpad::line_id()));
            }
        }
        if !actions.is_empty() {
            // What was asked for shows at once, not with the next notice.
            ui.ctx().request_repaint();
        }
        for action in actions {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        for command in self.desk.act(action) {
            self.send(command);
        }
    }

    fn send(&mut self, command: Command) {
        if self.link.send(command).is_err() {
            self.desk.engine_is_gone();
        }
    }

    fn welcome(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let palette = Palette::of(ui);
        let mut next = None;
        CentralPanel::default()
            .frame(Frame::new().fill(palette.background))
            .show(ui, |ui| {
                let theme = self.settings.theme;
                welcome::show(ui, &mut self.desk.form, actions, |ui| {
                    next = theme_button(ui, theme)
                });
            });
        self.use_theme(ui.ctx(), next);
    }

    fn phone(&mut self, ui: &mut Ui, now: Instant, actions: &mut Vec<Action>) {
        let palette = Palette::of(ui);
        let columns = Columns::for_width(ui.available_width());
        let bar = Frame::new()
            .fill(palette.surface)
            .inner_margin(Margin::symmetric(space::L as i8, space::S as i8));
        Panel::top("status").frame(bar).show(ui, |ui| {
            let status = Status::of(&self.desk);
            let desk = &self.desk;
            status::show(ui, &status, actions, |ui, actions| {
                places(ui, desk, columns, actions);
            });
        });
        self.toast(ui, &palette, now);
        self.problem(ui, &palette, actions);
        if columns == Columns::Two {
            let column = Frame::new()
                .fill(palette.surface)
                .inner_margin(Margin::same(space::L as i8));
            Panel::right("dial")
                .exact_size(size::DIAL_COLUMN)
                .resizable(false)
                .frame(column)
                .show(ui, |ui| {
                    let can_call = self.desk.can_call();
                    dialpad::show(ui, &mut self.desk.dialled, can_call, actions);
                });
        }
        let talk = Frame::new()
            .fill(palette.background)
            .inner_margin(Margin::symmetric(space::L as i8, space::M as i8));
        CentralPanel::default()
            .frame(talk)
            .show(ui, |ui| self.talk(ui, now, columns, actions));
    }

    /// The call to look at: one that rings, one in progress, one that has just ended; else where calls begin.
    ///
    /// Each view has identities of its own: a key pressed on what has the keyboard focus in one never reaches a button
    /// that comes to stand in its place.
    fn talk(&mut self, ui: &mut Ui, now: Instant, columns: Columns, actions: &mut Vec<Action>) {
        let ringing = Ringing::all(&self.desk, now);
        let current = self.desk.current().map(|call| CallPanel::of(call, now));
        if self.desk.place.is_aside() {
            for ringing in &ringing {
                ui.push_id(("beside", ringing.call), |ui| {
                    ringing::show_beside(ui, ringing, actions)
                });
            }
            if let Some(panel) = &current {
                ui.push_id(("call strip", panel.call), |ui| {
                    call::show_beside(ui, panel, actions);
                });
            }
            return self.aside(ui, actions);
        }
        let (first, beside) = match ringing.split_first() {
            Some((first, others)) if current.is_none() => (Some(first), others),
            _ => (None, ringing.as_slice()),
        };
        for ringing in beside {
            ui.push_id(("beside", ringing.call), |ui| {
                ringing::show_beside(ui, ringing, actions)
            });
        }
        if let Some(panel) = current {
            let waiting = self.desk.waiting();
            let waiting: Vec<CallPanel> = waiting.map(|call| CallPanel::of(call, now)).collect();
            let tools = &mut self.desk.tools;
            ui.push_id(("call", panel.call), |ui| {
                call::show(ui, &panel, &waiting, tools, actions);
            });
        } else if let Some(ringing) = first {
            ui.push_id(("ringing", ringing.call), |ui| {
                ringing::show(ui, ringing, actions)
            });
        } else {
            self.between_calls(ui, columns, actions);
        }
    }

    /// What one looks at beside calls.
    fn aside(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let can_call = self.desk.can_call();
        if self.desk.place == Place::Chats {
            ui.push_id("chats", |ui| {
                chats::show(ui, &mut self.desk.chats, can_call, actions);
            });
            return;
        }
        if self.desk.place == Place::Voicemail {
            ui.push_id("voicemail", |ui| {
                voicemail::show(ui, &self.desk.mailbox, can_call, actions);
            });
            return;
        }
        if self.desk.place == Place::People {
            self.desk.people.can_write = self.desk.chats.is_there();
            ui.push_id("people", |ui| {
                people::show(ui, &mut self.desk.people, can_call, actions);
            });
            return;
        }
        let Some(account) = self.desk.account().cloned() else {
            return;
        };
        let (theme, mut next) = (self.settings.theme, None);
        let mut only_through_server = self.settings.only_through_server;
        ui.push_id("settings", |ui| {
            me::show(ui, &mut self.desk.me, &account, actions, |ui, actions| {
                let theme_now = theme_name(theme);
                let wide = vec2(ui.available_width(), size::CONTROL);
                if Button::text(Kind::Secondary, theme_now)
                    .sized(wide)
                    .show(ui)
                    .clicked()
                {
                    next = Some(theme_after(theme));
                }
                let (kind, text) = match only_through_server {
                    true => (Kind::Secondary, "Messages go through the server alone"),
                    false => (Kind::On, "Messages go directly on one network"),
                };
                if Button::text(kind, text).sized(wide).show(ui).clicked() {
                    only_through_server = !only_through_server;
                }
                let button = Button::text(Kind::Secondary, "Sign out").with_icon(Icon::LogOut);
                if button.sized(wide).show(ui).clicked() {
                    actions.push(Action::SignOut);
                }
            });
        });
        self.use_theme(ui.ctx(), next);
        if only_through_server != self.settings.only_through_server {
            self.remember(|settings| settings.only_through_server = only_through_server);
            self.send(Command::TalkDirectly(!only_through_server));
        }
    }

    fn between_calls(&mut self, ui: &mut Ui, columns: Columns, actions: &mut Vec<Action>) {
        let can_call = self.desk.can_call();
        let types_on = columns == Columns::One
            && ui.memory(|memory| memory.focused().is_none())
            && ui.input(dialpad::is_typing);
        if types_on {
            self.desk.ended = None;
            self.desk.place = Place::Dial;
        }
        if let Some(ended) = &self.desk.ended {
            ui.push_id("ended", |ui| ended::show(ui, ended, can_call, actions));
        } else if columns == Columns::Two || self.desk.place == Place::Recent {
            ui.push_id("recent", |ui| {
                recent::show(ui, &self.desk.recent, can_call, actions)
            });
        } else {
            ui.push_id("dial", |ui| {
                ui.vertical_centered(|ui| {
                    ui.set_max_width(size::DIAL_COLUMN);
                    dialpad::show(ui, &mut self.desk.dialled, can_call, actions);
                });
            });
        }
    }

    /// What happened by itself, for a while.
    fn toast(&mut self, ui: &mut Ui, palette: &Palette, now: Instant) {
        let Some(left) = self.desk.toast.as_ref().and_then(|toast| toast.left(now)) else {
            self.desk.toast = None;
            return;
        };
        ui.ctx().request_repaint_after(left);
        let strip = Frame::new()
            .fill(palette.accent_soft)
            .inner_margin(Margin::symmetric(space::L as i8, space::S as i8));
        if let Some(toast) = &self.desk.toast {
            Panel::top("toast").frame(strip).show(ui, |ui| {
                ui.horizontal_top(|ui| {
                    icon(ui, Icon::Info, 18.0, palette.accent_text);
                    ui.vertical(|ui| words(ui, &toast.text, Type::Body, palette.text));
                });
            });
        }
    }

    /// What went wrong, until somebody has read it.
    fn problem(&self, ui: &mut Ui, palette: &Palette, actions: &mut Vec<Action>) {
        let Some(problem) = &self.desk.problem else {
            return;
        };
        let strip = Frame::new()
            .fill(palette.raised)
            .inner_margin(Margin::symmetric(space::L as i8, space::S as i8));
        Panel::top("problem").frame(strip).show(ui, |ui| {
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if Button::icon(Kind::Quiet, Icon::X, "Dismiss")
                    .show(ui)
                    .clicked()
                {
                    actions.push(Action::DismissProblem);
                }
                ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                    icon(ui, Icon::CircleAlert, 18.0, palette.busy);
                    ui.vertical(|ui| words(ui, &problem.sentence, Type::Body, palette.text));
                });
            });
        });
    }

    fn use_theme(&mut self, ctx: &Context, choice: Option<ThemeChoice>) {
        if let Some(choice) = choice {
            ctx.set_theme(preference(choice));
            self.remember(|settings| settings.theme = choice);
        }
    }

    fn remember(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        if self.settings != self.kept {
            self.file.save(&self.settings);
            self.kept.clone_from(&self.settings);
        }
    }

    fn title_now(&self) -> String {
        if let Some(call) = self.desk.ringing().next() {
            return format!("{} calls – {TITLE}", call.party.title());
        }
        match self.desk.current() {
            Some(call) => format!("{} – {TITLE}", call.party.title()),
            None => TITLE.into(),
        }
    }
}

/// The buttons that lead from one place to another.
fn places(ui: &mut Ui, desk: &Desk, columns: Columns, actions: &mut Vec<Action>) {
    let (place, talks) = (desk.place, desk.current().is_some());
    let mut go = |kind, picture, name: &str, count, to| {
        let button = Button::icon(kind, picture, name).counting(count);
        if button.show(ui).clicked() {
            actions.push(Action::Go(to));
        }
    };
    let new = desk.mailbox.new_count();
    let voicemail = match new {
        0 => "Voicemail".to_owned(),
        new => format!("Voicemail, {new} new"),
    };
    let unread = desk.chats.archive.unread();
    let conversations = match unread {
        0 => "Conversations".to_owned(),
        unread => format!("Conversations, {unread} unread"),
    };
    for (here, picture, name, count, is_there) in [
        (Place::Settings, Icon::Settings, "Settings", 0, true),
        (Place::People, Icon::Users, "Contacts", 0, true),
        (
            Place::Chats,
            Icon::MessageSquare,
            &conversations,
            unread,
            desk.chats.is_there(),
        ),
        (
            Place::Voicemail,
            Icon::Voicemail,
            &voicemail,
            new,
            desk.mailbox.is_there(),
        ),
    ] {
        match place == here {
            _ if !is_there => {}
            true => go(Kind::On, picture, name, count, Place::Dial),
            false => go(Kind::Quiet, picture, name, count, here),
        }
    }
    match (columns, place) {
        // The call in progress stands there, and its strip leads back to it.
        _ if talks => {}
        (Columns::One, Place::Dial) => {
            let there = Place::Recent;
            go(Kind::Quiet, Icon::History, "Recent calls", 0, there);
        }
        (Columns::One, _) => go(Kind::Quiet, Icon::Grid3x3, "Dial pad", 0, Place::Dial),
        (Columns::Two, _) if place.is_aside() => {
            go(Kind::Quiet, Icon::History, "Recent calls", 0, Place::Dial);
        }
        (Columns::Two, _) => {}
    }
}

/// The button that goes on to the next theme; gives that theme when it was clicked.
fn theme_button(ui: &mut Ui, choice: ThemeChoice) -> Option<ThemeChoice> {
    let picture = match choice {
        ThemeChoice::System => Icon::SunMoon,
        ThemeChoice::Light => Icon::Sun,
        ThemeChoice::Dark => Icon::Moon,
    };
    Button::icon(Kind::Quiet, picture, theme_name(choice))
        .show(ui)
        .clicked()
        .then_some(theme_after(choice))
}

fn theme_name(choice: ThemeChoice) -> &'static str {
    match choice {
        ThemeChoice::System => "Theme: as the system",
        ThemeChoice::Light => "Theme: light",
        ThemeChoice::Dark => "Theme: dark",
    }
}

fn theme_after(choice: ThemeChoice) -> ThemeChoice {
    match choice {
        ThemeChoice::System => ThemeChoice::Light,
        ThemeChoice::Light => ThemeChoice::Dark,
        ThemeChoice::Dark => ThemeChoice::System,
    }
}

fn preference(choice: ThemeChoice) -> ThemePreference {
    match choice {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Light => ThemePreference::Light,
        ThemeChoice::Dark => ThemePreference::Dark,
    }
}
