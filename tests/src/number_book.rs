//! The tables of the number plan, read from beside the server by the database's own tool, and what must always be true
//! of them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use test_postgres::Database;

/// A database as its own tool shows it.
#[derive(Debug, Clone)]
pub enum NumberBook {
    /// A database file, read by `sqlite3`.
    File(PathBuf),
    /// A PostgreSQL database, read by `psql`.
    Postgres(Database),
}

/// Each of these finds something only if the tables are wrong.
const NEVER: &[(&str, &str)] = &[
    (
        "an account with several primary numbers",
        "SELECT account_id FROM numbers WHERE is_primary = 1 GROUP BY account_id HAVING count(*) > 1",
    ),
    (
        "an account with numbers, none of which is its primary one",
        "SELECT account_id FROM numbers WHERE state = 'assigned' GROUP BY account_id HAVING sum(is_primary) <> 1",
    ),
    (
        "a number in use that belongs to nobody",
        "SELECT number FROM numbers WHERE state IN ('assigned', 'guest') AND account_id IS NULL",
    ),
    (
        "a number that stands there several times",
        "SELECT number FROM numbers GROUP BY number HAVING count(*) > 1",
    ),
    (
        "an epoch that went back",
        "SELECT number FROM (SELECT number, epoch, lag(epoch) OVER (PARTITION BY number ORDER BY entry_id) AS former
         FROM number_history) AS h WHERE epoch < former",
    ),
    (
        "a number that was given to two accounts in one epoch",
        "SELECT number FROM number_history WHERE state IN ('assigned', 'guest') GROUP BY number, epoch
         HAVING count(DISTINCT account_id) > 1",
    ),
    (
        "a change without its line of history",
        "SELECT n.number FROM numbers n LEFT JOIN number_history h ON h.number = n.number
             AND h.entry_id = (SELECT max(l.entry_id) FROM number_history l WHERE l.number = n.number)
         WHERE h.entry_id IS NULL OR h.epoch <> n.epoch OR h.state <> n.state
             OR coalesce(h.account_id, 0) <> coalesce(n.account_id, 0)",
    ),
    (
        "half a change",
        "SELECT 'history and audit log differ' WHERE
             (SELECT count(*) FROM number_history WHERE reason LIKE 'changed to %')
                 <> (SELECT count(*) FROM number_history WHERE reason LIKE 'changed from %')
             OR (SELECT count(*) FROM number_history WHERE reason LIKE 'changed to %')
                 <> (SELECT count(*) FROM audit_log WHERE action = 'number.change')",
    ),
];

impl NumberBook {
    /// Asks in SQL that both engines understand; gives back the rows, a line each, columns separated by `|`.
    ///
    /// # Errors
    /// When the database refuses, or its tool is not installed.
    pub fn query(&self, sql: &str) -> Result<String> {
        match self {
            Self::Postgres(database) => database.query(sql),
            Self::File(path) => {
                let output = Command::new("sqlite3")
                    .args(["-batch", "-readonly", "-cmd", ".timeout 10000"])
                    .arg(path)
                    .arg(sql)
                    .output()
                    .context("is sqlite3 installed? tests/setup/prepare test installs it")?;
                if !output.status.success() {
                    bail!("{sql}: {}", String::from_utf8_lossy(&output.stderr).trim());
                }
                Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
            }
        }
    }

    /// Checks everything that must always be true.
    ///
    /// # Errors
    /// What is not, and where.
    pub fn check(&self) -> Result<()> {
        let found: Vec<String> = NEVER
            .iter()
            .map(|(what, sql)| format!("SELECT '{what}' WHERE EXISTS ({sql})"))
            .collect();
        let found = self.query(&found.join(" UNION ALL "))?;
        ensure!(found.is_empty(), "the tables hold: {found}");
        Ok(())
    }
}
