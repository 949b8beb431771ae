//! Numbers as CSV: `number,username,primary,state,note`, with a first line that names the columns in any order.

use std::io::{BufRead, BufReader, Read};

use api::NumberState;
use csv::{ByteRecord, ReaderBuilder, Trim};

use super::ImportLine;
use crate::store::NumberRow;

/// The columns, in the order in which they are written.
const COLUMNS: [&str; 5] = ["number", "username", "primary", "state", "note"];

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// It cannot be read.
    #[error("The file cannot be read ({0}); check its path and permissions.")]
    Read(#[from] std::io::Error),
    /// The first line does not name the columns.
    #[error(
        "The first line of the file names the columns: number,username,primary,state,note; {0}."
    )]
    Columns(String),
}

/// Reads a file line by line: each is a record, so that a quote that is never closed spoils one line and no other. Empty
/// lines are skipped and counted.
///
/// # Errors
/// If the first line does not name the columns, or nothing can be read.
pub fn read_sheet<R: Read>(
    reader: R,
) -> Result<impl Iterator<Item = Result<ImportLine, SheetError>>, SheetError> {
    let mut lines = BufReader::new(reader).split(b'\n');
    let first = lines.next().transpose()?.unwrap_or_default();
    // Spreadsheets put a byte order mark before the first name.
    let columns = columns(&fields(
        first.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&first),
    ))?;
    // The first line is number 1, and named the columns.
    let records = lines.zip(2..).filter_map(move |(line, number)| {
        let line = match line {
            Ok(line) if line.trim_ascii().is_empty() => return None,
            Ok(line) => line,
            Err(error) => return Some(Err(error.into())),
        };
        let fields = fields(&line);
        let field = |column: usize| -> String {
            let bytes = columns[column].and_then(|at| fields.get(at));
            // What is not UTF-8 is no number and no name; it is refused by those rules.
            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
        };
        Some(Ok(ImportLine {
            line: number,
            number: field(0),
            username: field(1),
            primary: field(2),
            state: field(3),
            note: field(4),
        }))
    });
    Ok(records)
}

/// The fields of one line.
fn fields(line: &[u8]) -> ByteRecord {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .buffer_capacity(line.len().max(1))
        .from_reader(line);
    let mut record = ByteRecord::new();
    // Reading from memory does not fail.
    let _ = reader.read_byte_record(&mut record);
    record
}

/// Where each column is.
fn columns(header: &ByteRecord) -> Result<[Option<usize>; 5], SheetError> {
    let mut columns = [None; 5];
    for (at, name) in header.iter().enumerate() {
        let name = String::from_utf8_lossy(name);
        let name = name.to_ascii_lowercase();
        let Some(column) = COLUMNS.iter().position(|column| *column == name) else {
            return Err(SheetError::Columns(format!("{name:?} is none of them")));
        };
        if columns[column].replace(at).is_some() {
            return Err(SheetError::Columns(format!("{name:?} is there twice")));
        }
    }
    match columns[0] {
        Some(_) => Ok(columns),
        None => Err(SheetError::Columns("\"number\" is missing".into())),
    }
}

/// Prints numbers as such a file, or as a part of one without the line that names the columns.
pub fn write_sheet(rows: &[NumberRow], with_columns: bool) -> String {
    let mut text = String::new();
    if with_columns {
        push_line(&mut text, &COLUMNS);
    }
    for row in rows {
        let primary = match row.state {
            NumberState::Assigned | NumberState::Guest if row.is_primary => "yes",
            NumberState::Assigned | NumberState::Guest => "no",
            _ => "",
        };
        let fields = [
            row.number.as_str(),
            row.username.as_deref().unwrap_or_default(),
            primary,
            row.state.as_str(),
            row.note.as_deref().unwrap_or_default(),
        ];
        push_line(&mut text, &fields);
    }
    text
}

fn push_line(text: &mut String, fields: &[&str]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let is_plain = !field.contains([',', '"', '\n', '\r']) && field.trim() == *field;
        if is_plain {
            text.push_str(field);
        } else {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use api::{AccountId, Number};

    use super::*;

    fn lines(text: &str) -> Vec<ImportLine> {
        let lines = read_sheet(text.as_bytes()).expect("columns");
        lines.map(|line| line.expect("a line")).collect()
    }

    #[test]
    fn columns_come_in_any_order_and_may_be_missing() {
        let read = lines("\u{feff}Username, NUMBER\n alice , 1000 \n\n\"bob\",1001,more\nonly\n");
        let pairs: Vec<_> = read
            .iter()
            .map(|line| (line.line, line.username.as_str(), line.number.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [(2, "alice", "1000"), (4, "bob", "1001"), (5, "only", "")]
        );
        assert!(
            read.iter()
                .all(|line| line.state.is_empty() && line.note.is_empty())
        );
    }

    #[test]
    fn a_file_without_columns_is_refused_in_words() {
        for (text, part) in [
            ("", "\"number\" is missing"),
            ("1000,alice\n", "\"1000\" is none of them"),
            ("username\nalice\n", "\"number\" is missing"),
            ("number,number\n", "there twice"),
            ("number,nombre\n", "\"nombre\""),
        ] {
            let error = read_sheet(text.as_bytes()).err().expect("a refusal");
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
    }

    #[test]
    fn whatever_the_bytes_are_every_line_is_read_or_refused() {
        let bytes = b"number,username\r\n\xff\xfe,\x00\r\n1000,\"never closed\r\n\r\n1001,bob";
        let read = read_sheet(&bytes[..]).expect("columns");
        let read: Vec<_> = read.map(|line| line.expect("a line")).collect();
        let places: Vec<_> = read
            .iter()
            .map(|line| (line.line, line.number.as_str()))
            .collect();
        assert_eq!(places, [(2, "\u{fffd}\u{fffd}"), (3, "1000"), (5, "1001")]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let row = NumberRow {
            number: Number::parse("+4930123").expect("a number"),
            state: NumberState::Reserved,
            account: Some(AccountId(1)),
            username: None,
            is_primary: false,
            epoch: 1,
            changed_at: 0,
            lease_ends_at: None,
            after: None,
            note: Some("for the \"new\" fax, or not".into()),
        };
        let text = write_sheet(std::slice::from_ref(&row), true);
        let read = lines(&text);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].number, "+4930123");
        assert_eq!(read[0].state, "reserved");
        assert_eq!(Some(&read[0].note), row.note.as_ref());
        assert_eq!(
            write_sheet(&[row], false),
            text.split_once('\n').expect("two").1
        );
    }
}
