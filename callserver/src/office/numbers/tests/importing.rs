//! Files of numbers.

use super::*;

/// The lines of a file whose first one names the columns.
fn lines(text: &str) -> Vec<ImportLine> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let columns = reader.headers().expect("columns").clone();
    let read = |record: csv::StringRecord| {
        let field = |name: &str| {
            let at = columns.iter().position(|column| column == name);
            let field = at.and_then(|at| record.get(at));
            field.unwrap_or_default().to_owned()
        };
        ImportLine {
            line: record.position().expect("a place").line(),
            number: field("number"),
            username: field("username"),
            primary: field("primary"),
            state: field("state"),
            note: field("note"),
        }
    };
    reader
        .records()
        .map(|record| read(record.expect("a line")))
        .collect()
}

/// A number as a line that would make it what it is.
fn line(row: &NumberRow) -> ImportLine {
    let primary = match row.state {
        NumberState::Assigned if row.is_primary => "yes",
        NumberState::Assigned => "no",
        _ => "",
    };
    ImportLine {
        line: 1,
        number: row.number.to_string(),
        username: row.username.clone().unwrap_or_default(),
        primary: primary.into(),
        state: row.state.to_string(),
        note: row.note.clone().unwrap_or_default(),
    }
}

async fn good_lines_are_done_and_each_bad_one_is_named(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let bob = add(&office, "bob", "1001").await;
    change(&office, bob, "1002", OnCall::Gone)
        .await
        .expect("a change");
    let text = "number,username,primary,state,note\n\
        1005,alice,yes,,\n\
        1006,alice,,,\n\
        1000,bob,,,\n\
        1007,,,reserved,for the fax\n\
        1006,bob,,,\n\
        1001,bob,yes,,\n\
        1008,carol,,,\n\
        12a,alice,,,\n\
        1009,,,free,\n\
        1010,bob,sometimes,,\n\
        90000,guest-1,,guest,\n\
        1005,alice,,,\n\
        \"+49 30 123\",bob,,,\n";
    let report = office.import_numbers(lines(text)).await.expect("a report");
    assert_eq!((report.changed, report.unchanged), (5, 1), "{report:?}");
    let refused: Vec<_> = report.refused.iter().map(|refused| refused.line).collect();
    assert_eq!(refused, [4, 6, 8, 9, 11, 12, 13]);
    for (index, part) in [
        (0, "held by \"alice\""),
        (1, "in line 3 already"),
        (2, "no account \"carol\""),
        (3, "'a'"),
        (4, "\"sometimes\""),
        (5, "cannot become guest by a file"),
        (6, "in line 2 already"),
    ] {
        let reason = &report.refused[index].reason;
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1005"));
    assert_eq!(
        primary(&office, bob).await.as_deref(),
        Some("1001"),
        "its own that rested"
    );
    assert_eq!(reached(office.store(), "+4930123").await, "bob");
    assert_eq!(reached(office.store(), "1006").await, "alice");
    let refused = office
        .assign_number(&wish("1007"), alice, Right::Owner)
        .await;
    assert!(refused.is_err(), "reserved");
    let any = office
        .assign_number(&wish("any"), alice, Right::Owner)
        .await
        .expect("a number");
    assert_eq!(any.number.as_str(), "1003", "what was imported is not free");
    let history = office.number_history("1006").await.expect("a history");
    assert_eq!((history.len(), history[0].reason.as_str()), (1, "imported"));
}

async fn what_was_exported_changes_nothing_when_it_is_imported(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    change(&office, alice, "1001", OnCall::Moved)
        .await
        .expect("a change");
    office
        .assign_number(&wish("+4930123"), alice, Right::Administrator)
        .await
        .expect("one more");
    office
        .reserve_number(&number("1002"), Some("for \"the fax\", perhaps"))
        .await
        .expect("reserved");
    office.release_number(&number("1002")).await.expect("free");
    office
        .reserve_number(&number("1003"), Some("for \"the fax\", perhaps"))
        .await
        .expect("reserved");
    let rows = office.export_numbers(None).await.expect("rows");
    let numbers: Vec<_> = rows.iter().map(|row| row.number.as_str()).collect();
    assert_eq!(numbers, ["+4930123", "1000", "1001", "1002", "1003"]);
    let same = rows.iter().map(line).collect();
    let report = office.import_numbers(same).await.expect("a report");
    assert_eq!((report.changed, report.unchanged), (0, 5), "{report:?}");
    let last = rows.last().map(|row| row.number.clone());
    assert_eq!(
        office.export_numbers(last.as_ref()).await.expect("the end"),
        []
    );
}

async fn one_account_gets_as_many_as_it_may_and_one_primary(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice", "1000").await;
    let text: String = (1001..1010)
        .map(|value| format!("{value},alice,yes\n"))
        .collect();
    let report = office
        .import_numbers(lines(&format!("number,username,primary\n{text}")))
        .await;
    let report = report.expect("a report");
    assert_eq!((report.changed, report.refused.len()), (4, 5), "{report:?}");
    assert_eq!(
        primary(&office, alice).await.as_deref(),
        Some("1004"),
        "the last that said so"
    );
    let report = office
        .import_numbers(lines(
            "number,username,primary\n1002,alice,yes\n1000,alice,yes\n",
        ))
        .await;
    assert_eq!(report.expect("a report").changed, 2);
    assert_eq!(primary(&office, alice).await.as_deref(), Some("1000"));
    let many = vec![ImportLine::default(); 1001];
    let refused = office.import_numbers(many).await.expect_err("too many");
    assert_eq!(
        refused.to_string(),
        "1001 lines came at once; send at most 1000 at a time."
    );
}

on_both_engines!(
    good_lines_are_done_and_each_bad_one_is_named,
    what_was_exported_changes_nothing_when_it_is_imported,
    one_account_gets_as_many_as_it_may_and_one_primary,
);
