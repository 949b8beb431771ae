//! The administrators' part of the number plan.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number, NumberState, OnCall, PoolPolicy, PoolPurpose};

/// A number, as administrators see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminNumber {
    /// The number.
    pub number: Number,
    /// What it is.
    pub state: NumberState,
    /// Who holds it, or in quarantine: held it.
    pub account: Option<AccountId>,
    /// That account's username.
    pub name: Option<String>,
    /// Whether it is its holder's primary number.
    pub is_primary: bool,
    /// How many holders it has had.
    pub epoch: i64,
    /// RFC 3339.
    pub changed_at: String,
    /// When a guest's lease or the quarantine ends, RFC 3339.
    pub ends_at: Option<String>,
    /// What callers get, in quarantine.
    pub on_call: Option<OnCall>,
    /// Where they are led to; `null`: to the owner's primary number.
    pub forward_to: Option<Number>,
    /// Why it is reserved.
    pub note: Option<String>,
}

/// A number to be given to an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignNumberRequest {
    /// To whom.
    pub account: AccountId,
    /// Which: a number, `any`, `lowest`, `random`, or a pattern such as `??42`; `any` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub wish: Option<String>,
}

/// A number to be kept back.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReserveNumberRequest {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub note: Option<String>,
}

/// Two numbers whose holders shall change places.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwapRequest {
    /// The one.
    pub a: Number,
    /// The other.
    pub b: Number,
}

/// Two numbers whose holders have changed places.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwapAnswer {
    /// The one as it is now.
    pub a: AdminNumber,
    /// The other.
    pub b: AdminNumber,
}

/// One line of a number's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberHistoryLine {
    /// RFC 3339.
    pub at: String,
    /// What the number became.
    pub state: NumberState,
    /// For whom.
    pub account: Option<AccountId>,
    /// The username, as it was then.
    pub name: Option<String>,
    /// The count of holders.
    pub epoch: i64,
    /// Why.
    pub reason: String,
}

/// A pool of numbers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolView {
    /// Its range, such as `1000-9999`, by which it is named here.
    pub range: String,
    /// For whom it is.
    pub purpose: PoolPurpose,
    /// Which number is given to whoever asks for none in particular.
    pub policy: PoolPolicy,
    /// How many numbers it has.
    pub size: i64,
    /// How many of them are free.
    pub free: i64,
}

/// A pool to be added.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolRequest {
    /// Its range, such as `1000-9999`.
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub range: String,
    /// For whom it is.
    pub purpose: PoolPurpose,
    /// Which number is given to whoever asks for none in particular: the lowest if it is missing.
    #[serde(default)]
    pub policy: PoolPolicy,
}
