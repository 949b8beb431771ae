//! Call completion: whoever has called in vain is called back when the callee is free.

use serde::{Deserialize, Serialize};

use crate::Number;

/// A callee who is waited for.
///
/// ```
/// let wish: api::CallCompletion = serde_json::from_str(
///     r#"{"id": 3, "number": "1002", "name": "Bob", "dialled": "1002", "seconds_left": 2400, "is_under_way": false}"#,
/// )?;
/// assert_eq!(wish.name, "Bob");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallCompletion {
    /// To give it up with. Not used again before the server is started anew.
    pub id: u64,
    /// The callee's number, if it has one.
    #[serde(default)]
    pub number: Option<Number>,
    /// The callee's name.
    pub name: String,
    /// What was dialled.
    pub dialled: String,
    /// How long it still waits, in seconds.
    pub seconds_left: u64,
    /// Whether the phones ring at this moment, or the call goes out.
    pub is_under_way: bool,
}

/// Somebody shall be waited for.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCallCompletion {
    /// The number or name; without it, whom one has called in vain last, in the last ten minutes.
    #[serde(default)]
    pub dialled: Option<String>,
}
