//! Colours, spacing, type sizes and fonts: the only place that names them.

use std::sync::Arc;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak,
    Stroke, TextStyle, Theme, Ui, Visuals, vec2,
};

/// Steps of the 4-point grid, in points.
pub(crate) mod space {
    pub(crate) const XS: f32 = 4.0;
    pub(crate) const S: f32 = 8.0;
    pub(crate) const M: f32 = 12.0;
    pub(crate) const L: f32 = 16.0;
    pub(crate) const XL: f32 = 24.0;
}

/// Sizes of things, in points.
pub(crate) mod size {
    /// The smallest thing that can be hit reliably.
    pub(crate) const TARGET: f32 = 36.0;
    /// Controls of a call, and the main button of a form.
    pub(crate) const CONTROL: f32 = 44.0;
    /// One line of a list.
    pub(crate) const ROW: f32 = 56.0;
    /// The bar at the top of the window.
    pub(crate) const BAR: f32 = 64.0;
    /// The column of the dial pad, where it stands beside something else.
    pub(crate) const DIAL_COLUMN: f32 = 300.0;
    /// Forms and call views are no wider than this.
    pub(crate) const CARD: f32 = 380.0;
    /// Panels of fields are no wider than this.
    pub(crate) const FORM: f32 = 440.0;
    /// Corner radius of buttons and fields.
    pub(crate) const BUTTON_RADIUS: u8 = 10;
    /// Corner radius of cards.
    pub(crate) const CARD_RADIUS: u8 = 12;
    /// The ring around what has the keyboard focus.
    pub(crate) const FOCUS_RING: f32 = 2.0;
}

/// The window is never smaller than this, in points.
pub(crate) const MINIMUM_SIZE: [f32; 2] = [360.0, 480.0];

/// The colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) background: Color32,
    pub(crate) surface: Color32,
    pub(crate) raised: Color32,
    pub(crate) hover: Color32,
    pub(crate) text: Color32,
    pub(crate) text_2: Color32,
    pub(crate) text_3: Color32,
    /// White stands on it.
    pub(crate) accent: Color32,
    /// Stands on `accent_soft` and on every plain surface.
    pub(crate) accent_text: Color32,
    pub(crate) accent_soft: Color32,
    /// Call and answer only; white stands on it.
    pub(crate) call: Color32,
    /// Hang up, decline and delete only; white stands on it.
    pub(crate) danger: Color32,
    pub(crate) available: Color32,
    pub(crate) away: Color32,
    pub(crate) busy: Color32,
    pub(crate) offline: Color32,
    /// What one has said oneself; white stands on it.
    pub(crate) bubble: Color32,
    /// Small print on `bubble`.
    pub(crate) bubble_time: Color32,
    pub(crate) border: Color32,
    pub(crate) input_outline: Color32,
}

const DARK: Palette = Palette {
    background: hex(0x10_1318),
    surface: hex(0x17_1B22),
    raised: hex(0x20_262F),
    hover: hex(0x2A_313C),
    text: hex(0xEC_EFF4),
    text_2: hex(0xA9_B2C0),
    text_3: hex(0x87_92A3),
    accent: hex(0x2F_6FEB),
    accent_text: hex(0x7F_B0FF),
    accent_soft: hex(0x1B_2B4B),
    call: hex(0x1A_7F4B),
    danger: hex(0xCF_3A41),
    available: hex(0x3D_D68C),
    away: hex(0xFF_B224),
    busy: hex(0xFF_6369),
    offline: hex(0x7E_8896),
    bubble: hex(0x2A_56B0),
    bubble_time: hex(0xCF_E0FF),
    border: hex(0x2C_333E),
    input_outline: hex(0x66_7183),
};

const LIGHT: Palette = Palette {
    background: hex(0xF4_F6F9),
    surface: hex(0xFF_FFFF),
    raised: hex(0xEE_F1F5),
    hover: hex(0xE3_E8EF),
    text: hex(0x15_1A21),
    text_2: hex(0x4C_5868),
    text_3: hex(0x60_6B7D),
    accent: hex(0x25_63EB),
    accent_text: hex(0x1D_4ED8),
    accent_soft: hex(0xDD_E8FE),
    call: hex(0x15_7347),
    danger: hex(0xC6_2A31),
    available: hex(0x18_794E),
    away: hex(0xA6_5500),
    busy: hex(0xCD_2B31),
    offline: hex(0x73_7D8C),
    bubble: hex(0x1D_4FD0),
    bubble_time: hex(0xDC_E8FF),
    border: hex(0xD8_DEE7),
    input_outline: hex(0x82_8C9C),
};

impl Palette {
    /// The colours of the theme that `ui` is drawn in.
    pub(crate) fn of(ui: &Ui) -> Self {
        if ui.visuals().dark_mode { DARK } else { LIGHT }
    }

    fn for_theme(theme: Theme) -> Self {
        match theme {
            Theme::Dark => DARK,
            Theme::Light => LIGHT,
        }
    }
}

const fn hex(rgb: u32) -> Color32 {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

/// The three weights of the text face, and the icons, which need a family of their own: Inter uses the same
/// private-use code points for other things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Regular,
    Medium,
    SemiBold,
    Icons,
}

impl Face {
    fn family(self) -> FontFamily {
        match self {
            Self::Regular => FontFamily::Proportional,
            Self::Medium => FontFamily::Name("medium".into()),
            Self::SemiBold => FontFamily::Name("semibold".into()),
            Self::Icons => FontFamily::Name("icons".into()),
        }
    }

    pub(crate) fn at(self, points: f32) -> FontId {
        FontId::new(points, self.family())
    }
}

/// What a piece of text is, which says how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Shortcuts and other small print.
    Hint,
    Note,
    Body,
    /// Body that wants attention: labels of buttons and fields.
    Strong,
    Name,
    Heading,
    Keypad,
    /// The person one is talking to.
    Title,
}

impl Type {
    pub(crate) fn font(self) -> FontId {
        match self {
            Self::Hint => Face::Regular.at(11.0),
            Self::Note => Face::Regular.at(12.0),
            Self::Body => Face::Regular.at(14.0),
            Self::Strong => Face::Medium.at(14.0),
            Self::Name => Face::Medium.at(16.0),
            Self::Heading => Face::SemiBold.at(18.0),
            Self::Keypad => Face::Medium.at(20.0),
            Self::Title => Face::SemiBold.at(24.0),
        }
    }
}

/// Installs the fonts and both themes; the theme in use follows the system until told otherwise.
pub(crate) fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    for theme in [Theme::Dark, Theme::Light] {
        let palette = Palette::for_theme(theme);
        ctx.style_mut_of(theme, |style| {
            style.text_styles = [
                (TextStyle::Small, Type::Note.font()),
                (TextStyle::Body, Type::Body.font()),
                (TextStyle::Button, Type::Strong.font()),
                (TextStyle::Heading, Type::Heading.font()),
                (TextStyle::Monospace, Type::Body.font()),
            ]
            .into();
            style.visuals = visuals(theme, &palette);
            style.spacing.item_spacing = vec2(space::S, space::S);
            style.spacing.button_padding = vec2(space::M, space::S);
            style.spacing.interact_size.y = size::TARGET;
            style.interaction.selectable_labels = false;
            style.animation_time = 0.1;
        });
    }
}

fn fonts() -> FontDefinitions {
    let faces: [(&str, &'static [u8], Face); 4] = [
        (
            "inter",
            include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
            Face::Regular,
        ),
        (
            "inter-medium",
            include_bytes!("../../../assets/fonts/Inter-Medium.otf"),
            Face::Medium,
        ),
        (
            "inter-semibold",
            include_bytes!("../../../assets/fonts/Inter-SemiBold.otf"),
            Face::SemiBold,
        ),
        ("lucide", lucide_icons::LUCIDE_FONT_BYTES, Face::Icons),
    ];
    let mut fonts = FontDefinitions::empty();
    for (name, bytes, face) in faces {
        // Centres capitals and icons where the line's own centre is a little beside theirs.
        let y_offset_factor = if face == Face::Icons { 0.065 } else { -0.06 };
        let data = FontData::from_static(bytes).tweak(FontTweak {
            y_offset_factor,
            ..FontTweak::default()
        });
        fonts.font_data.insert(name.into(), Arc::new(data));
        fonts.families.insert(face.family(), vec![name.into()]);
    }
    fonts
        .families
        .insert(FontFamily::Monospace, vec!["inter".into()]);
    fonts
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let mut visuals = theme.default_visuals();
    let radius = CornerRadius::same(size::BUTTON_RADIUS);
    visuals.panel_fill = palette.background;
    visuals.window_fill = palette.surface;
    visuals.window_stroke = Stroke::new(1.0, palette.border);
    visuals.window_corner_radius = CornerRadius::same(size::CARD_RADIUS);
    visuals.menu_corner_radius = radius;
    visuals.extreme_bg_color = palette.surface;
    visuals.text_edit_bg_color = Some(palette.surface);
    visuals.faint_bg_color = palette.raised;
    visuals.weak_text_color = Some(palette.text_3);
    visuals.hyperlink_color = palette.accent_text;
    visuals.error_fg_color = palette.busy;
    visuals.warn_fg_color = palette.away;
    visuals.selection.bg_fill = palette.accent_soft;
    visuals.selection.stroke = Stroke::new(size::FOCUS_RING, palette.accent_text);
    visuals.text_cursor.stroke = Stroke::new(2.0, palette.accent_text);
    // A blinking cursor would repaint the window twice a second for nothing.
    visuals.text_cursor.blink = false;
    for (state, fill, outline) in [
        (
            &mut visuals.widgets.noninteractive,
            palette.background,
            palette.border,
        ),
        (
            &mut visuals.widgets.inactive,
            palette.raised,
            palette.input_outline,
        ),
        (&mut visuals.widgets.hovered, palette.hover, palette.text_3),
        (
            &mut visuals.widgets.active,
            palette.hover,
            palette.accent_text,
        ),
        (
            &mut visuals.widgets.open,
            palette.hover,
            palette.accent_text,
        ),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, outline);
        state.fg_stroke = Stroke::new(1.0, palette.text);
        state.corner_radius = radius;
        state.expansion = 0.0;
    }
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance after WCAG 2.2.
    fn luminance(colour: Color32) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_surface_it_stands_on() {
        for palette in [DARK, LIGHT] {
            for surface in [palette.background, palette.surface, palette.raised] {
                for text in [palette.text, palette.text_2, palette.accent_text] {
                    assert!(contrast(text, surface) >= 4.5, "{text:?} on {surface:?}");
                }
            }
            for surface in [palette.background, palette.surface] {
                assert!(contrast(palette.text_3, surface) >= 4.5);
                assert!(contrast(palette.busy, surface) >= 4.5);
                assert!(contrast(palette.away, surface) >= 4.5);
                assert!(contrast(palette.input_outline, surface) >= 3.0);
            }
            for fill in [palette.accent, palette.call, palette.danger] {
                assert!(contrast(Color32::WHITE, fill) >= 4.5, "white on {fill:?}");
            }
            assert!(contrast(palette.accent_text, palette.accent_soft) >= 4.5);
            assert!(contrast(Color32::WHITE, palette.bubble) >= 4.5);
            assert!(contrast(palette.bubble_time, palette.bubble) >= 4.5);
        }
    }
}
