//! Whether somebody can be reached, told by shape as well as by colour.

use egui::{Color32, Response, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

use crate::window::theme::Palette;

/// Whether somebody can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// A full disc.
    Available,
    /// A crescent.
    Away,
    /// A disc with a bar across it.
    Busy,
    /// A ring.
    Offline,
}

impl Presence {
    fn colour(self, palette: &Palette) -> Color32 {
        match self {
            Self::Available => palette.available,
            Self::Away => palette.away,
            Self::Busy => palette.busy,
            Self::Offline => palette.offline,
        }
    }
}

/// Draws the shape on `behind`, the colour of the surface under it. The words beside it say the same.
pub(crate) fn presence(ui: &mut Ui, state: Presence, behind: Color32) -> Response {
    let palette = Palette::of(ui);
    let colour = state.colour(&palette);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(12.0), Sense::empty());
    let (center, radius) = (rect.center(), 5.0);
    let painter = ui.painter();
    match state {
        Presence::Available => {
            painter.circle_filled(center, radius, colour);
        }
        Presence::Away => {
            painter.circle_filled(center, radius, colour);
            painter.circle_filled(center + vec2(-2.5, -2.0), radius - 1.0, behind);
        }
        Presence::Busy => {
            painter.circle_filled(center, radius, colour);
            let half = vec2(radius - 2.0, 0.0);
            painter.add(Shape::line_segment(
                [
                    pos2(center.x - half.x, center.y),
                    pos2(center.x + half.x, center.y),
                ],
                Stroke::new(2.0, behind),
            ));
        }
        Presence::Offline => {
            painter.circle_stroke(center, radius - 0.75, Stroke::new(1.75, colour));
        }
    }
    response
}
