//! Which page of a list is asked for: `?after=…&limit=…`.

use api::{Problem, ProblemKind};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::InQuery;
use super::problem::Refusal;

/// The page that comes after `after`, of at most `limit` items.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `next` of the page before; missing for the first page.
    #[param(max_length = 100)]
    pub(super) after: Option<String>,
    /// How many items at most.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: u16,
}

const LONGEST: u16 = 200;

fn usual_limit() -> u16 {
    50
}

impl Page {
    /// How many rows to read: one more than asked for tells whether there is a further page.
    pub(super) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// `limit`, as [`api::Paged::new`] takes it.
    pub(super) fn items(&self) -> usize {
        usize::from(self.limit)
    }

    /// The id after which a list goes on that is in the order of ids.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn after_id(&self) -> Result<Option<i64>, Refusal> {
        let Some(after) = &self.after else {
            return Ok(None);
        };
        after.parse().map(Some).map_err(|_| bad_mark())
    }
}

fn bad_mark() -> Refusal {
    let detail = "after is not the next of an earlier page; leave it out to begin.";
    Problem::new(ProblemKind::BadRequest, detail).into()
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let InQuery(page) = InQuery::<Self>::from_request_parts(parts, state).await?;
        if !(1..=LONGEST).contains(&page.limit) {
            let detail = format!("limit is a number from 1 to {LONGEST}.");
            return Err(Problem::new(ProblemKind::BadRequest, detail).into());
        }
        // PostgreSQL keeps no NUL in a text.
        if { &page.after }
            .iter()
            .any(|after| after.len() > 100 || after.contains('\0'))
        {
            return Err(bad_mark());
        }
        Ok(page)
    }
}
