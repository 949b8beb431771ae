//! Tables for people.

use std::io::{self, Write};

/// Prints aligned columns under their headings.
pub(super) fn print(
    out: &mut dyn Write,
    headings: &[&str],
    rows: &[Vec<String>],
) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        cells
            .chain([headings[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(&mut headings.iter().copied())?;
    for row in rows {
        line(&mut row.iter().map(String::as_str))?;
    }
    Ok(())
}

/// Prints one thing: a line for each property.
pub(super) fn print_one(out: &mut dyn Write, properties: &[(&str, String)]) -> io::Result<()> {
    let width = properties
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in properties {
        writeln!(out, "{name:width$}  {value}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let rows = [
            vec!["Zoë".into(), "1000".into()],
            vec!["a long name".into(), String::new()],
        ];
        print(&mut out, &["NAME", "NUMBER"], &rows).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NAME         NUMBER\nZoë          1000\na long name\n"
        );
    }
}
