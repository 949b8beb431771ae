//! The numbers as rows for a file, a part at a time.

use api::Number;

use super::super::{Office, OfficeError};
use crate::store::NumberRow;

/// So many numbers come at once.
const PART: u32 = 1000;

impl Office {
    /// The numbers after this one in the order of their texts, as many as come at once; an empty part is the end.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn export_numbers(
        &self,
        after: Option<&Number>,
    ) -> Result<Vec<NumberRow>, OfficeError> {
        Ok(self.store.numbers_after(after, PART).await?)
    }
}
