//! How loud a voice is, as a row of bars.

use egui::{CornerRadius, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::window::theme::{Palette, space};

/// Bars of a full meter; one is 3 dB.
const BARS: usize = 20;

/// Draws `fill` (0.0 silence … 1.0 full scale) in the width there is. `name` says whose voice it is.
pub(crate) fn meter(ui: &mut Ui, fill: f32, name: &str) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), space::S), Sense::hover());
    let fill = fill.clamp(0.0, 1.0);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Meter, true, name);
        info.value = Some(f64::from((fill * 100.0).round()));
        info
    });
    let step = rect.width() / BARS as f32;
    for bar in 0..BARS {
        let left = rect.left() + step * bar as f32;
        let lit = fill * BARS as f32 > bar as f32;
        let colour = match (lit, bar) {
            (false, _) => palette.border,
            // The top 6 dB are on the way to distortion.
            (true, bar) if bar >= BARS - 2 => palette.away,
            (true, _) => palette.available,
        };
        ui.painter().rect_filled(
            Rect::from_min_max(
                pos2(left, rect.top()),
                pos2(left + step - 2.0, rect.bottom()),
            ),
            CornerRadius::same(2),
            colour,
        );
    }
    response
}
