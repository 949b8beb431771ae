//! How somebody wants to be called: do not disturb, where calls go instead, in which order phones ring.

use serde::{Deserialize, Serialize};

use crate::VoicemailSettings;

/// How calls to an account are treated. What is missing is as it is for a new account: all phones ring at once.
///
/// Wherever a call goes instead is a number, or somebody's username.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct CallSettings {
    /// No phone rings. Callers hear that one is busy, or go to where calls go when one is.
    pub do_not_disturb: bool,
    /// Where every call goes instead. Whoever has this number can still call.
    pub forward_always: Option<String>,
    /// Where a call goes while one speaks with somebody, or does not want to be disturbed.
    pub forward_busy: Option<String>,
    /// Where a call goes that nobody answers.
    pub forward_no_answer: Option<String>,
    /// After so many seconds: 1 to 300.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 300))]
    pub no_answer_seconds: u16,
    /// Where a call goes when no phone can be reached.
    pub forward_unreachable: Option<String>,
    /// In which order the phones ring.
    pub ring: RingOrder,
    /// The logins of the devices that ring first, when they ring one after another. The others come behind them.
    #[cfg_attr(feature = "openapi", schema(max_items = 50))]
    pub ring_first: Vec<String>,
    /// For how many seconds each of them rings then: 1 to 300.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 300))]
    pub ring_seconds: u16,
    /// Whether a further call rings while one is in a call. If not, its caller hears that one is busy.
    pub call_waiting: bool,
    /// With call waiting: in how many calls at once one wants to be at most, 1 to 100; nothing for as many as come.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub max_calls: Option<u16>,
    /// Whether callers are refused who hide who they are.
    pub refuse_anonymous: bool,
    /// Whether callers can leave a message, and when.
    pub voicemail: VoicemailSettings,
}

/// In which order the phones of somebody ring, or the members of a group.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RingOrder {
    /// All of them.
    #[default]
    AtOnce,
    /// One after another.
    InOrder,
}

impl Default for CallSettings {
    fn default() -> Self {
        CallSettings {
            do_not_disturb: false,
            forward_always: None,
            forward_busy: None,
            forward_no_answer: None,
            no_answer_seconds: 20,
            forward_unreachable: None,
            ring: RingOrder::AtOnce,
            ring_first: Vec::new(),
            ring_seconds: 15,
            call_waiting: true,
            max_calls: None,
            refuse_anonymous: false,
            voicemail: VoicemailSettings::default(),
        }
    }
}

impl RingOrder {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at_once",
            Self::InOrder => "in_order",
        }
    }

    /// The order that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::AtOnce, Self::InOrder]
            .into_iter()
            .find(|order| order.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_as_for_a_new_account() {
        let settings: CallSettings =
            serde_json::from_str(r#"{"do_not_disturb": true, "ring": "in_order"}"#).unwrap();
        let expected = CallSettings {
            do_not_disturb: true,
            ring: RingOrder::InOrder,
            ..CallSettings::default()
        };
        assert_eq!(settings, expected);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            serde_json::from_str::<CallSettings>(&text).unwrap(),
            expected
        );
    }

    #[test]
    fn an_order_is_read_as_it_is_written() {
        for order in [RingOrder::AtOnce, RingOrder::InOrder] {
            assert_eq!(RingOrder::parse(order.as_str()), Some(order));
        }
        assert_eq!(RingOrder::parse("backwards"), None);
    }
}
