//! Statements that are put together from what is asked for: a condition that nobody asks for costs the database nothing,
//! and one that is asked for may use its index.

use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe};

/// Conditions and their values. Only text of the code gets into the statement; what comes from outside is bound.
#[derive(Default, Debug)]
pub(super) struct Asked {
    conditions: Vec<String>,
    values: Vec<Value>,
}

/// What is bound.
#[derive(Debug)]
enum Value {
    Whole(i64),
    Text(String),
}

impl Asked {
    /// The placeholder of a whole number.
    pub(super) fn whole(&mut self, value: i64) -> String {
        self.bound(Value::Whole(value))
    }

    /// The placeholder of a text.
    pub(super) fn text(&mut self, value: impl Into<String>) -> String {
        self.bound(Value::Text(value.into()))
    }

    fn bound(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// One more condition, which must hold beside the others.
    pub(super) fn and(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// `begin`, the conditions, and `end`.
    pub(super) fn statement(&self, begin: &str, end: &str) -> String {
        match self.conditions.as_slice() {
            [] => format!("{begin} {end}"),
            conditions => format!("{begin} WHERE {} {end}", conditions.join(" AND ")),
        }
    }

    /// The rows that the statement finds.
    pub(super) async fn fetch(
        self,
        statement: String,
        readers: &AnyPool,
    ) -> Result<Vec<AnyRow>, sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for value in self.values {
            query = match value {
                Value::Whole(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
            };
        }
        query.fetch_all(readers).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_the_conditions_that_were_asked_for_and_no_others() {
        let nothing = Asked::default();
        assert_eq!(nothing.statement("SELECT 1", "LIMIT 2"), "SELECT 1 LIMIT 2");
        let mut asked = Asked::default();
        let (one, two) = (asked.whole(7), asked.text("x"));
        asked.and(format!("(a = {one} OR b = {one})"));
        asked.and(format!("c = {two}"));
        assert_eq!(
            asked.statement("SELECT 1", "LIMIT 2"),
            "SELECT 1 WHERE (a = $1 OR b = $1) AND c = $2 LIMIT 2"
        );
    }
}
