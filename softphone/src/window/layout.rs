//! How the window is divided for its width.

/// Wide enough for the dial pad to stand beside the calls.
const TWO_COLUMNS: f32 = 720.0;

/// How the window is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// One thing at a time: the call while there is one, else the dial pad.
    One,
    /// Calls, and the dial pad beside them.
    Two,
}

impl Columns {
    /// For a window this wide, in points.
    pub(crate) fn for_width(points: f32) -> Self {
        if points < TWO_COLUMNS {
            Self::One
        } else {
            Self::Two
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn a_narrow_window_shows_one_thing_at_a_time() {
        assert_eq!(Columns::for_width(360.0), Columns::One);
        assert_eq!(Columns::for_width(719.0), Columns::One);
        assert_eq!(Columns::for_width(720.0), Columns::Two);
        assert_eq!(Columns::for_width(1920.0), Columns::Two);
    }
}
