//! The one kind of button there is, in the few looks that it comes in.

use egui::{
    Align2, Color32, CornerRadius, FontId, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use crate::window::theme::{Face, Palette, Type, size, space};

/// What a button is for, which says how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The main thing to do here.
    Primary,
    /// Something else that can be done.
    Secondary,
    /// An icon in a bar.
    Quiet,
    /// A key of the dial pad.
    Key,
    /// Call or answer.
    Call,
    /// Hang up or decline.
    Danger,
    /// A switch that is on.
    On,
}

/// A button that is yet to be drawn.
#[must_use = "a button is drawn by `show`"]
pub(crate) struct Button<'a> {
    kind: Kind,
    name: &'a str,
    text: Option<&'a str>,
    under: Option<&'a str>,
    icon: Option<Icon>,
    size: Vec2,
    enabled: bool,
    hint: Option<&'a str>,
    count: usize,
}

impl<'a> Button<'a> {
    /// A button that shows its name.
    pub(crate) fn text(kind: Kind, text: &'a str) -> Self {
        Self {
            kind,
            name: text,
            text: Some(text),
            under: None,
            icon: None,
            size: vec2(0.0, size::TARGET),
            enabled: true,
            hint: None,
            count: 0,
        }
    }

    /// A button that shows an icon alone; its name is read out and shown on hover.
    pub(crate) fn icon(kind: Kind, icon: Icon, name: &'a str) -> Self {
        Self {
            icon: Some(icon),
            text: None,
            hint: Some(name),
            size: Vec2::splat(size::TARGET),
            ..Self::text(kind, name)
        }
    }

    pub(crate) fn with_icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// What is read out, where that is not the text itself.
    pub(crate) fn named(mut self, name: &'a str) -> Self {
        self.name = name;
        self
    }

    /// Small print under the text.
    pub(crate) fn with_under(mut self, under: &'a str) -> Self {
        self.under = Some(under);
        self
    }

    /// At least this large, in points.
    pub(crate) fn sized(mut self, size: Vec2) -> Self {
        self.size = size;
        self
    }

    pub(crate) fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// With a number in its corner: what waits behind it. Nothing for 0. The name has to say it too.
    pub(crate) fn counting(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Shown on hover.
    pub(crate) fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn show(self, ui: &mut Ui) -> Response {
        let palette = Palette::of(ui);
        let font = if self.kind == Kind::Key {
            Type::Keypad.font()
        } else {
            Type::Strong.font()
        };
        let icon_points = if self.size.y >= size::CONTROL {
            20.0
        } else {
            18.0
        };
        let text_width = self
            .text
            .map_or(0.0, |text| width_of(ui, text, font.clone()));
        let icon_width = self.icon.map_or(0.0, |_| icon_points);
        let gap = if self.text.is_some() && self.icon.is_some() {
            space::S
        } else {
            0.0
        };
        let inner = text_width + icon_width + gap;
        let padding = if self.text.is_some() {
            2.0 * space::L
        } else {
            0.0
        };
        let desired = vec2(self.size.x.max(inner + padding), self.size.y);

        let sense = if self.enabled {
            Sense::click()
        } else {
            Sense::hover()
        };
        let (rect, response) = ui.allocate_exact_size(desired, sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, self.enabled, self.name));

        if ui.is_rect_visible(rect) {
            let (fill, ink) = self.colours(&palette, &response);
            let radius = CornerRadius::same(size::BUTTON_RADIUS);
            ui.painter().rect_filled(rect, radius, fill);
            if matches!(self.kind, Kind::Secondary | Kind::Key) {
                ui.painter().rect_stroke(
                    rect,
                    radius,
                    Stroke::new(1.0, palette.border),
                    StrokeKind::Inside,
                );
            }
            let lift = if self.under.is_some() { 6.0 } else { 0.0 };
            let mut x = rect.center().x - inner / 2.0;
            let y = rect.center().y - lift;
            if let Some(icon) = self.icon {
                let at = pos2(x + icon_width / 2.0, y);
                ui.painter().text(
                    at,
                    Align2::CENTER_CENTER,
                    char::from(icon),
                    Face::Icons.at(icon_points),
                    ink,
                );
                x += icon_width + gap;
            }
            if let Some(text) = self.text {
                ui.painter()
                    .text(pos2(x, y), Align2::LEFT_CENTER, text, font, ink);
            }
            if let Some(under) = self.under {
                let at = pos2(rect.center().x, rect.center().y + 12.0);
                ui.painter().text(
                    at,
                    Align2::CENTER_CENTER,
                    under,
                    Type::Hint.font(),
                    palette.text_3,
                );
            }
            if self.count > 0 {
                let at = pos2(rect.right() - space::S, rect.top() + space::S);
                badge(ui, at, self.count);
            }
            focus_ring(ui, &response, rect);
        }
        match self.hint {
            Some(hint) => response.on_hover_text(hint),
            None => response,
        }
    }

    fn colours(&self, palette: &Palette, response: &Response) -> (Color32, Color32) {
        if !self.enabled {
            let fill = if self.kind == Kind::Quiet {
                Color32::TRANSPARENT
            } else {
                palette.raised
            };
            return (fill, palette.text_3);
        }
        let (fill, ink) = match self.kind {
            Kind::Primary => (palette.accent, Color32::WHITE),
            Kind::Call => (palette.call, Color32::WHITE),
            Kind::Danger => (palette.danger, Color32::WHITE),
            Kind::On => (palette.accent_soft, palette.accent_text),
            Kind::Secondary | Kind::Key => (palette.raised, palette.text),
            Kind::Quiet => (Color32::TRANSPARENT, palette.text_2),
        };
        let coloured = matches!(self.kind, Kind::Primary | Kind::Call | Kind::Danger);
        let fill = match (
            coloured,
            response.is_pointer_button_down_on(),
            response.hovered(),
        ) {
            (true, true, _) => fill.lerp_to_gamma(Color32::BLACK, 0.2),
            (true, false, true) => fill.lerp_to_gamma(Color32::BLACK, 0.1),
            (false, true, _) => palette.border,
            (false, false, true) if self.kind != Kind::On => palette.hover,
            _ => fill,
        };
        (fill, ink)
    }
}

/// A number in a disc. It is drawn only: whatever it belongs to says the same in words.
pub(crate) fn badge(ui: &Ui, center: egui::Pos2, count: usize) {
    let palette = Palette::of(ui);
    let text = match count {
        0..100 => count.to_string(),
        _ => "99+".to_owned(),
    };
    let font = Type::Hint.font();
    let galley = ui.painter().layout_no_wrap(text, font, Color32::WHITE);
    let size = vec2((galley.size().x + space::S).max(BADGE), BADGE);
    let disc = Rect::from_center_size(center, size);
    let radius = CornerRadius::same((BADGE / 2.0) as u8);
    ui.painter().rect_filled(disc, radius, palette.accent);
    let at = disc.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, Color32::WHITE);
}

/// The height of a badge, in points.
const BADGE: f32 = 16.0;

/// The ring around what has the keyboard focus.
pub(crate) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let palette = Palette::of(ui);
        let radius = CornerRadius::same(size::BUTTON_RADIUS + 2);
        // A gap in the surface's colour keeps the ring visible on a button of any colour.
        ui.painter().rect_stroke(
            rect,
            radius,
            Stroke::new(1.0, palette.background),
            StrokeKind::Outside,
        );
        let ring = Stroke::new(size::FOCUS_RING, palette.accent_text);
        ui.painter()
            .rect_stroke(rect.expand(1.0), radius, ring, StrokeKind::Outside);
    }
}

fn width_of(ui: &Ui, text: &str, font: FontId) -> f32 {
    ui.painter()
        .layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER)
        .size()
        .x
}
