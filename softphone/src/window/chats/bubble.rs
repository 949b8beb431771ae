//! One thing that was said: a bubble with the time and how far it has come.

use egui::{
    Color32, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use super::entries::{Said, Standing};
use crate::window::theme::{Palette, Type, size, space};

/// Text is no wider than this, in points.
const WIDEST: f32 = 460.0;

/// Draws a bubble in the width there is: one's own at the right, others' at the left. A click chooses it.
pub(super) fn bubble(ui: &mut Ui, palette: &Palette, said: &Said, is_chosen: bool) -> Response {
    let room = ui.available_width();
    let widest = (room * 0.75).min(WIDEST) - 2.0 * space::M;
    let (fill, ink, faint) = match said.is_own {
        true => (palette.bubble, Color32::WHITE, palette.bubble_time),
        false => (palette.raised, palette.text, palette.text_2),
    };
    let layout = |text: String, kind: Type, colour: Color32| {
        ui.painter().layout(text, kind.font(), colour, widest)
    };
    let name = said.name.clone().filter(|name| !name.is_empty());
    let name = name.map(|name| layout(name, Type::Note, palette.accent_text));
    let answers = said
        .answers
        .clone()
        .map(|text| layout(format!("“{text}”"), Type::Note, faint));
    let colour = if said.is_deleted { faint } else { ink };
    let text = layout(said.text.clone(), Type::Body, colour);
    let foot = layout(foot_words(said), Type::Hint, faint);

    let parts: Vec<_> = name
        .into_iter()
        .chain(answers)
        .chain([text, foot])
        .collect();
    let width = parts.iter().map(|one| one.size().x).fold(0.0, f32::max) + 2.0 * space::M;
    let height = parts.iter().map(|one| one.size().y + 2.0).sum::<f32>() + 2.0 * space::S;
    let height = height.max(size::TARGET);
    let (row, _) = ui.allocate_exact_size(vec2(room, height), Sense::empty());
    let left = if said.is_own {
        row.right() - width
    } else {
        row.left()
    };
    let rect = Rect::from_min_size(pos2(left, row.top()), vec2(width, height));
    let response = ui.interact(rect, ui.scope_id().with("bubble"), Sense::click());
    let spoken = spoken(said);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    if ui.is_rect_visible(rect) {
        // The corner at which the speaker stands is a sharper one.
        let radius = match said.is_own {
            true => CornerRadius {
                nw: 14,
                ne: 14,
                sw: 14,
                se: 4,
            },
            false => CornerRadius {
                nw: 14,
                ne: 14,
                sw: 4,
                se: 14,
            },
        };
        ui.painter().rect_filled(rect, radius, fill);
        if is_chosen || response.has_focus() {
            let ring = Stroke::new(size::FOCUS_RING, palette.accent_text);
            ui.painter()
                .rect_stroke(rect, radius, ring, StrokeKind::Outside);
        }
        let mut at = rect.min + vec2(space::M, space::S);
        for part in parts {
            let height = part.size().y;
            ui.painter().galley(at, part, ink);
            at.y += height + 2.0;
        }
    }
    response
}

fn foot_words(said: &Said) -> String {
    let mut words = said.time.clone();
    if said.is_edited {
        words.push_str(" · edited");
    }
    if said.standing != Standing::Theirs {
        words.push_str(" · ");
        words.push_str(said.standing.words());
    }
    for (emoji, count) in &said.reactions {
        words.push_str(&format!("   {emoji} {count}"));
    }
    words
}

/// The whole of it for a screen reader.
fn spoken(said: &Said) -> String {
    let who = match (&said.name, said.is_own) {
        (_, true) => "You",
        (Some(name), _) => name,
        (None, _) => "They",
    };
    format!("{who}: {}, {}", said.text, foot_words(said))
}
