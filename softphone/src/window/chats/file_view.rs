//! Draws what belongs to files and voice notes: what stands under a bubble, and the row in which one is sent or spoken.

use egui::{Align, CornerRadius, Key, Layout, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::data::{ChatAction, Chats};
use super::entries::{Said, Standing};
use super::files::{Fetched, FileAction};
use crate::menu::size_words;
use crate::window::call::{clock_of, fill};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Field, Kind, elided, meter, words};

/// The width of a waveform, in points.
const WAVE: f32 = 180.0;
/// Steps of a waveform that are drawn: one for every four points.
const STEPS: usize = 45;

fn act(actions: &mut Vec<Action>, action: FileAction) {
    actions.push(Action::Chat(ChatAction::File(action)));
}

/// Draws what can be done with the file of a message.
pub(super) fn below(
    ui: &mut Ui,
    palette: &Palette,
    chats: &Chats,
    said: &Said,
    actions: &mut Vec<Action>,
) {
    let Some(file) = &said.file else { return };
    picture(ui, chats, said, actions);
    let row = vec2(ui.available_width(), size::TARGET);
    let layout = match said.is_own {
        true => Layout::right_to_left(Align::Center),
        false => Layout::left_to_right(Align::Center),
    };
    let mut trouble = None;
    ui.allocate_ui_with_layout(row, layout, |ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        if matches!(said.standing, Standing::Uploading | Standing::Passing) {
            let name = format!("Do not send {}", file.name);
            if Button::icon(Kind::Quiet, Icon::X, &name).show(ui).clicked() {
                actions.push(Action::Chat(ChatAction::Discard(said.id.clone())));
            }
            let (sent, bytes) = chats.files.sent(&said.id).unwrap_or((0, file.bytes));
            return progress(ui, palette, sent, bytes);
        }
        if let Some((millis, waveform)) = &said.spoken {
            let played = chats.files.played(&file.file);
            // What was not sent yet is not at the server.
            if !file.file.is_empty() {
                let (kind, picture, name, action) = match played {
                    Some(_) => (
                        Kind::On,
                        Icon::Square,
                        "Stop the voice note",
                        FileAction::StopPlaying,
                    ),
                    None => (
                        Kind::Secondary,
                        Icon::Play,
                        "Play the voice note",
                        FileAction::Play(Box::new(file.clone())),
                    ),
                };
                if Button::icon(kind, picture, name).show(ui).clicked() {
                    act(actions, action);
                }
            }
            let length = f64::from(*millis) / 1000.0;
            wave(
                ui,
                palette,
                waveform,
                played.unwrap_or_default() / length.max(0.001),
            );
            let clock = match played {
                Some(seconds) => format!("{} of {}", clock_of(seconds), clock_of(length)),
                None => clock_of(length),
            };
            elided(ui, clock, Type::Note, palette.text_2);
            return;
        }
        if file.file.is_empty() {
            return;
        }
        let save = |ui: &mut Ui, actions: &mut Vec<Action>| {
            let name = format!("Save {}", file.name);
            let button = Button::text(Kind::Secondary, "Save").named(&name);
            if button.with_icon(Icon::Download).show(ui).clicked() {
                act(actions, FileAction::Save(Box::new(file.clone())));
            }
        };
        match chats.files.fetched(&file.file) {
            None => {
                save(ui, actions);
                elided(ui, size_words(file.bytes), Type::Note, palette.text_2);
            }
            Some(Fetched::Coming(fetched, bytes)) => {
                let name = format!("Do not save {}", file.name);
                if Button::icon(Kind::Quiet, Icon::X, &name).show(ui).clicked() {
                    act(actions, FileAction::StopSaving(file.file.clone()));
                }
                progress(ui, palette, *fetched, *bytes);
            }
            Some(Fetched::Here(path)) => {
                let button = Button::text(Kind::Secondary, "Open the folder");
                let folder = path.parent();
                if let (true, Some(folder)) = (
                    button.with_icon(Icon::FolderOpen).show(ui).clicked(),
                    folder,
                ) {
                    let url = format!("file://{}", folder.display());
                    ui.ctx().open_url(egui::OpenUrl::same_tab(url));
                }
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                elided(ui, format!("Saved as {name}"), Type::Note, palette.text_2);
            }
            Some(Fetched::Failed(sentence)) => {
                save(ui, actions);
                trouble = Some(sentence);
            }
        }
    });
    if let Some(sentence) = trouble {
        words(ui, sentence, Type::Note, palette.busy);
    }
}

/// The picture that a message sends, made small, at the side of who sends it.
fn picture(ui: &mut Ui, chats: &Chats, said: &Said, actions: &mut Vec<Action>) {
    let Some(file) = said
        .file
        .as_ref()
        .filter(|file| file.media_type.starts_with("image/") && !file.file.is_empty())
    else {
        return;
    };
    let Ok(picture) = chats.files.picture(&file.file) else {
        return act(actions, FileAction::Show(file.file.clone()));
    };
    let Some(picture) = picture else { return };
    let [width, height] = picture.0.size.map(|points| points as f32);
    let scale = (ui.available_width() * 0.75 / width).min(1.0);
    let shown = vec2(width * scale, height * scale);
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), shown.y), Sense::empty());
    let left = if said.is_own {
        row.right() - shown.x
    } else {
        row.left()
    };
    let rect = Rect::from_min_size(pos2(left, row.top()), shown);
    let response = ui.interact(rect, ui.scope_id().with("picture"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &file.name));
    if ui.is_rect_visible(rect) {
        // The texture stays as long as it is drawn.
        let id = egui::Id::unique(("picture", &file.file));
        let texture = ui
            .data_mut(|data| data.get_temp::<egui::TextureHandle>(id))
            .unwrap_or_else(|| {
                let texture = ui.ctx().load_texture(
                    &file.file,
                    picture.0.clone(),
                    egui::TextureOptions::LINEAR,
                );
                ui.data_mut(|data| data.insert_temp(id, texture.clone()));
                texture
            });
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter()
            .image(texture.id(), rect, whole, egui::Color32::WHITE);
    }
}

/// How far a file is, as a bar and in words.
fn progress(ui: &mut Ui, palette: &Palette, done: u64, bytes: u64) {
    let share = done as f32 / bytes.max(1) as f32;
    let width = (ui.available_width() * 0.4).clamp(60.0, WAVE);
    let (rect, response) = ui.allocate_exact_size(vec2(width, space::S), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, "How much has arrived");
        info.value = Some(f64::from((share * 100.0).round()));
        info
    });
    let radius = CornerRadius::same(4);
    ui.painter().rect_filled(rect, radius, palette.border);
    let mut filled = rect;
    filled.set_width(rect.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(filled, radius, palette.accent);
    let text = format!("{} of {}", size_words(done), size_words(bytes));
    elided(ui, text, Type::Note, palette.text_2);
}

/// The loudness of a voice note, with what was played of it in the accent's colour.
fn wave(ui: &mut Ui, palette: &Palette, waveform: &[u8], played: f64) {
    let width = WAVE.min(ui.available_width() * 0.6);
    let (rect, response) =
        ui.allocate_exact_size(vec2(width, size::TARGET - space::S), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Meter, true, "How loud the voice note is");
        info.value = Some((played * 100.0).round());
        info
    });
    let steps = waveform.len().min(STEPS);
    let pitch = rect.width() / steps.max(1) as f32;
    for step in 0..steps {
        let part = &waveform[step * waveform.len() / steps..(step + 1) * waveform.len() / steps];
        let loudest = part.iter().copied().max().unwrap_or_default();
        let height = (rect.height() * f32::from(loudest) / 255.0).max(2.0);
        let left = rect.left() + pitch * step as f32;
        let bar = Rect::from_min_max(
            pos2(left, rect.center().y - height / 2.0),
            pos2(
                left + (pitch - 1.5).max(1.0),
                rect.center().y + height / 2.0,
            ),
        );
        let is_played = (step as f64) < played * steps as f64;
        let colour = if is_played {
            palette.accent
        } else {
            palette.text_3
        };
        ui.painter().rect_filled(bar, CornerRadius::same(1), colour);
    }
}

/// Draws the row in which something is spoken, or a file named; `false` when neither is going on.
pub(super) fn instead_of_draft(
    ui: &mut Ui,
    palette: &Palette,
    chats: &mut Chats,
    actions: &mut Vec<Action>,
) -> bool {
    if let Some(speaking) = &chats.files.speaking {
        ui.horizontal(|ui| {
            let unwanted = Button::icon(Kind::Quiet, Icon::Trash2, "Throw the voice note away");
            if unwanted.show(ui).clicked() {
                act(actions, FileAction::Unspoken);
            }
            let layout = Layout::right_to_left(Align::Center);
            ui.with_layout(layout, |ui| {
                let square = vec2(size::CONTROL, size::CONTROL);
                let send = Button::icon(Kind::Primary, Icon::SendHorizontal, "Send the voice note");
                if send.sized(square).show(ui).clicked() {
                    act(actions, FileAction::Spoken);
                }
                let clock = format!("Speak now. {}", clock_of(speaking.seconds));
                words(ui, clock, Type::Body, palette.text);
                meter(ui, fill(speaking.level_dbfs), "Your voice");
            });
        });
        return true;
    }
    let Some(path) = &mut chats.files.attaching else {
        return false;
    };
    let hint = "Its path, or drop the file into the window";
    let field = Field::new("File to send", "attached file", path)
        .hint(hint)
        .longest(4096);
    let response = field.show(ui);
    let mut sends = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        let button = Button::text(Kind::Primary, "Send the file");
        sends |= button.enabled(!path.trim().is_empty()).show(ui).clicked();
        if Button::text(Kind::Secondary, "Send none")
            .show(ui)
            .clicked()
        {
            act(actions, FileAction::WantAttach(false));
        }
    });
    if sends {
        act(actions, FileAction::Attach);
    }
    true
}

/// Files that were dropped into the window are sent to the conversation that is open.
pub(super) fn dropped(ui: &Ui, actions: &mut Vec<Action>) {
    let dropped = ui.input(|input| {
        let files = input.raw.dropped_files.iter();
        files.map(|file| file.path().to_owned()).collect::<Vec<_>>()
    });
    for path in dropped {
        act(actions, FileAction::Send(path));
    }
}
