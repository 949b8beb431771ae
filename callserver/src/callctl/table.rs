//! Tables for people.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    heading: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Exact,
    Text,
    Count,
}

impl Column {
    /// What people copy from the screen: it is never cut.
    pub(super) const fn exact(heading: &'static str) -> Self {
        let kind = Kind::Exact;
        Self { heading, kind }
    }

    /// What may be cut where the screen is narrow.
    pub(super) const fn text(heading: &'static str) -> Self {
        let kind = Kind::Text;
        Self { heading, kind }
    }

    /// A count: flush right.
    pub(super) const fn count(heading: &'static str) -> Self {
        let kind = Kind::Count;
        Self { heading, kind }
    }
}

/// Between two columns.
const GAP: usize = 2;

/// A text is cut to no less than this.
const SHORTEST_TEXT: usize = 8;

/// Prints aligned columns under their headings; where `columns` characters are too few for them, one property a line.
pub(super) fn print(
    out: &mut dyn Write,
    columns: Option<usize>,
    headings: &[Column],
    rows: &[Vec<String>],
) -> io::Result<()> {
    let rows: Vec<Vec<Cow<'_, str>>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| harmless(cell)).collect())
        .collect();
    let width = |(index, column): (usize, &Column)| {
        let cells = rows.iter().filter_map(|row| row.get(index));
        let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
        widest.max(column.heading.width())
    };
    let mut widths: Vec<usize> = headings.iter().enumerate().map(width).collect();
    if let Some(columns) = columns
        && !squeeze(&mut widths, headings, columns)
    {
        return print_blocks(out, headings, &rows);
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for ((cell, width), column) in cells.zip(&widths).zip(headings) {
            let cell = cut(cell, *width);
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            match column.kind {
                Kind::Count => text.extend([&*blanks, &*cell]),
                Kind::Exact | Kind::Text => text.extend([&*cell, &*blanks]),
            }
            text.push_str(&" ".repeat(GAP));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut headings.iter().map(|column| column.heading))?;
    for row in &rows {
        line(&mut row.iter().map(AsRef::as_ref))?;
    }
    Ok(())
}

/// Prints a row without a table.
pub(super) fn print_row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    let cells: Vec<_> = cells.iter().map(|cell| harmless(cell)).collect();
    writeln!(out, "{}", cells.join("  ").trim_end())
}

/// Prints one thing: a line for each property.
pub(super) fn print_one(out: &mut dyn Write, properties: &[(&str, String)]) -> io::Result<()> {
    let widths = properties.iter().map(|(name, _)| name.width());
    let width = widths.max().unwrap_or(0);
    for (name, value) in properties {
        let blanks = " ".repeat(width - name.width());
        writeln!(out, "{name}{blanks}  {}", harmless(value))?;
    }
    Ok(())
}

fn print_blocks(
    out: &mut dyn Write,
    headings: &[Column],
    rows: &[Vec<Cow<'_, str>>],
) -> io::Result<()> {
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let names: Vec<String> = headings
            .iter()
            .map(|column| column.heading.to_lowercase())
            .collect();
        let properties = names.iter().map(String::as_str).zip(row);
        let properties: Vec<_> = properties
            .map(|(name, cell)| (name, cell.to_string()))
            .collect();
        print_one(out, &properties)?;
    }
    Ok(())
}

/// Makes the widest texts shorter until the table fits; tells whether it does.
fn squeeze(widths: &mut [usize], headings: &[Column], columns: usize) -> bool {
    let gaps = GAP * widths.len().saturating_sub(1);
    loop {
        let total = widths.iter().sum::<usize>() + gaps;
        let Some(excess) = total.checked_sub(columns).filter(|excess| *excess > 0) else {
            return true;
        };
        let texts = widths.iter_mut().zip(headings);
        let longest = texts
            .filter(|(width, column)| column.kind == Kind::Text && **width > SHORTEST_TEXT)
            .map(|(width, _)| width)
            .max();
        let Some(longest) = longest else {
            return false;
        };
        // Half of what is too much at a time, so that two long texts share the loss.
        *longest = (*longest - excess.div_ceil(2)).max(SHORTEST_TEXT);
    }
}

fn cut(cell: &str, width: usize) -> Cow<'_, str> {
    if cell.width() <= width {
        return cell.into();
    }
    let mut text = String::new();
    for letter in cell.chars() {
        text.push(letter);
        if text.width() + 1 > width {
            text.pop();
            break;
        }
    }
    text.push('…');
    text.into()
}

/// Names that strangers chose must not steer the terminal, nor turn the direction of what stands beside them.
fn harmless(cell: &str) -> Cow<'_, str> {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match cell.contains(steers) {
        true => cell.replace(steers, "\u{fffd}").into(),
        false => cell.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::exact("NAME"),
        Column::text("DISPLAY NAME"),
        Column::count("CALLS"),
    ];

    fn printed(columns: Option<usize>, rows: &[[&str; 3]]) -> String {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(ToString::to_string).collect())
            .collect();
        let mut out = Vec::new();
        print(&mut out, columns, COLUMNS, &rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_on_the_screen() {
        // Two letters of four columns, and one of one column made of two characters.
        let rows = [["zoe", "Zoe\u{308}", "7"], ["li", "李明", "1234567"]];
        assert_eq!(
            printed(None, &rows),
            "NAME  DISPLAY NAME    CALLS\n\
             zoe   Zoe\u{308}                 7\n\
             li    李明          1234567\n"
        );
    }

    #[test]
    fn texts_are_cut_where_the_screen_is_narrow_and_names_are_not() {
        let rows = [["alexandra", "Alexandra the Great of Macedon", "7"]];
        assert_eq!(
            printed(Some(34), &rows),
            "NAME       DISPLAY NAME      CALLS\n\
             alexandra  Alexandra the G…      7\n"
        );
    }

    #[test]
    fn a_table_that_cannot_fit_becomes_a_line_for_each_property() {
        let rows = [["alexandra", "Alexandra", "7"], ["bo", "Bo", "0"]];
        assert_eq!(
            printed(Some(20), &rows),
            "name          alexandra\ndisplay name  Alexandra\ncalls         7\n\n\
             name          bo\ndisplay name  Bo\ncalls         0\n"
        );
    }

    #[test]
    fn what_would_steer_the_terminal_is_shown_as_unknown() {
        assert_eq!(harmless("a\u{1b}[31m\u{202e}b"), "a\u{fffd}[31m\u{fffd}b");
        assert_eq!(harmless("plain"), "plain");
    }
}
