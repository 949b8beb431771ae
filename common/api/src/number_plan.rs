//! Numbers over HTTP: which are free, which are one's own, and how one is changed.

use serde::{Deserialize, Serialize};

use crate::{AfterChange, Number, NumberState, OnCall};

/// Whether a number can be had.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberOffer {
    /// The number that was asked for.
    pub number: Number,
    /// Whether whoever asks could have it now.
    pub is_free: bool,
    /// If not: the nearest ones that they could have.
    pub alternatives: Vec<Number>,
}

/// A number, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnNumber {
    /// The number.
    pub number: Number,
    /// `assigned`, `guest`, or `quarantined` for one that was given up and rests.
    pub state: NumberState,
    /// Whether it is the one that others see.
    pub is_primary: bool,
    /// Until when it is lent to a guest or rests, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// What callers get while it rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<OnCall>,
    /// The number that replaces it while it rests; missing: the owner's primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_to: Option<Number>,
}

/// Another number in the place of one's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeNumberRequest {
    /// The number that is wanted.
    pub number: Number,
    /// The number that it replaces; missing: the primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Number>,
    /// What callers get at the old number.
    #[serde(default)]
    pub on_call: OnCall,
    /// The number that they are led to; missing: whichever is the owner's primary one at the time of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_to: Option<Number>,
}

/// What a change came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberChangedAnswer {
    /// The number from now on.
    pub number: OwnNumber,
    /// The one that was given up; missing if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<OwnNumber>,
}

/// One more number.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TakeNumberRequest {
    /// A number, a pattern such as `??42`, `lowest` or `random`; missing: whichever the server gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub wish: Option<String>,
}

/// What shall be different about one's number: that it becomes the primary one, or what callers get while it rests.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberPatch {
    /// `true`: it becomes the one that others see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_primary: Option<bool>,
    /// What callers get, of a number that rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<OnCall>,
    /// The number that they are led to, with `on_call`; missing: the owner's primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_to: Option<Number>,
}

impl ChangeNumberRequest {
    /// What the owner wants to happen at the old number.
    pub fn after(&self) -> AfterChange {
        AfterChange {
            on_call: self.on_call,
            forward_to: self.forward_to.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wish_for_another_number_needs_no_more_than_the_number() {
        let request: ChangeNumberRequest =
            serde_json::from_str(r#"{"number":"10 04"}"#).expect("a request");
        assert_eq!(request.number.as_str(), "1004");
        assert_eq!(request.after(), AfterChange::default());
        let json = r#"{"number":"1004","on_call":"moved","forward_to":"1005"}"#;
        let request: ChangeNumberRequest = serde_json::from_str(json).expect("a request");
        assert_eq!(request.after().on_call, OnCall::Moved);
        for bad in [
            "{}",
            r#"{"number":1004}"#,
            r#"{"number":"10a4"}"#,
            r#"{"number":"1004","on_call":"ring"}"#,
        ] {
            assert!(
                serde_json::from_str::<ChangeNumberRequest>(bad).is_err(),
                "{bad}"
            );
        }
    }
}
