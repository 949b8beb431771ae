//! What the journal gives back after all that may happen to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Checkpoint;
use super::file::Journal;

type Words = Checkpoint<String>;

fn left(folder: &Path) -> Vec<String> {
    Words::open(folder).expect("a journal").1.calls
}

fn write(folder: &Path, changes: &[(u64, Option<&str>)]) {
    let (checkpoint, _) = Words::open(folder).expect("a journal");
    for (call, kept) in changes {
        checkpoint.keep(*call, kept.map(str::to_owned));
        checkpoint.finish();
    }
}

#[test]
fn the_last_word_of_each_call_that_goes_on_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(left(folder.path()).is_empty());
    write(
        folder.path(),
        &[
            (2, Some("two")),
            (1, Some("one")),
            (3, Some("three")),
            (2, None),
            (1, Some("one, on hold")),
            (9, None),
        ],
    );
    assert_eq!(left(folder.path()), ["one, on hold", "three"]);
    write(folder.path(), &[(1, None), (4, Some("four"))]);
    assert_eq!(left(folder.path()), ["three", "four"]);
}

#[test]
fn nobody_else_can_read_it_and_nothing_stands_there_in_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[(1, Some("a=crypto:1 inline:secret"))]);
    for name in ["calls.journal", "calls.key"] {
        let metadata = fs::metadata(folder.path().join(name)).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let bytes = fs::read(folder.path().join("calls.journal")).expect("the journal");
    assert!(!bytes.windows(6).any(|part| part == b"secret"));
}

#[test]
fn a_record_that_was_not_finished_costs_only_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[(1, Some("one"))]);
    let path = folder.path().join("calls.journal");
    let whole = fs::read(&path).expect("the journal");
    write(folder.path(), &[(1, Some("one again")), (2, Some("two"))]);
    let bytes = fs::read(&path).expect("the journal");
    for length in whole.len()..bytes.len() {
        fs::write(&path, &bytes[..length]).expect("a file");
        let calls = left(folder.path());
        assert!(
            calls == ["one"] || calls == ["one again"],
            "{length}: {calls:?}"
        );
        write(folder.path(), &[(3, Some("three"))]);
        assert_eq!(
            left(folder.path()).last().map(String::as_str),
            Some("three")
        );
    }
    // The file was only begun.
    fs::write(&path, &bytes[..5]).expect("a file");
    assert!(left(folder.path()).is_empty());
    write(folder.path(), &[(3, Some("three"))]);
    assert_eq!(left(folder.path()), ["three"]);
}

#[test]
fn a_damaged_journal_is_put_aside_and_the_server_starts_without_calls() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, aside) = (
        folder.path().join("calls.journal"),
        folder.path().join("calls.journal.damaged"),
    );
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[0] ^= 1,
        |bytes| bytes[40] ^= 1,
        |bytes| bytes[20] ^= 0xff,
        |bytes| bytes.splice(..0, *b"nonsense").for_each(drop),
    ];
    for damage in damages {
        write(folder.path(), &[(1, Some("one")), (2, Some("two"))]);
        let mut bytes = fs::read(&path).expect("the journal");
        damage(&mut bytes);
        fs::write(&path, &bytes).expect("a file");
        assert!(left(folder.path()).is_empty());
        assert_eq!(fs::read(&aside).expect("the old one"), bytes);
        write(folder.path(), &[(3, Some("three"))]);
        assert_eq!(left(folder.path()), ["three"]);
    }
    // Its key is gone.
    fs::remove_file(folder.path().join("calls.key")).expect("the key");
    assert!(left(folder.path()).is_empty());
}

#[test]
fn a_call_that_this_version_cannot_read_costs_only_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let (checkpoint, _) = Checkpoint::<u32>::open(folder.path()).expect("a journal");
        checkpoint.keep(1, Some(7));
    }
    write(folder.path(), &[(2, Some("two"))]);
    assert_eq!(left(folder.path()), ["two"]);
}

#[test]
fn a_file_full_of_what_holds_no_more_is_written_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut journal, _) = Journal::open(folder.path()).expect("a journal");
    let long = vec![b'x'; 10_000];
    for round in 0..1000_u64 {
        let changes = [
            (round % 7, Some(long.clone())),
            (100 + round, Some(vec![1])),
        ];
        journal.append(changes.into_iter()).expect("written");
        journal
            .append([(100 + round, None)].into_iter())
            .expect("written");
        let size = fs::metadata(folder.path().join("calls.journal"))
            .expect("the journal")
            .len();
        assert!(size < 1_200_000, "{size}");
    }
    drop(journal);
    let (_, records) = Journal::open(folder.path()).expect("a journal");
    assert_eq!(records.len(), 7);
    assert!(records.iter().all(|(_, kept)| *kept == long));
}

#[test]
fn how_long_nobody_was_there_is_told_by_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[(1, Some("one"))]);
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join("calls.journal"))
        .expect("the journal");
    let hour = Duration::from_secs(3600);
    file.set_modified(SystemTime::now() - hour).expect("a time");
    let (_, left) = Words::open(folder.path()).expect("a journal");
    assert!(left.silent_for >= hour);
    file.set_modified(SystemTime::now() + hour).expect("a time");
    let (_, left) = Words::open(folder.path()).expect("a journal");
    assert_eq!(left.silent_for, Duration::ZERO);
}
