//! Draws what is left to say of a call that has ended.

use egui::{Ui, vec2};
use lucide_icons::Icon;

use super::data::{CallBack, Ended, Outcome};
use crate::window::desk::Action;
use crate::window::theme::{Palette, Type, size, space};
use crate::window::widgets::{Button, Kind, avatar, paragraph};

/// Draws the end of a call; `can_call` is whether a call could be placed now.
pub(crate) fn show(ui: &mut Ui, ended: &Ended, can_call: bool, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let width = size::CARD.min(ui.available_width() - 2.0 * space::L);
    ui.vertical_centered(|ui| {
        ui.set_max_width(width);
        ui.add_space((ui.available_height() * 0.1).max(space::M));
        avatar(ui, ended.party.title(), 80.0);
        ui.add_space(space::XS);
        paragraph(ui, ended.party.title(), Type::Title, palette.text);
        if let Some(subtitle) = ended.party.subtitle() {
            paragraph(ui, subtitle, Type::Name, palette.text_2);
        }
        let colour = if ended.outcome == Outcome::Spoken {
            palette.text_2
        } else {
            palette.away
        };
        paragraph(ui, ended.heading(), Type::Name, colour);
        ui.add_space(space::XS);
        paragraph(ui, &ended.sentence, Type::Body, palette.text_2);
        if let Some(summary) = &ended.summary {
            paragraph(ui, summary, Type::Note, palette.text_3);
        }
        ui.add_space(space::L);
        call_back(ui, ended, width, actions);
        ui.horizontal(|ui| {
            let each = vec2((width - space::L) / 2.0, size::CONTROL);
            ui.spacing_mut().item_spacing.x = space::L;
            if Button::text(Kind::Secondary, "Close")
                .sized(each)
                .show(ui)
                .clicked()
            {
                actions.push(Action::DismissEnded);
            }
            let text = if ended.incoming {
                "Call back"
            } else {
                "Call again"
            };
            let known = !ended.party.number().is_empty();
            let again = Button::text(Kind::Call, text)
                .with_icon(Icon::Phone)
                .sized(each)
                .enabled(can_call && known);
            if again.show(ui).clicked() {
                actions.push(Action::Call(ended.party.number().to_owned()));
            }
        });
    });
}

/// Being called when the other side is free.
fn call_back(ui: &mut Ui, ended: &Ended, width: f32, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    match &ended.call_back {
        CallBack::Pointless => return,
        CallBack::Offered | CallBack::Asked => {
            let offered = ended.call_back == CallBack::Offered;
            let button = Button::text(Kind::Secondary, "Call me when they are free")
                .with_icon(Icon::PhoneIncoming)
                .sized(vec2(width, size::CONTROL))
                .enabled(offered && !ended.party.number().is_empty());
            if button.show(ui).clicked() {
                let number = ended.party.number().to_owned();
                actions.push(Action::CallMeBack(number));
            }
        }
        CallBack::Told(sentence) => {
            paragraph(ui, sentence, Type::Body, palette.text);
        }
    }
    ui.add_space(space::S);
}
