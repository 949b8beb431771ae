//! Asks every rule about this workspace; each breach is one sentence.

use tidy::{House, files, folders, imports, reach};

fn house() -> House {
    House::read().expect("the house can be read")
}

fn expect_none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn manifests_follow_the_import_table() {
    expect_none(&imports::manifests(&house()));
}

#[test]
fn sources_follow_the_import_table_and_pure_crates_touch_nothing() {
    expect_none(&imports::sources(&house()));
}

#[test]
fn no_crate_reaches_what_it_may_never_see() {
    expect_none(&reach::forbidden(&reach::graph(&house()).unwrap()));
}

#[test]
fn the_top_level_is_the_fixed_one() {
    expect_none(&folders::top_level(&house()));
}

#[test]
fn each_crate_says_what_it_is_for() {
    expect_none(&folders::purposes(&house()));
}

#[test]
fn no_file_is_too_long() {
    expect_none(&files::too_long(&house()));
}

#[test]
fn no_name_says_nothing() {
    expect_none(&files::empty_names(&house()));
}

#[test]
fn each_source_opens_with_what_lives_there() {
    expect_none(&files::without_opening_line(&house()));
}

#[test]
fn no_file_mentions_a_path_of_one_machine() {
    expect_none(&files::machine_paths(&house()));
}
