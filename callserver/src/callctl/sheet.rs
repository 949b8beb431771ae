//! Lists that people keep in spreadsheets: CSV (RFC 4180), read line by line, so that one bad line costs no other.
//!
//! Nothing that we import has a line break in it. Therefore a quote that is not closed on its line is an error of that
//! line, where a reader of the whole file would take everything up to the next quote for one field.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A column: the names that it may have in the heading, the proper one first.
pub(super) type Column = &'static [&'static str];

/// One line with something in it: a field for each known column, empty where the line has none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) fields: Vec<String>,
}

/// A line that was not taken, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Refused {
    pub(super) line: usize,
    pub(super) why: String,
}

/// Why a list is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The file.
    #[error("The list {} cannot be read ({source}); check the path.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another encoding.
    #[error("The list {} is in UTF-16; save it as CSV in UTF-8.", path.display())]
    Utf16 {
        /// The file.
        path: PathBuf,
    },
    /// A heading that we do not know.
    #[error("Line {line} of {} has a heading with the column {column:?}; the columns are {known}.", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What stands there.
        column: String,
        /// What might.
        known: String,
    },
}

/// Reads a file, or stdin if it is called `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SheetError> {
    let mut bytes = Vec::new();
    let result = match path.as_os_str() == "-" {
        true => io::stdin().lock().read_to_end(&mut bytes).map(drop),
        false => std::fs::read(path).map(|content| bytes = content),
    };
    let path = path.to_owned();
    match result {
        Err(source) => Err(SheetError::Read { path, source }),
        Ok(()) if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") => {
            Err(SheetError::Utf16 { path })
        }
        Ok(()) => Ok(bytes),
    }
}

/// Takes a list apart. Empty lines and those that begin with `#` say nothing; a heading says in which order the columns
/// are, else they are in the order of `columns`. The first `required` columns must be there.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    columns: &[Column],
    required: usize,
) -> Result<(Vec<Row>, Vec<Refused>), SheetError> {
    // The byte order mark that spreadsheets write.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    let mut order: Option<Vec<usize>> = None;
    let mut separator = ',';
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let refuse = |why: &str| Refused {
            line,
            why: why.to_owned(),
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            refused.push(refuse("It is not UTF-8; save the list as CSV in UTF-8."));
            continue;
        };
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let is_first = order.is_none();
        if is_first {
            separator = separator_of(text);
        }
        let fields = match split(text, separator) {
            Ok(fields) => fields,
            Err(why) => {
                refused.push(refuse(&why));
                continue;
            }
        };
        if is_first {
            let heading = heading(path, line, &fields, columns)?;
            let is_heading = heading.is_some();
            order = Some(heading.unwrap_or_else(|| (0..columns.len()).collect()));
            if is_heading {
                continue;
            }
        }
        match arrange(
            fields,
            order.as_deref().unwrap_or_default(),
            columns,
            required,
        ) {
            Ok(fields) => rows.push(Row { line, fields }),
            Err(why) => refused.push(refuse(&why)),
        }
    }
    Ok((rows, refused))
}

/// Writes a line, with quotes where they are needed.
pub(super) fn write(out: &mut dyn Write, fields: &[&str]) -> io::Result<()> {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        // Also what a reader would trim, or take for a comment.
        let is_plain = !field.contains([',', ';', '\t', '"', '\n', '\r'])
            && field.trim() == *field
            && !field.starts_with('#');
        match is_plain {
            true => out.write_all(field.as_bytes())?,
            false => write!(out, "\"{}\"", field.replace('"', "\"\""))?,
        }
    }
    out.write_all(b"\n")
}

/// Spreadsheets write semicolons where the comma is in decimal fractions, and tabs into the clipboard.
fn separator_of(text: &str) -> char {
    let used = ['\t', ',', ';'].into_iter().find(|it| text.contains(*it));
    used.unwrap_or(',')
}

/// The order of the columns, if this is a heading: that is, if it begins with the name of a column.
fn heading(
    path: &Path,
    line: usize,
    fields: &[String],
    columns: &[Column],
) -> Result<Option<Vec<usize>>, SheetError> {
    let position = |field: &String| {
        let name = field.to_lowercase().replace([' ', '-'], "_");
        columns.iter().position(|names| names.contains(&&*name))
    };
    if fields.first().and_then(position).is_none() {
        return Ok(None);
    }
    let order = fields.iter().map(|field| {
        position(field).ok_or_else(|| SheetError::Column {
            path: path.to_owned(),
            line,
            column: field.clone(),
            known: names_of(columns),
        })
    });
    order.collect::<Result<_, _>>().map(Some)
}

fn names_of(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().filter_map(|names| names.first()).collect();
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn arrange(
    fields: Vec<String>,
    order: &[usize],
    columns: &[Column],
    required: usize,
) -> Result<Vec<String>, String> {
    if fields.len() > order.len() {
        return Err(format!(
            "It has {} columns, and there are {} ({}); put quotes around a text with a comma.",
            fields.len(),
            order.len(),
            names_of(columns)
        ));
    }
    let mut arranged = vec![String::new(); columns.len()];
    for (field, position) in fields.into_iter().zip(order) {
        arranged[*position] = field;
    }
    let missing = arranged.iter().zip(columns).take(required);
    if let Some((_, names)) = missing.into_iter().find(|(field, _)| field.is_empty()) {
        return Err(format!("The column {} is empty.", names[0]));
    }
    Ok(arranged)
}

/// The fields of one line, without the blanks around them.
fn split(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let column = fields.len() + 1;
        let begin = rest.trim_start_matches(' ');
        let (field, after) = match begin.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = unquote(quoted)
                    .ok_or_else(|| format!("The quote in column {column} is not closed."))?;
                let after = after.trim_start_matches(' ');
                if !after.is_empty() && !after.starts_with(separator) {
                    return Err(format!(
                        "Column {column} goes on after its closing quote; write \"\" for a quote within."
                    ));
                }
                (field, after)
            }
            None => {
                let end = begin.find(separator).unwrap_or(begin.len());
                (begin[..end].trim().to_owned(), &begin[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// What stands before the closing quote, and what after it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        &["name", "username"],
        &["number"],
        &["display_name", "display"],
    ];

    type Read = (Vec<(usize, [String; 3])>, Vec<(usize, String)>);

    fn read(bytes: &[u8]) -> Result<Read, String> {
        let (rows, refused) =
            parse(Path::new("list.csv"), bytes, COLUMNS, 1).map_err(|error| error.to_string())?;
        let row = |row: Row| (row.line, row.fields.try_into().unwrap());
        let rows = rows.into_iter().map(row).collect();
        let refused = refused.into_iter().map(|it| (it.line, it.why)).collect();
        Ok((rows, refused))
    }

    fn rows(bytes: &[u8]) -> Vec<(usize, [String; 3])> {
        let (rows, refused) = read(bytes).unwrap();
        assert_eq!(refused, []);
        rows
    }

    fn row(line: usize, name: &str, number: &str, display: &str) -> (usize, [String; 3]) {
        (line, [name.into(), number.into(), display.into()])
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let list = "\u{feff}Name,Number,Display Name\r\n# people\r\nalice, 1000 ,\"Alice, the \"\"first\"\"\"\r\n\r\nbob\ncarol,,Carol";
        assert_eq!(
            rows(list.as_bytes()),
            [
                row(3, "alice", "1000", "Alice, the \"first\""),
                row(5, "bob", "", ""),
                row(6, "carol", "", "Carol"),
            ]
        );
        assert_eq!(
            rows(b"number;username\n1000;alice\n"),
            [row(2, "alice", "1000", "")]
        );
        assert_eq!(
            rows("zoé\t1001\tZoé; Z".as_bytes()),
            [row(1, "zoé", "1001", "Zoé; Z")]
        );
        assert_eq!(rows(b""), []);
    }

    #[test]
    fn a_bad_line_is_named_and_costs_no_other() {
        let list = b"alice,\"1000\nbob,1001,\"B\" o b\ncaf\xe9,1002\na,b,c,d\n,1003\ndora,1004\n";
        let (rows, refused) = read(list).unwrap();
        assert_eq!(rows, [row(6, "dora", "1004", "")]);
        let refused: Vec<_> = refused
            .iter()
            .map(|(line, why)| (*line, why.as_str()))
            .collect();
        assert_eq!(
            refused,
            [
                (1, "The quote in column 2 is not closed."),
                (
                    2,
                    "Column 3 goes on after its closing quote; write \"\" for a quote within."
                ),
                (3, "It is not UTF-8; save the list as CSV in UTF-8."),
                (
                    4,
                    "It has 4 columns, and there are 3 (name, number, display_name); put quotes around a text with a comma."
                ),
                (5, "The column name is empty."),
            ]
        );
    }

    #[test]
    fn a_heading_that_is_not_known_ends_it() {
        assert_eq!(
            read(b"name,extension\nalice,1000\n").unwrap_err(),
            "Line 1 of list.csv has a heading with the column \"extension\"; the columns are name, number, display_name."
        );
    }

    #[test]
    fn what_is_written_reads_the_same_here_and_by_the_csv_crate() {
        let fields = ["plain", "with, comma", " \"quoted\" ", "#1", "", "ü;ö"];
        let mut out = Vec::new();
        write(&mut out, &fields).unwrap();
        let text = std::str::from_utf8(&out).unwrap().trim_end();
        assert_eq!(split(text, ',').unwrap(), fields);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&*out);
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.iter().collect::<Vec<_>>(), fields);
    }
}
