//! What the servers of these tests keep their data in: files, or with `CARILLON_TEST_ENGINE=postgres` each a database of
//! a real PostgreSQL server. The tests are the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use test_postgres::{Cluster, Database};

// The data folder's path is all that a test keeps between two starts of a server.
static DATABASES: Mutex<Option<HashMap<PathBuf, Database>>> = Mutex::new(None);

/// The arguments that name the database for a server or an admin tool on the data folder `data`, unless `arguments` name
/// one.
pub(crate) fn database_arguments(data: &Path, arguments: &[&str]) -> Vec<String> {
    if arguments.contains(&"--database") {
        return Vec::new();
    }
    url(data).map_or_else(Vec::new, |url| vec!["--database".to_owned(), url])
}

/// The database's URL, if it is not the file in the data folder.
pub(crate) fn url(data: &Path) -> Option<String> {
    match std::env::var("CARILLON_TEST_ENGINE").as_deref() {
        Err(_) | Ok("sqlite") => return None,
        Ok("postgres") => {}
        Ok(other) => panic!("CARILLON_TEST_ENGINE is {other:?} instead of sqlite or postgres"),
    }
    let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
    let databases = databases.get_or_insert_default();
    let make = || Cluster::shared().unwrap().database().unwrap();
    let database = databases.entry(data.to_owned()).or_insert_with(make);
    Some(database.url())
}
