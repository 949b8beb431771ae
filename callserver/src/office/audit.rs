//! Reading the audit log.

use api::Username;

use super::accounts::parse_number;
use super::{Office, OfficeError};
use crate::store::{AuditFilter, AuditRow};

impl Office {
    /// The lines of the audit log that fit `filter`, done by or about the account `name`, about `number`; the oldest
    /// first. An account that is no more is known by the name that it had.
    ///
    /// # Errors
    /// If `number` is no number, `name` no username, or the database fails.
    pub async fn audit_log(
        &self,
        name: Option<&str>,
        number: Option<&str>,
        filter: AuditFilter,
    ) -> Result<Vec<AuditRow>, OfficeError> {
        let mut filter = filter;
        if let Some(number) = number {
            filter.number = Some(parse_number(number)?);
        }
        if let Some(name) = name {
            let name = Username::parse(name)?;
            filter.account = self
                .store
                .account_by_name(&name)
                .await?
                .map(|row| row.account);
            filter.name = Some(name.to_string());
        }
        Ok(self.store.audit_log(&filter).await?)
    }
}
